"""Timing suspects in two states by turns, until it is known of each whether the one state is slower."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from batchhook.core.perf.screening import Suspect
from batchhook.core.perf.significance import Judgement, Ruling, judge
from batchhook.errors import SuiteError
from batchhook.workflow.perf.bench import Place, Timed

NOISY = "noise is too large to tell"
UNTESTABLE = "it cannot be run in one of the states"


@dataclass(frozen=True, slots=True)
class Paired:
    """What became of a suspect in two states.

    Attributes:
        before, now: seconds of each measurement; none where it does not exist, or fails, in one of the states.
        reason: why nobody can tell; empty where one can.
    """

    judgement: Judgement
    before: tuple[float, ...] = ()
    now: tuple[float, ...] = ()
    reason: str = ""


def unmeasured(suspect: Suspect, reason: str) -> Paired:
    """What there is to say of a suspect where it could not be found out."""
    return Paired(Judgement(Ruling.UNCLEAR, suspect.usual, suspect.now, 1.0), reason=reason)


class Pairing:
    """Timings of suspects in two states, made by turns.

    Args:
        suspects: what is to be timed.
        thresholds: share by which each may be slower, in the same order.
        told: is told how many are settled, after each round.
    """

    def __init__(
        self, suspects: Sequence[Suspect], thresholds: Sequence[float], told: Callable[[int], None] = lambda _: None
    ) -> None:
        self.settled: dict[tuple[str, bool], Paired] = {}
        self._suspects = suspects
        self._thresholds = dict(zip((suspect.key for suspect in suspects), thresholds, strict=True))
        self._told = told
        self._before: list[Timed] = []
        self._now: list[Timed] = []

    def run(self, before: Place, now: Place) -> Mapping[tuple[str, bool], Paired]:
        """Time all of them until each is settled, or the budget is used up.

        Returns:
            what became of each, by its key.
        """
        round_ = 0.0
        while open_ := [suspect for suspect in self._suspects if suspect.key not in self.settled]:
            if not before.bench.left > round_:
                self._give_up(open_, "the time for measuring was used up")
                break
            begun = time.monotonic()
            try:
                self._measure(open_, before, now)
            except SuiteError as error:
                self._give_up(open_, error.message)
                break
            round_ = time.monotonic() - begun
            for suspect in open_:
                self._settle(suspect)
            self._told(len(self.settled))
        return self.settled

    def _measure(self, open_: Sequence[Suspect], before: Place, now: Place) -> None:
        tests = {name: module for suspect in open_ for name, module in suspect.tests.items()}
        self._before.append(before.time(tests))
        self._now.append(now.time(tests))

    def _settle(self, suspect: Suspect) -> None:
        rounds = (*self._before, *self._now)
        passing = [name for name in suspect.tests if all(name in one.seconds for one in rounds)]
        if not passing:
            self.settled[suspect.key] = self._silent(suspect)
            return
        earlier, later = (
            tuple(sum(one.seconds[name] for name in passing) for one in these) for these in (self._before, self._now)
        )
        judgement = judge(earlier, later, self._thresholds[suspect.key])
        if judgement.ruling is not Ruling.OPEN:
            reason = NOISY if judgement.ruling is Ruling.UNCLEAR else ""
            self.settled[suspect.key] = Paired(judgement, earlier, later, reason)

    def _silent(self, suspect: Suspect) -> Paired:
        """A suspect that is new, or fails in one of the states: that is no slowdown; unless nobody knows."""
        rounds = (*self._before, *self._now)
        found = unmeasured(suspect, UNTESTABLE)
        if any(name in one.untestable for one in rounds for name in suspect.tests):
            return found
        return Paired(replace(found.judgement, ruling=Ruling.ALIKE))

    def _give_up(self, open_: Sequence[Suspect], reason: str) -> None:
        for suspect in open_:
            self.settled[suspect.key] = unmeasured(suspect, reason)
