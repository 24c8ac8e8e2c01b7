"""What to believe of one failing test after what was seen of it; Bayes' rule over a hidden chain of states.

A test is *sound* or *broken* in each state. A broken one fails nearly always, a sound one now and then, at a rate that
is not known (its flake rate). The question is which change broke it *last*: after that it has been broken to the end;
before that it may have been broken and mended, which is unlikely and not impossible. So a test that was broken, mended
and broken again is answered by the last break; and where the test is sound in the last state too, its failure there
was a flake.

The sums over all ways in which the states before the last break may have been are the forward and backward recursions
of hidden Markov models (Rabiner, A Tutorial on Hidden Markov Models, Proc. IEEE 1989).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate

from batchhook.core.culprits.priors import Priors

NEGLIGIBLE = 1e-4
"""Probability of what is not followed further when visits are weighed."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How often a test was seen to pass and to fail in each state, oldest first; the first is before any change."""

    passed: tuple[int, ...]
    failed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Rates:
    """One way in which a test may behave: how often it fails while it is sound, and how often once it is broken."""

    sound: float
    broken: float
    weight: float


class Belief:
    """What to believe of a test. Made by ``believe``.

    Attributes:
        last_break: for each state how likely its change is the one that broke the test last; for the first state: that
            it was broken before any change.
        none: how likely no change is to blame.
    """

    def __init__(self, seen: Seen, priors: Priors) -> None:
        self._seen, self._priors = seen, priors
        columns = [sum(column) for column in zip(*(chain.likelihoods for chain in self._chains()), strict=True)]
        self._total = sum(columns)
        *self.last_break, self.none = (column / self._total for column in columns)

    def _chains(self) -> Iterator[_Chain]:
        """One for each way to behave; made anew each time, since those of a long line of states take much memory."""
        return (_Chain(self._seen, self._priors, rates) for rates in _behaviours(self._priors))

    @cached_property
    def hypotheses(self) -> list[float]:
        """How likely each hypothesis is: the last break in each state, then none."""
        return [*self.last_break, self.none]

    @cached_property
    def chances(self) -> list[list[float]]:
        """For each state, how likely the test fails there the next time under each hypothesis that is worth a look."""
        states = len(self.last_break)
        rows = [[0.0] * (states + 1) for _ in range(states)]
        likely = [number for number, probability in enumerate(self.hypotheses) if probability >= NEGLIGIBLE]
        for chain in self._chains():
            for hypothesis in likely:
                share = chain.likelihoods[hypothesis] / self._total / self.hypotheses[hypothesis]
                if share > NEGLIGIBLE:
                    for state, chance in enumerate(chain.chances(hypothesis)):
                        rows[state][hypothesis] += share * chance
        return rows


@lru_cache(maxsize=8192)
def believe(seen: Seen, priors: Priors) -> Belief:
    """What to believe of a test; the same for all of which the same was seen and held likely before."""
    return Belief(seen, priors)


def _behaviours(priors: Priors) -> list[_Rates]:
    return [
        _Rates(sound, broken, sound_weight * broken_weight)
        for sound, sound_weight in priors.flake_rates
        for broken, broken_weight in priors.broken_rates
    ]


class _Chain:
    """The hidden chain for one way to behave.

    Attributes:
        likelihoods: joint probability of each hypothesis and all that was seen: the last break in each state, then
            none.
    """

    def __init__(self, seen: Seen, priors: Priors, rates: _Rates) -> None:
        self._priors = priors
        self._rates = rates
        pairs = list(zip(seen.passed, seen.failed, strict=True))
        self._sound = [(1 - rates.sound) ** passed * rates.sound**failed for passed, failed in pairs]
        self._broken = [(1 - rates.broken) ** passed * rates.broken**failed for passed, failed in pairs]
        self._ahead = _forward(priors, self._sound, self._broken)
        self.likelihoods = self._weigh()

    def _weigh(self) -> list[float]:
        prior = _possible(self._priors)
        since = list(accumulate(reversed(self._broken), lambda whole, one: whole * one))[::-1]
        before = [1.0] + [sound / possible for (sound, _), possible in zip(self._ahead, prior, strict=True)]
        breaks = zip(self._priors.last_break, before, since, strict=False)
        change = 1 - self._priors.none
        # A test is looked at because it failed: how likely a flake is, was counted among failures. The failure with
        # which it began therefore says how often it may flake, and not that it does.
        mean = sum(rate * weight for rate, weight in self._priors.flake_rates)
        none = self._priors.none * before[-1] / mean
        return [self._rates.weight * value for value in (*(change * p * b * s for p, b, s in breaks), none)]

    def chances(self, hypothesis: int) -> list[float]:
        """How likely the test fails the next time in each state, if a hypothesis holds."""
        sound, broken = self._rates.sound, self._rates.broken
        until = self._broken_before(hypothesis)
        return [sound + (broken - sound) * chance for chance in until] + [broken] * (len(self._sound) - hypothesis)

    def _broken_before(self, last_break: int) -> list[float]:
        """How likely the test was broken in each state before its last break, having been sound just before it."""
        chances = [0.0] * last_break
        sound, broken = 1.0, 0.0  # of what was seen after a state, given how it is there
        for state in range(last_break - 1, -1, -1):
            ahead_sound, ahead_broken = self._ahead[state]
            whole = ahead_sound * sound + ahead_broken * broken
            chances[state] = ahead_broken * broken / whole if whole else 0.0
            stays, falls = sound * self._sound[state], broken * self._broken[state]
            if state:
                breaks, mends = self._priors.breaks[state], self._priors.mends[state]
                sound, broken = (1 - breaks) * stays + breaks * falls, mends * stays + (1 - mends) * falls
        return chances


def _forward(priors: Priors, sound: Sequence[float], broken: Sequence[float]) -> list[tuple[float, float]]:
    """For each state the joint probability of what was seen up to it, and the test being sound or broken there."""
    rows = [((1 - priors.breaks[0]) * sound[0], priors.breaks[0] * broken[0])]
    for state in range(1, len(sound)):
        before_sound, before_broken = rows[-1]
        breaks, mends = priors.breaks[state], priors.mends[state]
        rows.append(
            (
                (before_sound * (1 - breaks) + before_broken * mends) * sound[state],
                (before_sound * breaks + before_broken * (1 - mends)) * broken[state],
            )
        )
    return rows


@lru_cache(maxsize=1024)
def _possible(priors: Priors) -> tuple[float, ...]:
    """How likely a test is sound in each state before anything was seen."""
    nothing = [1.0] * len(priors.breaks)
    return tuple(sound for sound, _ in _forward(priors, nothing, nothing))
