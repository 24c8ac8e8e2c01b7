"""A run on a CI service, and its differences from the baseline."""

from __future__ import annotations

from collections.abc import Mapping

from batchhook.core.ci import CiBaseline, CiRun
from batchhook.core.comparison import SuiteComparison
from batchhook.core.culprits.attribution import Attribution
from batchhook.report.json_models.base import Document, json_path
from batchhook.report.json_models.bisection import BisectDocument, bisect_document
from batchhook.report.json_models.comparisons import SuiteComparisonDocument, suite_comparison_document
from batchhook.report.json_models.coverage import CoverageDocument, coverage_document
from batchhook.report.json_models.results import (
    FailureDocument,
    ParallelOnlyDocument,
    TotalsDocument,
    UnrunDocument,
    failure_documents,
    parallel_only_documents,
    totals_document,
    unrun_document,
)


class RegressionsDocument(Document):
    """Differences from the baseline.

    ``regression`` is true if a test fails that did not fail in the baseline; ``failures`` are these tests.
    ``baseline_commit`` is empty if unknown. With ``only_failures``, the baseline holds nothing but failures, and
    ``newly_skipped``, ``new`` and ``vanished`` are meaningless.
    """

    commit: str
    baseline: str
    baseline_commit: str
    only_failures: bool
    regression: bool
    failures: tuple[FailureDocument, ...]
    compared: SuiteComparisonDocument


class CiDocument(Document):
    """``ci --json``.

    ``modified`` is true if tracked files differ from ``commit``. ``regressions`` is null without ``--compare``,
    ``range`` without ``--range`` or if nothing was searched. ``baseline_set`` is where this run was saved as the
    baseline, empty if it was not; ``files`` are the paths of the files written. ``unrun`` is null unless the project
    has tests that its test framework does not run; ``hint`` then says how to run them. ``coverage`` is null unless it
    was to be measured.
    """

    commit: str
    modified: bool
    tested_at: float
    verdict: str
    exit_code: int
    broken: str
    hint: str
    totals: TotalsDocument
    unrun: UnrunDocument | None = None
    failures: tuple[FailureDocument, ...]
    parallel_only: tuple[ParallelOnlyDocument, ...]
    regressions: RegressionsDocument | None
    range: BisectDocument | None
    remarks: tuple[str, ...]
    coverage: CoverageDocument | None = None
    baseline_set: str
    files: tuple[str, ...]


def regressions_document(run: CiRun, baseline: CiBaseline, compared: SuiteComparison) -> RegressionsDocument:
    """Return the differences from the baseline."""
    newly_failing = set(compared.overall.newly_failing)
    failures = tuple(result for result in run.failures if result.test_id in newly_failing)
    return RegressionsDocument(
        commit=run.commit,
        baseline=json_path(baseline.name),
        baseline_commit=baseline.commit,
        only_failures=baseline.failures_only,
        regression=compared.overall.is_regression,
        failures=failure_documents(failures, attributions=_attributions(run)),
        compared=suite_comparison_document(compared),
    )


def _attributions(run: CiRun) -> Mapping[str, Attribution]:
    return {test_id: finding.attribution for test_id, finding in run.findings.items()}


def ci_document(run: CiRun, *, baseline_set: str, files: tuple[str, ...]) -> CiDocument:
    """Return a run on a CI service as ``ci --json`` prints it."""
    baseline, compared = run.baseline, run.comparison
    return CiDocument(
        commit=run.commit,
        modified=run.includes_uncommitted,
        tested_at=run.started_at,
        verdict=run.verdict.value,
        exit_code=run.exit_code,
        broken=run.result.broken_reason,
        hint=run.result.hint,
        totals=totals_document(run.result.totals),
        unrun=unrun_document(run.result.unrun),
        failures=failure_documents(run.failures, attributions=_attributions(run)),
        parallel_only=parallel_only_documents(run.result.results),
        regressions=regressions_document(run, baseline, compared) if baseline and compared else None,
        range=bisect_document(run.bisection) if run.bisection else None,
        remarks=run.remarks,
        coverage=coverage_document(run.coverage),
        baseline_set=json_path(baseline_set),
        files=tuple(map(json_path, files)),
    )
