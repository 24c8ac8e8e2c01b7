"""Mann-Whitney U test: whether one of two samples tends to be larger, whatever the distribution of the noise.

Mann and Whitney, On a Test of Whether One of Two Random Variables Is Stochastically Larger than the Other, Annals of
Mathematical Statistics 18 (1947), 50-60. The exact distribution of U is used, since the samples are small.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import comb, floor


def u_statistic(first: Sequence[float], second: Sequence[float]) -> float:
    """Return U: the number of pairs in which the second sample's value is larger; a tie counts half."""
    return sum((later > earlier) + (later == earlier) / 2 for earlier in first for later in second)


def p_value(u: float, first: int, second: int) -> float:
    """Return the one-sided p-value: the probability of U or more if both samples have the same distribution.

    A fractional U is rounded down, which gives the larger probability.

    Args:
        u: the statistic.
        first: size of the first sample.
        second: size of the second sample.
    """
    return sum(_orderings(first, second)[max(0, floor(u)) :]) / comb(first + second, first)


def critical_value(first: int, second: int, p: float) -> int:
    """Return the smallest U with a p-value of at most ``p``; more than the number of pairs if there is none.

    Args:
        first: size of the first sample.
        second: size of the second sample.
        p: significance level.
    """
    pairs = first * second
    return next((u for u in range(pairs + 1) if p_value(u, first, second) <= p), pairs + 1)


@lru_cache(maxsize=256)
def _orderings(first: int, second: int) -> tuple[int, ...]:
    """Return for each U, from 0 on, the number of orderings of both samples that have it.

    This is Mann and Whitney's recurrence on the largest value. If it belongs to the first sample, it adds nothing to U;
    if it belongs to the second, it exceeds every value of the first.
    """
    if not first or not second:
        return (1,)
    counts = [0] * (first * second + 1)
    for u, orderings in enumerate(_orderings(first - 1, second)):
        counts[u] += orderings
    for u, orderings in enumerate(_orderings(first, second - 1)):
        counts[u + first] += orderings
    return tuple(counts)
