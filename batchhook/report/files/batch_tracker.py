"""``batch_tracker.json``: the latest full batches, and every file edit in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batchhook.core.changes import BatchStatus
from batchhook.core.summaries import BatchRecord
from batchhook.report.json_models import Document, Time, iso_time
from batchhook.report.json_models.base import shown


class TrackedEdit(Document):
    """One file touched by one change.

    ``timestamp`` is when that was committed, ``description`` the commit's subject, ``file_hash`` the SHA-256 of the
    content after it, empty for a deleted file; ``status`` is git's word: added, modified, deleted, type changed.
    """

    file_path: str
    timestamp: Time
    description: str
    file_hash: str
    status: str
    commit_hash: str
    author: str


class TrackedBatch(Document):
    """A full batch, from its first change to when it was full.

    ``git_commit_hash`` is its last commit, ``base_commit_hash`` the one just before it, empty where there was none;
    ``verdict`` is null as long as it has no run.
    """

    batch_id: int
    start_time: Time
    end_time: Time
    git_commit_hash: str
    base_commit_hash: str
    branch: str
    status: str
    verdict: str | None
    edits: tuple[TrackedEdit, ...]


class TrackerFile(Document):
    """The latest full batches, oldest first.

    ``edit_count`` and ``batch_count`` are of all there ever were; ``batches`` holds the latest of them.
    """

    edit_count: int
    last_updated: Time
    batch_count: int
    batches: tuple[TrackedBatch, ...]


def tracker_file(records: Sequence[BatchRecord], now: float, *, edits: int, batches: int) -> TrackerFile:
    """What the file holds.

    Args:
        records: the latest full batches, oldest first.
        now: seconds since the epoch.
        edits: how many file edits there are in all batches.
        batches: how many full batches there are.
    """
    return TrackerFile(
        edit_count=edits,
        last_updated=iso_time(now),
        batch_count=batches,
        batches=tuple(map(_batch, records)),
    )


def _batch(record: BatchRecord) -> TrackedBatch:
    batch = record.batch  # writing this file is the last of what closing it means: it is finished for whoever reads it
    return TrackedBatch(
        batch_id=batch.id,
        start_time=iso_time(batch.opened_at),
        end_time=iso_time(batch.sealed_at),
        git_commit_hash=batch.head,
        base_commit_hash=batch.base,
        branch=shown(batch.branch.removeprefix("refs/heads/")),
        status=(BatchStatus.FINISHED if batch.status is BatchStatus.CLOSING else batch.status).value,
        verdict=record.verdict.value if record.verdict else None,
        edits=tuple(_edits(record)),
    )


def _edits(record: BatchRecord) -> Iterator[TrackedEdit]:
    for change in record.batch.changes:
        for edit in record.edits.get(change.oid, ()):
            yield TrackedEdit(
                file_path=shown(edit.path),
                timestamp=iso_time(change.committed_at),
                description=change.subject,
                file_hash=edit.sha256,
                status=edit.status.value,
                commit_hash=change.oid,
                author=change.author,
            )
