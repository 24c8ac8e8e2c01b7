"""Adding results up, judging them, and comparing them with those before."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from batchhook.core.results import Outcome, SuiteOutcome, TestResult, by_module, count
from batchhook.core.verdict import Verdict, judge, summary

outcomes = st.lists(st.sampled_from(Outcome), max_size=60)


def results(these: list[Outcome]) -> tuple[TestResult, ...]:
    return tuple(TestResult(f"m{place % 3}.T.t{place}", f"m{place % 3}", each) for place, each in enumerate(these))


@given(outcomes)
def test_totals_add_up(these: list[Outcome]) -> None:
    totals = count(results(these))
    assert totals.tests == len(these)
    assert totals.passed + totals.failed + totals.errored + totals.skipped == len(these)
    assert totals.failures == sum(each.is_failure for each in these)
    assert 0 <= totals.failure_rate <= 1


@given(outcomes)
def test_modules_add_up_to_the_whole(these: list[Outcome]) -> None:
    assert sum(totals.tests for totals in by_module(results(these)).values()) == len(these)


@pytest.mark.parametrize(
    ("failed", "passed", "skipped", "verdict"),
    [
        (0, 10, 0, Verdict.PASSED),
        (1, 99, 0, Verdict.FAILED),
        (1, 9, 0, Verdict.CRITICAL),
        (1, 9, 90, Verdict.CRITICAL),  # skipped tests do not thin the rate out
        (0, 0, 5, Verdict.PASSED),
    ],
)
def test_verdicts(failed: int, passed: int, skipped: int, verdict: Verdict) -> None:
    these = [Outcome.FAILED] * failed + [Outcome.PASSED] * passed + [Outcome.SKIPPED] * skipped
    assert judge(SuiteOutcome(results(these)), 0.10) is verdict


def test_a_suite_that_could_not_run_is_broken() -> None:
    outcome = SuiteOutcome(broken="no tests were found")
    assert judge(outcome, 0.10) is Verdict.BROKEN
    assert summary(Verdict.BROKEN, outcome) == "could not be tested: no tests were found"
