"""The places of private work trees, outside of the repository.

Below ``.git``, tests and linters that pass over paths with a dot would pass over the whole project. A folder for
temporary files is shared by all users of the machine, so the folders in it are private, and are checked.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from batchhook.store.state_dir import StateDir, is_digest, user_folder

_BASES = ("/var/tmp", "/tmp")  # noqa: S108 - what is created there is private
"""Tried in this order: the first is for large files, and survives a restart. ``TMPDIR`` differs between sessions."""
_SPECIAL = re.compile(r"[\0-\37\177:]")
"""Characters of a name that break a line of a report, or a path in ``PYTHONPATH``."""
_MAX_NAME = 200
"""Bytes of a name; git adds a number to it, and file systems have a limit of 255."""
_NOEXEC = getattr(os, "ST_NOEXEC", 0)  # unknown on macOS
_ATTEMPTS = 10
SETUP_FOLDER = "setup"
"""Folder beside the private work trees with the results of setup commands (``workflow/suite/setup_cache.py``)."""


@dataclass(frozen=True, slots=True)
class WorktreeRoot:
    """The folder of a repository's private work trees.

    Attributes:
        folder: it may not exist yet.
        problem: why it is in the state folder, or why it may not suit; empty if all is well.
    """

    folder: Path
    problem: str = ""


def choose_root(state: StateDir, setting: str, top: Path) -> WorktreeRoot:
    """Choose the folder of a repository's private work trees, without creating it.

    Args:
        state: the repository's state folder. It is used if no part of its path begins with a dot, as in CI, or if no
            other place is safe.
        setting: ``worktrees``; empty for the folders for temporary files.
        top: of the user's work tree; the setting is relative to it.
    """
    if not setting and not any(part.startswith(".") for part in state.root.parts):
        return WorktreeRoot(state.worktrees)
    bases = [top / Path(os.path.expanduser(setting))] if setting else [Path(base) for base in _BASES]  # noqa: PTH111
    problems = []
    for base in (Path(os.path.realpath(base)) for base in bases):
        root = state.worktrees_below(base)
        danger = _find_danger(root)
        noexec = "" if danger or not _is_noexec(base) else f"{base} is mounted noexec: no file there can be executed"
        if not danger and (setting or not noexec):
            return WorktreeRoot(root, noexec)
        problems.append(danger or noexec)
    return WorktreeRoot(state.worktrees, problems[0])


def create_root(state: StateDir, setting: str, top: Path) -> Path:
    """Create the folder that ``choose_root`` chooses; the one in the state folder if that cannot be done safely."""
    root = choose_root(state, setting, top).folder
    if root != state.worktrees:
        try:
            _create(root)
        except OSError:
            return state.worktrees
        if _find_danger(root):
            return state.worktrees
    return root


def checkout_name(top: Path) -> str:
    """Return the name of a private work tree: that of the user's work tree, as far as it is possible."""
    name = _SPECIAL.sub("_", top.name.lstrip("."))
    return os.fsdecode(os.fsencode(name)[:_MAX_NAME]) or "project"


def list_worktrees(root: Path) -> list[Path]:
    """Return the private work trees of one repository, in use or not."""
    return sorted(path for path in root.glob("[1-9]*/*") if path.is_dir() and not path.is_symlink())


def cache_beside(checkout: Path) -> Path:
    """Return the folder for what build tools keep from run to run in a private work tree; it may not exist."""
    return checkout.parent.parent / f"cache-{checkout.parent.name}"


def list_unneeded_caches(checkout: Path) -> list[Path]:
    """Return the folders beside a removed private work tree that none of those that are left needs."""
    root = checkout.parent.parent
    shared = [] if list_worktrees(root) else [root / SETUP_FOLDER]
    return [path for path in (cache_beside(checkout), *shared) if path.is_dir()]


def list_all_worktrees(root: Path) -> list[Path]:
    """Return the private work trees of all of this user's repositories that have them beside those of a repository.

    Args:
        root: of the repository; if it is the one in the state folder, there are no others.
    """
    shared = root.parent
    folders = shared.iterdir() if shared.name == user_folder() and shared.is_dir() else ()
    return [path for folder in folders if is_digest(folder.name) for path in list_worktrees(folder)]


@contextmanager
def create_and_lock(folder: Path) -> Iterator[bool]:
    """Create the folder around a private work tree, and hold its lock inside the block, unless another process does.

    The lock is that of flock(2) on the folder itself: systemd-tmpfiles removes nothing old from a locked folder
    (tmpfiles.d(5)), and it holds between repositories that do not know of each other.
    """
    descriptor = _create_and_lock(folder)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


@contextmanager
def try_lock(folder: Path) -> Iterator[bool]:
    """Hold the lock of an existing folder as ``create_and_lock`` does; it is not held if the folder is gone."""
    try:
        descriptor = _lock(folder)
    except OSError:
        descriptor = None
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def remove_empty(folder: Path) -> None:
    """Remove the folder around a private work tree, and those that were created for it, as far as they are empty."""
    root = folder.parent
    with suppress(OSError):  # not empty
        for level in (folder, root, *([root.parent] if root.parent.name == user_folder() else [])):
            level.rmdir()


def _find_danger(root: Path) -> str:
    """Return why others could replace what is in a folder below a base; empty if they cannot, and we can write."""
    base = root.parent.parent
    try:
        status = base.stat()
    except OSError as error:
        return f"{base}: {error.strerror}"
    writers = stat.S_IWOTH if status.st_uid == os.geteuid() else stat.S_IWOTH | stat.S_IWGRP
    if status.st_mode & writers and not status.st_mode & stat.S_ISVTX:
        return f"others can rename what is in {base}"
    existing = [level for level in (root.parent, root) if os.path.lexists(level)]
    for level in existing:
        if not _is_private(level.lstat()):
            return f"{level} is not a folder that is yours alone"
    innermost = [base, *existing][-1]
    return "" if os.access(innermost, os.W_OK | os.X_OK) else f"{innermost} cannot be written to"


def _is_private(status: os.stat_result) -> bool:
    others = stat.S_IRWXG | stat.S_IRWXO
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & others


def _is_noexec(folder: Path) -> bool:
    return bool(os.statvfs(folder).f_flag & _NOEXEC)


def _create(folder: Path) -> None:
    """Create a folder and those around it, each private."""
    missing = list(itertools.takewhile(lambda level: not os.path.lexists(level), (folder, *folder.parents)))
    for level in reversed(missing):
        level.mkdir(mode=0o700, exist_ok=True)


def _create_and_lock(folder: Path) -> int | None:
    for _ in range(_ATTEMPTS):
        with suppress(FileNotFoundError):  # another process has just removed it, since it was empty
            _create(folder)
            return _lock(folder)
    return None


def _lock(folder: Path) -> int | None:
    """Open a folder with its lock; return None if another process holds it.

    Raises:
        OSError: it cannot be opened, or was removed before it was locked.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if _flock(descriptor) and os.path.samestat(os.fstat(descriptor), folder.stat()):
            return descriptor
    except OSError:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _flock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # network drives lock no folders; the lock in the state folder has to do
    return True
