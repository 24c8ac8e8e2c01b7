"""Verdicts at their thresholds, and their one-line summaries."""

from __future__ import annotations

import pytest

from batchhook.core.results import Outcome, SuiteResult, TestResult
from batchhook.core.verdict import Verdict, judge_suite, summarize_verdict, with_slowdowns


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
def test_slowdowns_only_change_a_passed_verdict(verdict: Verdict) -> None:
    assert with_slowdowns(verdict, confirmed=False) is verdict
    expected = Verdict.REGRESSED if verdict is Verdict.PASSED else verdict
    assert with_slowdowns(verdict, confirmed=True) is expected


@pytest.mark.parametrize(
    ("verdict", "result", "summary"),
    [
        (Verdict.PASSED, suite(passed=1), "passed: 1 test in 1.0 s"),
        (Verdict.PASSED, suite(passed=2, skipped=3), "passed: 2 tests in 1.0 s, 3 skipped"),
        (Verdict.REGRESSED, suite(passed=1), "regressed: 1 test passed in 1.0 s, some slower than before"),
        (Verdict.FAILED, suite(failed=1, passed=19), "failed: 1 of 20 tests (5%)"),
        (Verdict.CRITICAL, suite(failed=1), "failed: CRITICAL, 1 of 1 test (100%)"),
    ],
)
def test_summary(verdict: Verdict, result: SuiteResult, summary: str) -> None:
    assert summarize_verdict(verdict, result) == summary


def test_only_passed_needs_no_action() -> None:
    assert [verdict for verdict in Verdict if verdict.is_good] == [Verdict.PASSED]
