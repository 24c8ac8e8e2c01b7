"""Private work trees that can be deleted: the next run creates them again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from batchhook.git import private_worktree
from batchhook.git.command import Git
from batchhook.git.location import Location
from batchhook.git.removal import remove_path
from batchhook.store import locks, worktree_places
from batchhook.store.state_dir import StateDir
from batchhook.workflow.context.project import Project
from batchhook.workflow.retention.scratch_gc import disk_usage


def list_worktrees(project: Project) -> list[Path]:
    """Return all private work trees of a repository, and those beside them whose repositories are gone."""
    root = worktree_places.choose_root(project.state, project.settings.worktrees, project.location.top).folder
    beside = filter(private_worktree.is_abandoned, worktree_places.list_all_worktrees(root))
    folders = dict.fromkeys((*_list_own(project.location, (root,)), *beside))
    return [folder for folder in folders if folder.is_dir()]


def list_idle(project: Project) -> list[Path]:
    """Return those in which nothing runs now."""
    return [folder for folder in list_worktrees(project) if _is_idle(project.state, folder)]


def remove_idle(git: Git, state: StateDir, folders: Iterable[Path]) -> list[int]:
    """Remove private work trees that are not in use; return the bytes that each took, without those in use."""
    return [size for size in (_remove(git, state, folder) for folder in folders) if size]


def remove_all_idle(location: Location, git: Git) -> None:
    """Remove a repository's private work trees that are not in use, whatever its settings are."""
    remove_idle(git, StateDir.for_repository(location.common_dir), _list_own(location, ()))


def _list_own(location: Location, roots: Iterable[Path]) -> list[Path]:
    """Return the folders that git has a record of, even if they are gone, and those in the places for them."""
    state = StateDir.for_repository(location.common_dir)
    recorded = [each.folder for each in private_worktree.list_records(location.common_dir) if each.is_current]
    former_roots = (folder.parent.parent for folder in recorded if folder.parent.name.isdecimal())
    places = dict.fromkeys((*roots, *former_roots, state.worktrees))
    former = sorted(state.worktrees.glob("batchhook-*"))  # of earlier versions
    placed = [folder for root in places for folder in worktree_places.list_worktrees(root)]
    return list(dict.fromkeys((*recorded, *placed, *former)))


def _lock(state: StateDir, folder: Path) -> Path:
    name = folder.name.rpartition("-")[2] if folder.parent == state.worktrees else folder.parent.name
    return state.worktrees / f"{name}.lock"


def _is_idle(state: StateDir, folder: Path) -> bool:
    if locks.is_locked(_lock(state, folder)):
        return False
    with worktree_places.try_lock(folder.parent) as is_free:
        return is_free


def _remove(git: Git, state: StateDir, folder: Path) -> int:
    if not folder.parent.exists():
        private_worktree.remove(git, folder)  # only git's record of it is left
        return 0
    with locks.try_lock(_lock(state, folder)) as is_free, worktree_places.try_lock(folder.parent) as is_held:
        if not is_free or not is_held:
            return 0
        size = disk_usage([folder])
        private_worktree.remove(git, folder)
        freed = size - disk_usage([folder])
        for cache in worktree_places.list_unneeded_caches(folder):
            freed += disk_usage([cache])
            remove_path(cache)
        if folder.parent != state.worktrees:
            worktree_places.remove_empty(folder.parent)
        return freed
