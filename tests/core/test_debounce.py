from __future__ import annotations

import math

from hypothesis import given, strategies as st

from batchhook.core.debounce import Debouncer


def test_burst_ends_after_the_quiet_period() -> None:
    burst = Debouncer(quiet_period=0.3, max_delay=5)
    assert burst.remaining(7) == math.inf
    burst.trigger(10)
    assert math.isclose(burst.remaining(10.1), 0.2)
    burst.trigger(10.2)
    assert math.isclose(burst.remaining(10.2), 0.3)
    assert burst.remaining(10.6) == 0
    burst.reset()
    assert burst.remaining(11) == math.inf


@given(st.lists(st.floats(0.001, 0.29), min_size=20, max_size=200))
def test_constant_saving_does_not_starve_it(pauses: list[float]) -> None:
    burst, now = Debouncer(quiet_period=0.3, max_delay=5), 100.0
    burst.trigger(now)
    for pause in pauses:
        now += pause
        is_over = burst.remaining(now) == 0
        assert is_over == (now >= 105.0)
        burst.trigger(now)
