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
        unsteady: ids of tests that once failed among strangers, and passed after the tests of their class that come
            before them: they are not to be parted from these again.
        ordered: ids of tests that pass only after all that unittest runs before them.
        proven: ids of tests that passed among strangers, or failed there as they did in unittest's own order: when
            they fail among strangers, that is to be believed.
    """

    durations: Mapping[str, float] = field(default_factory=dict)
    failing: frozenset[str] = frozenset()
    unsteady: frozenset[str] = frozenset()
    ordered: frozenset[str] = frozenset()
    proven: frozenset[str] = frozenset()

    @property
    def is_ordered(self) -> bool:
        """Whether the suite has to keep unittest's order."""
        return bool(self.ordered)
