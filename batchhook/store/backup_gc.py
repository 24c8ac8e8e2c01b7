"""Garbage collection of backups: finding and removing what only pruned batches need."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from batchhook.store.backups import BackupStore
from batchhook.store.files import file_size


@dataclass(frozen=True, slots=True)
class UnusedBackups:
    """Backups that can be removed.

    Attributes:
        batches: numbers of the pruned batches that have a backup.
        files: the manifests of these, and the contents that no other manifest lists.
        size: bytes of these files.
        damaged: numbers of other batches with unreadable manifests. These may list any content, so none can be removed.
    """

    batches: tuple[int, ...]
    files: tuple[Path, ...]
    size: int
    damaged: tuple[int, ...]


def find_unused(backups: BackupStore, pruned: AbstractSet[int]) -> UnusedBackups:
    """Find the backups of pruned batches and the contents that only these list.

    Before they are removed, they have to be found under the lock of the backups: a backup that is created in between
    may use the same contents.

    Args:
        backups: all backups.
        pruned: numbers of the pruned batches.
    """
    unused: list[int] = []
    damaged: list[int] = []
    used_contents: set[str] = set()
    for number in backups.list_batches():
        if number in pruned:
            unused.append(number)
            continue
        try:
            used_contents.update(_list_contents(backups.folder(number) / "manifest.json"))
        except (OSError, ValueError, TypeError, KeyError):
            damaged.append(number)
    files = [file for number in unused for file in backups.folder(number).iterdir()]
    if not damaged:
        contents = _list_files(backups.root / "objects")
        files += [file for file in contents if file.parent.name + file.name not in used_contents]
    return UnusedBackups(tuple(unused), tuple(files), sum(file_size(file) for file in files), tuple(damaged))


def _list_contents(manifest: Path) -> Iterator[str]:
    """Yield the contents that a manifest lists, without validating it, as there may be very many."""
    for file in json.loads(manifest.read_bytes())["files"]:
        if file["sha256"]:
            yield file["sha256"]


def _list_files(folder: Path) -> Iterator[Path]:
    return (Path(top) / name for top, _, names in os.walk(folder) for name in names)


def remove(backups: BackupStore, unused: UnusedBackups) -> None:
    """Remove unused backups: manifests first, so that none is left that lists missing contents.

    Raises:
        OSError: no permission.
    """
    for file in unused.files:
        file.unlink(missing_ok=True)
    for folder in {*map(backups.folder, unused.batches), *(file.parent for file in unused.files)}:
        with suppress(OSError):  # not empty
            folder.rmdir()
