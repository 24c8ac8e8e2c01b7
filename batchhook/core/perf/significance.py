"""Significance of interleaved timings of two revisions: slower, similar, or not yet decided.

A single pair of timings means little: noise is skewed, and machines drift. The minimum of several timings is the most
stable figure (Chen and Revels, Robust Benchmarking in Noisy Environments, 2016), interleaving exposes both revisions to
the same drift, and ranks are insensitive to outliers (``mann_whitney.py``). A slowdown must show in the minimum, the
median and the ranks: on a busy machine each of them errs, but seldom all at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import comb
from statistics import median

from batchhook.core.perf.mann_whitney import critical_value, p_value, u_statistic

ROUND = 5
"""Timings of each revision per round; a decision is made only after complete rounds, except for an early stop."""
MAX_MEASUREMENTS = 20
"""Timings of each revision after which undecided comparisons are inconclusive."""
ALPHA = 4 / comb(2 * ROUND, ROUND)
"""Significance level of the rank test: 0.016, which is a U of 23 or more out of 25 in the first round."""
WEAK_ALPHA = 0.1
"""Level above which the ranks give no hint of a slowdown at all."""
MIN_DIFFERENCE = 0.005
"""Difference in seconds below which nothing is reported."""
EARLY_STOP_AFTER = 3
"""Timings of each revision after which a comparison without any hint of a slowdown may stop."""


class Conclusion(str, Enum):
    """Conclusion from timings."""

    SLOWER = "slower"
    SIMILAR = "similar"
    """Not slower, or by less than the threshold."""

    INCONCLUSIVE = "inconclusive"
    """The figures disagree: there is too much noise."""

    OPEN = "open"
    """More timings are needed."""


@dataclass(frozen=True, slots=True)
class TimingComparison:
    """Comparison of the timings of two revisions.

    Attributes:
        before, now: minimum of each revision, in seconds.
        p_value: one-sided p-value of the rank test (``mann_whitney.py``).
    """

    conclusion: Conclusion
    before: float
    now: float
    p_value: float

    @property
    def ratio(self) -> float:
        """Duration now, divided by that before."""
        return ratio(self.before, self.now)


def ratio(before: float, now: float) -> float:
    """Return the ratio of two durations in seconds, each taken to be at least a microsecond."""
    return max(now, 1e-6) / max(before, 1e-6)


def compare_timings(before: Sequence[float], now: Sequence[float], threshold: float) -> TimingComparison:
    """Compare interleaved timings of two revisions.

    A conclusion is reached after five timings of each, or after ten, fifteen or twenty if the figures disagree. It is
    reached earlier only if five timings can no longer show a slowdown and no figure hints at one.

    Args:
        before: seconds on one revision; at least one.
        now: seconds on the other revision; as many.
        threshold: share by which it may become slower.
    """
    p = p_value(u_statistic(before, now), len(before), len(now))
    return TimingComparison(_conclude(before, now, threshold, p), min(before), min(now), p)


def is_below_floor(before: Sequence[float], now: Sequence[float], threshold: float) -> bool:
    """Return whether only ``MIN_DIFFERENCE`` keeps timings from showing a slowdown.

    Args:
        before: seconds on one revision.
        now: seconds on the other revision.
        threshold: share by which it may become slower.
    """
    pairs = ((min(before), min(now)), (median(before), median(now)))
    is_slower = all(ratio(*pair) > 1 + threshold for pair in pairs)
    return is_slower and any(later - earlier < MIN_DIFFERENCE for earlier, later in pairs)


def _conclude(before: Sequence[float], now: Sequence[float], threshold: float, p: float) -> Conclusion:
    count = min(len(before), len(now))
    is_over = {_is_over(min(before), min(now), threshold), _is_over(median(before), median(now), threshold)}
    if count < ROUND:
        has_no_hint = is_over == {False} and p > WEAK_ALPHA
        can_stop = count >= EARLY_STOP_AFTER and has_no_hint and _is_out_of_reach(before, now)
        return Conclusion.SIMILAR if can_stop else Conclusion.OPEN
    if count % ROUND and count < MAX_MEASUREMENTS:
        return Conclusion.OPEN
    if is_over == {True} and p <= ALPHA:
        return Conclusion.SLOWER
    # Slower by less than the threshold, or not at all.
    if is_over == {False} and (p <= ALPHA or p > WEAK_ALPHA or count >= MAX_MEASUREMENTS):
        return Conclusion.SIMILAR
    return Conclusion.OPEN if count < MAX_MEASUREMENTS else Conclusion.INCONCLUSIVE


def _is_over(before: float, now: float, threshold: float) -> bool:
    return now - before >= MIN_DIFFERENCE and ratio(before, now) > 1 + threshold


def _is_out_of_reach(before: Sequence[float], now: Sequence[float]) -> bool:
    """Return whether too many pairs are in the wrong order for a first round to be significant."""
    wrong = len(before) * len(now) - u_statistic(before, now)
    return wrong > ROUND * ROUND - critical_value(ROUND, ROUND, ALPHA)
