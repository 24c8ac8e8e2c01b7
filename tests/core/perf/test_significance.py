"""What measurements say, and how seldom noise deceives."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, strategies as st

from batchhook.core.perf.significance import (
    EARLY_STOP_AFTER,
    MAX_MEASUREMENTS,
    MIN_DIFFERENCE,
    ROUND,
    Conclusion,
    compare_timings,
)

seconds = st.floats(0.0001, 10)
timed_twice = st.lists(st.tuples(seconds, seconds), min_size=1, max_size=MAX_MEASUREMENTS)
pairs = timed_twice.map(lambda found: ([before for before, _ in found], [now for _, now in found]))
thresholds = st.floats(0.05, 3)


@given(pairs, thresholds)
def test_twenty_of_each_always_have_an_answer(both: tuple[list[float], list[float]], threshold: float) -> None:
    ruling = compare_timings(*both, threshold).conclusion
    if len(both[0]) == MAX_MEASUREMENTS:
        assert ruling is not Conclusion.OPEN
    if len(both[0]) % ROUND:
        assert ruling in {Conclusion.OPEN, Conclusion.SIMILAR}
    if ruling is Conclusion.SIMILAR and len(both[0]) < ROUND:
        assert len(both[0]) >= EARLY_STOP_AFTER


@given(pairs, thresholds)
def test_slower_is_slower_by_the_least_and_by_ranks(both: tuple[list[float], list[float]], threshold: float) -> None:
    found = compare_timings(*both, threshold)
    if found.conclusion is Conclusion.SLOWER:
        assert found.ratio > 1 + threshold
        assert found.now - found.before >= MIN_DIFFERENCE
        assert found.p_value <= 4 / 252
        assert compare_timings(both[1], both[0], threshold).conclusion is not Conclusion.SLOWER


@given(st.lists(st.floats(0.001, 0.0059), min_size=ROUND, max_size=ROUND), thresholds)
def test_less_than_five_milliseconds_are_nothing(now: list[float], threshold: float) -> None:
    assert compare_timings([0.001] * ROUND, now, threshold).conclusion in {Conclusion.SIMILAR, Conclusion.OPEN}


@given(st.floats(0.01, 10), st.floats(2.1, 20))
def test_a_plain_slowdown_is_told_after_five(before: float, times: float) -> None:
    found = compare_timings([before] * ROUND, [before * times] * ROUND, 1.0)
    assert found.conclusion is Conclusion.SLOWER
    assert found.ratio == pytest.approx(times)


def test_what_is_plainly_alike_is_told_after_three() -> None:
    assert compare_timings([0.1, 0.11], [0.1, 0.1], 0.5).conclusion is Conclusion.OPEN
    assert compare_timings([0.1, 0.11, 0.1], [0.1, 0.1, 0.11], 0.5).conclusion is Conclusion.SIMILAR
    assert compare_timings([0.1, 0.11, 0.1], [0.12, 0.12, 0.12], 0.5).conclusion is Conclusion.OPEN
    assert compare_timings([0.1, 0.11, 0.1], [0.2, 0.2, 0.1], 0.5).conclusion is Conclusion.OPEN


def test_a_slowdown_by_less_than_the_threshold_is_none() -> None:
    assert compare_timings([0.1] * ROUND, [0.14] * ROUND, 0.5).conclusion is Conclusion.SIMILAR


def test_where_noise_wins_nobody_can_tell() -> None:
    before, now = [0.1, 0.9] * 10, [0.9, 0.2] * 10
    for measured in (ROUND, 2 * ROUND, 3 * ROUND):
        assert compare_timings(before[:measured], now[:measured], 0.5).conclusion is Conclusion.OPEN
    assert compare_timings(before, now, 0.5).conclusion is Conclusion.INCONCLUSIVE


def _rulings(times: float, trials: int, noise: Callable[[random.Random], float]) -> Counter[Conclusion]:
    """What measurements of a 50 ms test end with."""
    chance = random.Random(7)
    found: Counter[Conclusion] = Counter()
    for _ in range(trials):
        before: list[float] = []
        now: list[float] = []
        ruling = Conclusion.OPEN
        while ruling is Conclusion.OPEN:
            before.append(0.05 * noise(chance))
            now.append(0.05 * times * noise(chance))
            ruling = compare_timings(before, now, 0.5).conclusion
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
    assert none[Conclusion.SLOWER] == 0  # one timing against another deceives in a hundred and more
    assert doubled[Conclusion.SLOWER] >= 0.99 * 500


def test_a_busy_machine_seldom_does() -> None:
    none, doubled = _rulings(1.0, 1000, _busy), _rulings(2.0, 500, _busy)
    assert none[Conclusion.SLOWER] <= 0.015 * 1000  # of those that history suspects, which are few
    assert doubled[Conclusion.SLOWER] >= 0.75 * 500
