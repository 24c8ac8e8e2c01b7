"""Empty folders. Git does not track them: one that a rollback fills would disappear when that is undone."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from batchhook.core.paths import is_safe_path, parent_dirs


def find_affected(top: Path, new_paths: Iterable[str]) -> tuple[str, ...]:
    """Find the empty folders that new files will be written into, or will replace.

    Args:
        top: the work tree's top folder.
        new_paths: the files that do not exist yet.

    Returns:
        Their paths, nested ones included; a folder counts as empty if it holds only empty folders.
    """
    empty: set[str] = set()
    checked: set[str] = set()
    for path in new_paths:
        for place in (path, *parent_dirs(path)):
            if place not in checked:
                checked.add(place)
                empty.update(_empty_folders(top, place))
    return tuple(sorted(empty))


def recreate(top: Path, folders: Iterable[str]) -> None:
    """Recreate folders of ``find_affected`` where nothing else has taken their place, never through a symbolic link."""
    for path in filter(is_safe_path, folders):
        place = top
        for name in path.split("/"):
            place /= name
            with suppress(OSError):
                place.mkdir()
            if place.is_symlink() or not place.is_dir():
                break


def _empty_folders(top: Path, path: str) -> Iterator[str]:
    """Yield the folder at a path and those inside it, if it exists and none of them holds a file."""
    folder = top / path
    if folder.is_symlink() or not folder.is_dir():
        return
    inside: list[str] = []
    for place, folders, files in os.walk(folder):
        if files or any(os.path.islink(os.path.join(place, name)) for name in folders):  # noqa: PTH114, PTH118 - many
            return
        inside.append(os.path.relpath(place, top))
    yield from inside
