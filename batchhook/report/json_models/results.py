"""Results of tests: totals, failures, and the evidence for the change that broke them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from batchhook.core.coverage.diff_coverage import CoverageReport
from batchhook.core.culprits.attribution import Attribution, Observation, ProbeOutcome
from batchhook.core.results import Outcome, Run, TestResult, Totals, UnrunTests
from batchhook.core.sanitize import escape_surrogates
from batchhook.core.skip_comparison import SkipComparison
from batchhook.core.verdict import Verdict
from batchhook.report.json_models.base import Document, json_path
from batchhook.report.json_models.coverage import CoverageDocument, coverage_document

MAX_SKIPPED = 100
"""Skipped tests that a document lists; ``totals`` counts all."""


class TotalsDocument(Document):
    """Number of tests by outcome.

    ``failure_rate`` is the share (0 to 1) of failures among the tests that ran. ``not_run`` counts further tests that
    the test framework does not run, ``deselected`` those that the project's own options leave out; ``tests`` includes
    neither.
    """

    tests: int
    passed: int
    failed: int
    errored: int
    skipped: int
    not_run: int = 0
    deselected: int = 0
    duration_s: float
    failure_rate: float


class EvidenceDocument(Document):
    """Observations of one test at one commit; ``oid`` is empty before the repository's first commit.

    ``outcome`` is "passed", "failed", "absent", "skipped" or "untestable"; ``times`` counts the observations.
    """

    oid: str
    outcome: str
    times: int


class AttributionDocument(Document):
    """The cause of a failure.

    ``kind`` is "culprit", "introduced failing", "pre-existing", "flaky" or "ambiguous". ``change`` is the commit to
    blame, empty if there is none; ``suspects`` are the commits it is one of. ``confidence`` ranges from 0 to 1.
    ``runs`` and ``failed`` are the sums over ``evidence``.
    """

    kind: str
    change: str
    confidence: float
    suspects: tuple[str, ...]
    reason: str
    runs: int
    failed: int
    evidence: tuple[EvidenceDocument, ...]


class FailureDocument(Document):
    """A failing test.

    ``note`` is a hint at the cause that batchhook found. ``first_outcome`` is set if the test ran in parallel with
    others at first, was rerun alone, and ended differently. ``flips`` counts the trees on which it is known both to
    fail and not to fail. ``attribution`` is null if the culprit search did not cover the test, or has not finished.
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


class ParallelOnlyDocument(Document):
    """A test that failed in parallel with others and passed when it was rerun alone."""

    test_id: str
    first_outcome: str
    note: str


class SkippedDocument(Document):
    """A skipped test; ``note`` names files of the user's work tree that are not committed, if it may lack them."""

    test_id: str
    reason: str
    note: str


class UnrunDocument(Document):
    """Tests that the test framework does not run, and how many files they are in; ``examples`` are the first files."""

    tests: int
    files: int
    examples: tuple[str, ...]


class TestDocument(Document):
    """``test --json``.

    ``tree`` is the tree that was tested, at ``tested_at`` (seconds since the epoch). ``remembered`` is true if an
    earlier run's result was reused, ``complete`` if every test of the suite ran. ``unrun`` is null unless the project
    has tests that its test framework does not run; ``hint`` then says how to run them. ``coverage`` is null unless the
    setting asks for it.
    """

    __test__ = False  # not a test class, whatever pytest thinks of the name

    commit: str
    tree: str
    tested_at: float
    remembered: bool
    complete: bool
    verdict: str
    broken: str
    hint: str
    totals: TotalsDocument
    unrun: UnrunDocument | None = None
    failures: tuple[FailureDocument, ...]
    parallel_only: tuple[ParallelOnlyDocument, ...]
    skipped: tuple[SkippedDocument, ...]
    coverage: CoverageDocument | None = None


class SkipDifferenceDocument(Document):
    """A test that is skipped in the private work tree, and has this outcome in the user's own.

    ``skipped`` is its id, or that of its class or module, if that skips all of its tests; ``reason`` and ``note`` are
    as in ``SkippedDocument``. ``error_type`` and ``message`` are those of a failure.
    """

    test_id: str
    outcome: str
    skipped: str
    reason: str
    note: str
    error_type: str
    message: str


class SkipComparisonDocument(Document):
    """``test --skipped --json``.

    ``tree`` was tested in the private work tree at ``tested_at`` (seconds since the epoch), with ``skipped`` skips;
    ``skipped_in_both`` of them occur in the user's work tree, too. ``run_in_work_tree`` has the tests that run there.
    ``only_committed`` and ``only_uncommitted`` are the ids of tests that only one of the two has, ``unloaded`` the
    modules, or files, that the user's does not load. ``uncompared`` names suites whose command cannot run single tests.
    ``equal`` is true if nothing differs.
    """

    commit: str
    tree: str
    tested_at: float
    equal: bool
    skipped: int
    skipped_in_both: int
    run_in_work_tree: tuple[SkipDifferenceDocument, ...]
    only_committed: tuple[str, ...]
    only_uncommitted: tuple[str, ...]
    unloaded: tuple[str, ...]
    uncompared: tuple[str, ...]


def totals_document(totals: Totals) -> TotalsDocument:
    """Return totals, with the failure rate."""
    return TotalsDocument(
        tests=totals.tests,
        passed=totals.passed,
        failed=totals.failed,
        errored=totals.errored,
        skipped=totals.skipped,
        not_run=totals.not_run,
        deselected=totals.deselected,
        duration_s=totals.duration,
        failure_rate=totals.failure_rate,
    )


def unrun_document(unrun: UnrunTests | None) -> UnrunDocument | None:
    """Return the tests that were not run, if there are any."""
    if unrun is None:
        return None
    return UnrunDocument(tests=unrun.tests, files=unrun.files, examples=tuple(map(json_path, unrun.examples)))


def attribution_document(attribution: Attribution) -> AttributionDocument:
    """Return the cause of a failure, with its evidence."""
    return AttributionDocument(
        kind=attribution.kind.value,
        change=attribution.culprit,
        confidence=attribution.confidence,
        suspects=attribution.suspects,
        reason=attribution.reason,
        runs=attribution.run_count,
        failed=attribution.failure_count,
        evidence=tuple(document for observation in attribution.evidence for document in _evidence(observation)),
    )


def _evidence(observation: Observation) -> Iterator[EvidenceDocument]:
    counts = (
        (ProbeOutcome.PASSED, observation.passed),
        (ProbeOutcome.FAILED, observation.failed),
        (observation.unobserved_reason, 1),
    )
    for outcome, times in counts:
        if outcome and times:
            yield EvidenceDocument(oid=observation.oid, outcome=outcome.name.lower(), times=times)


def failure_documents(
    results: tuple[TestResult, ...],
    flips: Mapping[str, int] | None = None,
    attributions: Mapping[str, Attribution] | None = None,
) -> tuple[FailureDocument, ...]:
    """Return the failures among results; ``flips`` and ``attributions`` are those of ``Analysis``."""
    flips, attributions = flips or {}, attributions or {}
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
            flips=flips.get(result.test_id, 0),
            attribution=attribution_document(cause) if (cause := attributions.get(result.test_id)) else None,
        )
        for result in results
        if result.outcome.is_failure
    )


def parallel_only_documents(results: tuple[TestResult, ...]) -> tuple[ParallelOnlyDocument, ...]:
    """Return the results that failed only in parallel with other tests."""
    return tuple(
        ParallelOnlyDocument(test_id=result.test_id, first_outcome=result.first_outcome.value, note=result.note)
        for result in results
        if result.first_outcome and result.is_parallel_only
    )


def skipped_documents(results: tuple[TestResult, ...]) -> tuple[SkippedDocument, ...]:
    """Return the skipped tests among results, those with a note first, at most ``MAX_SKIPPED``."""
    tests = [result for result in results if result.outcome is Outcome.SKIPPED]
    tests.sort(key=lambda result: not result.note)
    return tuple(
        SkippedDocument(test_id=result.test_id, reason=result.message, note=result.note)
        for result in tests[:MAX_SKIPPED]
    )


def test_document(  # noqa: PLR0913
    commit: str,
    run: Run,
    verdict: Verdict,
    flips: Mapping[str, int],
    *,
    remembered: bool,
    coverage: CoverageReport | None,
) -> TestDocument:
    """Return a manual run as ``test --json`` prints it; ``flips`` is that of ``Analysis``."""
    outcome = run.result
    return TestDocument(
        commit=commit,
        tree=run.tree,
        tested_at=run.started_at,
        remembered=remembered,
        complete=outcome.is_complete,
        verdict=verdict.value,
        broken=outcome.broken_reason,
        hint=outcome.hint,
        totals=totals_document(outcome.totals),
        unrun=unrun_document(outcome.unrun),
        failures=failure_documents(outcome.results, flips),
        parallel_only=parallel_only_documents(outcome.results),
        skipped=skipped_documents(outcome.results),
        coverage=coverage_document(coverage),
    )


def skip_comparison_document(commit: str, run: Run, compared: SkipComparison) -> SkipComparisonDocument:
    """Return what differs between a run in a private work tree and the user's own."""
    return SkipComparisonDocument(
        commit=commit,
        tree=run.tree,
        tested_at=run.started_at,
        equal=compared.is_equal,
        skipped=compared.skipped,
        skipped_in_both=compared.skipped_in_both,
        run_in_work_tree=tuple(
            SkipDifferenceDocument(
                test_id=escape_surrogates(each.result.test_id),
                outcome=each.result.outcome.value,
                skipped=each.skipped.test_id,
                reason=each.skipped.message,
                note=each.skipped.note,
                error_type=escape_surrogates(each.result.error_type),
                message=escape_surrogates(each.result.message) if each.result.outcome.is_failure else "",
            )
            for each in compared.differences
        ),
        only_committed=tuple(map(escape_surrogates, compared.only_committed)),
        only_uncommitted=tuple(map(escape_surrogates, compared.only_uncommitted)),
        unloaded=tuple(map(escape_surrogates, compared.unloaded)),
        uncompared=compared.uncompared,
    )
