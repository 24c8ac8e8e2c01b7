"""What measurements say, and how seldom noise deceives."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, strategies as st

from batchhook.core.perf.significance import ENOUGH_FOR_A_DOUBT, FEW, LEAST, MOST, Ruling, judge

seconds = st.floats(0.0001, 10)
timed_twice = st.lists(st.tuples(seconds, seconds), min_size=1, max_size=MOST)
pairs = timed_twice.map(lambda found: ([before for before, _ in found], [now for _, now in found]))
thresholds = st.floats(0.05, 3)


@given(pairs, thresholds)
def test_twenty_of_each_always_have_an_answer(both: tuple[list[float], list[float]], threshold: float) -> None:
    ruling = judge(*both, threshold).ruling
    if len(both[0]) == MOST:
        assert ruling is not Ruling.OPEN
    if len(both[0]) % FEW:
        assert ruling in {Ruling.OPEN, Ruling.ALIKE}
    if ruling is Ruling.ALIKE and len(both[0]) < FEW:
        assert len(both[0]) >= ENOUGH_FOR_A_DOUBT


@given(pairs, thresholds)
def test_slower_is_slower_by_the_least_and_by_ranks(both: tuple[list[float], list[float]], threshold: float) -> None:
    found = judge(*both, threshold)
    if found.ruling is Ruling.SLOWER:
        assert found.ratio > 1 + threshold
        assert found.now - found.before >= LEAST
        assert found.p <= 4 / 252
        assert judge(both[1], both[0], threshold).ruling is not Ruling.SLOWER


@given(st.lists(st.floats(0.001, 0.0059), min_size=FEW, max_size=FEW), thresholds)
def test_less_than_five_milliseconds_are_nothing(now: list[float], threshold: float) -> None:
    assert judge([0.001] * FEW, now, threshold).ruling in {Ruling.ALIKE, Ruling.OPEN}


@given(st.floats(0.01, 10), st.floats(2.1, 20))
def test_a_plain_slowdown_is_told_after_five(before: float, times: float) -> None:
    found = judge([before] * FEW, [before * times] * FEW, 1.0)
    assert found.ruling is Ruling.SLOWER
    assert found.ratio == pytest.approx(times)


def test_what_is_plainly_alike_is_told_after_three() -> None:
    assert judge([0.1, 0.11], [0.1, 0.1], 0.5).ruling is Ruling.OPEN
    assert judge([0.1, 0.11, 0.1], [0.1, 0.1, 0.11], 0.5).ruling is Ruling.ALIKE
    assert judge([0.1, 0.11, 0.1], [0.12, 0.12, 0.12], 0.5).ruling is Ruling.OPEN
    assert judge([0.1, 0.11, 0.1], [0.2, 0.2, 0.1], 0.5).ruling is Ruling.OPEN


def test_a_slowdown_by_less_than_the_threshold_is_none() -> None:
    assert judge([0.1] * FEW, [0.14] * FEW, 0.5).ruling is Ruling.ALIKE


def test_where_noise_wins_nobody_can_tell() -> None:
    before, now = [0.1, 0.9] * 10, [0.9, 0.2] * 10
    for measured in (FEW, 2 * FEW, 3 * FEW):
        assert judge(before[:measured], now[:measured], 0.5).ruling is Ruling.OPEN
    assert judge(before, now, 0.5).ruling is Ruling.UNCLEAR


def _rulings(times: float, trials: int, noise: Callable[[random.Random], float]) -> Counter[Ruling]:
    """What measurements of a 50 ms test end with."""
    chance = random.Random(7)
    found: Counter[Ruling] = Counter()
    for _ in range(trials):
        before: list[float] = []
        now: list[float] = []
        ruling = Ruling.OPEN
        while ruling is Ruling.OPEN:
            before.append(0.05 * noise(chance))
            now.append(0.05 * times * noise(chance))
            ruling = judge(before, now, 0.5).ruling
        found[ruling] += 1
    return found


def _usual(chance: random.Random) -> float:
    """Skewed, with outliers: what noise mostly is."""
    return chance.lognormvariate(0, 0.1) * (chance.uniform(1.5, 3) if chance.random() < 0.05 else 1.0)


def _busy(chance: random.Random) -> float:
    """A machine with more to do than it has processors: mostly two or three times as long, now and then not."""
    return chance.lognormvariate(0, 0.05) * (1.0 if chance.random() < 0.3 else chance.uniform(1.8, 3.2))


def test_usual_noise_deceives_nobody() -> None:
    none, doubled = _rulings(1.0, 3000, _usual), _rulings(2.0, 500, _usual)
    assert none[Ruling.SLOWER] == 0  # one timing against another deceives in a hundred and more
    assert doubled[Ruling.SLOWER] >= 0.99 * 500


def test_a_busy_machine_seldom_does() -> None:
    none, doubled = _rulings(1.0, 1000, _busy), _rulings(2.0, 500, _busy)
    assert none[Ruling.SLOWER] <= 0.015 * 1000  # of those that history suspects, which are few
    assert doubled[Ruling.SLOWER] >= 0.75 * 500
