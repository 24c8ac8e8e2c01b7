"""Posterior distribution over the culprits of one failing test: Bayes' rule over a hidden Markov chain.

At each position a test is *sound* or *broken*. A broken test fails nearly always; a sound one fails now and then, at an
unknown rate (its flake rate). The hypotheses are the changes that may have broken the test *last*: since then it has
been broken to the end; before, it may have been broken and fixed, which is unlikely but possible. A test that was
broken, fixed and broken again is thus attributed to the last break. If the test is sound at the last position too, its
failure there was a flake.

The sums over all sequences of sound and broken before the last break are the forward and backward recursions of hidden
Markov models (Rabiner, A Tutorial on Hidden Markov Models and Selected Applications in Speech Recognition, Proc. IEEE
77, 1989).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate

from batchhook.core.culprits.priors import Priors

NEGLIGIBLE = 1e-4
"""Probability below which a hypothesis is ignored when probes are weighed."""


@dataclass(frozen=True, slots=True)
class RunCounts:
    """Number of passes and failures of a test at each position; position 0 is before any change."""

    passed: tuple[int, ...]
    failed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _FailureRates:
    """Failure rates of a test while it is sound and while it is broken, and the prior probability of this pair."""

    sound: float
    broken: float
    weight: float


class Posterior:
    """Posterior of a test; create it with ``posterior``, which caches.

    Attributes:
        last_break: for each position the probability that its change broke the test last; at position 0, that the
            test was broken before any change.
        no_culprit: probability that no change is to blame.
    """

    def __init__(self, counts: RunCounts, priors: Priors) -> None:
        self._counts, self._priors = counts, priors
        columns = [sum(column) for column in zip(*(chain.likelihoods for chain in self._chains()), strict=True)]
        self._total = sum(columns)
        *self.last_break, self.no_culprit = (column / self._total for column in columns)

    def _chains(self) -> Iterator[_Chain]:
        """Build a chain for each pair of rates. They are not kept: those of a long line take a lot of memory."""
        return (_Chain(self._counts, self._priors, rates) for rates in _failure_rates(self._priors))

    @cached_property
    def hypotheses(self) -> list[float]:
        """Probability of each hypothesis: the last break at each position, then no culprit."""
        return [*self.last_break, self.no_culprit]

    @cached_property
    def failure_chances(self) -> list[list[float]]:
        """For each position, the probability that the test fails there next time, given each likely hypothesis."""
        size = len(self.last_break)
        rows = [[0.0] * (size + 1) for _ in range(size)]
        likely = [number for number, probability in enumerate(self.hypotheses) if probability >= NEGLIGIBLE]
        for chain in self._chains():
            for hypothesis in likely:
                share = chain.likelihoods[hypothesis] / self._total / self.hypotheses[hypothesis]
                if share > NEGLIGIBLE:
                    for position, chance in enumerate(chain.failure_chances(hypothesis)):
                        rows[position][hypothesis] += share * chance
        return rows


@lru_cache(maxsize=8192)
def posterior(counts: RunCounts, priors: Priors) -> Posterior:
    """Return the posterior of a test; shared by all tests with equal counts and priors."""
    return Posterior(counts, priors)


def _failure_rates(priors: Priors) -> list[_FailureRates]:
    return [
        _FailureRates(sound, broken, sound_weight * broken_weight)
        for sound, sound_weight in priors.flake_rates
        for broken, broken_weight in priors.broken_rates
    ]


class _Chain:
    """Hidden chain for one pair of failure rates.

    Attributes:
        likelihoods: joint probability of each hypothesis and the counts: the last break at each position, then no
            culprit.
    """

    def __init__(self, counts: RunCounts, priors: Priors, rates: _FailureRates) -> None:
        self._priors = priors
        self._rates = rates
        pairs = list(zip(counts.passed, counts.failed, strict=True))
        self._sound = [(1 - rates.sound) ** passed * rates.sound**failed for passed, failed in pairs]
        self._broken = [(1 - rates.broken) ** passed * rates.broken**failed for passed, failed in pairs]
        self._forward = _forward(priors, self._sound, self._broken)
        self.likelihoods = self._likelihoods()

    def _likelihoods(self) -> list[float]:
        prior = _prior_sound(self._priors)
        since = list(accumulate(reversed(self._broken), lambda product, each: product * each))[::-1]
        before = [1.0] + [sound / possible for (sound, _), possible in zip(self._forward, prior, strict=True)]
        terms = zip(self._priors.last_break, before, since, strict=False)
        change = 1 - self._priors.no_culprit
        # A test is searched because it failed, and how often failures are flakes is part of the prior. The failure that
        # started the search is therefore evidence of how often the test flakes, not that it does.
        mean = sum(rate * weight for rate, weight in self._priors.flake_rates)
        no_culprit = self._priors.no_culprit * before[-1] / mean
        return [self._rates.weight * value for value in (*(change * p * b * s for p, b, s in terms), no_culprit)]

    def failure_chances(self, hypothesis: int) -> list[float]:
        """Return the probability that the test fails next time at each position, given a hypothesis."""
        sound, broken = self._rates.sound, self._rates.broken
        before = self._broken_before(hypothesis)
        return [sound + (broken - sound) * chance for chance in before] + [broken] * (len(self._sound) - hypothesis)

    def _broken_before(self, last_break: int) -> list[float]:
        """Return the probability that the test was broken at each position before its last break.

        The test is sound just before the last break, by definition; this is the backward recursion.
        """
        chances = [0.0] * last_break
        sound, broken = 1.0, 0.0  # probability of the counts after a position, given the test's condition there
        for position in range(last_break - 1, -1, -1):
            forward_sound, forward_broken = self._forward[position]
            total = forward_sound * sound + forward_broken * broken
            chances[position] = forward_broken * broken / total if total else 0.0
            from_sound, from_broken = sound * self._sound[position], broken * self._broken[position]
            if position:
                breaks, fixes = self._priors.breaks[position], self._priors.fixes[position]
                sound = (1 - breaks) * from_sound + breaks * from_broken
                broken = fixes * from_sound + (1 - fixes) * from_broken
        return chances


def _forward(priors: Priors, sound: Sequence[float], broken: Sequence[float]) -> list[tuple[float, float]]:
    """Return for each position the joint probability of the counts so far and the test being sound, or broken."""
    rows = [((1 - priors.breaks[0]) * sound[0], priors.breaks[0] * broken[0])]
    for position in range(1, len(sound)):
        was_sound, was_broken = rows[-1]
        breaks, fixes = priors.breaks[position], priors.fixes[position]
        rows.append(
            (
                (was_sound * (1 - breaks) + was_broken * fixes) * sound[position],
                (was_sound * breaks + was_broken * (1 - fixes)) * broken[position],
            )
        )
    return rows


@lru_cache(maxsize=1024)
def _prior_sound(priors: Priors) -> tuple[float, ...]:
    """Return the probability that the test is sound at each position before anything is observed."""
    ones = [1.0] * len(priors.breaks)
    return tuple(sound for sound, _ in _forward(priors, ones, ones))
