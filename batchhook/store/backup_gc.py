"""What of the backups no batch needs any more."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from batchhook.store.backups import Backups


@dataclass(frozen=True, slots=True)
class Unneeded:
    """What can be taken away when some batches need no backup any more.

    Attributes:
        batches: numbers of those that have one.
        files: what is of theirs alone: manifests, and contents that no other manifest names.
        size: bytes of all that.
        damaged: numbers of other batches whose manifests cannot be read: what these name nobody knows, so all contents
            stay.
    """

    batches: tuple[int, ...]
    files: tuple[Path, ...]
    size: int
    damaged: tuple[int, ...]


def unneeded(backups: Backups, going: AbstractSet[int]) -> Unneeded:
    """What of all backups can be taken away when these batches need none; nobody may be making one meanwhile."""
    leaving: list[int] = []
    damaged: list[int] = []
    named: set[str] = set()
    for number in backups.batches():
        if number in going:
            leaving.append(number)
            continue
        try:
            named.update(_contents(backups.folder(number) / "manifest.json"))
        except (OSError, ValueError, TypeError, KeyError):
            damaged.append(number)
    files = [file for number in leaving for file in backups.folder(number).iterdir()]
    if not damaged:
        files += [file for file in _files(backups.root / "objects") if file.parent.name + file.name not in named]
    return Unneeded(tuple(leaving), tuple(files), sum(size_of(file) for file in files), tuple(damaged))


def _contents(manifest: Path) -> Iterator[str]:
    """Names of the contents that a manifest names; without its validator, since there may be very many."""
    for file in json.loads(manifest.read_bytes())["files"]:
        if file["sha256"]:
            yield file["sha256"]


def _files(folder: Path) -> Iterator[Path]:
    """All files below a folder."""
    return (Path(top) / name for top, _, names in os.walk(folder) for name in names)


def size_of(file: Path) -> int:
    """A file's bytes; 0 where it is gone."""
    try:
        return file.lstat().st_size
    except OSError:
        return 0


def take_away(backups: Backups, these: Unneeded) -> None:
    """Remove backups that nobody needs: manifests first, so that none is left that names what is gone.

    Raises:
        OSError: no permission.
    """
    for file in these.files:
        file.unlink(missing_ok=True)
    for folder in {*map(backups.folder, these.batches), *(file.parent for file in these.files)}:
        with suppress(OSError):  # there is more in it
            folder.rmdir()
