"""Tests that fail only in company: after those that unittest runs before them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from batchhook.core.culprits.attribution import Sight
from batchhook.core.results import Run, TestResult
from batchhook.workflow.context.revisions import State
from batchhook.workflow.culprits.probes import Order, Places


def order_dependent(places: Places, state: State, tests: Sequence[TestResult], run: Run, end: float) -> frozenset[str]:
    """Which of some tests, that failed in the whole suite and pass by themselves, fail again after all before them.

    Args:
        places: where visits are made.
        state: in which they failed.
        tests: their results.
        run: of the whole suite.
        end: by ``time.monotonic()``; where the tests before them would take longer, nobody looks.
    """
    names = tuple(result.test_id for result in tests)
    if not names:
        return frozenset()
    seconds = sum(result.duration for result in run.outcome.results)
    if time.monotonic() + seconds > end:
        return frozenset()
    (made,) = places.make([Order(state, names, seconds, in_order=True)])
    return frozenset(name for name, sight in made.sights.items() if sight is Sight.FAILED)
