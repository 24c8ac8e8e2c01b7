"""Totals and verdicts."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from batchhook.core.results import Outcome, SuiteResult, TestResult, count_results, totals_by_module
from batchhook.core.verdict import Verdict, judge_suite, summarize_verdict

outcomes = st.lists(st.sampled_from(Outcome), max_size=60)


def results(sequence: list[Outcome]) -> tuple[TestResult, ...]:
    return tuple(TestResult(f"m{place % 3}.T.t{place}", f"m{place % 3}", each) for place, each in enumerate(sequence))


@given(outcomes)
def test_totals_add_up(sequence: list[Outcome]) -> None:
    totals = count_results(results(sequence))
    assert totals.tests == len(sequence)
    assert totals.passed + totals.failed + totals.errored + totals.skipped == len(sequence)
    assert totals.failures == sum(each.is_failure for each in sequence)
    assert 0 <= totals.failure_rate <= 1


@given(outcomes)
def test_modules_add_up_to_the_total(sequence: list[Outcome]) -> None:
    assert sum(totals.tests for totals in totals_by_module(results(sequence)).values()) == len(sequence)


@pytest.mark.parametrize(
    ("failed", "passed", "skipped", "verdict"),
    [
        (0, 10, 0, Verdict.PASSED),
        (1, 99, 0, Verdict.FAILED),
        (1, 9, 0, Verdict.CRITICAL),
        (1, 9, 90, Verdict.CRITICAL),  # skipped tests do not lower the rate
        (0, 0, 5, Verdict.PASSED),
    ],
)
def test_verdicts(failed: int, passed: int, skipped: int, verdict: Verdict) -> None:
    sequence = [Outcome.FAILED] * failed + [Outcome.PASSED] * passed + [Outcome.SKIPPED] * skipped
    assert judge_suite(SuiteResult(results(sequence)), 0.10) is verdict


def test_suite_that_could_not_run_is_broken() -> None:
    suite = SuiteResult(broken_reason="no tests were found")
    assert judge_suite(suite, 0.10) is Verdict.BROKEN
    assert summarize_verdict(Verdict.BROKEN, suite) == "could not be tested: no tests were found"
