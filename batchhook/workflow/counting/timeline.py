"""Where recorded changes stand between a branch's commits, and which commits repeat them. On the hook's way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from batchhook.core.changes import Commit
from batchhook.core.timeline import Echo, Recording, only_repeats, woven
from batchhook.git.command import Git
from batchhook.lazy import Late
from batchhook.store import branches, recordings
from batchhook.store.branches import Branch
from batchhook.store.database import Database

if TYPE_CHECKING:
    from batchhook.git import trees
else:
    trees = Late("batchhook.git.trees")  # most commits follow nothing that was recorded


def line_of(database: Database, git: Git, branch: Branch, tip: str, chain: Sequence[Commit]) -> tuple[Commit, ...]:
    """A branch's steps, oldest first; inside a transaction, for commits that repeat what was recorded are noted.

    Args:
        database: of the repository.
        git: in the work tree.
        branch: the branch.
        tip: the commit that it is at; empty before the first.
        chain: its commits that may count, oldest first.
    """
    if not recordings.are_there(database, branch.id):
        return tuple(chain)
    start = chain[0].parent if chain else tip
    oids = [commit.oid for commit in chain]
    earlier = branches.ledger(database, branch, [start, *oids]).earlier
    there = recordings.since_sealed(database, branch.id)
    seen = _Seen(database, git, branch, there)
    for parent, commit in zip([start, *oids], chain, strict=False):
        seen.behind |= {parent} | earlier(parent)
        seen.note(commit)
    return woven(start, chain, there, earlier, recordings.echoes(database, branch.id, frozenset(oids)))


class _Seen:
    """What was recorded before the commit that is looked at; it goes along the chain.

    What was recorded on a commit, or after it, is not before it. And once a commit holds all of a recording, the line
    has come by that: who goes back to it later does something new.
    """

    def __init__(self, database: Database, git: Git, branch: Branch, there: Sequence[Recording]) -> None:
        self.behind: set[str] = set()
        self._database = database
        self._git = git
        self._branch = branch
        self._there = there
        self._reached = 0

    def note(self, commit: Commit) -> None:
        """Remember if this commit holds nothing but what was recorded before it."""
        echo = recordings.echo(self._database, self._branch.id, commit.oid)
        if echo is None and not commit.is_empty:
            echo = self._whole(commit) or self._part(commit)
            if echo is not None:
                recordings.add_echo(self._database, self._branch.id, commit.oid, echo)
        if echo is not None and echo.whole:
            self._reached = max(self._reached, echo.number)

    def _whole(self, commit: Commit) -> Echo | None:
        same = recordings.with_tree(self._database, self._branch.id, commit.tree)
        numbers = [number for number, made_on in same if number > self._reached and made_on in self.behind]
        return Echo(numbers[-1], whole=True) if numbers else None

    def _part(self, commit: Commit) -> Echo | None:
        before = [one for one in self._there if one.made_on in self.behind and one.number > self._reached]
        if not before:
            return None
        recorded = trees.differences(self._git, commit.base_tree, before[-1].change.tree)
        repeats = only_repeats(trees.differences(self._git, commit.base_tree, commit.tree), recorded)
        return Echo(before[-1].number, whole=False) if repeats else None
