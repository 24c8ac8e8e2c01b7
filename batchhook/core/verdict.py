"""Verdict on a batch, derived from its run."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from batchhook.core.plural import percentage
from batchhook.core.results import SuiteResult, TestResult


class Verdict(str, Enum):
    """Verdict on a batch."""

    PASSED = "passed"
    KNOWN_FAILURES = "known-failures"
    """Tests fail, but each failed in the same way before."""

    REGRESSED = "regressed"
    """No test newly fails, but measurements confirm a slowdown."""

    FAILED = "failed"
    CRITICAL = "critical"
    BROKEN = "broken"
    """The suite could not run."""

    @property
    def is_good(self) -> bool:
        """Return whether no action is needed: nothing became worse."""
        return self in {Verdict.PASSED, Verdict.KNOWN_FAILURES}


def judge_suite(result: SuiteResult, critical_threshold: float, earlier: Iterable[TestResult] = ()) -> Verdict:
    """Return the verdict on a complete run.

    Args:
        result: of the whole suite.
        critical_threshold: share of failures among the tests that ran, 0 to 1, from which the verdict is critical.
        earlier: results of earlier runs, whose failures are known.
    """
    if result.broken_reason:
        return Verdict.BROKEN
    if not result.totals.failures:
        return Verdict.PASSED
    if not new_failures(result.results, earlier):
        return Verdict.KNOWN_FAILURES
    return Verdict.CRITICAL if result.totals.failure_rate >= critical_threshold else Verdict.FAILED


def new_failures(results: Iterable[TestResult], earlier: Iterable[TestResult]) -> tuple[TestResult, ...]:
    """Return the failures that are not known.

    A failure is known if the same test failed in the same way before: with the same outcome, the same type of error,
    and at least as many failing subtests. A test that failed an assertion and now cannot be imported is new.

    Args:
        results: of a run.
        earlier: results of earlier runs.
    """
    known: dict[tuple[str, ...], int] = {}
    for result in earlier:
        if result.outcome.is_failure:
            key = _failure_key(result)
            known[key] = max(result.subtests_failed, known.get(key, 0))
    return tuple(
        result
        for result in results
        if result.outcome.is_failure and result.subtests_failed > known.get(_failure_key(result), -1)
    )


def _failure_key(result: TestResult) -> tuple[str, ...]:
    return result.test_id, result.module, result.outcome.value, result.error_type


def with_culprits(
    verdict: Verdict, result: SuiteResult, critical_threshold: float, *, has_culprit: bool, flaky: int = 0
) -> Verdict:
    """Return the verdict after the culprit search.

    A test that failed before, was fixed, and fails again because of a change of this batch is no known failure. Flaky
    tests make no batch critical.

    Args:
        verdict: before the search.
        result: of the batch's run.
        critical_threshold: as for ``judge_suite``.
        has_culprit: whether a change of the batch broke a test.
        flaky: number of failures that are flaky.
    """
    if has_culprit and verdict is Verdict.KNOWN_FAILURES:
        verdict = judge_suite(result, critical_threshold)
    failures = result.totals.failures
    if verdict is not Verdict.CRITICAL or not flaky or not failures:
        return verdict
    broken = failures - flaky
    is_critical = broken > 0 and result.totals.failure_rate * broken / failures >= critical_threshold
    return Verdict.CRITICAL if is_critical else Verdict.FAILED


def with_slowdowns(verdict: Verdict, *, confirmed: bool) -> Verdict:
    """Return the verdict after slowdowns were measured."""
    return Verdict.REGRESSED if confirmed and verdict.is_good else verdict


def summarize_verdict(verdict: Verdict, result: SuiteResult) -> str:
    """Return the verdict and its figures as a one-line phrase, with the tests that were not run."""
    if verdict is Verdict.BROKEN:
        return f"could not be tested: {result.broken_reason}"
    not_run = f"; {result.unrun.were_not_run}" if result.unrun else ""
    return f"{_summarize_results(verdict, result)}{not_run}"


def _summarize_results(verdict: Verdict, result: SuiteResult) -> str:
    totals = result.totals
    if verdict in {Verdict.PASSED, Verdict.REGRESSED}:
        skipped = f", {totals.skipped} skipped" if totals.skipped else ""
        tests = _count_tests(totals.passed)
        if verdict is Verdict.REGRESSED:
            known = f", {_count_known(totals.failures)}" if totals.failures else ""
            return f"regressed: {tests} passed in {result.duration:.1f} s{skipped}{known}, some slower than before"
        return f"passed: {tests} in {result.duration:.1f} s{skipped}"
    if verdict is Verdict.KNOWN_FAILURES:
        return f"known failures only: {totals.failures} of {_count_tests(totals.tests)} failed before, too"
    critical = "CRITICAL, " if verdict is Verdict.CRITICAL else ""
    return f"failed: {critical}{totals.failures} of {_count_tests(totals.tests)} ({percentage(totals.failure_rate)})"


def _count_known(number: int) -> str:
    return f"{number} known failure{'' if number == 1 else 's'}"


def _count_tests(number: int) -> str:
    return f"{number} test{'' if number == 1 else 's'}"
