"""Verdicts at their thresholds, and their one-line summaries."""

from __future__ import annotations

from dataclasses import replace

import pytest

from batchhook.core.results import Outcome, SuiteResult, TestResult
from batchhook.core.verdict import Verdict, judge_suite, summarize_verdict, with_culprits, with_slowdowns


def suite(duration: float = 1.0, **counts: int) -> SuiteResult:
    results = [
        TestResult(f"m.T.{outcome}_{number}", "m", Outcome[outcome.upper()])
        for outcome, count in counts.items()
        for number in range(count)
    ]
    return SuiteResult(tuple(results), duration)


@pytest.mark.parametrize(
    ("result", "threshold", "verdict"),
    [
        (suite(failed=1, passed=9), 0.10, Verdict.CRITICAL),
        (suite(failed=1, passed=10), 0.10, Verdict.FAILED),
        (suite(failed=1, passed=999), 0.0, Verdict.CRITICAL),
        (suite(passed=5), 0.0, Verdict.PASSED),
        (suite(failed=5), 1.0, Verdict.CRITICAL),
        (suite(failed=5, passed=1), 1.0, Verdict.FAILED),
        (suite(crashed=1, timed_out=1, passed=2), 0.5, Verdict.CRITICAL),
        (suite(unexpected_success=1, passed=99), 0.1, Verdict.FAILED),
        (suite(expected_failure=3), 0.1, Verdict.PASSED),
        (SuiteResult(broken_reason="no tests"), 0.1, Verdict.BROKEN),
    ],
)
def test_threshold(result: SuiteResult, threshold: float, verdict: Verdict) -> None:
    assert judge_suite(result, threshold) is verdict


@pytest.mark.parametrize("verdict", Verdict)
def test_slowdowns_only_change_a_good_verdict(verdict: Verdict) -> None:
    assert with_slowdowns(verdict, confirmed=False) is verdict
    expected = Verdict.REGRESSED if verdict in {Verdict.PASSED, Verdict.KNOWN_FAILURES} else verdict
    assert with_slowdowns(verdict, confirmed=True) is expected


@pytest.mark.parametrize(
    ("verdict", "result", "summary"),
    [
        (Verdict.PASSED, suite(passed=1), "passed: 1 test in 1.0 s"),
        (Verdict.PASSED, suite(passed=2, skipped=3), "passed: 2 tests in 1.0 s, 3 skipped"),
        (Verdict.REGRESSED, suite(passed=1), "regressed: 1 test passed in 1.0 s, some slower than before"),
        (
            Verdict.REGRESSED,
            suite(passed=2, failed=1),
            "regressed: 2 tests passed in 1.0 s, 1 known failure, some slower than before",
        ),
        (Verdict.KNOWN_FAILURES, suite(failed=1, passed=19), "known failures only: 1 of 20 tests failed before, too"),
        (Verdict.FAILED, suite(failed=1, passed=19), "failed: 1 of 20 tests (5%)"),
        (Verdict.CRITICAL, suite(failed=1), "failed: CRITICAL, 1 of 1 test (100%)"),
    ],
)
def test_summary(verdict: Verdict, result: SuiteResult, summary: str) -> None:
    assert summarize_verdict(verdict, result) == summary


def test_only_what_became_worse_needs_action() -> None:
    assert [verdict for verdict in Verdict if verdict.is_good] == [Verdict.PASSED, Verdict.KNOWN_FAILURES]


OLD = TestResult("m.T.old", "m", Outcome.FAILED, error_type="AssertionError")


@pytest.mark.parametrize(
    ("now", "earlier", "verdict"),
    [
        ([OLD], [OLD], Verdict.KNOWN_FAILURES),
        ([OLD], [], Verdict.CRITICAL),
        ([OLD], [replace(OLD, outcome=Outcome.PASSED)], Verdict.CRITICAL),
        ([OLD], [OLD, replace(OLD, outcome=Outcome.PASSED)], Verdict.KNOWN_FAILURES),
        ([OLD, replace(OLD, test_id="m.T.new")], [OLD], Verdict.CRITICAL),
        ([replace(OLD, error_type="NameError")], [OLD], Verdict.CRITICAL),
        ([replace(OLD, outcome=Outcome.TIMED_OUT)], [OLD], Verdict.CRITICAL),
        ([replace(OLD, subtests_failed=3)], [replace(OLD, subtests_failed=2)], Verdict.CRITICAL),
        ([replace(OLD, subtests_failed=1)], [replace(OLD, subtests_failed=2)], Verdict.KNOWN_FAILURES),
        ([replace(OLD, location="m.py:9", message="2 != 3")], [OLD], Verdict.KNOWN_FAILURES),
        ([replace(OLD, outcome=Outcome.PASSED)], [OLD], Verdict.PASSED),
    ],
)
def test_known_failures(now: list[TestResult], earlier: list[TestResult], verdict: Verdict) -> None:
    assert judge_suite(SuiteResult(tuple(now)), 0.1, earlier) is verdict


def test_a_suite_that_could_not_run_has_no_known_failures() -> None:
    assert judge_suite(SuiteResult(broken_reason="no tests"), 0.1, [OLD]) is Verdict.BROKEN


def test_what_a_change_of_the_batch_broke_is_no_known_failure() -> None:
    result = suite(failed=1, passed=99)
    for has_culprit, verdict in ((False, Verdict.KNOWN_FAILURES), (True, Verdict.FAILED)):
        assert with_culprits(Verdict.KNOWN_FAILURES, result, 0.1, has_culprit=has_culprit) is verdict
    assert with_culprits(Verdict.CRITICAL, result, 0.001, has_culprit=True) is Verdict.CRITICAL


@pytest.mark.parametrize(
    ("failed", "flaky", "verdict"),
    [(3, 0, Verdict.CRITICAL), (3, 3, Verdict.FAILED), (3, 2, Verdict.FAILED), (20, 2, Verdict.CRITICAL)],
)
def test_flaky_tests_make_no_batch_critical(failed: int, flaky: int, verdict: Verdict) -> None:
    result = suite(failed=failed, passed=30 - failed)
    assert judge_suite(result, 0.1) is Verdict.CRITICAL
    assert with_culprits(Verdict.CRITICAL, result, 0.1, has_culprit=failed > flaky, flaky=flaky) is verdict
