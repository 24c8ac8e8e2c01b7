"""The rank-sum test: whether one of two samples tends to be larger, whatever the distribution of the noise.

Mann and Whitney, On a Test of Whether One of Two Random Variables Is Stochastically Larger than the Other, Annals of
Mathematical Statistics 18 (1947), 50-60. The distribution is the exact one: samples are small here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import comb, floor


def u_statistic(first: Sequence[float], second: Sequence[float]) -> float:
    """Of all pairs of a first and a second value, how many have the larger one second; a tie counts half."""
    return sum((later > earlier) + (later == earlier) / 2 for earlier in first for later in second)


def p_value(u: float, first: int, second: int) -> float:
    """How likely such a U, or a larger one, is where both samples are alike; for half a tie, the larger chance.

    Args:
        u: the statistic.
        first: how many values the first sample has.
        second: how many the second one has.
    """
    return sum(_orders(first, second)[max(0, floor(u)) :]) / comb(first + second, first)


def critical(first: int, second: int, p: float) -> int:
    """The least U that is as unlikely as this; more than there is where none is."""
    all_pairs = first * second
    return next((u for u in range(all_pairs + 1) if p_value(u, first, second) <= p), all_pairs + 1)


@lru_cache(maxsize=256)
def _orders(first: int, second: int) -> tuple[int, ...]:
    """In how many orders of both samples' values each U comes about, from 0 on (Mann and Whitney's recurrence)."""
    if not first or not second:
        return (1,)
    counts = [0] * (first * second + 1)
    for u, orders in enumerate(_orders(first - 1, second)):  # the largest value of all is one of the first ones
        counts[u] += orders
    for u, orders in enumerate(_orders(first, second - 1)):  # or one of the second ones: it is larger than all first
        counts[u + first] += orders
    return tuple(counts)
