"""Verdict on a batch, derived from its run."""

from __future__ import annotations

from enum import Enum

from batchhook.core.results import SuiteResult


class Verdict(str, Enum):
    """Verdict on a batch."""

    PASSED = "passed"
    REGRESSED = "regressed"
    """No test fails, but measurements confirm a slowdown."""

    FAILED = "failed"
    CRITICAL = "critical"
    BROKEN = "broken"
    """The suite could not run."""

    @property
    def is_good(self) -> bool:
        """Return whether no action is needed."""
        return self is Verdict.PASSED


def judge_suite(result: SuiteResult, critical_threshold: float) -> Verdict:
    """Return the verdict on a complete run.

    Args:
        result: of the whole suite.
        critical_threshold: share of failures among the tests that ran, 0 to 1, from which the verdict is critical.
    """
    if result.broken_reason:
        return Verdict.BROKEN
    if not result.totals.failures:
        return Verdict.PASSED
    return Verdict.CRITICAL if result.totals.failure_rate >= critical_threshold else Verdict.FAILED


def with_slowdowns(verdict: Verdict, *, confirmed: bool) -> Verdict:
    """Return the verdict after slowdowns were measured."""
    return Verdict.REGRESSED if confirmed and verdict is Verdict.PASSED else verdict


def summarize_verdict(verdict: Verdict, result: SuiteResult) -> str:
    """Return the verdict and its figures as a one-line phrase."""
    totals = result.totals
    if verdict is Verdict.BROKEN:
        return f"could not be tested: {result.broken_reason}"
    if verdict in {Verdict.PASSED, Verdict.REGRESSED}:
        skipped = f", {totals.skipped} skipped" if totals.skipped else ""
        tests = _count_tests(totals.passed)
        if verdict is Verdict.REGRESSED:
            return f"regressed: {tests} passed in {result.duration:.1f} s{skipped}, some slower than before"
        return f"passed: {tests} in {result.duration:.1f} s{skipped}"
    critical = "CRITICAL, " if verdict is Verdict.CRITICAL else ""
    return f"failed: {critical}{totals.failures} of {_count_tests(totals.tests)} ({totals.failure_rate:.0%})"


def _count_tests(number: int) -> str:
    return f"{number} test{'' if number == 1 else 's'}"
