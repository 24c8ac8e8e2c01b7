"""Which commits hold just what was rolled back, or brought back: they fill no batch. On the hook's way."""

from __future__ import annotations

import os
from collections.abc import Sequence

from batchhook.core.changes import Commit
from batchhook.core.operations import Operation, in_effect
from batchhook.core.rollback import marks
from batchhook.git import snapshot, trees
from batchhook.git.command import Git
from batchhook.git.location import Location
from batchhook.store import branches, operations
from batchhook.store.database import Database
from batchhook.workflow.counting import merge_msg


def note(database: Database, git: Git, location: Location, chain: Sequence[Commit]) -> None:
    """Note which commits of a branch are rollbacks; inside a transaction.

    Those whose message says so, and those that hold nothing else than what an operation left staged.

    Args:
        database: of the repository.
        git: in the work tree.
        location: of the work tree.
        chain: the branch's commits that may count, oldest first.
    """
    branches.add_rollbacks(database, [commit.oid for commit in chain if commit.is_rollback])
    prepared = merge_msg.read(location)
    if prepared is None:
        return
    past = operations.all_of(database)
    numbers = set(marks(prepared)) & in_effect(past)
    here = [each for each in past if each.id in numbers and each.top == os.fspath(location.top)]
    if here:
        branches.add_rollbacks(database, _unmarked(git, chain, here))
    if not trees.staged(git, "HEAD"):
        merge_msg.clear(location)


def _unmarked(git: Git, chain: Sequence[Commit], these: Sequence[Operation]) -> list[str]:
    done: dict[str, tuple[str, str]] = {}
    start = 0
    places = {commit.oid: place for place, commit in enumerate(chain, start=1)}
    for operation in these:
        before, after = (snapshot.read(git, oid) for oid in (operation.before, operation.after))
        done |= trees.differences(git, before.index, after.index)
        start = max(start, places.get(after.head, 0))
    return [
        commit.oid
        for commit in chain[start:]
        if not commit.is_empty
        and not commit.is_rollback
        and trees.differences(git, commit.base_tree, commit.tree).items() <= done.items()
    ]
