"""What a batch's run means."""

from __future__ import annotations

from enum import Enum

from batchhook.core.results import SuiteOutcome


class Verdict(str, Enum):
    """What a batch's run means."""

    PASSED = "passed"
    REGRESSED = "regressed"
    """Nothing fails, but something is slower, by measurements."""

    FAILED = "failed"
    CRITICAL = "critical"
    BROKEN = "broken"

    @property
    def is_good(self) -> bool:
        """Whether nothing has to be done."""
        return self is Verdict.PASSED


def judge(outcome: SuiteOutcome, critical_threshold: float) -> Verdict:
    """Judge a run.

    Args:
        outcome: of the whole suite.
        critical_threshold: share of the tests that ran, 0 to 1, from which on failing is critical.
    """
    if outcome.broken:
        return Verdict.BROKEN
    if not outcome.totals.failures:
        return Verdict.PASSED
    return Verdict.CRITICAL if outcome.totals.failure_rate >= critical_threshold else Verdict.FAILED


def with_slowdowns(verdict: Verdict, *, confirmed: bool) -> Verdict:
    """A verdict once it is known whether something became slower."""
    return Verdict.REGRESSED if confirmed and verdict is Verdict.PASSED else verdict


def summary(verdict: Verdict, outcome: SuiteOutcome) -> str:
    """A verdict in half a sentence, for one line of a terminal."""
    totals = outcome.totals
    if verdict is Verdict.BROKEN:
        return f"could not be tested: {outcome.broken}"
    if verdict in {Verdict.PASSED, Verdict.REGRESSED}:
        skipped = f", {totals.skipped} skipped" if totals.skipped else ""
        if verdict is Verdict.REGRESSED:
            took = f"{totals.passed} tests passed in {outcome.duration:.1f} s{skipped}"
            return f"regressed: {took}, some slower than before"
        return f"passed: {totals.passed} tests in {outcome.duration:.1f} s{skipped}"
    critical = "CRITICAL, " if verdict is Verdict.CRITICAL else ""
    return f"failed: {critical}{totals.failures} of {totals.tests} tests ({totals.failure_rate:.0%})"
