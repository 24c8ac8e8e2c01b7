"""File backups: copies of a batch's files as they were before it."""

from __future__ import annotations

from batchhook.core.batch import Batch, BatchStatus
from batchhook.errors import GitError, NotFinishedError, StoreError
from batchhook.git import backends, object_db
from batchhook.git.object_db import ObjectDatabase, TreeEntry
from batchhook.store import batches, locks
from batchhook.store.backups import BackedUpFile, BackupManifest, BackupStore
from batchhook.store.state_dir import StateDir
from batchhook.workflow.context.project import Project


def create_backup(state: StateDir, repository: ObjectDatabase, batch: Batch) -> BackupManifest:
    """Back up the files that a batch changed, as they were before it. Repeating it gives the same backup.

    Raises:
        OSError: the disk is full, or a file cannot be written.
    """
    backups = BackupStore(state.backups)
    before: dict[str, TreeEntry | None] = {}
    after: dict[str, TreeEntry | None] = {}
    for change in batch.changes:
        files = repository.diff(change.base_tree, change.tree)
        before = {**{file.path: file.old for file in files}, **before}  # the first change has the file as it was before
        after |= {file.path: file.new for file in files}
    with locks.lock(state.backups_lock):  # else contents stored before could be pruned before the manifest names them
        manifest = BackupManifest(
            batch=batch.id,
            commit=batch.base,
            head=batch.head,
            files=tuple(
                _store_file(backups, repository, path, file, after[path]) for path, file in sorted(before.items())
            ),
        )
        backups.write_manifest(manifest)
    return manifest


def recreate_backup(project: Project, number: int) -> BackupManifest:
    """Create a batch's backup again, replacing its damaged files.

    Raises:
        NoSuchBatchError: there is no such batch.
        NotFinishedError: the batch is still open.
        GitError: its commits are no longer in the repository.
    """
    batch = batches.load(project.database, number)
    if batch.status is BatchStatus.OPEN:
        raise NotFinishedError(f"batch {number} is still open", "a batch is backed up when it is full")
    repository = backends.open_repository(project.location.common_dir)
    backups = BackupStore(project.state.backups)
    backups.drop_damaged(number)
    try:
        return create_backup(project.state, repository, batch)
    except GitError as error:
        message = f"some of batch {number} is no longer in the Git repository: {error.message}"
        raise GitError(message, "its backup was not changed; check it: batchhook doctor") from error


def find_damage(state: StateDir, number: int | None = None) -> dict[int, tuple[str, ...]]:
    """Compare the contents of backups with their SHA-256.

    Args:
        state: the repository's.
        number: the batch; None for all.

    Returns:
        Batch number -> a sentence for each missing or damaged file.
    """
    backups = BackupStore(state.backups)
    return {each: backups.verify(each) for each in (backups.list_batches() if number is None else [number])}


def verify_backups(project: Project, number: int | None) -> tuple[BackupManifest, ...]:
    """Return the manifests of a batch's backup, or of all with None, after comparing all contents with their SHA-256.

    Raises:
        StoreError: a manifest or a content is missing or damaged.
    """
    damage = find_damage(project.state, number)
    problems = [f"batch {batch}: {problem}" for batch, sentences in damage.items() for problem in sentences]
    if problems:
        which = number if number is not None else "N"
        raise StoreError("; ".join(problems), f"create it again from the Git repository: batchhook backup {which}")
    return tuple(map(BackupStore(project.state.backups).read_manifest, damage))


def _store_file(
    backups: BackupStore, repository: ObjectDatabase, path: str, before: TreeEntry | None, after: TreeEntry | None
) -> BackedUpFile:
    after_fields = {"after_mode": after.mode if after else "", "after_sha256": object_db.sha256(repository, after)}
    if before is None:
        return BackedUpFile.for_path(path, existed=False, **after_fields)
    if before.is_submodule:
        return BackedUpFile.for_path(path, existed=True, mode=before.mode, submodule=before.oid, **after_fields)
    sha256, size = backups.store(repository.read_blob(before.oid))
    return BackedUpFile.for_path(path, existed=True, mode=before.mode, sha256=sha256, size=size, **after_fields)
