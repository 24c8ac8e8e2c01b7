"""Expected information gain of a probe, in bits.

MacKay, Information-Based Objective Functions for Active Data Selection, Neural Computation 4 (1992), 590-604.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import log2

from batchhook.core.culprits.coarsen import CoarseView
from batchhook.core.culprits.posterior import NEGLIGIBLE


class InformationGain:
    """Expected gain of probes for one test, given the probes that are already scheduled.

    Attributes:
        positions: candidates for a probe.
    """

    def __init__(self, view: CoarseView) -> None:
        posterior = view.posterior
        self.positions = view.positions
        self._index_of = view.index_of
        likely = [number for number, probability in enumerate(posterior.hypotheses) if probability >= NEGLIGIBLE]
        self._weights = [posterior.hypotheses[number] for number in likely]
        self._failure_chances = [[row[number] for number in likely] for row in posterior.failure_chances]
        # For each combination of outcomes of the scheduled probes, its joint probability with each hypothesis.
        self._joint = [self._weights]

    def gain(self, position: int) -> float:
        """Return the bits that one more probe of a position is expected to yield about the culprit."""
        chances = self._failure_chances[self._index_of(position)]
        after = sum(_surprisal(sum(joint)) for joint in self._branch(chances))
        before = sum(_surprisal(sum(joint)) for joint in self._joint)
        noise = sum(weight * _binary_entropy(chance) for weight, chance in zip(self._weights, chances, strict=True))
        return max(0.0, after - before - noise)

    def failure_chance(self, position: int) -> float:
        """Return the probability that a run at a position fails."""
        chances = self._failure_chances[self._index_of(position)]
        expected = sum(weight * chance for weight, chance in zip(self._weights, chances, strict=True))
        return expected / sum(self._weights)

    def schedule(self, position: int) -> None:
        """Take one more probe of a position as given."""
        self._joint = self._branch(self._failure_chances[self._index_of(position)])

    def _branch(self, chances: list[float]) -> list[list[float]]:
        """Return the joint probabilities after one more probe, failures first."""
        fails = [[p * chance for p, chance in zip(joint, chances, strict=True)] for joint in self._joint]
        passes = [[p * (1 - chance) for p, chance in zip(joint, chances, strict=True)] for joint in self._joint]
        return fails + passes


def entropy(probabilities: Iterable[float]) -> float:
    """Return the entropy of a distribution in bits."""
    return sum(map(_surprisal, probabilities))


def _surprisal(probability: float) -> float:
    """Return the contribution of one outcome to the entropy, in bits."""
    return -probability * log2(probability) if probability > 0 else 0.0


def _binary_entropy(probability: float) -> float:
    return _surprisal(probability) + _surprisal(1 - probability)
