"""Per-test statistics from earlier runs of a suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TestStats:
    """Statistics of a suite's tests, gathered from earlier runs.

    Attributes:
        durations: seconds that each test took in its last run, by id.
        last_failed: tests that failed in their last run.
        parallel_only: tests that once failed in parallel and passed after the earlier tests of their class. The
            scheduler keeps their class together.
        order_dependent: tests that pass only after all tests that unittest runs before them.
        isolation_verified: tests that passed in parallel, or failed there just as they did in unittest's own order;
            their parallel failures are trusted without a rerun.
    """

    __test__ = False  # keep pytest from collecting it

    durations: Mapping[str, float] = field(default_factory=dict)
    last_failed: frozenset[str] = frozenset()
    parallel_only: frozenset[str] = frozenset()
    order_dependent: frozenset[str] = frozenset()
    isolation_verified: frozenset[str] = frozenset()

    @property
    def needs_suite_order(self) -> bool:
        """Return whether the suite has to run in unittest's order."""
        return bool(self.order_dependent)
