"""Exclusive access to a work tree: no other batchhook, and no git command in progress."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from batchhook.core.operations import Operation, find_interrupted
from batchhook.errors import ConflictError
from batchhook.git import backends, snapshot, trees, untracked
from batchhook.git.location import read_head
from batchhook.git.object_db import ObjectDatabase
from batchhook.git.snapshot import WorktreeState
from batchhook.git.untracked import Omissions
from batchhook.store import locks, operations
from batchhook.workflow.context import interrupted as context_interrupted
from batchhook.workflow.context.project import Project


@dataclass(frozen=True, slots=True)
class WorktreeSession:
    """A work tree as it is before an operation.

    Attributes:
        project: the repository, seen from the work tree.
        objects: for reading and merging trees.
        state: what the work tree holds.
        index: the temporary index with which ``state`` was captured.
        branch: what is checked out: a full ref name, or the name of a detached HEAD.
        operations: all operations so far, of all work trees, oldest first.
        omissions: untracked paths that ``state`` omits, and that no operation touches.
    """

    project: Project
    objects: ObjectDatabase
    state: WorktreeState
    index: Path
    branch: str
    operations: tuple[Operation, ...]
    omissions: Omissions

    @property
    def worktree(self) -> str:
        """The work tree's path as operations store it."""
        return os.fspath(self.project.location.top)

    @property
    def head_tree(self) -> str:
        """The tree of HEAD; the empty tree before the first commit."""
        return tree_of(self.project, self.state.head)

    @property
    def branch_name(self) -> str:
        """The branch's short name; ``HEAD`` if it is detached."""
        return self.branch.removeprefix("refs/heads/") if self.branch.startswith("refs/") else "HEAD"


def tree_of(project: Project, commit: str) -> str:
    """Return a commit's tree; the empty tree for no commit."""
    if not commit:
        return trees.empty_tree(project.git)
    return project.git.text("rev-parse", f"{commit}^{{tree}}")


@contextmanager
def open_session(project: Project, *, recovering: bool = False) -> Iterator[WorktreeSession]:
    """Capture a work tree, and keep other batchhook processes out for the length of a block.

    Args:
        project: the repository.
        recovering: open it although an operation was interrupted here.

    Raises:
        ConflictError: another batchhook or git is at work here; or an operation was interrupted and has to be finished
            or taken back first.
    """
    with locks.try_lock_fd(project.state.operation_lock) as descriptor:
        if descriptor is None:
            raise ConflictError("another batchhook is at work here", "wait until it has ended")
        # If this process is killed, a git that it has started works on: it holds the lock until it ends.
        with project.git.inheriting(descriptor):
            past = tuple(operations.list_all(project.database))
            pending = find_interrupted(past, os.fspath(project.location.top))
            if pending is not None and not recovering:
                raise ConflictError(*context_interrupted.describe(pending))
            _check_git_is_idle(project)
            head = read_head(project.git, project.location)
            with snapshot.temporary_index(project.git, project.location) as index:
                omissions = untracked.find_omissions(project.git, project.settings.snapshot_limit_bytes)
                state = snapshot.capture(project.git, head.oid, index, omissions)
                objects = backends.open_repository(project.location.common_dir)
                yield WorktreeSession(project, objects, state, index, head.branch, past, omissions)


def _check_git_is_idle(project: Project) -> None:
    in_progress = snapshot.operation_in_progress(project.location)
    if in_progress:
        raise ConflictError(f"{in_progress} is under way", "finish or abort it first: git status")
    lock = project.location.git_dir / "index.lock"
    if lock.exists():
        raise ConflictError(
            "git's index is locked: another git is at work, or one was killed",
            f"wait for it; if there is none, remove {lock}",
        )
