"""A run on a CI service."""

from __future__ import annotations

from batchhook.core.ci import Baseline, CiRun
from batchhook.core.comparison import Compared
from batchhook.core.culprits.attribution import Attribution
from batchhook.report.json_models.base import Document, shown
from batchhook.report.json_models.bisection import BisectDocument, bisect_document
from batchhook.report.json_models.comparisons import ComparedDocument
from batchhook.report.json_models.results import (
    FailureDocument,
    TotalsDocument,
    UnsteadyDocument,
    failure_documents,
    totals_document,
    unsteady_documents,
)


class RegressionsDocument(Document):
    """What is different since the baseline.

    ``regression`` where something fails that did not; ``failures`` are these. ``baseline_commit`` is empty where it is
    not known. With ``only_failures``, the baseline knows nothing but what failed: the kinds ``newly_skipped``, ``new``
    and ``vanished`` mean nothing then.
    """

    commit: str
    baseline: str
    baseline_commit: str
    only_failures: bool
    regression: bool
    failures: tuple[FailureDocument, ...]
    compared: ComparedDocument


class CiDocument(Document):
    """``ci --json``.

    ``modified`` where files that git tracks differ from ``commit``; ``regressions`` is null without ``--compare``,
    ``range`` without ``--range`` or where nothing was searched; ``baseline_set`` says where this run was made the
    baseline, empty for nowhere; ``files`` are those that were written, by their paths.
    """

    commit: str
    modified: bool
    tested_at: float
    verdict: str
    exit_code: int
    broken: str
    hint: str
    totals: TotalsDocument
    failures: tuple[FailureDocument, ...]
    unsteady: tuple[UnsteadyDocument, ...]
    regressions: RegressionsDocument | None
    range: BisectDocument | None
    remarks: tuple[str, ...]
    baseline_set: str
    files: tuple[str, ...]


def regressions_document(run: CiRun, baseline: Baseline, compared: Compared) -> RegressionsDocument:
    """What is different since the baseline."""
    newly = set(compared.whole.newly_failing)
    failures = tuple(result for result in run.failures if result.test_id in newly)
    return RegressionsDocument(
        commit=run.commit,
        baseline=shown(baseline.name),
        baseline_commit=baseline.commit,
        only_failures=baseline.only_failures,
        regression=compared.whole.is_regression,
        failures=failure_documents(failures, attributions=_attributions(run)),
        compared=ComparedDocument.model_validate(compared),
    )


def _attributions(run: CiRun) -> dict[str, Attribution]:
    return {name: finding.attribution for name, finding in run.findings.items()}


def ci_document(run: CiRun, *, baseline_set: str, files: tuple[str, ...]) -> CiDocument:
    """A run on a CI service, as ``ci --json`` prints it."""
    baseline, compared = run.baseline, run.compared
    return CiDocument(
        commit=run.commit,
        modified=run.has_more,
        tested_at=run.started_at,
        verdict=run.verdict.value,
        exit_code=run.exit_code,
        broken=run.outcome.broken,
        hint=run.outcome.hint,
        totals=totals_document(run.outcome.totals),
        failures=failure_documents(run.failures, attributions=_attributions(run)),
        unsteady=unsteady_documents(run.outcome.results),
        regressions=regressions_document(run, baseline, compared) if baseline and compared else None,
        range=None if run.found is None else bisect_document(run.found),
        remarks=run.remarks,
        baseline_set=shown(baseline_set),
        files=tuple(map(shown, files)),
    )
