"""Measuring suspects before and after some changes, and finding the change that made each of them slower."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from batchhook.core.perf.bisect import Narrowing, halfway
from batchhook.core.perf.screening import Suspect
from batchhook.core.perf.significance import Ruling
from batchhook.core.perf.slowdown import Slowdown, Timings
from batchhook.errors import BusyError, GitError, SuiteError
from batchhook.workflow.context.revisions import State
from batchhook.workflow.perf.ab_pairs import Paired, Pairing, unmeasured
from batchhook.workflow.perf.bench import Bench, Place

PAIRS_LIKELY = 3
"""Rounds that a suspect mostly needs: many only seemed slower, and that shows soon."""
SET_UP = 0.5
"""Seconds that a run is taken to need besides its tests."""


@dataclass(slots=True)
class _Case:
    """A suspect that is slower indeed, and what is known of the states between."""

    suspect: Suspect
    whole: Paired
    narrowing: Narrowing
    timings: dict[int, Timings] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)


class Measuring:
    """Measures suspects in a line of states.

    Args:
        bench: where.
        states: oldest first: the one before all changes, and one after each.
        threshold: share by which a test may be slower.
        told: is told how many suspects are settled, now and then.
    """

    def __init__(
        self, bench: Bench, states: Sequence[State], threshold: float, told: Callable[[int], None] = lambda _: None
    ) -> None:
        self._bench = bench
        self._states = states
        self._threshold = threshold
        self._told = told

    def run(self, suspects: Sequence[Suspect]) -> tuple[Slowdown, ...]:
        """Measure the suspects, the most suspicious first where there is not time enough for all.

        Returns:
            what was found out about each, in their order.

        Raises:
            GitError, SuiteError: the state before the changes, or the last one, cannot be tested.
        """
        chosen = _affordable(suspects, self._bench.left)
        late = [suspect for suspect in suspects if suspect not in chosen]
        paired = {suspect.key: unmeasured(suspect, self._too_long()) for suspect in late}
        with self._bench.at(self._states[0].oid) as base:
            if chosen:
                with self._bench.at(self._states[-1].oid) as head:
                    pairing = Pairing(chosen, [self._threshold] * len(chosen), self._told)
                    paired.update(pairing.run(base, head))
            cases = [
                _Case(suspect, paired[suspect.key], Narrowing(0, len(self._states) - 1))
                for suspect in suspects
                if paired[suspect.key].judgement.ruling is Ruling.SLOWER
            ]
            self._narrow(base, cases)
        blamed = {case.suspect.key: case for case in cases}
        return tuple(self._slowdown(each, paired[each.key], blamed.get(each.key)) for each in suspects)

    def _too_long(self) -> str:
        return "there is not time enough to measure it (slowdown_budget)"

    # --- which change it was ----------------------------------------------------------------------------------------

    def _narrow(self, base: Place, cases: Sequence[_Case]) -> None:
        """Measure states between, each beside the one before all changes, until one change is left for each case."""
        while wanted := Counter(case.narrowing.wanted for case in cases if case.narrowing.wanted is not None):
            state = min(wanted, key=lambda state: (-wanted[state], state))
            served = [case for case in cases if case.narrowing.is_open(state)]
            for case, found in zip(served, self._look(base, state, served), strict=True):
                self._take_in(case, state, found)
            if not self._bench.left:
                for case in cases:
                    case.reasons += ["the time for measuring was used up"] if case.narrowing.wanted is not None else []
                return

    def _look(self, base: Place, state: int, cases: Sequence[_Case]) -> list[Paired]:
        suspects = [case.suspect for case in cases]
        thresholds = [halfway(case.whole.judgement.ratio, self._threshold) for case in cases]
        try:
            with self._bench.at(self._states[state].oid) as there:
                found = Pairing(suspects, thresholds).run(base, there)
        except BusyError:
            raise
        except (GitError, SuiteError) as error:
            return [unmeasured(suspect, error.message) for suspect in suspects]
        return [found[suspect.key] for suspect in suspects]

    def _take_in(self, case: _Case, state: int, found: Paired) -> None:
        # A test that is not there, or fails, is not known to be as quick as before.
        ruling = found.judgement.ruling if found.before else Ruling.UNCLEAR
        case.narrowing.tell(state, ruling)
        if found.before:
            case.timings[state] = Timings(self._states[state].oid, found.before, found.now)
        if ruling is Ruling.UNCLEAR:
            name = self._states[state].oid[:8]
            case.reasons.append(f"{name}: {found.reason or 'it fails, or does not exist there'}")

    # --- what is made of it -----------------------------------------------------------------------------------------

    def _slowdown(self, suspect: Suspect, paired: Paired, case: _Case | None) -> Slowdown:
        timings = {} if case is None else case.timings
        if paired.before:
            last = Timings(self._states[-1].oid, paired.before, paired.now)
            timings = {**timings, len(self._states) - 1: last}
        changes = [] if case is None else [self._states[number].oid for number in case.narrowing.changes]
        reasons = case.reasons if case is not None and len(changes) > 1 else [paired.reason]
        return Slowdown(
            name=suspect.name,
            judgement=paired.judgement,
            is_module=suspect.is_module,
            suspects=tuple(changes),
            evidence=tuple(timings[state] for state in sorted(timings)),
            reason="; ".join(dict.fromkeys(filter(None, reasons))),
        )


def _affordable(suspects: Sequence[Suspect], seconds: float) -> list[Suspect]:
    """As many of the suspects, in their order, as can be measured in so many seconds."""
    chosen: list[Suspect] = []
    spent = 2 * PAIRS_LIKELY * SET_UP
    for suspect in suspects:
        spent += PAIRS_LIKELY * (suspect.usual + suspect.now)
        if spent > seconds:
            spent -= PAIRS_LIKELY * (suspect.usual + suspect.now)
        else:
            chosen.append(suspect)
    return chosen
