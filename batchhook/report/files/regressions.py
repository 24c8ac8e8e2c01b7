"""``regressions.json``: what is worse, and what is better, than in the batch before and in the baseline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from batchhook.core.analysis import Analysis
from batchhook.core.ci import Baseline, CiRun
from batchhook.core.comparison import Compared, Comparison
from batchhook.core.results import TestResult
from batchhook.report.files.failure_entry import FailureEntry, failure_entry
from batchhook.report.json_models import (
    ComparisonDocument,
    Document,
    SlowdownDocument,
    Time,
    iso_time,
    slowdown_document,
)


class Differences(ComparisonDocument):
    """What is different since another run: ids of tests; those that fail newly, with what they said."""

    new_failures: tuple[FailureEntry, ...]


class RegressionsFile(Document):
    """The latest batch, or a run on a CI service, beside the batch before it on its branch and beside the baseline.

    ``since_previous`` is null where there is no batch before, ``since_baseline`` where no baseline was set; with
    ``baseline_has_only_failures``, kinds of difference that rest on other tests mean nothing in it.
    ``has_regressions`` where a test fails that did not fail in one of the two; with neither, where any fails;
    or where something is slower. ``slowdowns`` holds what became slower, and what may have.
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
    since_previous: Differences | None
    since_baseline: Differences | None


def regressions_file(analysis: Analysis) -> RegressionsFile:
    """What the file holds."""
    failing = {result.test_id: result for result in analysis.failures}
    previous = analysis.since_previous.whole if analysis.previous else None
    baseline = analysis.since_baseline.whole if analysis.baseline else None
    return RegressionsFile(
        timestamp=iso_time(analysis.tested_at),
        batch_id=analysis.batch.id,
        git_commit_hash=analysis.batch.head,
        verdict=analysis.verdict.value,
        previous_batch_id=analysis.previous or None,
        baseline_commit_hash=analysis.baseline or None,
        baseline_has_only_failures=False,
        has_regressions=bool(analysis.slower) or _has_regressions(analysis, [previous, baseline]),
        slowdowns=tuple(slowdown_document(found) for found in analysis.slowdowns),
        since_previous=_differences(previous, failing) if previous else None,
        since_baseline=_differences(baseline, failing) if baseline else None,
    )


def regressions_of_ci(run: CiRun, baseline: Baseline, compared: Compared) -> RegressionsFile:
    """The same of a run on a CI service, which has no batches."""
    failing = {result.test_id: result for result in run.failures}
    return RegressionsFile(
        timestamp=iso_time(run.started_at),
        batch_id=None,
        git_commit_hash=run.commit,
        verdict=run.verdict.value,
        previous_batch_id=None,
        baseline_commit_hash=baseline.commit or None,
        baseline_has_only_failures=baseline.only_failures,
        has_regressions=compared.whole.is_regression,
        slowdowns=(),
        since_previous=None,
        since_baseline=_differences(compared.whole, failing),
    )


def _has_regressions(analysis: Analysis, compared: Iterable[Comparison | None]) -> bool:
    known = [one for one in compared if one]
    return any(one.is_regression for one in known) if known else bool(analysis.failures)


def _differences(found: Comparison, failing: Mapping[str, TestResult]) -> Differences:
    shared = dict(ComparisonDocument.model_validate(found))
    new = tuple(failure_entry(failing[name]) for name in found.newly_failing if name in failing)
    return Differences(**shared, new_failures=new)
