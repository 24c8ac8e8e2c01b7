"""Copying what a batch is about to have changed: the state before it, file by file."""

from __future__ import annotations

from batchhook.core.changes import Batch, BatchStatus
from batchhook.errors import GitError, NotFinishedError, StoreError
from batchhook.git import backends, object_db
from batchhook.git.object_db import Objects, TreeFile
from batchhook.store import batches, locks
from batchhook.store.backups import BackedUpFile, Backups, Manifest
from batchhook.store.state_dir import StateDir
from batchhook.workflow.context.project import Project


def back_up(state: StateDir, repository: Objects, batch: Batch) -> Manifest:
    """Back a batch up; a second time gives the same.

    Raises:
        OSError: no room, no permission.
    """
    backups = Backups(state.backups)
    before: dict[str, TreeFile | None] = {}
    after: dict[str, TreeFile | None] = {}
    for change in batch.changes:
        found = repository.differences(change.base_tree, change.tree)
        before = {**{one.path: one.old for one in found}, **before}  # what came first is what was before
        after |= {one.path: one.new for one in found}
    with locks.lock(state.backups_lock):  # a content that is there already must not be pruned before it is named
        manifest = Manifest(
            batch=batch.id,
            commit=batch.base,
            head=batch.head,
            files=tuple(_copied(backups, repository, path, file, after[path]) for path, file in sorted(before.items())),
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
    repository = backends.open_repository(project.location.common_dir)
    backups = Backups(project.state.backups)
    backups.drop_damaged(number)
    try:
        return back_up(project.state, repository, batch)
    except GitError as error:
        hint = "its backup is as it was; batchhook doctor"
        raise GitError(f"git does not have all of batch {number} any more: {error.message}", hint) from error


def damages(state: StateDir, number: int | None = None) -> dict[int, tuple[str, ...]]:
    """Read all contents of backups, and compare each with its SHA-256.

    Args:
        state: of the repository.
        number: the batch; None for all.

    Returns:
        batch -> what is missing or damaged of its backup, each as a sentence; nothing where it is whole.
    """
    backups = Backups(state.backups)
    return {each: backups.damages(each) for each in (backups.batches() if number is None else [number])}


def verified(project: Project, number: int | None) -> tuple[Manifest, ...]:
    """Backups of which each content was read and compared with its SHA-256: a batch's, or with None all.

    Raises:
        StoreError: a manifest or a content is missing or damaged.
    """
    found = damages(project.state, number)
    broken = [f"batch {batch}: {one}" for batch, these in found.items() for one in these]
    if broken:
        which = number if number is not None else "N"
        raise StoreError("; ".join(broken), f"batchhook backup {which} makes it anew, where git has the same")
    return tuple(map(Backups(project.state.backups).read, found))


def _copied(
    backups: Backups, repository: Objects, path: str, before: TreeFile | None, left: TreeFile | None
) -> BackedUpFile:
    after = {"left_mode": left.mode if left else "", "left_sha256": object_db.sha256(repository, left)}
    if before is None:
        return BackedUpFile.at(path, existed=False, **after)
    if before.is_submodule:
        return BackedUpFile.at(path, existed=True, mode=before.mode, submodule=before.oid, **after)
    sha256, size = backups.store(repository.content(before.oid))
    return BackedUpFile.at(path, existed=True, mode=before.mode, sha256=sha256, size=size, **after)
