"""Interrupted operations: finished, or taken back.

A kill leaves a work tree in which each file is as it was before or as it should become, except for the one that git
was about to write: that is missing, or holds the beginning of either. Any other content was written by the user since,
and is kept. Everything is pinned before anything is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from batchhook.core.operations import Operation, OperationStatus, find_interrupted, is_partial_write
from batchhook.core.rollback import TreeDelta
from batchhook.errors import BatchhookError, ConflictError
from batchhook.git import collisions, merge, snapshot, trees
from batchhook.git.command import Git
from batchhook.git.snapshot import WorktreeState
from batchhook.workflow.context.project import Project
from batchhook.workflow.rollback.execute import PreparedPlan
from batchhook.workflow.rollback.plan import Reversal, build_plan
from batchhook.workflow.rollback.worktree_session import WorktreeSession, open_session


@contextmanager
def prepare_recovery(project: Project, number: int = 0, *, finish: bool) -> Iterator[PreparedPlan]:
    """Plan how to end an interrupted operation of this work tree; it can be carried out inside the block.

    Args:
        project: the repository.
        number: of the operation; 0 for any.
        finish: complete it; else take it back.

    Raises:
        BatchhookError: it was not interrupted.
        ConflictError: the same lines were changed since, HEAD has moved, or git is in the middle of something.
    """
    with open_session(project, recovering=True) as session:
        operation = find_interrupted(session.operations, session.worktree)
        if operation is None or number not in {0, operation.id}:
            message = f"operation {number} was not interrupted" if number else "no operation was interrupted"
            raise BatchhookError(f"{message} here", "batchhook operations")
        before, after = (snapshot.read_state(project.git, oid) for oid in (operation.before, operation.after))
        whole = replace(session, state=_with_ignored_files(session, before, after))
        origin, goal = (before, after) if finish else (after, before)
        plan = build_plan(whole, *_merge_towards(whole, operation, origin, goal))
        yield PreparedPlan(plan, whole, operation, OperationStatus.DONE if finish else OperationStatus.REVERTED)


def _merge_towards(
    session: WorktreeSession, operation: Operation, origin: WorktreeState, goal: WorktreeState
) -> tuple[Reversal, WorktreeState]:
    """Return the reversal that leads from one end of an operation to the other, and the state that it leads to."""
    if origin.head != goal.head and session.state.head not in {origin.head, goal.head}:
        raise ConflictError(
            f"HEAD has moved since operation {operation.id} was interrupted; nothing was changed",
            f"move it back first: git reset --soft {origin.head[:12]}",
        )
    reversal = Reversal(
        operation.kind,
        operation.mode,
        operation.selection,
        files=(TreeDelta(origin.files, goal.files),),
        index=(TreeDelta(origin.index, goal.index),),
        undoes=operation.undoes,
    )
    files = merge.revert_deltas(session.objects, _without_partial_files(session, origin, goal), reversal.files)
    staged = merge.revert_deltas(session.objects, session.state.index, reversal.index)
    conflicts = dict.fromkeys(files.conflicts + staged.conflicts)
    if conflicts:
        raise ConflictError(
            f"edited since operation {operation.id} was interrupted: {', '.join(conflicts)}; nothing was changed",
            f"move yours aside; git show refs/batchhook/operations/{operation.id}/before:FILE shows what was there",
        )
    head = goal.head if origin.head != goal.head else session.state.head
    return reversal, WorktreeState(head, staged.tree, files.tree)


def _with_ignored_files(session: WorktreeSession, before: WorktreeState, after: WorktreeState) -> WorktreeState:
    """Return the state of the work tree, with the operation's files that git ignores and does not track."""
    project = session.project
    touched = trees.diff(project.git, before.files, after.files)
    top, variables = project.location.top, {"GIT_INDEX_FILE": str(session.index)}
    aliases = collisions.case_aliases(top, touched)
    paths = [path for path in touched if path not in aliases and not _is_folder(top / path)]
    for options, changed in (("--force-remove",), aliases), (("--add", "--remove"), paths):
        stdin = b"".join(os.fsencode(f"{path}\0") for path in changed)
        project.git.run("update-index", *options, "-z", "--stdin", stdin=stdin, variables=variables)
    return replace(session.state, files=project.git.text("write-tree", variables=variables))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _without_partial_files(session: WorktreeSession, origin: WorktreeState, goal: WorktreeState) -> str:
    """Return the tree of the work tree, with partially written files as they were at the origin."""
    git, location, files = session.project.git, session.project.location, session.state.files
    goals = trees.diff(git, origin.files, goal.files)
    current = trees.diff(git, origin.files, files)
    origins = trees.diff(git, goal.files, origin.files)
    partial = frozenset(
        path
        for path, entry in current.items()
        if path in goals
        and entry != goals[path]
        and is_partial_write(_content(git, *entry), _content(git, *origins[path]), _content(git, *goals[path]))
    )
    return trees.overlay(git, location, files, origin.files, partial.__contains__)[0]


def _content(git: Git, mode: str, oid: str) -> bytes | None:
    return git.run("cat-file", "blob", oid).stdout if mode.startswith(("100", "120")) else None
