"""Interleaved timings of suspected slowdowns on two revisions, until each comparison is conclusive."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from batchhook.core.perf.screening import SuspectedSlowdown
from batchhook.core.perf.significance import (
    MIN_DIFFERENCE,
    Conclusion,
    TimingComparison,
    compare_timings,
    is_below_floor,
)
from batchhook.core.plural import plural
from batchhook.errors import SuiteError
from batchhook.workflow.perf.bench import BenchWorktree, TimedRun

NOISY = "too noisy to tell"
UNTESTABLE = "it cannot be run on one of the revisions"
OUT_OF_TIME = "the time for measuring was used up"


@dataclass(frozen=True, slots=True)
class PairedTimings:
    """The comparison of a suspect on two revisions.

    Attributes:
        comparison: of the timings.
        before, now: seconds of each timing; empty if the suspect is absent or fails on either revision.
        reason: why the comparison is inconclusive; else empty.
    """

    comparison: TimingComparison
    before: tuple[float, ...] = ()
    now: tuple[float, ...] = ()
    reason: str = ""


def unmeasured(suspect: SuspectedSlowdown, reason: str) -> PairedTimings:
    """Return an inconclusive comparison without timings."""
    comparison = TimingComparison(Conclusion.INCONCLUSIVE, suspect.usual, suspect.current, 1.0)
    return PairedTimings(comparison, reason=reason)


def _explain_noise(before: Sequence[float], now: Sequence[float], threshold: float) -> str:
    """Return why timings are inconclusive: the difference is tiny, the machine is busy, or else the test is noisy."""
    if is_below_floor(before, now, threshold):
        return f"slower by about {MIN_DIFFERENCE * 1000:.0f} ms, the smallest difference that is reported"
    load, processors = os.getloadavg()[0], os.cpu_count() or 1
    if load > processors:
        return f"{NOISY}: the machine is busy (load {load:.1f}, {plural(processors, 'processor')})"
    return NOISY


class PairedTimer:
    """Times suspects on two revisions in turn.

    Args:
        suspects: to time.
        thresholds: tolerated slowdown of each, as a share, in the same order.
        on_settled: called after each round with the number of settled suspects.
    """

    def __init__(
        self,
        suspects: Sequence[SuspectedSlowdown],
        thresholds: Sequence[float],
        on_settled: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.settled: dict[tuple[str, bool], PairedTimings] = {}
        self._suspects = suspects
        self._thresholds = dict(zip((suspect.key for suspect in suspects), thresholds, strict=True))
        self._on_settled = on_settled
        self._before: list[TimedRun] = []
        self._now: list[TimedRun] = []

    def run(self, before: BenchWorktree, now: BenchWorktree) -> Mapping[tuple[str, bool], PairedTimings]:
        """Time the suspects until each is settled or the budget is used up, and return the comparisons by key."""
        round_seconds = 0.0
        while unsettled := [suspect for suspect in self._suspects if suspect.key not in self.settled]:
            if before.bench.seconds_left <= round_seconds:
                self._give_up(unsettled, OUT_OF_TIME)
                break
            started = time.monotonic()
            tests = {name: module for suspect in unsettled for name, module in suspect.tests.items()}
            try:
                self._before.append(before.time(tests))
                self._now.append(now.time(tests))
            except SuiteError as error:
                self._give_up(unsettled, error.message)
                break
            round_seconds = time.monotonic() - started
            for suspect in unsettled:
                self._settle(suspect)
            self._on_settled(len(self.settled))
        return self.settled

    def _settle(self, suspect: SuspectedSlowdown) -> None:
        rounds = (*self._before, *self._now)
        passing = [name for name in suspect.tests if all(name in timed.seconds for timed in rounds)]
        if not passing:
            self.settled[suspect.key] = self._without_timings(suspect)
            return
        before, now = (
            tuple(sum(timed.seconds[name] for name in passing) for timed in runs) for runs in (self._before, self._now)
        )
        comparison = compare_timings(before, now, self._thresholds[suspect.key])
        if comparison.conclusion is not Conclusion.OPEN:
            is_unclear = comparison.conclusion is Conclusion.INCONCLUSIVE
            reason = _explain_noise(before, now, self._thresholds[suspect.key]) if is_unclear else ""
            self.settled[suspect.key] = PairedTimings(comparison, before, now, reason)

    def _without_timings(self, suspect: SuspectedSlowdown) -> PairedTimings:
        """Settle a suspect that never passes on both revisions: new or failing tests are no slowdown."""
        inconclusive = unmeasured(suspect, UNTESTABLE)
        rounds = (*self._before, *self._now)
        if any(name in timed.untestable for timed in rounds for name in suspect.tests):
            return inconclusive
        return PairedTimings(replace(inconclusive.comparison, conclusion=Conclusion.SIMILAR))

    def _give_up(self, suspects: Sequence[SuspectedSlowdown], reason: str) -> None:
        for suspect in suspects:
            self.settled[suspect.key] = unmeasured(suspect, reason)
