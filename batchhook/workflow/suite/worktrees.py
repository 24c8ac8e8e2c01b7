"""The private worktrees of a repository: where they are, and which one a run gets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batchhook.errors import BusyError
from batchhook.git import private_worktree
from batchhook.git.command import Git
from batchhook.store import locks, worktree_places
from batchhook.store.state_dir import StateDir
from batchhook.workflow.context.project import Project

_MAX_WORKTREES = 8
"""Enough for the runner and a few manual runs; each costs a checkout."""


@contextmanager
def locked_worktree(project: Project) -> Iterator[Path]:
    """Provide the folder of a private worktree that no other process uses; it exists if it was used before.

    Raises:
        BusyError: all are in use.
    """
    state, top = project.state, project.location.top
    root = worktree_places.create_root(state, project.settings.worktrees, top)
    for number in range(1, _MAX_WORKTREES + 1):
        place = root / str(number)
        with locks.try_lock(state.worktrees / f"{number}.lock") as is_free:
            if not is_free:
                continue
            with worktree_places.create_and_lock(place) as is_held:
                if is_held:
                    folder = place / worktree_places.checkout_name(top)
                    if not folder.exists():
                        _replace_former(project, number, folder)
                    yield folder
                    return
    raise BusyError(f"all {_MAX_WORKTREES} private worktrees are in use", "wait for the other runs to end")


def _replace_former(project: Project, number: int, folder: Path) -> None:
    """Take over the worktree of another work tree of the user's, and remove those that no run will use any more."""
    for sibling in (path for path in folder.parent.iterdir() if path.is_dir()):
        if folder.exists():
            private_worktree.remove(project.git, sibling)
        else:
            private_worktree.rename(project.git, sibling, folder)
    if project.state == StateDir.for_repository(project.location.common_dir):  # those of CI are beside them
        _remove_elsewhere(project, number, folder)
    for abandoned in filter(private_worktree.is_abandoned, worktree_places.list_all_worktrees(folder.parent.parent)):
        _remove_unused(project.git, abandoned)


def _remove_elsewhere(project: Project, number: int, folder: Path) -> None:
    """Remove the worktrees of this number in other places: of earlier versions or settings, or before a move."""
    former = project.state.worktrees / f"batchhook-{number}"  # of earlier versions
    if former.exists():
        private_worktree.remove(project.git, former)
    for record in private_worktree.list_records(project.location.common_dir):
        is_former = record.folder.parent.name == str(number) and record.folder.parent != folder.parent
        if is_former and record.is_current:
            _remove_unused(project.git, record.folder)


def _remove_unused(git: Git, folder: Path) -> None:
    if not folder.parent.exists():
        private_worktree.remove(git, folder)  # only git's record of it is left
        return
    with worktree_places.try_lock(folder.parent) as is_held:
        if is_held:
            private_worktree.remove(git, folder)
            worktree_places.remove_empty(folder.parent)
