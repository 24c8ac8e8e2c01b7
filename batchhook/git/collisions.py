"""What lies in a work tree at the places of files to come, and which no snapshot shows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from batchhook.core.paths import folders_of


def by_others(top: Path, changes: Mapping[str, tuple[str, str]]) -> list[str]:
    """Files that are in no snapshot, since git ignores them, and that would be written over: git does not spare them.

    Args:
        top: the work tree's top folder.
        changes: path -> names of what is there and of what is to be there, empty for nothing.

    Returns:
        their paths.
    """
    known = {path for path, (old, _) in changes.items() if old}
    going = {path.casefold() for path, (old, new) in changes.items() if old and not new}
    found: list[str] = []
    for path in (path for path, (old, new) in changes.items() if new and not old):
        there = [name for name in (path, *folders_of(path)) if name not in known and _is_file(top / name)]
        found += [name for name in there if name.casefold() not in going or is_spelled(top, name)]
        if (top / path).is_dir() and not (top / path).is_symlink():
            inside = (str(file.relative_to(top)) for file in (top / path).rglob("*") if _is_file(file))
            found += [name for name in inside if name not in known]
    return found


def by_repositories(top: Path, coming: Iterable[str]) -> list[str]:
    """Repositories in whose place, or in which, files are going to be written: git empties a submodule's folder.

    Args:
        top: the work tree's top folder.
        coming: paths of the files.

    Returns:
        the repositories' paths.
    """
    places = {name for path in coming for name in (path, *folders_of(path))}
    return sorted(name for name in places if _is_repository(top / name))


def _is_repository(folder: Path) -> bool:
    return os.path.lexists(folder / ".git") and not folder.is_symlink()


def under_another_name(top: Path, paths: Iterable[str]) -> list[str]:
    """Those of these paths at which a file system shows another one of them: it does not tell ``a`` from ``A``."""
    alike: dict[str, list[str]] = {}
    for path in paths:
        alike.setdefault(path.casefold(), []).append(path)
    several = (path for same in alike.values() if len(same) > 1 for path in same)
    return [path for path in several if os.path.lexists(top / path) and not is_spelled(top, path)]


def is_spelled(top: Path, path: str) -> bool:
    """Whether a file that is there has just this name, and not one that the file system takes for the same.

    Args:
        top: a folder.
        path: of something below it that is there.
    """
    folder = top
    for name in path.split("/"):
        if name not in os.listdir(folder):  # noqa: PTH208 - names as they are, without a path of each
            return False
        folder /= name
    return True


def _is_file(path: Path) -> bool:
    return path.is_symlink() or (path.exists() and not path.is_dir())
