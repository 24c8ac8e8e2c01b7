"""What a CI run comes to: its exit code, and which failures concern the change under test."""

from __future__ import annotations

import pytest

from batchhook.core.changes import Commit
from batchhook.core.ci import Baseline, CiRun, Weight
from batchhook.core.comparison import compare
from batchhook.core.culprits.attribution import Attribution, Kind, Sighting
from batchhook.core.culprits.bisect_result import Bisection, Finding
from batchhook.core.results import Outcome, SuiteOutcome, TestResult
from batchhook.core.verdict import Verdict
from batchhook.errors import ExitCode

GUILTY = Commit("a" * 40, "t", ("b" * 40,), "u", "Ada", 0, 0, "Break it")


def failed(name: str) -> TestResult:
    return TestResult(name, "m", Outcome.FAILED)


def ci_run(*results: TestResult, before: tuple[TestResult, ...] | None = None, **kinds: Kind) -> CiRun:
    """A run; ``kinds`` are what a search found out, by test."""
    verdict = Verdict.FAILED if any(one.outcome.is_failure for one in results) else Verdict.PASSED
    findings = {
        name: Finding(
            Attribution(
                kind,
                0.99,
                suspects=(GUILTY.oid,) if kind.blames else (),
                evidence=(Sighting("s", passed=2, failed=1),),
                reason="too few runs",
            )
        )
        for name, kind in kinds.items()
    }
    found = Bisection("g", "b", "g", 1, 1, findings, {}, {GUILTY.oid: GUILTY}, {})
    return CiRun(
        commit="c" * 40,
        started_at=0,
        outcome=SuiteOutcome(results, 1.0),
        verdict=verdict,
        baseline=None if before is None else Baseline("a file", "", before),
        compared=None if before is None else compare(results, before),
        span="main..HEAD" if kinds else "",
        found=found if kinds else None,
    )


def test_what_concerns_the_change_comes_first() -> None:
    run = ci_run(
        *map(failed, ("old", "flaky", "unclear", "guilty", "brought")),
        old=Kind.PRE_EXISTING,
        flaky=Kind.FLAKY,
        unclear=Kind.AMBIGUOUS,
        guilty=Kind.CULPRIT,
        brought=Kind.INTRODUCED,
    )
    assert [one.test_id for one in run.failures] == ["guilty", "brought", "unclear", "old", "flaky"]
    assert [run.standing(one) for one in run.failures] == [
        ("broken by aaaaaaaa (Break it)",),
        ("brought, failing, by aaaaaaaa (Break it)",),
        ("unclear what broke it: too few runs",),
        ("failed before main..HEAD, too",),
        ("flaky: failed 1 of 3 runs",),
    ]


def test_without_a_search_the_baseline_says() -> None:
    run = ci_run(failed("old"), failed("new"), before=(failed("old"),))
    assert [(one.test_id, run.weight(one)) for one in run.failures] == [("new", Weight.NEW), ("old", Weight.OLD)]
    assert ci_run(failed("x")).weight(failed("x")) is Weight.OPEN
    assert ci_run(failed("x")).standing(failed("x")) == ()


def test_where_the_search_says_nothing_the_baseline_does() -> None:
    run = ci_run(failed("new"), before=(), new=Kind.AMBIGUOUS)
    assert run.weight(failed("new")) is Weight.NEW
    assert run.standing(failed("new"))[1] == "newly failing since the baseline"


PASSED = TestResult("p", "m", Outcome.PASSED)


@pytest.mark.parametrize(
    ("run", "code"),
    [
        (ci_run(PASSED), ExitCode.OK),
        (ci_run(failed("x")), ExitCode.TESTS_FAILED),
        (ci_run(failed("x"), before=(failed("x"),)), ExitCode.TESTS_FAILED),
        (ci_run(failed("x"), before=()), ExitCode.REGRESSION),
        (ci_run(failed("x"), x=Kind.FLAKY), ExitCode.TESTS_FAILED),
        (ci_run(PASSED, before=(failed("p"),)), ExitCode.OK),
        (CiRun("", 0, SuiteOutcome(broken="no tests"), Verdict.BROKEN), ExitCode.ERROR),
    ],
)
def test_exit_codes(run: CiRun, code: ExitCode) -> None:
    assert run.exit_code is code
