"""Operations (rollback, undo, redo), backups, and rollbacks from backups."""

from __future__ import annotations

from batchhook.core.revert_check import RevertCheck
from batchhook.core.rollback import AutoRollbackResult, FilePlan
from batchhook.report.json_models.base import Document, json_path


class FileActionDocument(Document):
    """The effect of an operation on a file; ``action`` is "restored", "merged", "recreated" or "removed"."""

    path: str
    action: str


class RevertCheckDocument(Document):
    """Result of the test run without the reverted changes.

    Ids of the tests that the revert fixes, that still fail, that it would break, and that failed but are flaky.
    """

    fixed: tuple[str, ...]
    still_failing: tuple[str, ...]
    broken: tuple[str, ...]
    flaky: tuple[str, ...]


class AutoRollbackDocument(Document):
    """Outcome of an automatic rollback; ``status`` is "refused", "proposed" or "applied".

    ``changes`` are the changes it reverts, ``reason`` says why it was refused or only proposed. ``operation`` is the
    rollback's number, 0 if it was not applied.
    """

    status: str
    changes: tuple[str, ...]
    reason: str
    operation: int


class OperationDocument(Document):
    """``rollback``, ``undo``, ``redo``, and each entry of ``operations``; ``id`` is null for a plan.

    ``kind`` is "rollback", "undo" or "redo", ``mode`` is "files", "commit" or "reset". ``batch`` is set if it concerns
    exactly one. ``changes`` are the reverted changes, empty for all of the batches; ``paths`` limits the
    operation to files and folders. ``status`` is "planned", "done", "failed", "taken back" or "interrupted".

    ``branch`` is the current branch. ``head`` is HEAD afterwards, null for a commit that does not exist yet.
    ``dropped_commits`` leave the branch; ``stashed_files`` are saved in the stash entry ``stash``. ``revert_check`` is
    set with ``--culprit`` only. Entries of ``operations`` have no ``files``, ``diff``, ``dropped_commits`` and
    ``stashed_files``.
    """

    id: int | None
    kind: str
    mode: str
    batch: int | None
    batches: tuple[int, ...]
    undoes: int | None
    status: str
    changes: tuple[str, ...]
    paths: tuple[str, ...]
    branch: str
    head: str | None = None
    dropped_commits: tuple[str, ...] = ()
    stashed_files: tuple[str, ...] = ()
    stash: str = ""
    revert_check: RevertCheckDocument | None = None
    files: tuple[FileActionDocument, ...]
    diff: str = ""


class FromBackupDocument(Document):
    """A rollback from a backup, or its undo; ``status`` is "done", or "intent" if it was interrupted."""

    number: int
    batch: int | None
    undoes: int | None
    status: str


class OperationsDocument(Document):
    """``operations --json``, newest first; rollbacks from backups are numbered separately."""

    operations: tuple[OperationDocument, ...]
    from_backups: tuple[FromBackupDocument, ...] = ()


class BackedUpFileDocument(Document):
    """A file as it was before a batch; ``sha256`` is empty for a file that did not exist, and for a submodule."""

    path: str
    existed: bool
    mode: str
    sha256: str
    size: int


class BackupDocument(Document):
    """The file copies made for a batch, from ``commit`` (empty before the first commit)."""

    batch: int
    commit: str
    files: tuple[BackedUpFileDocument, ...]


class BackupsDocument(Document):
    """``backup --json``."""

    backups: tuple[BackupDocument, ...]


class SkippedFileDocument(Document):
    """A file of the batch that is left as it is."""

    path: str
    reason: str


class RestorationDocument(Document):
    """``rollback N --from-backup`` and its undo; ``number`` is null for a plan.

    ``batch`` is null for an undo, ``undoes`` for a rollback. ``changed_since`` are files that differ from what the
    batch (or the rollback) left: replaced with ``--force`` only.
    """

    number: int | None
    batch: int | None
    undoes: int | None
    status: str
    files: tuple[FileActionDocument, ...]
    skipped_files: tuple[SkippedFileDocument, ...]
    changed_since: tuple[str, ...]
    diff: str


def auto_rollback_document(rollback: AutoRollbackResult) -> AutoRollbackDocument:
    """Return the outcome of an automatic rollback."""
    return AutoRollbackDocument(
        status=rollback.status.value, changes=rollback.changes, reason=rollback.reason, operation=rollback.operation
    )


def file_action_documents(files: tuple[FilePlan, ...]) -> tuple[FileActionDocument, ...]:
    """Return the effects of an operation on files."""
    return tuple(FileActionDocument(path=json_path(file.path), action=file.action.value) for file in files)


def revert_check_document(check: RevertCheck) -> RevertCheckDocument:
    """Return the result of the test run without the reverted changes."""
    return RevertCheckDocument(
        fixed=check.fixed, still_failing=check.still_failing, broken=check.newly_failing, flaky=check.flaky
    )
