"""What interleaved measurements of two states say: slower, not slower, or nothing as yet.

One timing against another says little: noise is skewed, and machines drift. The least of several is the steadiest
figure (Chen and Revels, Robust benchmarking in noisy environments, 2016), interleaving makes both states suffer the
same drift, and ranks do not care how far an outlier lies (``ranks.py``). A slowdown has to hold by the least, by the
median and by ranks: on a machine that is busy with other things, each of them errs, and seldom all at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import comb
from statistics import median

from batchhook.core.perf.mann_whitney import critical, p_value, u_statistic

FEW = 5
"""Measurements of each state after which there may be an answer; where it is unclear, so many more are made."""
MOST = 20
"""Measurements of each state after which noise has won, if it is still unclear."""
CHANCE = 4 / comb(2 * FEW, FEW)
"""How likely ranks may look so by chance: .016, which is a U of 23 or more out of 25."""
HINT = 0.1
"""Ranks that are so unlikely are no proof, but too conspicuous to say that there is nothing."""
LEAST = 0.005
"""Seconds: a smaller difference is never reported."""
ENOUGH_FOR_A_DOUBT = 3
"""Measurements of each state from which on it may be plain that there is nothing to be found."""


class Ruling(str, Enum):
    """What measurements say."""

    SLOWER = "slower"
    ALIKE = "alike"
    """Not slower, or by less than what is reported."""

    UNCLEAR = "unclear"
    """One figure says so, another one not: noise is too large to tell."""

    OPEN = "open"
    """More measurements are needed."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What measurements of two states say.

    Attributes:
        before, now: seconds, the least that was measured in each.
        p: how likely ranks are to look so, or worse, where nothing is slower (one-sided).
    """

    ruling: Ruling
    before: float
    now: float
    p: float

    @property
    def ratio(self) -> float:
        """How many times as long it takes now."""
        return ratio(self.before, self.now)


def ratio(before: float, now: float) -> float:
    """How many times as long one takes as the other; what takes no time at all is taken for a microsecond."""
    return max(now, 1e-6) / max(before, 1e-6)


def judge(before: Sequence[float], now: Sequence[float], threshold: float) -> Judgement:
    """Judge interleaved measurements of two states, as many of each.

    There is an answer after five of each, or where figures disagree after ten, fifteen or twenty. Sooner only where
    five cannot say "slower" any more, and no figure hints at it.

    Args:
        before: seconds in the one state, at least one.
        now: seconds in the other.
        threshold: share by which it may be slower.
    """
    p = p_value(u_statistic(before, now), len(before), len(now))
    return Judgement(_ruling(before, now, threshold, p), min(before), min(now), p)


def _ruling(before: Sequence[float], now: Sequence[float], threshold: float, p: float) -> Ruling:
    measured = min(len(before), len(now))
    over = {_is_over(min(before), min(now), threshold), _is_over(median(before), median(now), threshold)}
    if measured < FEW:
        is_plain = measured >= ENOUGH_FOR_A_DOUBT and over == {False} and p > HINT and _is_out_of_reach(before, now)
        return Ruling.ALIKE if is_plain else Ruling.OPEN
    if measured % FEW and measured < MOST:
        return Ruling.OPEN
    if over == {True} and p <= CHANCE:
        return Ruling.SLOWER
    if over == {False} and (p <= CHANCE or p > HINT or measured >= MOST):  # slower by less, or not at all
        return Ruling.ALIKE
    return Ruling.OPEN if measured < MOST else Ruling.UNCLEAR


def _is_over(before: float, now: float, threshold: float) -> bool:
    return now - before >= LEAST and ratio(before, now) > 1 + threshold


def _is_out_of_reach(before: Sequence[float], now: Sequence[float]) -> bool:
    """Whether so many pairs are the wrong way round that five of each cannot say "slower"."""
    wrong = len(before) * len(now) - u_statistic(before, now)
    return wrong > FEW * FEW - critical(FEW, FEW, CHANCE)
