"""All that a batch's run told."""

from __future__ import annotations

from batchhook.core.analysis import Analysis
from batchhook.core.failure_groups import CriticalFailure
from batchhook.core.metrics import Metric
from batchhook.report.json_models.base import Document
from batchhook.report.json_models.batches import BatchDocument, batch_document
from batchhook.report.json_models.comparisons import ComparedDocument
from batchhook.report.json_models.operations import WayBackDocument, way_back_document
from batchhook.report.json_models.results import (
    FailureDocument,
    TotalsDocument,
    UnsteadyDocument,
    failure_documents,
    totals_document,
    unsteady_documents,
)
from batchhook.report.json_models.slowdowns import SlowdownDocument, slowdown_document


class CulpritDocument(Document):
    """A change that is to blame, and the ids of the tests that it broke."""

    change: str
    summary: str
    author: str
    tests: tuple[str, ...]


class ModuleDocument(Document):
    """A module with failing tests."""

    module: str
    totals: TotalsDocument


class ErrorGroupDocument(Document):
    """Failing tests with the same error at the same place (``path:line``); ``message`` is what the first one said."""

    error_type: str
    location: str
    message: str
    tests: tuple[str, ...]


class CriticalDocument(Document):
    """What a critical failure consists of: modules, the most affected first; errors, the most frequent first."""

    modules: tuple[ModuleDocument, ...]
    errors: tuple[ErrorGroupDocument, ...]


class AnalysisDocument(Document):
    """``analyze N --json``.

    ``tree`` is what was tested, at ``tested_at`` (seconds since the epoch); ``remembered`` where that was before the
    batch was full, and it was not tested again. ``critical`` is null where the verdict is another, ``way_back`` where
    none was looked for by itself. ``compared_with`` is the number of the batch before, 0 for none, and
    ``since_previous`` what is different since that; ``baseline`` is a commit. ``searching`` while it is being found out
    what broke the failing tests; ``measuring`` while what seems slower is being measured. ``metrics`` is what plug-ins
    added, by plug-in and name.
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
    critical: CriticalDocument | None
    way_back: WayBackDocument | None
    searching: bool
    culprits: tuple[CulpritDocument, ...]
    failures: tuple[FailureDocument, ...]
    unsteady: tuple[UnsteadyDocument, ...]
    measuring: bool
    slowdowns: tuple[SlowdownDocument, ...]
    compared_with: int
    new_failures: tuple[str, ...]
    fixed: tuple[str, ...]
    since_previous: ComparedDocument | None
    baseline: str
    since_baseline: ComparedDocument | None
    metrics: dict[str, dict[str, Metric]]


def critical_document(critical: CriticalFailure) -> CriticalDocument:
    """What a critical failure consists of."""
    return CriticalDocument(
        modules=tuple(ModuleDocument(module=name, totals=totals_document(totals)) for name, totals in critical.modules),
        errors=tuple(ErrorGroupDocument.model_validate(group) for group in critical.errors),
    )


def culprit_documents(analysis: Analysis) -> tuple[CulpritDocument, ...]:
    """The changes that are to blame, the one that broke most first."""
    return tuple(
        CulpritDocument(
            change=change.oid,
            summary=change.subject,
            author=change.author,
            tests=tuple(result.test_id for result in tests),
        )
        for change, tests in analysis.blamed
    )


def analysis_document(analysis: Analysis) -> AnalysisDocument:
    """An analysis as ``analyze N --json`` prints it."""
    return AnalysisDocument(
        batch=batch_document(analysis.batch, dict(analysis.edits)),
        verdict=analysis.verdict.value,
        broken=analysis.outcome.broken,
        hint=analysis.outcome.hint,
        python=analysis.python,
        tree=analysis.tree,
        tested_at=analysis.tested_at,
        remembered=analysis.is_remembered,
        critical_failure_threshold=analysis.critical_threshold,
        totals=totals_document(analysis.outcome.totals),
        critical=critical_document(critical) if (critical := analysis.critical) else None,
        way_back=way_back_document(analysis.way_back) if analysis.way_back else None,
        searching=analysis.is_searching,
        culprits=culprit_documents(analysis),
        failures=failure_documents(analysis.outcome.results, analysis.flips, analysis.attributions),
        unsteady=unsteady_documents(analysis.outcome.results),
        measuring=analysis.is_measuring,
        slowdowns=tuple(map(slowdown_document, analysis.slowdowns)),
        compared_with=analysis.previous,
        new_failures=analysis.since_previous.whole.newly_failing,
        fixed=analysis.since_previous.whole.fixed,
        since_previous=ComparedDocument.model_validate(analysis.since_previous) if analysis.previous else None,
        baseline=analysis.baseline,
        since_baseline=ComparedDocument.model_validate(analysis.since_baseline) if analysis.baseline else None,
        metrics={plugin: dict(these) for plugin, these in analysis.metrics.items()},
    )
