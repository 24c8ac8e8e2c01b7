"""Empty folders. Git knows none: one that is filled goes with what filled it, when that is taken out again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from batchhook.core.paths import folders_of, stays_inside


def to_be_filled(top: Path, coming: Iterable[str]) -> tuple[str, ...]:
    """Empty folders into which files are going to be written, or in whose place.

    Args:
        top: the work tree's top folder.
        coming: paths of the files that are not there yet.

    Returns:
        their paths, those of the folders in them included; a folder is empty if there are only such in it.
    """
    found: set[str] = set()
    looked_at: set[str] = set()
    for path in coming:
        for place in (path, *folders_of(path)):
            if place not in looked_at:
                looked_at.add(place)
                found.update(_empty(top, place))
    return tuple(sorted(found))


def make_again(top: Path, folders: Iterable[str]) -> None:
    """Make folders of ``to_be_filled`` once more, where nothing else is by now, and never through a link."""
    for path in filter(stays_inside, folders):
        place = top
        for name in path.split("/"):
            place /= name
            with suppress(OSError):
                place.mkdir()
            if place.is_symlink() or not place.is_dir():
                break


def _empty(top: Path, path: str) -> Iterator[str]:
    """The folder at a path and those in it, if there is one and no file is in any."""
    folder = top / path
    if folder.is_symlink() or not folder.is_dir():
        return
    inside: list[str] = []
    for place, folders, files in os.walk(folder):
        if files or any(os.path.islink(os.path.join(place, name)) for name in folders):  # noqa: PTH114, PTH118 - many
            return
        inside.append(os.path.relpath(place, top))
    yield from inside
