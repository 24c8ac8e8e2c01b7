"""``test_results.json``: the latest runs of the suite, of batches and manual ones."""

from __future__ import annotations

from collections.abc import Sequence

from batchhook.core.summaries import RunSummary
from batchhook.core.timestamps import iso_time
from batchhook.report.files.failure_entry import FailureEntry, failure_entry
from batchhook.report.json_models import Document, Time

MAX_FAILURES = 50
"""Failures of one run that are listed."""


class RunEntry(Document):
    """A run.

    ``batch_ids`` are the batches it is the run of (a run is reused for the same files), ``batch_id`` the latest of
    them, null for a manual run; ``git_commit_hash`` is that batch's last commit, ``tree`` the tree that was tested.
    ``complete`` is false if only some tests were requested, or the first failure ended the run. ``not_run`` counts
    tests that the test framework does not run.
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
    not_run: int
    errors: int
    failure_rate: float
    failures: tuple[FailureEntry, ...]
    failures_left_out: int


class RunHistoryFile(Document):
    """The latest runs, oldest first; ``run_count`` includes the earlier ones."""

    last_updated: Time
    run_count: int
    runs: tuple[RunEntry, ...]


def history_file(runs: Sequence[RunSummary], now: float, *, run_count: int) -> RunHistoryFile:
    """Return the content of the file.

    Args:
        runs: the latest, oldest first.
        now: seconds since the epoch.
        run_count: all runs.
    """
    return RunHistoryFile(last_updated=iso_time(now), run_count=run_count, runs=tuple(map(_entry, runs)))


def _entry(run: RunSummary) -> RunEntry:
    totals = run.totals
    return RunEntry(
        run_id=run.id,
        timestamp=iso_time(run.started_at),
        batch_id=run.batches[-1] if run.batches else None,
        batch_ids=run.batches,
        git_commit_hash=run.head or None,
        tree=run.tree,
        verdict=run.verdict.value if run.verdict else None,
        overall_success=not run.broken_reason and not totals.failures,
        complete=run.is_complete,
        broken=run.broken_reason,
        total_duration=totals.duration,
        total_tests=totals.tests,
        passed=totals.passed,
        failed=totals.failed,
        skipped=totals.skipped,
        not_run=totals.not_run,
        errors=totals.errored,
        failure_rate=totals.failure_rate,
        failures=tuple(map(failure_entry, run.failures)),
        failures_left_out=totals.failures - len(run.failures),
    )
