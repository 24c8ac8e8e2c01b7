"""The prepared message for the commit of what was rolled back in the files, as ``git revert -n`` prepares one.

It is derived from the operations that are in effect and not committed, so it can be refreshed at any time.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

from batchhook.core.commit import Commit
from batchhook.core.operations import Operation, OperationKind, effective_ids, root_rollbacks
from batchhook.core.rollback import CommitMessageEntry, RollbackMode, Selection, commit_message
from batchhook.core.sanitize import one_line
from batchhook.errors import GitError, NoSuchBatchError
from batchhook.git import history, snapshot, trees
from batchhook.git.command import Git
from batchhook.git.location import read_head
from batchhook.store import batches
from batchhook.workflow.context.project import Project
from batchhook.workflow.counting import merge_msg


def refresh(project: Project, operations: Sequence[Operation]) -> None:
    """Prepare the message for what is still to be committed; remove it if nothing is.

    Args:
        project: the repository.
        operations: all of them, with their final status.
    """
    uncommitted = _uncommitted_operations(project, operations)
    if not uncommitted:
        merge_msg.clear(project.location)
        return
    entries = [_entry(project, each.id, each.selection, each.kind) for each in uncommitted]
    merge_msg.prepare(project.location, _text(project, entries))


def for_operation(project: Project, number: int, selection: Selection, kind: OperationKind) -> str:
    """Return the message of a commit that holds what one operation did."""
    return _text(project, [_entry(project, number, selection, kind)])


def _uncommitted_operations(project: Project, operations: Sequence[Operation]) -> list[Operation]:
    """List operations whose changes are staged and not committed; the latest one about each rollback."""
    head = read_head(project.git, project.location).oid
    effective, worktree = effective_ids(operations), os.fspath(project.location.top)
    candidates = [
        each
        for each in operations
        if each.id in effective and each.worktree == worktree and each.mode is RollbackMode.FILES
    ]
    root_of = root_rollbacks(operations)
    latest = {root_of[each.id]: each for each in sorted(candidates, key=lambda each: each.id)}
    staged = trees.diff_index(project.git, head).keys()
    by_id = {each.id: each for each in operations}
    return [each for root, each in latest.items() if staged & _uncommitted_paths(project.git, head, each, by_id[root])]


def _uncommitted_paths(git: Git, head: str, operation: Operation, root: Operation) -> set[str]:
    """Return the paths that differ between HEAD, if it has not moved since, and the index that an operation left.

    For an undo, only paths that the rollback had changed in HEAD's terms: what it brings back but was committed all
    the time needs no commit. Work that the root rollback stashed, and that is restored, does not belong to it either.
    """
    after = snapshot.read_state(git, operation.after)
    if not head or after.head != head:
        return set()
    before = snapshot.read_state(git, operation.before)
    changed = set(trees.diff(git, before.index, after.index))
    if root.stash:
        first, last = (snapshot.read_state(git, oid) for oid in (root.before, root.after))
        changed &= trees.diff(git, f"{first.head}^{{tree}}", last.index).keys()
    committed = f"{head}^{{tree}}"
    uncommitted = changed & trees.diff(git, committed, after.index).keys()
    if operation.kind is OperationKind.UNDO:
        return uncommitted - trees.diff(git, committed, before.index).keys()
    return uncommitted


def _entry(project: Project, number: int, selection: Selection, kind: OperationKind) -> CommitMessageEntry:
    changes = tuple(change.oid for change in _changes(project, selection))
    return CommitMessageEntry(number, selection, changes, reapplies=kind is OperationKind.UNDO)


def _text(project: Project, entries: Sequence[CommitMessageEntry]) -> str:
    changes = [change for entry in entries for change in _changes(project, entry.selection)]
    return commit_message(entries, {change.oid: one_line(change.subject) for change in changes})


def _changes(project: Project, selection: Selection) -> list[Commit]:
    changes: list[Commit] = []
    for number in selection.batches:
        with contextlib.suppress(NoSuchBatchError):  # it was pruned
            changes += batches.load(project.database, number).changes
    if not selection.changes:
        return changes
    selected = [change for change in changes if change.oid in selection.changes]
    missing = [oid for oid in selection.changes if oid not in {change.oid for change in selected}]
    with contextlib.suppress(GitError):  # the commits do not exist any more
        selected += history.read_commits(project.git, missing)
    return selected
