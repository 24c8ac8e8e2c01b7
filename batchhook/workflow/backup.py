"""Copying what a batch is about to have changed: the state before it, file by file."""

from __future__ import annotations

import pygit2

from batchhook.core.changes import Batch
from batchhook.git import objects
from batchhook.git.objects import TreeFile
from batchhook.store.backups import BackedUpFile, Backups, Manifest
from batchhook.store.layout import StateDir


def back_up(state: StateDir, repository: pygit2.Repository, batch: Batch) -> Manifest:
    """Back a batch up; a second time gives the same.

    Raises:
        OSError: no room, no permission.
    """
    backups = Backups(state.backups)
    before: dict[str, TreeFile | None] = {}
    for change in batch.changes:
        before = {**objects.files_before(repository, change), **before}  # what came first is what was before
    manifest = Manifest(
        batch=batch.id,
        commit=batch.base,
        head=batch.head,
        files=tuple(_copied(backups, repository, path, file) for path, file in sorted(before.items())),
    )
    backups.write(manifest)
    return manifest


def _copied(backups: Backups, repository: pygit2.Repository, path: str, file: TreeFile | None) -> BackedUpFile:
    if file is None:
        return BackedUpFile.at(path, existed=False)
    if file.is_submodule:
        return BackedUpFile.at(path, existed=True, mode=file.mode, submodule=file.oid)
    sha256, size = backups.store(objects.content(repository, file.oid))
    return BackedUpFile.at(path, existed=True, mode=file.mode, sha256=sha256, size=size)
