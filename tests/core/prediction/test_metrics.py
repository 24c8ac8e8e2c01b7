"""Figures of predictions, against numbers worked out by hand and against scikit-learn's."""

from __future__ import annotations

import itertools
import random

import pytest
from sklearn.metrics import average_precision_score

from batchhook.core.prediction.metrics import (
    FirstFailure,
    average_precision,
    brier_score,
    mean_first_failure,
    until_first_failure,
)


def test_average_precision_is_that_of_scikit_learn() -> None:
    chance = random.Random(3)
    for _ in range(30):
        labels = [chance.random() < 0.2 for _ in range(80)] + [True]
        scores = [round(chance.random() + 0.3 * label, 1) for label in labels]  # with many ties
        assert average_precision(scores, labels) == pytest.approx(average_precision_score(labels, scores))


def test_without_positives_it_is_zero() -> None:
    assert average_precision([0.5, 0.1], [False, False]) == 0.0


def test_tests_before_the_first_failure() -> None:
    seconds = {"a": 1.0, "b": 2.0, "c": 4.0}
    scores = {"a": 3.0, "b": 2.0, "c": 1.0}
    assert until_first_failure(seconds, {"b", "c"}, scores.__getitem__) == FirstFailure(2.0, 3.0)


def test_ties_are_the_mean_of_all_orders() -> None:
    seconds = {"a": 1.0, "b": 2.0, "c": 4.0, "d": 8.0}
    failing = {"b", "d"}
    orders = list(itertools.permutations(seconds))
    firsts = [next(place for place, test in enumerate(order) if test in failing) for order in orders]
    elapsed = [sum(seconds[test] for test in order[: first + 1]) for order, first in zip(orders, firsts, strict=True)]
    result = until_first_failure(seconds, failing, lambda _: 0.0)
    assert result.tests == pytest.approx(sum(first + 1 for first in firsts) / len(orders))
    assert result.seconds == pytest.approx(sum(elapsed) / len(orders))


def test_a_run_without_failures_has_no_first() -> None:
    with pytest.raises(ValueError, match="none of the tests fails"):
        until_first_failure({"a": 1.0}, {"b"}, lambda _: 0.0)


def test_means() -> None:
    assert mean_first_failure([FirstFailure(1, 2), FirstFailure(3, 6)]) == FirstFailure(2, 4)
    assert mean_first_failure([]) == FirstFailure(0, 0)
    assert brier_score([0.5, 1.0], [True, True]) == pytest.approx(0.125)
