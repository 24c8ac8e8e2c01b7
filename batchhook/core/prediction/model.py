"""A fitted model as plain numbers, so that it is applied, and read back from JSON, without the library that made it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

_LIMIT = 30.0
"""Of the log-odds, beyond which probabilities differ by nothing that matters."""


@dataclass(frozen=True, slots=True)
class LinearModel:
    """A calibrated logistic regression.

    Attributes:
        means, scales: that standardize each feature.
        weights: of the standardized features.
        bias: added to their sum.
        slope, offset: of the calibration, which maps log-odds to those seen on later changes.
    """

    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    slope: float = 1.0
    offset: float = 0.0

    def probability(self, values: Sequence[float]) -> float:
        """Return the probability for a row of features."""
        terms = zip(values, self.means, self.scales, self.weights, strict=True)
        odds = self.bias + sum(weight * (value - mean) / scale for value, mean, scale, weight in terms)
        return sigmoid(self.slope * odds + self.offset)

    def contributions(self, values: Sequence[float]) -> list[float]:
        """Return how much each feature raises or lowers the log-odds against those of a mean row."""
        terms = zip(values, self.means, self.scales, self.weights, strict=True)
        return [self.slope * weight * (value - mean) / scale for value, mean, scale, weight in terms]


def sigmoid(odds: float) -> float:
    """Return the probability of log-odds."""
    return 1 / (1 + exp(-max(-_LIMIT, min(_LIMIT, odds))))


def combine(probabilities: Sequence[float]) -> float:
    """Return the probability that any of several independent events happens."""
    none = 1.0
    for probability in probabilities:
        none *= 1 - probability
    return 1 - none
