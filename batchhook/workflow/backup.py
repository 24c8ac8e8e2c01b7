"""Copying what a batch is about to have changed: the state before it, file by file."""

from __future__ import annotations

from batchhook.core.changes import Batch, BatchStatus
from batchhook.errors import GitError, NotFinishedError
from batchhook.git import objects
from batchhook.git.objects import Objects, TreeFile
from batchhook.store import batches, locks
from batchhook.store.backups import BackedUpFile, Backups, Manifest
from batchhook.store.layout import StateDir
from batchhook.workflow.project import Project


def back_up(state: StateDir, repository: Objects, batch: Batch) -> Manifest:
    """Back a batch up; a second time gives the same.

    Raises:
        OSError: no room, no permission.
    """
    backups = Backups(state.backups)
    before: dict[str, TreeFile | None] = {}
    for change in batch.changes:
        found = repository.differences(change.base_tree, change.tree)
        before = {**{one.path: one.old for one in found}, **before}  # what came first is what was before
    with locks.lock(state.backups_lock):  # a content that is there already must not be pruned before it is named
        manifest = Manifest(
            batch=batch.id,
            commit=batch.base,
            head=batch.head,
            files=tuple(_copied(backups, repository, path, file) for path, file in sorted(before.items())),
        )
        backups.write(manifest)
    return manifest


def back_up_again(project: Project, number: int) -> Manifest:
    """Make a batch's backup anew; what of it was damaged is replaced.

    Raises:
        NoSuchBatchError, NotFinishedError: there is no such batch, or it is still open.
        GitError: git does not have its commits any more.
    """
    batch = batches.get(project.database, number)
    if batch.status is BatchStatus.OPEN:
        raise NotFinishedError(f"batch {number} is still open", "its backup is made when it is full")
    repository = objects.open_repository(project.location.common_dir)
    backups = Backups(project.state.backups)
    backups.drop_damaged(number)
    try:
        return back_up(project.state, repository, batch)
    except GitError as error:
        hint = "its backup is as it was; batchhook doctor"
        raise GitError(f"git does not have all of batch {number} any more: {error.message}", hint) from error


def verified(project: Project, number: int | None) -> tuple[Manifest, ...]:
    """Backups of which each content was read and compared with its SHA-256: a batch's, or with None all.

    Raises:
        StoreError: a manifest or a content is missing or damaged.
    """
    backups = Backups(project.state.backups)
    numbers = backups.batches() if number is None else [number]
    for each in numbers:
        backups.verify(each)
    return tuple(map(backups.read, numbers))


def _copied(backups: Backups, repository: Objects, path: str, file: TreeFile | None) -> BackedUpFile:
    if file is None:
        return BackedUpFile.at(path, existed=False)
    if file.is_submodule:
        return BackedUpFile.at(path, existed=True, mode=file.mode, submodule=file.oid)
    sha256, size = backups.store(repository.content(file.oid))
    return BackedUpFile.at(path, existed=True, mode=file.mode, sha256=sha256, size=size)
