"""``test_results.json``: the latest runs of the suite, by batches and by hand."""

from __future__ import annotations

from collections.abc import Sequence

from batchhook.core.summaries import RunRecord
from batchhook.report.files.failure_entry import FailureEntry, failure_entry
from batchhook.report.json_models import Document, Time, iso_time

MOST_FAILURES = 50
"""Failing tests that are named of one run."""


class PastResults(Document):
    """One run.

    ``batch_id`` is the latest batch that it is the run of (``batch_ids`` all of them: a run answers for the same files
    again), null for one by hand; ``git_commit_hash`` that batch's last commit, ``tree`` what was tested. ``complete``
    is false where only some tests were wanted, or the first failure ended it. ``failures`` are the first of them.
    """

    run_id: int
    timestamp: Time
    batch_id: int | None
    batch_ids: tuple[int, ...]
    git_commit_hash: str | None
    tree: str
    verdict: str | None
    overall_success: bool
    complete: bool
    broken: str
    total_duration: float
    total_tests: int
    passed: int
    failed: int
    skipped: int
    errors: int
    failure_rate: float
    failures: tuple[FailureEntry, ...]
    failures_left_out: int


class HistoryFile(Document):
    """The latest runs, oldest first; ``run_count`` is how many there ever were."""

    last_updated: Time
    run_count: int
    runs: tuple[PastResults, ...]


def history_file(records: Sequence[RunRecord], now: float, *, runs: int) -> HistoryFile:
    """What the file holds.

    Args:
        records: the latest runs, oldest first.
        now: seconds since the epoch.
        runs: how many there are in all.
    """
    return HistoryFile(last_updated=iso_time(now), run_count=runs, runs=tuple(map(_run, records)))


def _run(record: RunRecord) -> PastResults:
    totals = record.totals
    return PastResults(
        run_id=record.id,
        timestamp=iso_time(record.started_at),
        batch_id=record.batches[-1] if record.batches else None,
        batch_ids=record.batches,
        git_commit_hash=record.head or None,
        tree=record.tree,
        verdict=record.verdict.value if record.verdict else None,
        overall_success=not record.broken and not totals.failures,
        complete=record.complete,
        broken=record.broken,
        total_duration=totals.duration,
        total_tests=totals.tests,
        passed=totals.passed,
        failed=totals.failed,
        skipped=totals.skipped,
        errors=totals.errored,
        failure_rate=totals.failure_rate,
        failures=tuple(map(failure_entry, record.failures)),
        failures_left_out=totals.failures - len(record.failures),
    )
