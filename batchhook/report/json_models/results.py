"""What tests did in a run."""

from __future__ import annotations

from collections.abc import Mapping

from batchhook.core.culprits.attribution import Attribution
from batchhook.core.results import Run, TestResult, Totals
from batchhook.core.verdict import Verdict
from batchhook.report.json_models.attributions import AttributionDocument, attribution_document
from batchhook.report.json_models.base import Document


class TotalsDocument(Document):
    """How many tests ended how; ``failure_rate`` is the share (0 to 1) of those that ran."""

    tests: int
    passed: int
    failed: int
    errored: int
    skipped: int
    duration_s: float
    failure_rate: float


class FailureDocument(Document):
    """A failing test.

    ``note`` is what batchhook found out about the cause; ``first_outcome`` how it ended beside others, where it was run
    again and ended otherwise; ``flips`` how often it both failed and did not on one tree, as far as is known.
    ``attribution`` is null where nobody looked for what broke it, or not yet.
    """

    test_id: str
    module: str
    outcome: str
    duration_s: float
    error_type: str
    message: str
    location: str
    traceback: str
    subtests_failed: int
    first_outcome: str
    note: str
    flips: int
    attribution: AttributionDocument | None


class UnsteadyDocument(Document):
    """A test that failed beside others and passed when it was run once more and nothing else was."""

    test_id: str
    first_outcome: str
    note: str


class TestDocument(Document):
    """``test --json``.

    ``tree`` is what was tested, at ``tested_at`` (seconds since the epoch); ``remembered`` where that was before;
    ``complete`` where every test of the suite had its turn.
    """

    __test__ = False  # not one of pytest's own

    commit: str
    tree: str
    tested_at: float
    remembered: bool
    complete: bool
    verdict: str
    broken: str
    hint: str
    totals: TotalsDocument
    failures: tuple[FailureDocument, ...]
    unsteady: tuple[UnsteadyDocument, ...]


def totals_document(totals: Totals) -> TotalsDocument:
    """Totals, with the failure rate worked out."""
    return TotalsDocument(
        tests=totals.tests,
        passed=totals.passed,
        failed=totals.failed,
        errored=totals.errored,
        skipped=totals.skipped,
        duration_s=totals.duration,
        failure_rate=totals.failure_rate,
    )


def failure_documents(
    results: tuple[TestResult, ...],
    flips: Mapping[str, int] | None = None,
    attributions: Mapping[str, Attribution] | None = None,
) -> tuple[FailureDocument, ...]:
    """The failing ones among results; ``flips`` and ``attributions`` as in ``Analysis``."""
    known = flips or {}
    found = {name: attribution_document(one) for name, one in (attributions or {}).items()}
    return tuple(
        FailureDocument(
            test_id=result.test_id,
            module=result.module,
            outcome=result.outcome.value,
            duration_s=result.duration,
            error_type=result.error_type,
            message=result.message,
            location=result.location,
            traceback=result.traceback,
            subtests_failed=result.subtests_failed,
            first_outcome=result.first_outcome.value if result.first_outcome else "",
            note=result.note,
            flips=known.get(result.test_id, 0),
            attribution=found.get(result.test_id),
        )
        for result in results
        if result.outcome.is_failure
    )


def unsteady_documents(results: tuple[TestResult, ...]) -> tuple[UnsteadyDocument, ...]:
    """Those among results that failed only beside others."""
    return tuple(
        UnsteadyDocument(test_id=result.test_id, first_outcome=result.first_outcome.value, note=result.note)
        for result in results
        if result.first_outcome and result.needs_company
    )


def test_document(
    commit: str, run: Run, verdict: Verdict, flips: Mapping[str, int], *, remembered: bool
) -> TestDocument:
    """A run by hand as ``test --json`` prints it; ``flips`` as in ``Analysis``."""
    outcome = run.outcome
    return TestDocument(
        commit=commit,
        tree=run.tree,
        tested_at=run.started_at,
        remembered=remembered,
        complete=outcome.complete,
        verdict=verdict.value,
        broken=outcome.broken,
        hint=outcome.hint,
        totals=totals_document(outcome.totals),
        failures=failure_documents(outcome.results, flips),
        unsteady=unsteady_documents(outcome.results),
    )
