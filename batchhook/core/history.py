"""What earlier runs tell about a suite's tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class History:
    """What earlier runs tell about a suite's tests.

    Attributes:
        durations: seconds that tests took when they last ran, by id.
        failing: ids of the tests that failed when they last ran.
        unsteady: ids of tests that once failed beside others and passed when nothing else ran, after all of their
            class that comes before them: they are not to be parted from these again.
    """

    durations: Mapping[str, float] = field(default_factory=dict)
    failing: frozenset[str] = frozenset()
    unsteady: frozenset[str] = frozenset()
