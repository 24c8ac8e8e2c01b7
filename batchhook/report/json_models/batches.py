"""Batches and their changes."""

from __future__ import annotations

from batchhook.core.changes import Batch, Commit, FileEdit
from batchhook.core.results import Totals
from batchhook.core.verdict import Verdict
from batchhook.report.json_models.base import Document, shown
from batchhook.report.json_models.progress import UnderWayDocument
from batchhook.report.json_models.results import TotalsDocument, totals_document


class FileDocument(Document):
    """A file that a change touched; ``sha256`` is that of its content after the change, empty for a deleted one."""

    path: str
    status: str
    mode: str
    sha256: str


class ChangeDocument(Document):
    """A change; times are seconds since the epoch. ``kind`` is "commit", or "record" for one that was recorded."""

    oid: str
    kind: str
    summary: str
    author: str
    committed_at: int
    files: tuple[FileDocument, ...]


class BatchDocument(Document):
    """A batch; ``base`` is empty where nothing was before it.

    ``size`` says how much fills it, ``filled`` how much is in it, ``unit`` what they count: "commit" or "file".
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


class EntryDocument(Document):
    """A batch in ``log`` and ``status``; ``verdict`` and ``totals`` are null while it has no run."""

    batch: BatchDocument
    verdict: str | None
    totals: TotalsDocument | None


class StatusDocument(Document):
    """``status --json``; ``open`` is null in the middle of a rebase.

    ``under_way`` are the full batches about which not everything is known, oldest first; ``latest`` the latest full
    ones, newest first. ``unseen`` are batches that did not pass, and whose verdict nobody has looked at. ``critical``
    is the batch of this branch that failed critically, and about which nothing was done; null for none.
    ``interrupted`` is the operation that was interrupted in this work tree; null for none.
    """

    open: BatchDocument | None
    under_way: tuple[UnderWayDocument, ...]
    latest: tuple[EntryDocument, ...]
    unseen: tuple[int, ...]
    critical: int | None
    interrupted: int | None = None


class LogDocument(Document):
    """``log --json``, newest first."""

    batches: tuple[EntryDocument, ...]


def batch_document(batch: Batch, edits: dict[str, tuple[FileEdit, ...]]) -> BatchDocument:
    """A batch with the files of its changes, by commit name."""
    return BatchDocument(
        id=batch.id,
        branch=batch.branch.removeprefix("refs/heads/"),
        status=batch.status.value,
        size=batch.fill.size,
        unit=batch.fill.unit.value,
        filled=batch.filled,
        base=batch.base,
        head=batch.head,
        changes=tuple(change_document(change, edits.get(change.oid, ())) for change in batch.changes),
    )


def change_document(change: Commit, files: tuple[FileEdit, ...]) -> ChangeDocument:
    """A change with the files that it touched."""
    return ChangeDocument(
        oid=change.oid,
        kind="record" if change.is_record else "commit",
        summary=change.subject,
        author=change.author,
        committed_at=change.committed_at,
        files=tuple(
            FileDocument(path=shown(file.path), status=file.status.value, mode=file.mode, sha256=file.sha256)
            for file in files
        ),
    )


def entry_document(batch: Batch, verdict: Verdict | None, totals: Totals | None) -> EntryDocument:
    """A batch in a list."""
    return EntryDocument(
        batch=batch_document(batch, {}),
        verdict=verdict.value if verdict else None,
        totals=totals_document(totals) if totals else None,
    )
