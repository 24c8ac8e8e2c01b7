"""When enough was seen of a test to say what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from batchhook.core.culprits.attribution import Attribution, Kind, Sight, Sighting
from batchhook.core.culprits.posterior import Seen, believe
from batchhook.core.culprits.priors import Priors

FLAKY_ENOUGH = 0.95
"""How sure it has to be that no change is to blame. Less than for a culprit: nobody is accused by it."""
HARDLY = 0.02
"""How likely a test can be seen at least, in a state that was not looked at."""
MOST_SUSPECTS = 0.95
"""Of an ambiguous test those changes are named that are to blame with this probability together."""


class Case:
    """What was seen of one failing test, and what follows from it.

    Args:
        states: names of the states, oldest first; the first is the one before any change, the last the one in which
            the test was found failing.
        priors: what was held likely before.
    """

    def __init__(self, states: Sequence[str], priors: Priors) -> None:
        self.priors = priors
        self._states = states
        self._passed = [0] * len(states)
        self._failed = [0] * len(states)
        self._silence: list[Sight | None] = [None] * len(states)

    def tell(self, state: int, sight: Sight) -> None:
        """Take in what was seen in a state."""
        if sight is Sight.PASSED:
            self._passed[state] += 1
        elif sight is Sight.FAILED:
            self._failed[state] += 1
        else:
            self._silence[state] = sight

    @property
    def seen(self) -> Seen:
        """What was seen, for ``believe``."""
        return Seen(tuple(self._passed), tuple(self._failed))

    @property
    def runs(self) -> int:
        """How often the test ran."""
        return sum(self._passed) + sum(self._failed)

    def can_look_at(self, state: int) -> bool:
        """Whether the test may be seen in a state, for all that is known."""
        return self._silence[state] is None

    def prospects(self) -> list[float]:
        """How likely the test can be seen in each state: it seldom can near those where it cannot.

        States that cannot be tested come in rows. Between one of them and one where the test was seen, the row may end
        anywhere; between two of them it hardly does.
        """
        found: list[float] = []
        before, behind = -1, 1.0
        for state in (*filter(self.was_seen, range(len(self._states))), len(self._states)):
            ahead = 1.0 if state == len(self._states) or self.can_look_at(state) else 0.0
            steps = state - before
            between = (behind + (ahead - behind) * step / steps for step in range(1, steps))
            found += [max(chance, HARDLY) for chance in between] + [ahead]
            before, behind = state, ahead
        return found[:-1]

    def was_seen(self, state: int) -> bool:
        """Whether anything was seen in a state, even that there is nothing to see."""
        return bool(self._passed[state] or self._failed[state] or self._silence[state])

    def suspicion(self) -> Suspicion:
        """The likeliest explanation."""
        belief = believe(self.seen, self.priors)
        likeliest = max(range(len(self._states)), key=belief.last_break.__getitem__)
        last = self._visible(range(likeliest, len(self._states)), otherwise=len(self._states) - 1)
        before = self._visible(range(last - 1, -1, -1), otherwise=-1)
        first = before + 1
        return Suspicion(first, last, sum(belief.last_break[first : last + 1]), belief.none)

    def _visible(self, states: Sequence[int], otherwise: int) -> int:
        return next((state for state in states if self._silence[state] is None), otherwise)

    def missing(self, suspicion: Suspicion) -> list[int]:
        """States that have to be looked at before a change may be blamed: it failed there, and passed just before."""
        lacking = [suspicion.last] if not self._failed[suspicion.last] else []
        before = suspicion.first - 1
        if before >= 0 and not self._passed[before]:
            lacking.append(before)
        return lacking

    def blamed(self, suspicion: Suspicion) -> Attribution:
        """What to say when the suspicion is sure enough, and nothing is missing."""
        first, last, sure = suspicion.first, suspicion.last, suspicion.probability
        if last == 0:
            return self._said(Kind.PRE_EXISTING, sure)
        if first == last:
            return self._said(Kind.CULPRIT, sure, (first, last))
        if first == 0 and self._silence[last - 1] in {Sight.ABSENT, Sight.SKIPPED}:
            return self._said(Kind.INTRODUCED, sure, (last, last))
        return self._said(Kind.AMBIGUOUS, sure, (max(first, 1), last), self._why(first, last))

    def flaky(self, suspicion: Suspicion) -> Attribution:
        """What to say of a test that no change is to blame for."""
        return self._said(Kind.FLAKY, suspicion.none)

    def undecided(self, reason: str) -> Attribution:
        """What to say where no more can be found out: the likeliest changes, and why it ends here."""
        belief = believe(self.seen, self.priors)
        if belief.none > max(*belief.last_break, 0.5) and sum(self._passed):
            return self._said(Kind.FLAKY, belief.none)
        first, last = _narrowed(belief.last_break)
        sure = sum(belief.last_break[first : last + 1])
        return self._said(Kind.AMBIGUOUS, sure, (max(first, 1), max(last, 1)), reason)

    def _why(self, first: int, last: int) -> str:
        """Why changes cannot be told apart: what is amiss in the states between them."""
        told = [
            f"{silence.value} at {self._states[state][:8]}"
            for state in range(max(first - 1, 0), last)
            if (silence := self._silence[state])
        ]
        return ", ".join(told)

    def _said(self, kind: Kind, sure: float, span: tuple[int, int] | None = None, reason: str = "") -> Attribution:
        evidence = tuple(
            Sighting(name, self._passed[state], self._failed[state], self._silence[state])
            for state, name in enumerate(self._states)
            if self.was_seen(state)
        )
        suspects = tuple(self._states[span[0] : span[1] + 1]) if span else ()
        return Attribution(kind, min(sure, 1.0), suspects, evidence, reason)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """The likeliest explanation of a failure.

    Attributes:
        first, last: the test broke in one of these states; of them, only ``last`` can be looked at. Equal where one
            change stands out; from 0 on where it may have been broken before any change.
        probability: that the last break is there.
        none: that no change is to blame.
    """

    first: int
    last: int
    probability: float
    none: float


def _narrowed(last_break: Sequence[float]) -> tuple[int, int]:
    """The first and last of the likeliest states that together hold nearly all of the probability."""
    ranked = sorted(range(len(last_break)), key=last_break.__getitem__, reverse=True)
    wanted, held, chosen = MOST_SUSPECTS * sum(last_break), 0.0, []
    for state in ranked:
        chosen.append(state)
        held += last_break[state]
        if held >= wanted:
            break
    return min(chosen), max(chosen)
