"""Bisection for the change that made a test slower, between a fast and a slow revision."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt

from batchhook.core.perf.significance import Conclusion


@dataclass(slots=True)
class SlowdownBisection:
    """State of the bisection for one test or module. A position is the index of a revision.

    Attributes:
        last_fast: last position known to be as fast as position 0.
        first_slow: first position after it known to be slow.
        inconclusive: positions where the test cannot run, or where noise is too large.
        inert: positions of changes that cannot make a test slower; each is as fast as the position before.
    """

    last_fast: int
    first_slow: int
    inconclusive: set[int] = field(default_factory=set)
    inert: frozenset[int] = frozenset()

    @property
    def next_position(self) -> int | None:
        """Position to measure next, nearest to the middle; None if the bisection is finished."""
        between = range(self.last_fast + 1, self.first_slow)
        open_positions = [position for position in between if position not in self.inconclusive | self.inert]
        middle = self.last_fast + self.first_slow  # doubled
        return min(open_positions, key=lambda position: abs(2 * position - middle), default=None)

    def is_informative(self, position: int) -> bool:
        """Return whether a measurement at a position would narrow the bisection."""
        return self.last_fast < position < self.first_slow and position not in self.inconclusive

    def observe(self, position: int, conclusion: Conclusion) -> None:
        """Add the conclusion of measuring a position against position 0."""
        if conclusion is Conclusion.SLOWER:
            self.first_slow = position
        elif conclusion is Conclusion.SIMILAR:
            self.last_fast = position
        else:
            self.inconclusive.add(position)

    @property
    def candidates(self) -> tuple[int, ...]:
        """Positions of the changes that may be the culprit; none if the measurements contradict each other."""
        return tuple(
            position for position in range(self.last_fast + 1, self.first_slow + 1) if position not in self.inert
        )


def bisect_threshold(ratio: float, threshold: float) -> float:
    """Return the share by which a revision may be slower and still count as fast.

    This is the geometric middle between no slowdown and the complete one, since each revision is likely to be close to
    either end.

    Args:
        ratio: duration at the slow end divided by that at the fast end.
        threshold: share by which a test may become slower at all; an upper bound of the result.
    """
    return min(threshold, sqrt(ratio) - 1)
