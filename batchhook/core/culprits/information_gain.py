"""How much a look at a state would tell: expected information, in bits.

MacKay, Information-Based Objective Functions for Active Data Selection, 1992.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import log2

from batchhook.core.culprits.coarsen import View
from batchhook.core.culprits.posterior import NEGLIGIBLE


class Outlook:
    """What looks at states would tell about one test, given the looks that are already decided on.

    Args:
        view: what is believed of the test.

    Attributes:
        states: those worth a look.
    """

    def __init__(self, view: View) -> None:
        belief = view.belief
        self.states = view.states
        self._place_of = view.place_of
        likely = [number for number, chance in enumerate(belief.hypotheses) if chance >= NEGLIGIBLE]
        self._weights = [belief.hypotheses[number] for number in likely]
        self._chances = [[row[number] for number in likely] for row in belief.chances]
        self._decided = [self._weights]  # for each way in which the looks may come out, joint with each hypothesis

    def gain(self, state: int) -> float:
        """Bits that one more look at a state is expected to tell about which change is to blame."""
        chances = self._chances[self._place_of(state)]
        after = sum(_surprise(sum(way)) for way in self._split(chances))
        before = sum(_surprise(sum(way)) for way in self._decided)
        noise = sum(weight * _entropy(chance) for weight, chance in zip(self._weights, chances, strict=True))
        return max(0.0, after - before - noise)

    def decide(self, state: int) -> None:
        """Count on one more look at a state."""
        self._decided = self._split(self._chances[self._place_of(state)])

    def _split(self, chances: list[float]) -> list[list[float]]:
        fails = [[joint * chance for joint, chance in zip(way, chances, strict=True)] for way in self._decided]
        passes = [[joint * (1 - chance) for joint, chance in zip(way, chances, strict=True)] for way in self._decided]
        return fails + passes


def _surprise(chance: float) -> float:
    return -chance * log2(chance) if chance > 0 else 0.0


def entropy(chances: Iterable[float]) -> float:
    """Bits that it takes to say which of several things holds, of which each is so likely."""
    return sum(map(_surprise, chances))


def _entropy(chance: float) -> float:
    return _surprise(chance) + _surprise(1 - chance)
