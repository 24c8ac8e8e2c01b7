"""Metrics of predictions: average precision, time to the first failure, and calibration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from itertools import groupby


def average_precision(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """Return the area under the precision-recall curve, in steps; equal scores are one point of it.

    As ``sklearn.metrics.average_precision_score`` computes it. 0 without a positive label.
    """
    ranked = sorted(zip(scores, labels, strict=True), key=lambda pair: -pair[0])
    total, hits, count, area = sum(labels), 0, 0, 0.0
    if not total:
        return 0.0
    for _, group in groupby(ranked, key=lambda pair: pair[0]):
        tied = [label for _, label in group]
        gain = sum(tied)
        hits, count = hits + gain, count + len(tied)
        area += gain / total * hits / count
    return area


@dataclass(frozen=True, slots=True)
class FirstFailure:
    """Expected tests and seconds until the first failure, in one run by one worker."""

    tests: float
    seconds: float


def until_first_failure(
    seconds: Mapping[str, float], failing: AbstractSet[str], score: Callable[[str], float]
) -> FirstFailure:
    """Return the expected tests and seconds until the first of some failing tests has ended.

    Equal scores are in random order, of which this is the expectation: of ``n`` tests with ``m`` failing ones, the
    first of these comes after ``(n - m) / (m + 1)`` others.

    Args:
        seconds: of each test that runs.
        failing: one of them at least.
        score: of a test; higher ones run first.
    """
    ranked = sorted(((score(test), test) for test in seconds), key=lambda pair: -pair[0])
    tests = elapsed = 0.0
    for _, group in groupby(ranked, key=lambda pair: pair[0]):
        tied = [test for _, test in group]
        hits = [test for test in tied if test in failing]
        others = sum(seconds[test] for test in tied) - sum(seconds[test] for test in hits)
        if hits:
            share = 1 / (len(hits) + 1)
            own = sum(seconds[test] for test in hits) / len(hits)
            return FirstFailure(tests + (len(tied) - len(hits)) * share + 1, elapsed + others * share + own)
        tests, elapsed = tests + len(tied), elapsed + others
    raise ValueError("none of the tests fails")


def mean_first_failure(results: Iterable[FirstFailure]) -> FirstFailure:
    """Return the mean over several runs; zeros for none."""
    rows = list(results)
    if not rows:
        return FirstFailure(0.0, 0.0)
    return FirstFailure(sum(row.tests for row in rows) / len(rows), sum(row.seconds for row in rows) / len(rows))


def brier_score(probabilities: Sequence[float], labels: Sequence[bool]) -> float:
    """Return the mean squared error of probabilities; 0 is perfect."""
    pairs = zip(probabilities, labels, strict=True)
    return sum((probability - label) ** 2 for probability, label in pairs) / max(1, len(labels))
