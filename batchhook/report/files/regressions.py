"""``regressions.json``: differences from the previous batch and from the baseline."""

from __future__ import annotations

from collections.abc import Mapping

from batchhook.core.analysis import Analysis
from batchhook.core.ci import CiBaseline, CiRun
from batchhook.core.comparison import Comparison, SuiteComparison
from batchhook.core.results import TestResult
from batchhook.core.timestamps import iso_time
from batchhook.report.files.failure_entry import FailureEntry, failure_entry
from batchhook.report.json_models import (
    ComparisonDocument,
    Document,
    SlowdownDocument,
    Time,
    comparison_document,
    slowdown_document,
)


class DetailedComparison(ComparisonDocument):
    """Differences from an earlier run, with the messages of the newly failing tests."""

    new_failures: tuple[FailureEntry, ...]


class RegressionsFile(Document):
    """The latest batch, or a run on a CI service, compared with the previous batch of its branch and with the baseline.

    ``since_previous`` and ``since_baseline`` are null if there is none. If ``baseline_has_only_failures`` is true,
    differences that depend on other tests are meaningless. ``has_regressions`` is true if a test fails that did not
    fail in one of the two (if there is neither, if any test fails), or if something became slower.
    """

    timestamp: Time
    batch_id: int | None
    git_commit_hash: str
    verdict: str
    previous_batch_id: int | None
    baseline_commit_hash: str | None
    baseline_has_only_failures: bool
    has_regressions: bool
    slowdowns: tuple[SlowdownDocument, ...]
    since_previous: DetailedComparison | None
    since_baseline: DetailedComparison | None


def regressions_file(analysis: Analysis) -> RegressionsFile:
    """Return the content of the file for a batch."""
    failures = {result.test_id: result for result in analysis.failures}
    previous = analysis.since_previous.overall if analysis.previous else None
    baseline = analysis.since_baseline.overall if analysis.baseline else None
    comparisons = [each for each in (previous, baseline) if each]
    is_newly_failing = any(each.is_regression for each in comparisons) if comparisons else bool(failures)
    return RegressionsFile(
        timestamp=iso_time(analysis.tested_at),
        batch_id=analysis.batch.id,
        git_commit_hash=analysis.batch.head,
        verdict=analysis.verdict.value,
        previous_batch_id=analysis.previous or None,
        baseline_commit_hash=analysis.baseline or None,
        baseline_has_only_failures=False,
        has_regressions=is_newly_failing or bool(analysis.confirmed_slowdowns),
        slowdowns=tuple(map(slowdown_document, analysis.slowdowns)),
        since_previous=_detailed(previous, failures) if previous else None,
        since_baseline=_detailed(baseline, failures) if baseline else None,
    )


def regressions_of_ci(run: CiRun, baseline: CiBaseline, comparison: SuiteComparison) -> RegressionsFile:
    """Return the content of the file for a run on a CI service, which has no batches."""
    return RegressionsFile(
        timestamp=iso_time(run.started_at),
        batch_id=None,
        git_commit_hash=run.commit,
        verdict=run.verdict.value,
        previous_batch_id=None,
        baseline_commit_hash=baseline.commit or None,
        baseline_has_only_failures=baseline.failures_only,
        has_regressions=comparison.overall.is_regression,
        slowdowns=(),
        since_previous=None,
        since_baseline=_detailed(comparison.overall, {result.test_id: result for result in run.failures}),
    )


def _detailed(comparison: Comparison, failures: Mapping[str, TestResult]) -> DetailedComparison:
    new_failures = tuple(
        failure_entry(failures[test_id]) for test_id in comparison.newly_failing if test_id in failures
    )
    return DetailedComparison(**dict(comparison_document(comparison)), new_failures=new_failures)
