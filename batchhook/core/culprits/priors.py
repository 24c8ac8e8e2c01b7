"""What is held likely of a failing test before anything is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

RELATED_SHARE = 0.8
"""Part of the prior that goes by how much a change touched what the test uses; the rest is the same for all."""
BASE_SHARE = 0.15
"""How likely a test that was broken was so before the first change, where that was not looked at."""
FLAKY_SHARE = (1.0, 4.0)
"""Failures of no change and of a change that a test is taken to have had before any is known (a beta prior)."""
FLAKY_BOUNDS = (0.05, 0.9)
"""No history makes a test's failure surely real, or surely flaky."""
FLAKE_RATE = (0.5, 9.5)
"""Flakes and passes that a test is taken to have had before any is known: a rate of 5 %, and much doubt."""
CHANGED = 0.03
"""How likely a test's record does not hold any more: what it waits for has become slower, say."""
CHANGED_RATE = (1.0, 3.0)
"""Flakes and passes that it is then taken to have had."""
MOST_PASSES = 200
"""Passes of a test's history that count: a test is never proven to be steady."""

BREAKS = {True: 0.2, False: 0.05}
"""How likely the test was broken and mended again before it broke for good, were all changes such that touched what it
uses (or all such that did not): each change has its part of it."""
MENDS = {True: 0.5, False: 0.05}
"""How likely it was mended, likewise."""

NO_WEIGHT = 1e-6
"""What is less likely is left out."""
_GRID = (0.01, 0.03, 0.06, 0.1, 0.17, 0.27, 0.4, 0.55, 0.75)
"""Rates at which a sound test may fail."""
BROKEN_RATES = ((0.995, 0.98), (0.5, 0.02))
"""Rates at which a broken test fails, and how likely each is: a change may also make a test fail now and then."""


@dataclass(frozen=True, slots=True)
class Record:
    """What earlier runs tell about a test.

    Attributes:
        passes: how often it passed.
        flakes: how many of its failures no change was to blame for.
        breaks: how many a change was to blame for.
    """

    passes: int = 0
    flakes: int = 0
    breaks: int = 0


@dataclass(frozen=True, slots=True)
class Priors:
    """What is held likely of a failing test.

    Attributes:
        last_break: for each state (0: before the first change) how likely it is the first of those in which the test
            has been broken ever since; they add up to 1.
        none: how likely no change broke it: it is flaky.
        flake_rates: rates at which it may fail while nothing is broken, and how likely each is.
        breaks: for each state how likely its change broke the test, only to have it mended by a later one.
        mends: for each state how likely its change mended the test.
        broken_rates: rates at which it may fail once it is broken, and how likely each is.
    """

    last_break: tuple[float, ...]
    none: float
    flake_rates: tuple[tuple[float, float], ...]
    breaks: tuple[float, ...]
    mends: tuple[float, ...]
    broken_rates: tuple[tuple[float, float], ...] = BROKEN_RATES


def priors(record: Record, scores: Sequence[float]) -> Priors:
    """What is held likely, given a test's history and how suspicious each change is.

    Args:
        record: the test's history.
        scores: for each change, how much it touched what the test uses; all 0 where nothing is known.
    """
    whole, share = sum(scores), 1 / len(scores)
    weights = [RELATED_SHARE * score / whole + (1 - RELATED_SHARE) * share if whole else share for score in scores]
    related = [False, *(score > 0 for score in scores)]
    passes, flakes = min(record.passes, MOST_PASSES), float(record.flakes)
    if record.passes > MOST_PASSES:
        flakes *= MOST_PASSES / record.passes
    flaky = (record.flakes + FLAKY_SHARE[0]) / (record.flakes + record.breaks + sum(FLAKY_SHARE))
    return Priors(
        last_break=(BASE_SHARE, *((1 - BASE_SHARE) * weight for weight in weights)),
        none=min(max(flaky, FLAKY_BOUNDS[0]), FLAKY_BOUNDS[1]),
        flake_rates=_flake_rates(round(flakes, 1), passes),
        breaks=tuple(BREAKS[one] * share for one in related),
        mends=tuple(MENDS[one] * share for one in related),
    )


@lru_cache(maxsize=1024)
def _flake_rates(flakes: float, passes: int) -> tuple[tuple[float, float], ...]:
    """How likely a test has each rate of the grid, after so many flakes and passes."""
    known = _gathered(FLAKE_RATE[0] + flakes, FLAKE_RATE[1] + passes)
    changed = _gathered(*CHANGED_RATE)
    mixed = {rate: (1 - CHANGED) * known[rate] + CHANGED * changed[rate] for rate in _GRID}
    return tuple((rate, weight) for rate, weight in mixed.items() if weight > NO_WEIGHT)


def _gathered(fails: float, passes: float, pieces: int = 400) -> dict[float, float]:
    """A beta distribution, gathered at the points of the grid that are nearest."""
    weights = dict.fromkeys(_GRID, 0.0)
    for piece in range(pieces):
        rate = (piece + 0.5) / pieces
        nearest = min(_GRID, key=lambda point: abs(point - rate))
        weights[nearest] += rate ** (fails - 1) * (1 - rate) ** (passes - 1)
    total = sum(weights.values())
    return {rate: weight / total for rate, weight in weights.items()}
