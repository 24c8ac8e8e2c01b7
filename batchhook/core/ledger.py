"""Which commits fill the open batch: derived from the commit graph, whatever the hooks were told.

The chain is a branch's history along first parents, so a merge is one step however many commits it brings. Of the
chain's commits those count that were *made here* (not pulled), that changed a file, and that no sealed batch has
already accounted for, be it under the name that they had before a rebase or an amend.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from batchhook.core.changes import Commit


class Birth(Enum):
    """How a commit came to be the tip of HEAD, as a reflog message tells it."""

    MADE = "made"
    """By commit, cherry-pick, revert, am, or a merge that made a commit."""

    AMENDED = "amended"
    """By ``commit --amend``: another commit was there before; where only its message changed, with the same tree."""

    REBASED = "rebased"
    """By a rebase: another commit was there before, with the same author and often the same patch."""

    MOVED = "moved"
    """It existed before: checkout, reset, fast-forward."""


_MADE = re.compile(r"(commit|cherry-pick|revert|am)\b|(merge|pull)\b.*: Merge made")
_AMENDED = re.compile(r"commit \(amend\)")
_REBASED = re.compile(r".*\brebase\b.*\((pick|reword|edit|squash|fixup|merge|continue)\)|rebase: ")
_MOVED = re.compile(r".*\((start|finish|abort|reset|skip)\)|.*: [Ff]ast.forward")


def birth(reflog_message: str) -> Birth:
    """Read a reflog message, in the wording of git 2.20 and later."""
    if _MOVED.match(reflog_message):
        return Birth.MOVED
    if _AMENDED.match(reflog_message):
        return Birth.AMENDED
    if _REBASED.match(reflog_message):
        return Birth.REBASED
    return Birth.MADE if _MADE.match(reflog_message) else Birth.MOVED


@dataclass(frozen=True, slots=True)
class Ledger:
    """What is known of one branch.

    Attributes:
        made_here: commits made on this branch in this repository, gone ones included.
        sealed: changes of this branch's sealed batches.
        rewritten: for a commit that replaced others, those others.
        echoes: commits that hold nothing new, and do not count: what batchhook made, or prepared, to go back, and what
            was recorded before it was committed.
    """

    made_here: frozenset[str] = frozenset()
    sealed: frozenset[str] = frozenset()
    rewritten: Mapping[str, frozenset[str]] = field(default_factory=dict)
    echoes: frozenset[str] = frozenset()

    def earlier(self, oid: str) -> frozenset[str]:
        """All the names that a commit had before."""
        seen: set[str] = set()
        queue = [oid]
        while queue:
            olds = self.rewritten.get(queue.pop(), frozenset()) - seen
            seen |= olds
            queue.extend(olds)
        return frozenset(seen - {oid})

    def accounts_for(self, oid: str) -> bool:
        """Whether this commit is not to be counted: a sealed batch holds it, or everything that it replaced.

        An echo is not counted either; one that was squashed together with a change is.
        """
        seen: set[str] = set()
        queue = [oid]
        while queue:
            current = queue.pop()
            if current in self.sealed or current in seen:
                continue
            seen.add(current)
            olds = self.rewritten.get(current, frozenset())
            if current in self.echoes and len(olds) <= 1:
                continue
            if not olds:
                return False
            queue.extend(olds)
        return True


def open_changes(chain: Iterable[Commit], ledger: Ledger) -> tuple[Commit, ...]:
    """The commits of a chain that count and that no batch has yet, in the chain's order."""
    return tuple(
        commit
        for commit in chain
        if commit.oid in ledger.made_here and not commit.is_empty and not ledger.accounts_for(commit.oid)
    )


@dataclass(frozen=True, slots=True)
class Part:
    """Changes in a row, oldest first, and how much they weigh together."""

    changes: tuple[Commit, ...]
    weight: int


def cut(changes: Sequence[Commit], size: int, weights: Mapping[str, int]) -> tuple[list[Part], Part]:
    """Cut changes into full batches and the rest, which stays open.

    Args:
        changes: oldest first.
        size: what the changes of a batch have to weigh together, at least.
        weights: of each change, by name.
    """
    full: list[Part] = []
    start = weight = 0
    for end, change in enumerate(changes, start=1):
        weight += weights[change.oid]
        if weight >= size:
            full.append(Part(tuple(changes[start:end]), weight))
            start, weight = end, 0
    return full, Part(tuple(changes[start:]), weight)


Keys = Callable[[Sequence[Commit]], Mapping[str, object]]
"""Gives commits a key, by name; two commits with the same key are the same change."""


def same_tree(commits: Sequence[Commit]) -> Mapping[str, object]:
    """The key that a commit keeps when only its message is amended."""
    return {commit.oid: commit.tree for commit in commits}


def same_writing(commits: Sequence[Commit]) -> Mapping[str, object]:
    """The key that a rebase keeps even where a conflict changed the patch."""
    return {commit.oid: (commit.author, commit.authored_at, commit.subject) for commit in commits}


def replaced_by(new: Sequence[Commit], gone: Sequence[Commit], keys: Sequence[Keys]) -> dict[str, str]:
    """Find for each new commit the gone one whose place it took, where git's post-rewrite hook did not tell.

    Args:
        new: commits that appeared by amend or rebase.
        gone: commits of the same branch that are no longer in its history.
        keys: what to compare, the surest first; each is asked only for what those before it left open.

    Returns:
        new name -> old name, for those that were found; no gone commit is used twice.
    """
    found: dict[str, str] = {}
    for key in keys:
        left = [commit for commit in new if commit.oid not in found]
        free = [commit for commit in gone if commit.oid not in found.values()]
        if not left or not free:
            break
        olds = {value: oid for oid, value in key(free).items()}
        news = key(left)
        for commit in left:
            old = olds.pop(news.get(commit.oid), None)
            if old is not None:
                found[commit.oid] = old
    return found
