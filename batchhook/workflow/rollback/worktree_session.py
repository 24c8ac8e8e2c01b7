"""A work tree, looked at while nobody of us and nothing of git's is at work in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from batchhook.core.operations import Operation, interrupted
from batchhook.errors import ConflictError
from batchhook.git import backends, snapshot, trees
from batchhook.git.location import read_head
from batchhook.git.object_db import Objects
from batchhook.git.snapshot import State
from batchhook.store import locks, operations
from batchhook.workflow.context import interrupted as context_interrupted
from batchhook.workflow.context.project import Project


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is before an operation.

    Attributes:
        project: the repository, and the work tree in it.
        repository: the same, for reading objects.
        now: what the work tree holds.
        index: the private index with which it was looked at.
        branch: what is checked out: a full ref name, or the name of a detached HEAD.
        past: all operations so far.
    """

    project: Project
    repository: Objects
    now: State
    index: Path
    branch: str
    past: tuple[Operation, ...]

    @property
    def top(self) -> str:
        """The work tree, as operations name it."""
        return os.fspath(self.project.location.top)

    @property
    def committed(self) -> str:
        """The name of the tree that HEAD holds; the empty tree's where there is no commit yet."""
        return tree_of(self.project, self.now.head)

    @property
    def branch_name(self) -> str:
        """The branch, as people call it."""
        return self.branch.removeprefix("refs/heads/") if self.branch.startswith("refs/") else "HEAD"


def tree_of(project: Project, commit: str) -> str:
    """The name of a commit's tree; the empty tree's for no commit."""
    if not commit:
        return trees.empty(project.git)
    return project.git.text("rev-parse", f"{commit}^{{tree}}")


@contextmanager
def entered(project: Project, *, repairing: bool = False) -> Iterator[Scene]:
    """Look at a work tree, and keep others of us out for the length of a block.

    Args:
        project: the repository.
        repairing: whether an operation that was interrupted here is to be ended; else that has to be done first.

    Raises:
        ConflictError: another batchhook, or git, is at work here; or an operation was interrupted.
    """
    with locks.held(project.state.operation_lock) as descriptor:
        if descriptor is None:
            raise ConflictError("another batchhook is at work here", "wait until it has ended")
        # Should we be killed, a git that we have started works on: it holds the lock as long as it does.
        with project.git.handing_on(descriptor):
            past = tuple(operations.all_of(project.database))
            torn = interrupted(past, os.fspath(project.location.top))
            if torn is not None and not repairing:
                raise ConflictError(*context_interrupted.said_of(torn))
            _check_peace(project)
            head = read_head(project.git, project.location)
            with snapshot.private_index(project.git, project.location) as index:
                now = snapshot.look(project.git, head.oid, index)
                repository = backends.open_repository(project.location.common_dir)
                yield Scene(project, repository, now, index, head.branch, past)


def _check_peace(project: Project) -> None:
    under_way = snapshot.what_is_under_way(project.location)
    if under_way:
        raise ConflictError(f"{under_way} is under way", "finish or abort it first: git status")
    lock = project.location.git_dir / "index.lock"
    if lock.exists():
        raise ConflictError(
            "git's index is locked: another git is at work, or one was killed",
            f"wait for it; if there is none, remove {lock}",
        )
