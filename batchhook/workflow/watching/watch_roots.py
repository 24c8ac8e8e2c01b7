"""The folders to watch: all that can hold a change, and no others."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from batchhook.core.paths import is_within
from batchhook.errors import UsageError
from batchhook.git import shadow_index
from batchhook.git.command import Git
from batchhook.git.location import Location

_EXCLUDED = frozenset({".git", ".batchhook"})


@dataclass(frozen=True, slots=True)
class WatchRoots:
    """The files and folders to watch.

    Attributes:
        git: in the work tree's top folder.
        location: of the work tree.
        paths: relative to the top, empty for the top itself; they may be missing at times.
    """

    git: Git
    location: Location
    paths: tuple[str, ...]

    def covers(self, path: str) -> bool:
        """Return whether a path (relative to the top) is one of the roots, or below one."""
        is_excluded = any(part in _EXCLUDED for part in path.split("/"))
        return not is_excluded and ("" in self.paths or is_within(path, self.paths))

    def list_folders(self) -> frozenset[str]:
        """Return all folders to watch now, relative to the top.

        These are the folders below the roots that Git does not ignore, or that hold a tracked file; and for each root
        the nearest existing folder above it, since a missing root may come back. Links are not followed, and other
        repositories are not entered.
        """
        folders = {self._find_parent(path) for path in self.paths} | self._list_tracked_folders()
        level = {path for path in self.paths if self._is_watchable(path)}
        while level:
            level -= shadow_index.find_ignored(self.git, self.location, level) - folders
            folders |= level
            level = {inner for folder in level for inner in self._list_subfolders(folder) if self._is_watchable(inner)}
        return frozenset(folders)

    def _find_parent(self, path: str) -> str:
        folder = os.path.dirname(path)  # noqa: PTH120 - a name that may hold any bytes
        while folder and not (self.location.top / folder).is_dir():
            folder = os.path.dirname(folder)  # noqa: PTH120 - as above
        return folder

    def _list_tracked_folders(self) -> set[str]:
        listed = self.git.run("ls-files", "-z").stdout.split(b"\0")[:-1]
        folders = {os.path.dirname(os.fsdecode(path)) for path in listed}  # noqa: PTH120 - as above
        return {folder for folder in folders if self.covers(folder) and self._is_watchable(folder)}

    def _list_subfolders(self, folder: str) -> Iterator[str]:
        try:
            with os.scandir(self.location.top / folder) as entries:
                names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:  # just removed
            return
        yield from (f"{folder}/{name}" if folder else name for name in names if name not in _EXCLUDED)

    def _is_watchable(self, folder: str) -> bool:
        path = self.location.top / folder
        if path.is_symlink() or not os.access(path, os.R_OK | os.X_OK) or not path.is_dir():
            return False
        return not folder or not os.path.lexists(path / ".git")


def resolve_roots(git: Git, location: Location, paths: Sequence[str]) -> WatchRoots:
    """Return the roots for some paths.

    Args:
        git: in the work tree's top folder.
        location: of the work tree.
        paths: relative to the top; empty to watch everything.

    Raises:
        UsageError: one of them does not exist.
    """
    for path in paths:
        if not os.path.lexists(location.top / path):
            raise UsageError(f"{path} does not exist", "name existing files or folders, or none to watch everything")
    return WatchRoots(git, location, tuple(dict.fromkeys(paths)) or ("",))


def relative_paths(top: Path, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the paths below the top folder, each with its form relative to it."""
    prefix = f"{top}/"
    for path in paths:
        if path.startswith(prefix):
            yield path, path[len(prefix) :]
        elif path == str(top):
            yield path, ""
