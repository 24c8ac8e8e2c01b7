"""Rules for counting commits: which ones fill the open batch.

They are derived from the commit graph, whatever the hooks reported. The chain is a branch's history along first
parents, so a merge is one step however many commits it brings in. A commit of the chain counts if it was *created here*
(not pulled), changes a file, and is not accounted for by a sealed batch, even under the oid that it had before a rebase
or an amend.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass, field
from enum import Enum

from batchhook.core.commit import Commit


class CommitOrigin(Enum):
    """Origin of a commit that became the tip of HEAD, according to its reflog message."""

    CREATED = "created"
    """By commit, revert, or a true merge."""

    PICKED = "picked"
    """By cherry-pick or am; may repeat a commit that has left the branch."""

    AMENDED = "amended"
    """By ``commit --amend``; replaces a commit, with the same tree if only the message changed."""

    REBASED = "rebased"
    """By a rebase; replaces a commit with the same author and often the same patch."""

    EXISTING = "existing"
    """By checkout, reset or fast-forward, where the commit existed before; or by another tool."""

    @property
    def is_local(self) -> bool:
        """Return whether the commit was made here, on the branch whose reflog says so."""
        return self in {CommitOrigin.CREATED, CommitOrigin.PICKED, CommitOrigin.AMENDED}


_ORIGINS = (
    (re.compile(r"commit \(amend\)"), CommitOrigin.AMENDED),
    (re.compile(r"cherry-pick: fast-forward$"), CommitOrigin.EXISTING),
    (re.compile(r"commit \(cherry-pick\)|(cherry-pick|am)\b"), CommitOrigin.PICKED),
    (re.compile(r"(commit|revert)\b"), CommitOrigin.CREATED),
    (re.compile(r".*\((start|finish|abort|reset|skip)\)|.*: [Ff]ast.forward"), CommitOrigin.EXISTING),
    (re.compile(r".*\brebase\b.*\((pick|reword|edit|squash|fixup|merge|continue)\)|rebase: "), CommitOrigin.REBASED),
    (re.compile(r"(merge|pull)\b.*: Merge made"), CommitOrigin.CREATED),
)
"""Beginnings of reflog messages. Those that end with a commit's subject come first: it can contain anything."""


def commit_origin(reflog_message: str) -> CommitOrigin:
    """Classify a reflog message, in the wording of git 2.20 and later."""
    matches = (origin for pattern, origin in _ORIGINS if pattern.match(reflog_message))
    return next(matches, CommitOrigin.EXISTING)


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

    def is_sealed(self, oid: str) -> bool:
        """Return whether a sealed batch holds a commit, or one that it replaced."""
        return bool(self.sealed & ({oid} | self.former_oids(oid)))

    def accounts_for(self, oid: str) -> bool:
        """Return whether a commit must not be counted: a sealed batch holds it, or everything that it replaced.

        A duplicate is not counted either, unless it was squashed together with a change. Commits can replace each other
        in a circle (a rebase that is taken back); they are accounted for only if a sealed batch holds one of them.
        """
        unsettled = self.former_oids(oid) | {oid}
        accounted: set[str] = set()
        while settled := {each for each in unsettled if self._is_settled(each, accounted)}:
            accounted |= settled
            unsettled -= settled
        return oid in accounted

    def _is_settled(self, oid: str, accounted: AbstractSet[str]) -> bool:
        """Return whether a commit is accounted for, given others that are."""
        replaced = self.rewrites.get(oid, frozenset()) - {oid}
        if oid in self.sealed or (oid in self.duplicates and len(replaced) <= 1):
            return True
        return bool(replaced) and replaced <= accounted


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
