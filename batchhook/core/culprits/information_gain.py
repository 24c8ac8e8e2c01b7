"""Expected information gain of a probe, in bits.

MacKay, Information-Based Objective Functions for Active Data Selection, Neural Computation 4 (1992), 590-604.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from math import log2
from operator import mul

from batchhook.core.culprits.coarsen import CoarseView
from batchhook.core.culprits.posterior import NEGLIGIBLE


@dataclass(frozen=True, slots=True)
class _Unscheduled:
    """Values that tests with equal posteriors share until probes of theirs are scheduled.

    Attributes:
        weights: probabilities of the likely hypotheses.
        failure_chances: for each index of a position, the probability of a failure there, given each hypothesis.
        noises: by index, bits that chance adds to a probe whatever the culprit is; filled on demand.
        gains: by index, the gain of a first probe; filled on demand.
    """

    weights: list[float]
    failure_chances: list[list[float]]
    noises: dict[int, float] = field(default_factory=dict)
    gains: dict[int, float] = field(default_factory=dict)


@lru_cache(maxsize=256)
def _unscheduled(view: CoarseView) -> _Unscheduled:
    hypotheses = view.posterior.hypotheses
    likely = [number for number, probability in enumerate(hypotheses) if probability >= NEGLIGIBLE]
    rows = ([row[number] for number in likely] for row in view.posterior.failure_chances)
    return _Unscheduled([hypotheses[number] for number in likely], list(rows))


class InformationGain:
    """Expected gain of probes for one test, given the probes that are already scheduled.

    Attributes:
        positions: candidates for a probe.
    """

    def __init__(self, view: CoarseView) -> None:
        self.positions = view.positions
        self._index_of = view.index_of
        self._shared = _unscheduled(view)
        self._gains = self._shared.gains
        # For each combination of outcomes of the scheduled probes, its joint probability with each hypothesis.
        self._joint = [self._shared.weights]

    def gain(self, position: int) -> float:
        """Return the bits that one more probe of a position is expected to yield about the culprit."""
        index = self._index_of(position)
        if index not in self._gains:
            self._gains[index] = self._compute_gain(index)
        return self._gains[index]

    def failure_chance(self, position: int) -> float:
        """Return the probability that a run at a position fails."""
        weights = self._shared.weights
        return _dot(weights, self._shared.failure_chances[self._index_of(position)]) / sum(weights)

    def schedule(self, position: int) -> None:
        """Take one more probe of a position as given."""
        chances = self._shared.failure_chances[self._index_of(position)]
        fails = [list(map(mul, joint, chances)) for joint in self._joint]
        passes = [[p * (1 - chance) for p, chance in zip(joint, chances, strict=True)] for joint in self._joint]
        self._joint = fails + passes
        self._gains = {}

    def _compute_gain(self, index: int) -> float:
        """Return the entropy that a probe adds to the outcomes, less what chance adds whatever the culprit is."""
        chances, noises = self._shared.failure_chances[index], self._shared.noises
        if index not in noises:
            noises[index] = _dot(self._shared.weights, map(_binary_entropy, chances))
        added = 0.0
        for joint in self._joint:
            total, fails = sum(joint), _dot(joint, chances)
            added += _surprisal(fails) + _surprisal(total - fails) - _surprisal(total)
        return max(0.0, added - noises[index])


def entropy(probabilities: Iterable[float]) -> float:
    """Return the entropy of a distribution in bits."""
    return sum(map(_surprisal, probabilities))


def _dot(first: Iterable[float], second: Iterable[float]) -> float:
    product: float = sum(map(mul, first, second))
    return product


def _surprisal(probability: float) -> float:
    """Return the contribution of one outcome to the entropy, in bits."""
    return -probability * log2(probability) if probability > 0 else 0.0


def _binary_entropy(probability: float) -> float:
    return _surprisal(probability) + _surprisal(1 - probability)
