"""Rules for counting commits: which ones fill the open batch.

They are derived from the commit graph, whatever the hooks reported. The chain is a branch's history along first
parents, so a merge is one step however many commits it brings in. A commit of the chain counts if it was *created here*
(not pulled), changes a file, and is not accounted for by a sealed batch, even under the oid that it had before a rebase
or an amend.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from batchhook.core.commit import Commit


class CommitOrigin(Enum):
    """Origin of a commit that became the tip of HEAD, according to its reflog message."""

    CREATED = "created"
    """By commit, cherry-pick, revert, am, or a true merge."""

    AMENDED = "amended"
    """By ``commit --amend``; replaces a commit, with the same tree if only the message changed."""

    REBASED = "rebased"
    """By a rebase; replaces a commit with the same author and often the same patch."""

    EXISTING = "existing"
    """By checkout, reset or fast-forward; the commit existed before."""


_CREATED = re.compile(r"(commit|cherry-pick|revert|am)\b|(merge|pull)\b.*: Merge made")
_AMENDED = re.compile(r"commit \(amend\)")
_REBASED = re.compile(r".*\brebase\b.*\((pick|reword|edit|squash|fixup|merge|continue)\)|rebase: ")
_MOVED = re.compile(r".*\((start|finish|abort|reset|skip)\)|.*: [Ff]ast.forward")


def commit_origin(reflog_message: str) -> CommitOrigin:
    """Classify a reflog message, in the wording of git 2.20 and later."""
    if _MOVED.match(reflog_message):
        return CommitOrigin.EXISTING
    if _AMENDED.match(reflog_message):
        return CommitOrigin.AMENDED
    if _REBASED.match(reflog_message):
        return CommitOrigin.REBASED
    return CommitOrigin.CREATED if _CREATED.match(reflog_message) else CommitOrigin.EXISTING


@dataclass(frozen=True, slots=True)
class Ledger:
    """Commits known on one branch, by oid.

    Attributes:
        local_commits: commits created on this branch in this repository, including those no longer on it.
        sealed: changes in sealed batches of this branch.
        rewrites: for each commit that replaced others, the commits that it replaced.
        duplicates: commits that do not count because they add nothing: rollbacks by batchhook, and commits of what was
            recorded before.
    """

    local_commits: frozenset[str] = frozenset()
    sealed: frozenset[str] = frozenset()
    rewrites: Mapping[str, frozenset[str]] = field(default_factory=dict)
    duplicates: frozenset[str] = frozenset()

    def former_oids(self, oid: str) -> frozenset[str]:
        """Return the oids of all commits that this one replaced, directly or through others."""
        visited: set[str] = set()
        queue = [oid]
        while queue:
            replaced = self.rewrites.get(queue.pop(), frozenset()) - visited
            visited |= replaced
            queue.extend(replaced)
        return frozenset(visited - {oid})

    def accounts_for(self, oid: str) -> bool:
        """Return whether a commit must not be counted: a sealed batch holds it, or everything that it replaced.

        A duplicate is not counted either, unless it was squashed together with a change.
        """
        visited: set[str] = set()
        queue = [oid]
        while queue:
            current = queue.pop()
            if current in self.sealed or current in visited:
                continue
            visited.add(current)
            replaced = self.rewrites.get(current, frozenset())
            if current in self.duplicates and len(replaced) <= 1:
                continue
            if not replaced:
                return False
            queue.extend(replaced)
        return True


def open_changes(chain: Iterable[Commit], ledger: Ledger) -> tuple[Commit, ...]:
    """Return the commits of a chain that count and that no batch holds yet, in order."""
    return tuple(
        commit
        for commit in chain
        if commit.oid in ledger.local_commits and not commit.is_empty and not ledger.accounts_for(commit.oid)
    )


@dataclass(frozen=True, slots=True)
class BatchSlice:
    """Consecutive changes, oldest first, and the sum of their weights."""

    changes: tuple[Commit, ...]
    weight: int


def split_into_batches(
    changes: Sequence[Commit], size: int, weights: Mapping[str, int]
) -> tuple[list[BatchSlice], BatchSlice]:
    """Split changes into full batches and the remainder, which stays open.

    Args:
        changes: oldest first.
        size: minimum weight of a full batch.
        weights: units of the quota that each change uses, by oid.
    """
    full: list[BatchSlice] = []
    start = weight = 0
    for end, change in enumerate(changes, start=1):
        weight += weights[change.oid]
        if weight >= size:
            full.append(BatchSlice(tuple(changes[start:end]), weight))
            start, weight = end, 0
    return full, BatchSlice(tuple(changes[start:]), weight)


CommitKeys = Callable[[Sequence[Commit]], Mapping[str, object]]
"""A function from commits to their keys, by oid; commits with equal keys are versions of the same change."""


def key_by_tree(commits: Sequence[Commit]) -> Mapping[str, object]:
    """Return each commit's tree, which stays the same when only the message is amended."""
    return {commit.oid: commit.tree for commit in commits}


def key_by_authorship(commits: Sequence[Commit]) -> Mapping[str, object]:
    """Return author, author date and subject, which a rebase keeps even if a conflict changes the patch."""
    return {commit.oid: (commit.author, commit.authored_at, commit.subject) for commit in commits}


def match_rewrites(new: Sequence[Commit], removed: Sequence[Commit], keys: Sequence[CommitKeys]) -> dict[str, str]:
    """Match new commits to the removed ones that they replaced, where git's post-rewrite hook did not report it.

    Args:
        new: commits that appeared by amend or rebase.
        removed: commits of the same branch that left its history.
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
