"""A branch's timeline: its commits and recorded changes in one line, without the commits that only repeat a recording.

On the hook's path.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from batchhook.core.commit import Commit
from batchhook.core.timeline import DuplicateCommit, Recording, is_duplicate, merge_timeline
from batchhook.git.command import Git
from batchhook.lazy import LazyModule
from batchhook.store import branches, recordings
from batchhook.store.branches import Branch
from batchhook.store.database import Database

if TYPE_CHECKING:
    from batchhook.git import trees
else:
    trees = LazyModule("batchhook.git.trees")  # only needed if something was recorded


def build_timeline(
    database: Database, git: Git, branch: Branch, tip: str, chain: Sequence[Commit]
) -> tuple[Commit, ...]:
    """Return a branch's steps, oldest first, and store which commits duplicate recorded changes.

    Args:
        database: the repository's; in a transaction.
        git: in the work tree.
        branch: the branch.
        tip: its commit; empty before the first.
        chain: its commits that may count, oldest first.
    """
    if not recordings.has_any(database, branch.id):
        return tuple(chain)
    start = chain[0].parent if chain else tip
    oids = [commit.oid for commit in chain]
    former_oids = branches.load_ledger(database, branch, [start, *oids]).former_oids
    recorded = recordings.list_since_sealed(database, branch.id)
    finder = _DuplicateFinder(database, git, branch, recorded)
    for parent, commit in zip([start, *oids], chain, strict=False):
        finder.passed |= {parent} | former_oids(parent)
        finder.check(commit)
    duplicates = recordings.filter_duplicates(database, branch.id, frozenset(oids))
    return merge_timeline(start, chain, recorded, former_oids, duplicates)


class _DuplicateFinder:
    """Finds commits that hold nothing but what was recorded before them; goes along the chain, oldest commit first.

    A change recorded on a commit, or on a later one, was not recorded before it. And once a commit holds all of a
    recording, the timeline is past it: going back to its content later is a new change.

    Attributes:
        passed: commits before the one to check, under all their names.
    """

    def __init__(self, database: Database, git: Git, branch: Branch, recorded: Sequence[Recording]) -> None:
        self.passed: set[str] = set()
        self._database = database
        self._git = git
        self._branch = branch
        self._recorded = recorded
        self._committed = 0
        """Number of the last recording that is committed as a whole."""

    def check(self, commit: Commit) -> None:
        """Store whether a commit duplicates a recording."""
        duplicate = recordings.find_duplicate(self._database, self._branch.id, commit.oid)
        if duplicate is None and not commit.is_empty:
            duplicate = self._find_exact(commit) or self._find_partial(commit)
            if duplicate is not None:
                recordings.add_duplicate(self._database, self._branch.id, commit.oid, duplicate)
        if duplicate is not None and duplicate.is_exact:
            self._committed = max(self._committed, duplicate.recording)

    def _find_exact(self, commit: Commit) -> DuplicateCommit | None:
        same = recordings.list_with_tree(self._database, self._branch.id, commit.tree)
        numbers = [number for number, head in same if number > self._committed and head in self.passed]
        return DuplicateCommit(numbers[-1], is_exact=True) if numbers else None

    def _find_partial(self, commit: Commit) -> DuplicateCommit | None:
        before = [each for each in self._recorded if each.head in self.passed and each.number > self._committed]
        if not before:
            return None
        recorded = trees.diff(self._git, commit.base_tree, before[-1].change.tree)
        if not is_duplicate(trees.diff(self._git, commit.base_tree, commit.tree), recorded):
            return None
        return DuplicateCommit(before[-1].number, is_exact=False)
