"""Prior probabilities for a failing test, before anything is observed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

RELATED_SHARE = 0.8
"""Share of the prior that depends on how much a change touches what the test uses; the rest is uniform."""
MAPPED_SHARE = 0.95
"""The same where it is known which code the test runs."""
UNRELATED_SCORE = 0.2
"""Score of a change that affects a test, but touches no file close to its failure; a share of the mean score."""
BASE_SHARE = 0.15
"""Probability that a broken test was broken before the first change."""
FLAKY_PRIOR = (1.0, 4.0)
"""Beta prior over the causes of a test's failures: pseudo-counts of flakes and of breaks."""
FLAKY_BOUNDS = (0.05, 0.9)
"""Bounds of the probability of a flake: no history makes a failure certainly real or certainly flaky."""
FLAKE_PRIOR = (0.5, 9.5)
"""Beta prior over a test's flake rate: pseudo-counts of flakes and passes, with a mean of 5 %."""
STALE_SHARE = 0.03
"""Probability that the history no longer applies, for instance because a service has become slower."""
STALE_PRIOR = (1.0, 3.0)
"""Pseudo-counts of flakes and passes in that case."""
MAX_PASSES = 200
"""Passes of the history that count, so that no test is ever considered perfectly stable."""

BREAK_RATE = {True: 0.2, False: 0.05}
"""Probability that the test was broken and fixed before its last break, if all changes were related (or all were not)
to what it uses; each change contributes its share."""
FIX_RATE = {True: 0.5, False: 0.05}
"""Probability that it was fixed, likewise."""

NEGLIGIBLE_WEIGHT = 1e-6
"""Weight below which a flake rate is left out."""
_FLAKE_RATES = (0.01, 0.03, 0.06, 0.1, 0.17, 0.27, 0.4, 0.55, 0.75)
"""Grid of rates at which a sound test may fail."""
BROKEN_RATES = ((0.995, 0.98), (0.5, 0.02))
"""Rates at which a broken test fails, with their probabilities: a change may also make a test fail now and then."""


@dataclass(frozen=True, slots=True)
class FailureHistory:
    """Counts from earlier runs of a test.

    Attributes:
        flakes: failures without a culprit.
        breaks: failures with one.
    """

    passes: int = 0
    flakes: int = 0
    breaks: int = 0


@dataclass(frozen=True, slots=True)
class Priors:
    """Prior probabilities for a failing test. Position 0 is before the first change.

    Attributes:
        last_break: for each position the probability that the test has been broken from there on; sums to 1.
        no_culprit: probability that the test is flaky and no change broke it.
        flake_rates: failure rates of the sound test, with their probabilities.
        breaks: for each position the probability that its change broke the test and a later one fixed it.
        fixes: for each position the probability that its change fixed the test.
        broken_rates: failure rates of the broken test, with their probabilities.
    """

    last_break: tuple[float, ...]
    no_culprit: float
    flake_rates: tuple[tuple[float, float], ...]
    breaks: tuple[float, ...]
    fixes: tuple[float, ...]
    broken_rates: tuple[tuple[float, float], ...] = BROKEN_RATES


def estimate_priors(history: FailureHistory, scores: Sequence[float], impact: Sequence[float] | None = None) -> Priors:
    """Estimate the priors of a test.

    Args:
        history: of the test.
        scores: for each change, how much it touches what the test uses; all 0 if unknown.
        impact: for each change, 0 to 1, whether it affects the code that the test runs; None if that is unknown. A
            change without impact keeps a share, so that a wrong map delays the right name, and suggests no other.
    """
    related_share = RELATED_SHARE
    if impact is not None and any(impact):
        least = UNRELATED_SCORE * (sum(scores) / len(scores) or 1.0)
        scores = [(score + least) * weight for score, weight in zip(scores, impact, strict=True)]
        related_share = MAPPED_SHARE
    total, share = sum(scores), 1 / len(scores)
    weights = [related_share * score / total + (1 - related_share) * share if total else share for score in scores]
    is_related = [False, *(score > 0 for score in scores)]
    passes, flakes = min(history.passes, MAX_PASSES), float(history.flakes)
    if history.passes > MAX_PASSES:
        flakes *= MAX_PASSES / history.passes
    flaky = (history.flakes + FLAKY_PRIOR[0]) / (history.flakes + history.breaks + sum(FLAKY_PRIOR))
    return Priors(
        last_break=(BASE_SHARE, *((1 - BASE_SHARE) * weight for weight in weights)),
        no_culprit=min(max(flaky, FLAKY_BOUNDS[0]), FLAKY_BOUNDS[1]),
        flake_rates=_flake_rates(round(flakes, 1), passes),
        breaks=tuple(BREAK_RATE[related] * share for related in is_related),
        fixes=tuple(FIX_RATE[related] * share for related in is_related),
    )


@lru_cache(maxsize=1024)
def _flake_rates(flakes: float, passes: int) -> tuple[tuple[float, float], ...]:
    """Return the posterior of the flake rate on the grid, after a number of flakes and passes."""
    known = _discretize_beta(FLAKE_PRIOR[0] + flakes, FLAKE_PRIOR[1] + passes)
    stale = _discretize_beta(*STALE_PRIOR)
    mixed = {rate: (1 - STALE_SHARE) * known[rate] + STALE_SHARE * stale[rate] for rate in _FLAKE_RATES}
    return tuple((rate, weight) for rate, weight in mixed.items() if weight > NEGLIGIBLE_WEIGHT)


def _discretize_beta(alpha: float, beta: float, steps: int = 400) -> dict[float, float]:
    """Return the mass of a beta distribution at each point of the grid, assigning every rate to the nearest point."""
    weights = dict.fromkeys(_FLAKE_RATES, 0.0)
    for step in range(steps):
        rate = (step + 0.5) / steps
        nearest = min(_FLAKE_RATES, key=lambda point: abs(point - rate))
        weights[nearest] += rate ** (alpha - 1) * (1 - rate) ** (beta - 1)
    total = sum(weights.values())
    return {rate: weight / total for rate, weight in weights.items()}
