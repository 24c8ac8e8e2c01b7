"""Exit code of a CI run, and the relevance of its failures."""

from __future__ import annotations

import pytest

from batchhook.core.ci import CiBaseline, CiRun, FailureRelevance
from batchhook.core.commit import Commit
from batchhook.core.comparison import compare
from batchhook.core.culprits.attribution import Attribution, AttributionKind, Observation
from batchhook.core.culprits.bisect_result import Bisection, Finding
from batchhook.core.results import Outcome, SuiteResult, TestResult
from batchhook.core.verdict import Verdict
from batchhook.errors import ExitCode

CULPRIT = Commit("a" * 40, "t", ("b" * 40,), "u", "Ada", 0, 0, "Break it")


def failed(name: str) -> TestResult:
    return TestResult(name, "m", Outcome.FAILED)


def ci_run(*results: TestResult, before: tuple[TestResult, ...] | None = None, **kinds: AttributionKind) -> CiRun:
    """Return a run; ``kinds`` are the results of a search, by test."""
    verdict = Verdict.FAILED if any(result.outcome.is_failure for result in results) else Verdict.PASSED
    findings = {
        name: Finding(
            Attribution(
                kind,
                0.99,
                suspects=(CULPRIT.oid,) if kind.has_culprit else (),
                evidence=(Observation("s", passed=2, failed=1),),
                reason="too few runs",
            )
        )
        for name, kind in kinds.items()
    }
    found = Bisection("g", "b", "g", 1, 1, findings, {}, {CULPRIT.oid: CULPRIT}, {})
    return CiRun(
        commit="c" * 40,
        started_at=0,
        result=SuiteResult(results, 1.0),
        verdict=verdict,
        baseline=None if before is None else CiBaseline("a file", "", before),
        comparison=None if before is None else compare(results, before),
        revision_range="main..HEAD" if kinds else "",
        bisection=found if kinds else None,
    )


def test_most_relevant_failures_come_first() -> None:
    run = ci_run(
        *map(failed, ("old", "flaky", "ambiguous", "culprit", "introduced")),
        old=AttributionKind.PRE_EXISTING,
        flaky=AttributionKind.FLAKY,
        ambiguous=AttributionKind.AMBIGUOUS,
        culprit=AttributionKind.CULPRIT,
        introduced=AttributionKind.INTRODUCED,
    )
    assert [result.test_id for result in run.failures] == ["culprit", "introduced", "ambiguous", "old", "flaky"]
    assert [run.explain(result) for result in run.failures] == [
        ("broken by aaaaaaaa (Break it)",),
        ("introduced failing by aaaaaaaa (Break it)",),
        ("culprit unclear: too few runs",),
        ("already failing before main..HEAD",),
        ("flaky: failed 1 of 3 runs",),
    ]


def test_relevance_from_the_baseline() -> None:
    run = ci_run(failed("old"), failed("new"), before=(failed("old"),))
    assert [(result.test_id, run.relevance(result)) for result in run.failures] == [
        ("new", FailureRelevance.NEW),
        ("old", FailureRelevance.OLD),
    ]
    assert ci_run(failed("x")).relevance(failed("x")) is FailureRelevance.UNKNOWN
    assert ci_run(failed("x")).explain(failed("x")) == ()


def test_ambiguous_finding_defers_to_the_baseline() -> None:
    run = ci_run(failed("new"), before=(), new=AttributionKind.AMBIGUOUS)
    assert run.relevance(failed("new")) is FailureRelevance.NEW
    assert run.explain(failed("new"))[1] == "newly failing since the baseline"


PASSED = TestResult("p", "m", Outcome.PASSED)


@pytest.mark.parametrize(
    ("run", "code"),
    [
        (ci_run(PASSED), ExitCode.OK),
        (ci_run(failed("x")), ExitCode.TESTS_FAILED),
        (ci_run(failed("x"), before=(failed("x"),)), ExitCode.TESTS_FAILED),
        (ci_run(failed("x"), before=()), ExitCode.REGRESSION),
        (ci_run(failed("x"), x=AttributionKind.FLAKY), ExitCode.TESTS_FAILED),
        (ci_run(PASSED, before=(failed("p"),)), ExitCode.OK),
        (CiRun("", 0, SuiteResult(broken_reason="no tests"), Verdict.BROKEN), ExitCode.ERROR),
    ],
)
def test_exit_codes(run: CiRun, code: ExitCode) -> None:
    assert run.exit_code is code
