"""``batch_tracker.json``: the latest sealed batches, with every file edit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batchhook.core.batch import BatchStatus
from batchhook.core.summaries import BatchSummary
from batchhook.core.timestamps import iso_time
from batchhook.report.json_models import Document, Time, json_path


class TrackedEdit(Document):
    """A file edited by a change.

    ``timestamp`` is the commit time, ``description`` the subject. ``file_hash`` is the new content's SHA-256, empty for
    a deleted file; ``status`` is "added", "modified", "deleted" or "type changed".
    """

    file_path: str
    timestamp: Time
    description: str
    file_hash: str
    status: str
    commit_hash: str
    author: str


class TrackedBatch(Document):
    """A sealed batch, from its first change until it was full.

    ``git_commit_hash`` is its last commit, ``base_commit_hash`` the parent of its first, empty if there is none;
    ``verdict`` is null until it has run.
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
    """The latest sealed batches, oldest first; ``edit_count`` and ``batch_count`` include the earlier ones."""

    edit_count: int
    last_updated: Time
    batch_count: int
    batches: tuple[TrackedBatch, ...]


def tracker_file(batches: Sequence[BatchSummary], now: float, *, edit_count: int, batch_count: int) -> TrackerFile:
    """Return the content of the file.

    Args:
        batches: the latest sealed batches, oldest first.
        now: seconds since the epoch.
        edit_count: file edits in all batches.
        batch_count: all sealed batches.
    """
    return TrackerFile(
        edit_count=edit_count,
        last_updated=iso_time(now),
        batch_count=batch_count,
        batches=tuple(map(_batch, batches)),
    )


def _batch(summary: BatchSummary) -> TrackedBatch:
    batch = summary.batch
    # Writing this file is the last step of closing a batch: for its readers, the batch is finished.
    status = BatchStatus.FINISHED if batch.status is BatchStatus.CLOSING else batch.status
    return TrackedBatch(
        batch_id=batch.id,
        start_time=iso_time(batch.opened_at),
        end_time=iso_time(batch.sealed_at),
        git_commit_hash=batch.head,
        base_commit_hash=batch.base,
        branch=json_path(batch.branch.removeprefix("refs/heads/")),
        status=status.value,
        verdict=summary.verdict.value if summary.verdict else None,
        edits=tuple(_edits(summary)),
    )


def _edits(summary: BatchSummary) -> Iterator[TrackedEdit]:
    for change in summary.batch.changes:
        for edit in summary.edits.get(change.oid, ()):
            yield TrackedEdit(
                file_path=json_path(edit.path),
                timestamp=iso_time(change.committed_at),
                description=change.subject,
                file_hash=edit.sha256,
                status=edit.status.value,
                commit_hash=change.oid,
                author=change.author,
            )
