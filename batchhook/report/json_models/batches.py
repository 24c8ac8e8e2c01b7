"""Batches, their changes, and their progress."""

from __future__ import annotations

from collections.abc import Mapping

from batchhook.core.batch import Batch
from batchhook.core.commit import Commit, FileEdit
from batchhook.core.operations import BatchRollback
from batchhook.core.progress import Progress
from batchhook.core.results import Totals
from batchhook.core.verdict import Verdict
from batchhook.report.json_models.base import Document, json_path
from batchhook.report.json_models.results import TotalsDocument, totals_document


class FileEditDocument(Document):
    """A file edited by a change; ``sha256`` is that of the new content, empty for a deleted file."""

    path: str
    status: str
    mode: str
    sha256: str


class ChangeDocument(Document):
    """A change; ``kind`` is "commit" or "record". ``committed_at`` is in seconds since the epoch."""

    oid: str
    kind: str
    summary: str
    author: str
    committed_at: int
    files: tuple[FileEditDocument, ...]


class BatchDocument(Document):
    """A batch; ``base`` is empty if no commit precedes it.

    The batch holds ``filled`` of ``size``, counted in ``unit``: "commit" or "file".
    """

    id: int
    branch: str
    status: str
    size: int
    unit: str
    filled: int
    base: str
    head: str
    changes: tuple[ChangeDocument, ...]


class BatchRollbackDocument(Document):
    """The rollback of a batch that is in effect.

    ``operation`` is null for one from a backup. ``is_partial`` is true if it reverted only some changes or paths.
    """

    operation: int | None
    is_partial: bool


class BatchSummaryDocument(Document):
    """A batch in ``log``, ``show`` and ``status``.

    ``verdict`` and ``totals`` are null until it has run, ``rollback`` is null unless a rollback of it is in effect.
    """

    batch: BatchDocument
    verdict: str | None
    totals: TotalsDocument | None
    rollback: BatchRollbackDocument | None = None


class ProgressDocument(Document):
    """Progress of a sealed batch whose work is not finished; printed by ``wait --json`` when its timeout expires.

    ``verdict`` is null until the run has ended. ``stage`` names the current step. Of ``total`` tests (0 until
    discovery has finished), ``done`` have ended and ``failed`` failed; ``failures`` holds the first ids of these. While
    culprits are searched or slowdowns measured, the numbers are those of that step. ``remaining_s`` is an estimate,
    null if there is none.
    """

    batch: int
    branch: str
    status: str
    verdict: str | None
    stage: str
    total: int
    done: int
    failed: int
    failures: tuple[str, ...]
    remaining_s: float | None


class StatusDocument(Document):
    """``status --json``; ``open`` is null during a rebase.

    ``under_way`` holds the sealed batches whose work is not finished, oldest first; ``latest`` the latest sealed
    batches, newest first. ``unseen`` are the batches that did not pass and whose verdict has not been shown yet.
    ``critical`` is the critical batch of this branch that has been neither rolled back nor acknowledged, and
    ``interrupted`` the operation that was interrupted in this work tree; each is null if there is none. ``affected``
    says in a few words how the tests ended that the latest commit can affect; empty if that is unknown. ``installed``
    is false after an uninstallation: no hook counts commits, only commands do.
    """

    open: BatchDocument | None
    under_way: tuple[ProgressDocument, ...]
    latest: tuple[BatchSummaryDocument, ...]
    unseen: tuple[int, ...]
    critical: int | None
    interrupted: int | None = None
    affected: str = ""
    installed: bool = True


class LogDocument(Document):
    """``log --json``, newest first."""

    batches: tuple[BatchSummaryDocument, ...]


def batch_document(batch: Batch, edits: Mapping[str, tuple[FileEdit, ...]]) -> BatchDocument:
    """Return a batch, with the files that its changes edited (by commit)."""
    return BatchDocument(
        id=batch.id,
        branch=batch.branch.removeprefix("refs/heads/"),
        status=batch.status.value,
        size=batch.quota.size,
        unit=batch.quota.unit.value,
        filled=batch.filled,
        base=batch.base,
        head=batch.head,
        changes=tuple(change_document(change, edits.get(change.oid, ())) for change in batch.changes),
    )


def change_document(change: Commit, edits: tuple[FileEdit, ...]) -> ChangeDocument:
    """Return a change, with the files it edited."""
    return ChangeDocument(
        oid=change.oid,
        kind="record" if change.is_recorded else "commit",
        summary=change.subject,
        author=change.author,
        committed_at=change.committed_at,
        files=tuple(
            FileEditDocument(path=json_path(edit.path), status=edit.status.value, mode=edit.mode, sha256=edit.sha256)
            for edit in edits
        ),
    )


def batch_rollback_document(rollback: BatchRollback) -> BatchRollbackDocument:
    """Return the rollback of a batch."""
    return BatchRollbackDocument(operation=rollback.operation or None, is_partial=rollback.is_partial)


def batch_summary_document(
    batch: Batch, verdict: Verdict | None, totals: Totals | None, rollback: BatchRollback | None = None
) -> BatchSummaryDocument:
    """Return a batch as lists have it, without the files of its changes."""
    return BatchSummaryDocument(
        batch=batch_document(batch, {}),
        verdict=verdict.value if verdict else None,
        totals=totals_document(totals) if totals else None,
        rollback=batch_rollback_document(rollback) if rollback else None,
    )


def progress_document(batch: Batch, verdict: Verdict | None, progress: Progress) -> ProgressDocument:
    """Return the progress of a sealed batch."""
    return ProgressDocument(
        batch=batch.id,
        branch=batch.branch.removeprefix("refs/heads/"),
        status=batch.status.value,
        verdict=verdict.value if verdict else None,
        stage=progress.stage,
        total=progress.total,
        done=progress.done,
        failed=progress.failed,
        failures=progress.failures,
        remaining_s=progress.seconds_left,
    )
