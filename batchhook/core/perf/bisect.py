"""Which change made a test slower: a bisection over the states between one that is quick and one that is slow. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt

from batchhook.core.perf.significance import Ruling


@dataclass(slots=True)
class Narrowing:
    """What is known of one test, or module, in a line of states.

    Attributes:
        quick: number of the last state that is known to be as quick as the first one.
        slow: number of the first one after it that is known to be slow.
        silent: numbers of states that say nothing: the test cannot be run there, or noise is too large.
    """

    quick: int
    slow: int
    silent: set[int] = field(default_factory=set)

    @property
    def wanted(self) -> int | None:
        """The state that is to be measured next, the one nearest to the middle; None where there is none left."""
        between = [state for state in range(self.quick + 1, self.slow) if state not in self.silent]
        return min(between, key=lambda state: abs(2 * state - self.quick - self.slow), default=None)

    def is_open(self, state: int) -> bool:
        """Whether a state would tell anything."""
        return self.quick < state < self.slow and state not in self.silent

    def tell(self, state: int, ruling: Ruling) -> None:
        """Take in what measurements of a state, beside the first one, say."""
        if ruling is Ruling.SLOWER:
            self.slow = state
        elif ruling is Ruling.ALIKE:
            self.quick = state
        else:
            self.silent.add(state)

    @property
    def changes(self) -> range:
        """Numbers of the changes that come into question; the change 1 leads from the state 0 to the state 1."""
        return range(self.quick + 1, self.slow + 1)


def halfway(ratio: float, threshold: float) -> float:
    """By which share a state may be slower to count as one of the quick ones.

    Half of the way, as ratios go, between nothing and the whole slowdown: each state is likely to be near one of both.

    Args:
        ratio: how many times as long the slow end takes.
        threshold: share by which a test may be slower at all.
    """
    return min(threshold, sqrt(ratio) - 1)
