"""Find files in the way of new ones that no snapshot contains."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from batchhook.core.paths import parent_dirs


def ignored_files_in_the_way(top: Path, changes: Mapping[str, tuple[str, str]]) -> list[str]:
    """Find ignored files that new files would overwrite: no snapshot holds them, and git does not spare them.

    Args:
        top: the work tree's top folder.
        changes: path -> (current oid, new oid); empty for none.

    Returns:
        Their paths.
    """
    known = {path for path, (old, _) in changes.items() if old}
    deleted = {path.casefold() for path, (old, new) in changes.items() if old and not new}
    blocking: list[str] = []
    for path in (path for path, (old, new) in changes.items() if new and not old):
        existing = [name for name in (path, *parent_dirs(path)) if name not in known and _is_file(top / name)]
        blocking += [name for name in existing if name.casefold() not in deleted or has_exact_name(top, name)]
        folder = top / path
        # Of a submodule only the commit is restored; git leaves its files alone.
        if folder.is_dir() and not folder.is_symlink() and not _is_repository(folder):
            inside = (str(file.relative_to(top)) for file in folder.rglob("*") if _is_file(file))
            blocking += [name for name in inside if name not in known]
    return blocking


def repositories_in_the_way(top: Path, new_paths: Iterable[str]) -> list[str]:
    """Find repositories that new files would replace or lie in: git empties a submodule's folder.

    Args:
        top: the work tree's top folder.
        new_paths: paths of the new files.

    Returns:
        The repositories' paths.
    """
    places = {name for path in new_paths for name in (path, *parent_dirs(path))}
    return sorted(name for name in places if _is_repository(top / name))


def _is_repository(folder: Path) -> bool:
    return os.path.lexists(folder / ".git") and not folder.is_symlink()


def case_aliases(top: Path, paths: Iterable[str]) -> list[str]:
    """Find paths that a case-insensitive file system resolves to another of the given paths (``a`` and ``A``)."""
    alike: dict[str, list[str]] = {}
    for path in paths:
        alike.setdefault(path.casefold(), []).append(path)
    several = (path for same in alike.values() if len(same) > 1 for path in same)
    return [path for path in several if os.path.lexists(top / path) and not has_exact_name(top, path)]


def has_exact_name(top: Path, path: str) -> bool:
    """Return whether an existing file has exactly this name, in a file system that may ignore case.

    Args:
        top: a folder.
        path: of an existing file below it.
    """
    folder = top
    for name in path.split("/"):
        if name not in os.listdir(folder):  # noqa: PTH208 - bare names
            return False
        folder /= name
    return True


def _is_file(path: Path) -> bool:
    return path.is_symlink() or (path.exists() and not path.is_dir())
