from __future__ import annotations

import math

from hypothesis import given, strategies as st

from batchhook.core.debounce import Settling


def test_it_is_over_when_it_is_quiet() -> None:
    burst = Settling(quiet=0.3, most=5)
    assert burst.left(7) == math.inf
    burst.touch(10)
    assert math.isclose(burst.left(10.1), 0.2)
    burst.touch(10.2)
    assert math.isclose(burst.left(10.2), 0.3)
    assert burst.left(10.6) == 0
    burst.clear()
    assert burst.left(11) == math.inf


@given(st.lists(st.floats(0.001, 0.29), min_size=20, max_size=200))
def test_a_stream_of_saves_does_not_starve_it(pauses: list[float]) -> None:
    burst, now = Settling(quiet=0.3, most=5), 100.0
    burst.touch(now)
    for pause in pauses:
        now += pause
        is_over = burst.left(now) == 0
        assert is_over == (now >= 105.0)
        burst.touch(now)
