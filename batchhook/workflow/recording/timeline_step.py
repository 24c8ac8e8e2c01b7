"""Writing a snapshot down as the last step of a branch's line."""

from __future__ import annotations

import os

from batchhook.core.changes import Commit
from batchhook.core.timeline import Recording
from batchhook.git import history, refs, snapshot
from batchhook.store import branches, recordings
from batchhook.store.branches import Branch
from batchhook.workflow.context.project import Project
from batchhook.workflow.counting.reconcile import Count


def write_down(project: Project, count: Count, change: Commit) -> Branch:
    """Make a snapshot the last step of the branch that is checked out, and pin it; inside a transaction.

    Args:
        project: the repository.
        count: where the branch stands.
        change: the snapshot; its first parent is the step before.

    Returns:
        the branch.
    """
    database = project.database
    branch = branches.find(database, count.branch) or branches.add(database, count.branch, count.head, count.head)
    number = database.next_id("records")
    recordings.add(database, branch.id, os.fspath(project.location.top), Recording(number, count.head, change))
    before = recordings.number_of(database, branch.id, change.parent) if change.parent else 0
    if before:  # it is behind this one, so one pin holds both
        refs.pin_instead(project.git, refs.record(number), change.oid, refs.record(before))
    else:
        refs.pin(project.git, {refs.record(number): change.oid})
    return branch


def note_what_was_left(project: Project, operation: int, files: str) -> None:
    """Let what is recorded next begin with what an operation has left in the files, and not repeat it as a change.

    Args:
        project: the repository.
        operation: its number.
        files: the name of the tree of what it left.
    """
    count = project.reconcile()
    if count is None or count.last is None or count.last.tree == files:
        return
    message = f"batchhook: what operation {operation} left"
    oid = snapshot.commit_of_tree(project.git, files, message, count.last.oid)
    (left,) = history.commits(project.git, [oid])
    with project.database.transaction():
        write_down(project, count, left)
