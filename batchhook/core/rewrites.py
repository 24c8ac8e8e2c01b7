"""Matching of commits to those that they replaced, by content, where no hook reported it.

Many tools rewrite history without git's post-rewrite hook: git-revise, git-filter-repo, ``git replay``, a rebase with
hooks turned off, a reset followed by new commits. A *line* is a part of history along first parents, oldest first.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from itertools import product

from batchhook.core.commit import Commit
from batchhook.core.ledger import CommitOrigin

CommitKeys = Callable[[Sequence[Commit]], Mapping[str, object]]
"""A function from commits to their keys, by oid; commits with equal keys are versions of the same change."""

Pairs = frozenset[tuple[str, str]]
"""Pairs of oids, old and new: the second commit replaced the first, alone or together with others."""

_SAME_PATCH = frozenset({CommitOrigin.PICKED, CommitOrigin.REBASED, CommitOrigin.EXISTING})
"""Origins of commits that can repeat another one on a different parent.

A plain commit is a change of its own, unless it leads from the same tree to the same tree; so is an amend with another
content."""


@dataclass(frozen=True, slots=True)
class Span:
    """Commits of two lines that lead from one tree to another one, by different steps or by the same."""

    new: tuple[Commit, ...]
    old: tuple[Commit, ...]


def key_by_authorship(commits: Sequence[Commit]) -> Mapping[str, object]:
    """Return author, author date and subject, which a rebase keeps even if a conflict changes the patch."""
    return {commit.oid: (commit.author, commit.authored_at, commit.subject) for commit in commits}


def find_rewrites(
    arrived: Sequence[Commit],
    removed: Sequence[Sequence[Commit]],
    origins: Mapping[str, CommitOrigin],
    patch_ids: CommitKeys,
    unavailable: AbstractSet[str] = frozenset(),
) -> Pairs:
    """Match the commits that have come to a branch with the ones that have left it.

    Args:
        arrived: a line.
        removed: lines that have left the branch.
        origins: of the commits that have come, by oid, where known.
        patch_ids: called only for what trees do not tell.
        unavailable: oids of removed commits that are only matched together with others, by trees: known to have been
            replaced, or not counted.

    Returns:
        pairs of old and new; several for a commit that was squashed or split.
    """
    spans = [span for line in removed for span in equal_spans(arrived, line)]
    by_tree = [_product(span.old, span.new) for span in spans if 1 in {len(span.new), len(span.old)}]
    pairs = set().union(*by_tree)
    repeats = [commit for commit in arrived if origins.get(commit.oid, CommitOrigin.EXISTING) in _SAME_PATCH]
    available = {commit.oid: commit for line in removed for commit in line if commit.oid not in unavailable}
    matches = match_rewrites(
        _without(repeats, {new for _, new in pairs}),
        _without(available.values(), {old for old, _ in pairs}),
        (patch_ids, key_by_authorship),
    )
    pairs |= {(old, new) for new, old in matches.items()}
    matched_old, matched_new = {old for old, _ in pairs}, {new for _, new in pairs}
    for span in spans:
        pairs |= _product(_without(span.old, matched_old) or span.old, _without(span.new, matched_new))
    return frozenset(pairs)


def equal_spans(new: Sequence[Commit], old: Sequence[Commit]) -> Iterator[Span]:
    """Yield the spans between trees that both lines pass through, in this order; no span is empty on either side."""
    if not new or not old:
        return
    positions: defaultdict[str, list[int]] = defaultdict(list)
    for position, tree in enumerate((old[0].base_tree, *(commit.tree for commit in old))):
        positions[tree].append(position)
    last_new, last_old = -1, 0
    for position, tree in enumerate((new[0].base_tree, *(commit.tree for commit in new))):
        later = positions[tree][bisect_left(positions[tree], last_old) :]
        if not later:
            continue
        if last_new >= 0 and later[0] > last_old:
            yield Span(tuple(new[last_new:position]), tuple(old[last_old : later[0]]))
        last_new, last_old = position, later[0]


def match_rewrites(new: Sequence[Commit], removed: Sequence[Commit], keys: Sequence[CommitKeys]) -> dict[str, str]:
    """Match commits one to one.

    Args:
        new: commits that have come to a branch.
        removed: commits that have left it.
        keys: the most reliable first; each is applied only to commits that the previous ones left unmatched.

    Returns:
        oids of the matches, new to removed; no removed commit is used twice.
    """
    matches: dict[str, str] = {}
    for key in keys:
        unmatched = [commit for commit in new if commit.oid not in matches]
        available = [commit for commit in removed if commit.oid not in matches.values()]
        if not unmatched or not available:
            break
        oid_by_key = {value: oid for oid, value in key(available).items()}
        new_keys = key(unmatched)
        for commit in unmatched:
            match = oid_by_key.pop(new_keys.get(commit.oid), None)
            if match is not None:
                matches[commit.oid] = match
    return matches


def _product(old: Iterable[Commit], new: Iterable[Commit]) -> set[tuple[str, str]]:
    return {(one.oid, other.oid) for one, other in product(old, new) if one.oid != other.oid}


def _without(commits: Iterable[Commit], oids: AbstractSet[str]) -> list[Commit]:
    return [commit for commit in commits if commit.oid not in oids]
