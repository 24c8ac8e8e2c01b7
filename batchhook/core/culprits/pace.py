"""Durations of a failing test's runs: how long a run is expected to take, and how long it may take.

A test that hangs costs its whole timeout each time that it fails, but little when it passes. So it is searched last, in
probes of its own, so that it delays no other, and a run need not take as long as the one that showed that it hangs:
a test that is known to pass within a second has not passed if it still runs after five.
"""

from __future__ import annotations

from dataclasses import dataclass

MIN_LIMIT = 5.0
"""Seconds that a run may take at least, whatever is known of the test: the machine may be busy."""
HANG_FACTOR = 20.0
"""A hanging test has failed if a run takes this many times as long as one that passed."""
OVERRUN_FACTOR = 5.0
"""A quick test that takes this many times as long as expected is searched with the slow ones."""
MAX_SHARE = 0.25
"""Share of the remaining budget that a run of a quick test, an import or a fixture may take."""
UNKNOWN_PASS_SECONDS = 1.0
"""Assumed duration of a pass of a hanging test that was not seen passing."""
HEADROOM = 2.0
"""A run gets at least this many times its expected duration."""
SLOW_SHARE = 0.05
"""Share of the budget from which a test that takes so long is slow."""


@dataclass(slots=True)
class Pace:
    """Durations of one failing test's runs.

    Attributes:
        seconds: of the run that failed; until it was ended, if the test hangs.
        pass_seconds: of the longest run that passed; None if there is none.
        hangs: whether the failure was a timeout.
        is_slow: whether the test is searched after the quick ones, in probes of its own.
        is_strict: whether only a run of at least ``seconds`` shows that a hanging test fails.
    """

    seconds: float
    pass_seconds: float | None = None
    hangs: bool = False
    is_slow: bool = False
    is_strict: bool = False

    def add_pass(self, seconds: float) -> None:
        """Take the duration of a run that passed into account."""
        self.pass_seconds = max(self.pass_seconds or 0.0, seconds)

    @property
    def decisive_limit(self) -> float:
        """Seconds after which a run that has not ended counts as a failure; infinite if the test does not hang."""
        if not self.hangs:
            return float("inf")
        if self.is_strict or self.pass_seconds is None:
            return self.seconds
        return min(self.seconds, max(MIN_LIMIT, HANG_FACTOR * self.pass_seconds))

    def expected_seconds(self, failure_chance: float = 0.5) -> float:
        """Return the expected duration of a run that fails with this probability."""
        if self.hangs:
            return failure_chance * self.decisive_limit + (1 - failure_chance) * self._hang_pass_seconds
        return max(self.seconds, self.pass_seconds or 0.0)

    @property
    def is_unexplored(self) -> bool:
        """Return whether it is not known yet how long a hanging test takes to pass: each failure costs all its time."""
        return self.hangs and self.pass_seconds is None

    @property
    def min_seconds(self) -> float:
        """Seconds that must be left for a run to be worthwhile: those of a pass, for a test that hangs."""
        if self.hangs:
            return min(self.decisive_limit, HEADROOM * self._hang_pass_seconds)
        return self.expected_seconds()

    @property
    def _hang_pass_seconds(self) -> float:
        seconds = UNKNOWN_PASS_SECONDS if self.pass_seconds is None else self.pass_seconds
        return min(seconds, self.seconds)

    def slow_limit(self, seconds_left: float, tests: int) -> float:
        """Return the limit of a run in a probe of its own.

        Args:
            seconds_left: for all runs.
            tests: number of slow tests that share them.
        """
        fair = max(seconds_left / max(tests, 1), HEADROOM * self.min_seconds)
        return min(self.decisive_limit, fair, seconds_left)


def quick_limit(longest: float, seconds_left: float) -> float:
    """Return the limit of each run in a probe of quick tests: one that hangs there must not use up the time of others.

    Args:
        longest: expected duration of the longest run.
        seconds_left: of the budget.
    """
    return min(max(MIN_LIMIT, OVERRUN_FACTOR * longest), max(HEADROOM * longest, MAX_SHARE * seconds_left))


def import_limit(setup_seconds: float, seconds_left: float) -> float:
    """Return the limit of each import and fixture in a probe: one that hangs must not use up the time of other probes.

    Args:
        setup_seconds: duration of a probe besides its tests.
        seconds_left: of the budget.
    """
    return max(MIN_LIMIT, OVERRUN_FACTOR * setup_seconds, MAX_SHARE * seconds_left)
