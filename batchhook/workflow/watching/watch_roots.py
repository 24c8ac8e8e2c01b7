"""Which folders have to be watched, one by one, so that nothing is missed and nothing is watched in vain."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from batchhook.core.rollback import within
from batchhook.errors import UsageError
from batchhook.git import shadow_index
from batchhook.git.command import Git
from batchhook.git.location import Location

_OURS = frozenset({".git", ".batchhook"})


@dataclass(frozen=True, slots=True)
class Ground:
    """What is watched.

    Attributes:
        git: in the work tree's top folder.
        location: of the work tree.
        paths: files and folders, relative to the top, empty for the top itself; there or not.
    """

    git: Git
    location: Location
    paths: tuple[str, ...]

    def covers(self, path: str) -> bool:
        """Whether a file or folder (relative to the top) is what is watched, or below it."""
        is_ours = any(part in _OURS for part in path.split("/"))
        return not is_ours and ("" in self.paths or within(path, self.paths))

    def folders(self) -> frozenset[str]:
        """All folders to watch now, relative to the top: those below the paths that git does not ignore.

        And for each path the nearest folder above it that is there: the path may come back. What git knows a file in
        is watched even if it is ignored. Links are not followed, and other repositories not entered.
        """
        found = {self._above(path) for path in self.paths} | self._of_known_files()
        level = {path for path in self.paths if self._is_entered(path)}
        while level:
            level -= shadow_index.ignored(self.git, self.location, level) - found
            found |= level
            level = {inner for folder in level for inner in self._inside(folder) if self._is_entered(inner)}
        return frozenset(found)

    def _above(self, path: str) -> str:
        folder = os.path.dirname(path)  # noqa: PTH120 - a name that may hold any bytes
        while folder and not (self.location.top / folder).is_dir():
            folder = os.path.dirname(folder)  # noqa: PTH120 - as above
        return folder

    def _of_known_files(self) -> set[str]:
        listed = self.git.run("ls-files", "-z").stdout.split(b"\0")[:-1]
        folders = {os.path.dirname(os.fsdecode(path)) for path in listed}  # noqa: PTH120 - as above
        return {folder for folder in folders if self.covers(folder) and self._is_entered(folder)}

    def _inside(self, folder: str) -> Iterator[str]:
        try:
            with os.scandir(self.location.top / folder) as entries:
                inside = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:  # gone meanwhile
            return
        yield from (f"{folder}/{name}" if folder else name for name in inside if name not in _OURS)

    def _is_entered(self, folder: str) -> bool:
        path = self.location.top / folder
        if path.is_symlink() or not os.access(path, os.R_OK | os.X_OK) or not path.is_dir():
            return False
        return not folder or not os.path.lexists(path / ".git")


def ground(git: Git, location: Location, paths: Sequence[str]) -> Ground:
    """What is to be watched.

    Args:
        git: in the work tree's top folder.
        location: of the work tree.
        paths: relative to the top; none for all.

    Raises:
        UsageError: there is no such file or folder.
    """
    for path in paths:
        if not os.path.lexists(location.top / path):
            raise UsageError(f"there is no {path}", "name files or folders that are there; without any, all is watched")
    return Ground(git, location, tuple(dict.fromkeys(paths)) or ("",))


def relative(top: Path, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Paths as they were told, each with itself as seen from the top; those outside are left out."""
    start = f"{top}/"
    for path in paths:
        if path.startswith(start):
            yield path, path[len(start) :]
        elif path == str(top):
            yield path, ""
