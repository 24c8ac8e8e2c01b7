"""The exact distribution of the rank-sum test, against counting and against published tables."""

from __future__ import annotations

from itertools import combinations
from math import comb

import pytest
from hypothesis import given, strategies as st

from batchhook.core.perf.mann_whitney import critical_value, p_value, u_statistic

values = st.lists(st.floats(0, 10), min_size=1, max_size=8)


@pytest.mark.parametrize(("first", "second"), [(1, 1), (2, 3), (3, 2), (4, 4), (5, 5), (3, 6)])
def test_chances_are_those_of_counting_all_orders(first: int, second: int) -> None:
    """Every way in which the ranks can fall to the two samples, one by one."""
    ranks = range(first + second)
    orders = [
        u_statistic([rank for rank in ranks if rank not in chosen], list(chosen))
        for chosen in combinations(ranks, second)
    ]
    for u in range(first * second + 1):
        expected = sum(each >= u for each in orders) / comb(first + second, first)
        assert p_value(u, first, second) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("size", "p", "least"),
    [  # Mann and Whitney's U is the lesser one in the usual tables (one-sided): size * size - least
        (5, 0.05, 25 - 4),
        (5, 0.025, 25 - 2),
        (5, 0.01, 25 - 1),
        (8, 0.05, 64 - 15),
        (8, 0.01, 64 - 9),
        (10, 0.05, 100 - 27),
        (10, 0.025, 100 - 23),
        (10, 0.01, 100 - 19),
        (10, 0.005, 100 - 16),
    ],
)
def test_critical_values_are_those_of_the_tables(size: int, p: float, least: int) -> None:
    assert critical_value(size, size, p) == least


def test_what_the_judging_rests_on() -> None:
    assert p_value(23, 5, 5) == pytest.approx(4 / 252)  # .016
    assert p_value(22, 5, 5) > 0.016
    assert critical_value(10, 10, 4 / 252) == 79
    assert critical_value(20, 20, 4 / 252) == 280
    assert critical_value(2, 2, 4 / 252) == 5, "two of each can never say so"


@given(values, values)
def test_u_counts_pairs(first: list[float], second: list[float]) -> None:
    u = u_statistic(first, second)
    assert u + u_statistic(second, first) == len(first) * len(second)
    assert 0 < p_value(u, len(first), len(second)) <= 1
