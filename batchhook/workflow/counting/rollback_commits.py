"""Commits that hold nothing but a rollback, an undo or a redo: they count in no batch. On the hook's path."""

from __future__ import annotations

import os
from collections.abc import Sequence

from batchhook.core.commit import Commit, parse_trailers
from batchhook.core.operations import Operation, effective_ids
from batchhook.git import snapshot, trees
from batchhook.git.command import Git
from batchhook.git.location import Location
from batchhook.store import branches, operations
from batchhook.store.database import Database
from batchhook.workflow.counting import merge_msg


def mark_rollbacks(database: Database, git: Git, location: Location, chain: Sequence[Commit]) -> None:
    """Store which commits of a branch are rollbacks.

    These are the commits whose message has our trailer, and those that hold nothing but what an operation left staged.

    Args:
        database: the repository's; in a transaction.
        git: in the work tree.
        location: of the work tree.
        chain: the branch's commits that may count, oldest first.
    """
    branches.add_rollback_commits(database, [commit.oid for commit in chain if commit.is_rollback])
    message = merge_msg.read(location)
    if message is None:
        return
    past = operations.list_all(database)
    ids = set(parse_trailers(message)) & effective_ids(past)
    pending = [each for each in past if each.id in ids and each.worktree == os.fspath(location.top)]
    if pending:
        branches.add_rollback_commits(database, _find_unmarked(git, chain, pending))
    if not trees.diff_index(git, "HEAD"):
        merge_msg.clear(location)


def _find_unmarked(git: Git, chain: Sequence[Commit], pending: Sequence[Operation]) -> list[str]:
    """Return the commits, made after some operations, that change nothing but what these left staged."""
    staged: dict[str, tuple[str, str]] = {}
    start = 0
    positions = {commit.oid: position for position, commit in enumerate(chain, start=1)}
    for operation in pending:
        before, after = (snapshot.read_state(git, oid) for oid in (operation.before, operation.after))
        staged |= trees.diff(git, before.index, after.index)
        start = max(start, positions.get(after.head, 0))
    return [
        commit.oid
        for commit in chain[start:]
        if not commit.is_empty
        and not commit.is_rollback
        and trees.diff(git, commit.base_tree, commit.tree).items() <= staged.items()
    ]
