"""A batch is full once it holds the risk that one of the usual size has."""

from __future__ import annotations

import pytest

from batchhook.core.prediction.batch_size import adaptive_size


@pytest.mark.parametrize(
    ("risks", "size"),
    [
        ([], 5),
        ([0.1], 5),
        ([0.1] * 3, 5),
        ([0.5], 1),
        ([0.4], 2),
        ([0.1, 0.9], 2),
        ([0.0], 6),
        ([0.0] * 9, 10),
        ([0.0] * 30, 10),
    ],
)
def test_size(risks: list[float], size: int) -> None:
    assert adaptive_size(5, risks, 0.1) == size


def test_without_any_risk_it_is_the_usual_one() -> None:
    assert adaptive_size(5, [0.0, 0.0], 0.0) == 5
