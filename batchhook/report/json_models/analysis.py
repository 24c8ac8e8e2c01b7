"""The analysis of a batch: its verdict, failures, culprits, slowdowns, and differences from earlier runs."""

from __future__ import annotations

from batchhook.core.analysis import Analysis
from batchhook.core.failure_groups import CriticalFailure, ErrorGroup
from batchhook.core.metrics import Metric
from batchhook.core.perf.slowdown import Slowdown, Timings
from batchhook.report.json_models.base import Document
from batchhook.report.json_models.batches import (
    BatchDocument,
    BatchRollbackDocument,
    batch_document,
    batch_rollback_document,
)
from batchhook.report.json_models.comparisons import SuiteComparisonDocument, suite_comparison_document
from batchhook.report.json_models.coverage import CoverageDocument, coverage_document
from batchhook.report.json_models.results import (
    FailureDocument,
    ParallelOnlyDocument,
    SkippedDocument,
    TotalsDocument,
    UnrunDocument,
    failure_documents,
    parallel_only_documents,
    skipped_documents,
    totals_document,
    unrun_document,
)
from batchhook.report.json_models.rollback import AutoRollbackDocument, auto_rollback_document


class CulpritDocument(Document):
    """A culprit, and the ids of the tests it broke."""

    change: str
    summary: str
    author: str
    tests: tuple[str, ...]


class ModuleDocument(Document):
    """A module with failing tests."""

    module: str
    totals: TotalsDocument


class ErrorGroupDocument(Document):
    """Tests that fail with the same error at the same place (``path:line``); ``message`` is that of the first."""

    error_type: str
    location: str
    message: str
    tests: tuple[str, ...]


class CriticalDocument(Document):
    """A critical failure: the modules, most affected first, and the errors, most frequent first."""

    modules: tuple[ModuleDocument, ...]
    errors: tuple[ErrorGroupDocument, ...]


class TimingsDocument(Document):
    """Interleaved measurements in milliseconds, of the revision ``oid`` and of the batch's base."""

    oid: str
    base_ms: tuple[float, ...]
    revision_ms: tuple[float, ...]


class SlowdownDocument(Document):
    """A test or a whole module (``kind``) that became slower (``ruling``: "slower"), or may have ("inconclusive").

    ``before_ms`` and ``now_ms`` are the minimum of the measurements; without ``evidence``, the durations in earlier
    runs and in the batch's run. ``p`` is the probability of such measurements if nothing were slower. ``change`` is the
    commit to blame, empty if no single one is known: then it is one of ``suspects``, and ``reason`` says why.
    """

    kind: str
    name: str
    ruling: str
    before_ms: float
    now_ms: float
    ratio: float
    p: float
    change: str
    suspects: tuple[str, ...]
    reason: str
    evidence: tuple[TimingsDocument, ...]


class AnalysisDocument(Document):
    """``analyze N --json``.

    ``tree`` is the tree that was tested, at ``tested_at`` (seconds since the epoch). ``remembered`` is true if it was
    tested before the batch was full, and that result was reused. ``unrun`` is null unless the project has tests that
    its test framework does not run; ``hint`` then says how to run them. ``critical`` is null unless the verdict is
    critical, ``auto_rollback`` if none was attempted, ``rollback`` unless one of the batch is in effect.
    ``since_previous`` compares with the batch numbered ``compared_with`` (0 if there is none), ``since_baseline`` with
    the commit ``baseline``. ``previous_python`` and ``baseline_python`` are the Pythons of the latest batch before
    that could be tested, and of the baseline, if they are not ``python``, else empty; ``suite_differences`` says in
    a sentence each what else than the files differs. While ``searching`` is true, culprits are still being
    searched; while ``measuring`` is true, slowdowns are still being measured. ``coverage`` is null unless the
    setting asks for it. ``metrics`` holds what plug-ins added, by plug-in and name.
    """

    batch: BatchDocument
    verdict: str
    broken: str
    hint: str
    python: str
    tree: str
    tested_at: float
    remembered: bool
    critical_failure_threshold: float
    totals: TotalsDocument
    unrun: UnrunDocument | None = None
    critical: CriticalDocument | None
    auto_rollback: AutoRollbackDocument | None
    rollback: BatchRollbackDocument | None = None
    searching: bool
    culprits: tuple[CulpritDocument, ...]
    failures: tuple[FailureDocument, ...]
    parallel_only: tuple[ParallelOnlyDocument, ...]
    skipped: tuple[SkippedDocument, ...]
    measuring: bool
    slowdowns: tuple[SlowdownDocument, ...]
    compared_with: int
    new_failures: tuple[str, ...]
    fixed: tuple[str, ...]
    since_previous: SuiteComparisonDocument | None
    baseline: str
    since_baseline: SuiteComparisonDocument | None
    previous_python: str = ""
    baseline_python: str = ""
    suite_differences: tuple[str, ...] = ()
    coverage: CoverageDocument | None = None
    metrics: dict[str, dict[str, Metric]]


def critical_document(critical: CriticalFailure) -> CriticalDocument:
    """Return the modules and errors of a critical failure."""
    return CriticalDocument(
        modules=tuple(ModuleDocument(module=name, totals=totals_document(totals)) for name, totals in critical.modules),
        errors=tuple(map(error_group_document, critical.error_groups)),
    )


def error_group_document(group: ErrorGroup) -> ErrorGroupDocument:
    """Return tests that fail with one error at one place."""
    return ErrorGroupDocument(
        error_type=group.error_type, location=group.location, message=group.message, tests=group.test_ids
    )


def culprit_documents(analysis: Analysis) -> tuple[CulpritDocument, ...]:
    """Return the culprits, the one that broke most tests first."""
    return tuple(
        CulpritDocument(
            change=change.oid,
            summary=change.subject,
            author=change.author,
            tests=tuple(result.test_id for result in tests),
        )
        for change, tests in analysis.culprits
    )


def slowdown_document(slowdown: Slowdown) -> SlowdownDocument:
    """Return a slowdown, with its measurements."""
    judgement = slowdown.comparison
    return SlowdownDocument(
        kind="module" if slowdown.is_module else "test",
        name=slowdown.name,
        ruling=judgement.conclusion.value,
        before_ms=_milliseconds(judgement.before),
        now_ms=_milliseconds(judgement.now),
        ratio=round(judgement.ratio, 3),
        p=judgement.p_value,
        change=slowdown.culprit,
        suspects=slowdown.suspects,
        reason=slowdown.reason,
        evidence=tuple(map(_timings, slowdown.evidence)),
    )


def _timings(timings: Timings) -> TimingsDocument:
    return TimingsDocument(
        oid=timings.oid,
        base_ms=tuple(map(_milliseconds, timings.base)),
        revision_ms=tuple(map(_milliseconds, timings.measured)),
    )


def _milliseconds(seconds: float) -> float:
    return round(1000 * seconds, 3)


def analysis_document(analysis: Analysis) -> AnalysisDocument:
    """Return an analysis as ``analyze N --json`` prints it."""
    previous, baseline = analysis.since_previous, analysis.since_baseline
    return AnalysisDocument(
        batch=batch_document(analysis.batch, analysis.edits),
        verdict=analysis.verdict.value,
        broken=analysis.result.broken_reason,
        hint=analysis.result.hint,
        python=analysis.python,
        tree=analysis.tree,
        tested_at=analysis.tested_at,
        remembered=analysis.is_reused,
        critical_failure_threshold=analysis.critical_threshold,
        totals=totals_document(analysis.result.totals),
        unrun=unrun_document(analysis.result.unrun),
        critical=critical_document(critical) if (critical := analysis.critical_failure) else None,
        auto_rollback=auto_rollback_document(analysis.auto_rollback) if analysis.auto_rollback else None,
        rollback=batch_rollback_document(analysis.rollback) if analysis.rollback else None,
        searching=analysis.is_searching,
        culprits=culprit_documents(analysis),
        failures=failure_documents(analysis.result.results, analysis.flips, analysis.attributions),
        parallel_only=parallel_only_documents(analysis.result.results),
        skipped=skipped_documents(analysis.result.results),
        measuring=analysis.is_measuring,
        slowdowns=tuple(map(slowdown_document, analysis.slowdowns)),
        compared_with=analysis.previous,
        new_failures=previous.overall.newly_failing,
        fixed=previous.overall.fixed,
        since_previous=suite_comparison_document(previous) if analysis.previous else None,
        baseline=analysis.baseline,
        since_baseline=suite_comparison_document(baseline) if analysis.baseline else None,
        previous_python=analysis.previous_python,
        baseline_python=analysis.baseline_python,
        suite_differences=analysis.suite_differences,
        coverage=coverage_document(analysis.coverage),
        metrics={plugin: dict(metrics) for plugin, metrics in analysis.metrics.items()},
    )
