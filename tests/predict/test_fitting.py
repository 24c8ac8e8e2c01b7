"""Fitted models: their probabilities are frequencies, and nothing but numbers is left of the library."""

from __future__ import annotations

import random

import pytest
from pydantic import TypeAdapter

from batchhook.core.prediction.examples import Examples
from batchhook.core.prediction.model import LinearModel, combine, sigmoid
from batchhook.predict.fitting import LIBRARY, fit


def make_examples(count: int, seed: int) -> tuple[Examples, list[float]]:
    """Rows whose second value is noise and whose third is constant, with their true probabilities."""
    chance = random.Random(seed)
    examples, truth = Examples(), []
    for _ in range(count):
        value = chance.gauss(0, 1)
        truth.append(sigmoid(1.5 * value - 2))
        examples.add((value, chance.gauss(5, 3), 1.0), chance.random() < truth[-1])
    return examples, truth


def test_probabilities_are_near_the_true_ones() -> None:
    model = fit(make_examples(3000, seed=1)[0])
    later, truth = make_examples(500, seed=2)
    errors = [abs(model.probability(row) - each) for row, each in zip(later.rows, truth, strict=True)]
    assert sum(errors) / len(errors) < 0.04


def test_a_weighted_sample_gives_the_frequencies_of_all() -> None:
    examples, _ = make_examples(3000, seed=1)
    sample, chance = Examples(), random.Random(1)
    for row, label, weight in zip(examples.rows, examples.labels, examples.weights, strict=True):
        if label or chance.random() < 0.2:
            sample.add(row, label, weight if label else 5.0)
    model = fit(sample)
    expected = sum(map(model.probability, examples.rows)) / len(examples.rows)
    assert expected == pytest.approx(examples.positives / len(examples.labels), rel=0.1)


def test_contributions_name_what_matters() -> None:
    model = fit(make_examples(1000, seed=1)[0])
    strong, noise, constant = model.contributions((2.0, 8.0, 1.0))
    assert strong > 1 > abs(noise)
    assert constant == 0


def test_a_model_survives_json() -> None:
    model = fit(make_examples(200, seed=1)[0])
    adapter = TypeAdapter(LinearModel)
    assert adapter.validate_json(adapter.dump_json(model)) == model
    assert LIBRARY.startswith("scikit-learn ")


def test_combination() -> None:
    assert combine([0.5, 0.5]) == 0.75
    assert combine([]) == 0
