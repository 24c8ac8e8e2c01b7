"""How far a run is."""

from __future__ import annotations

from dataclasses import dataclass, replace

from batchhook.core.results import Outcome

MOST_FAILURES = 50
"""Failing tests that are named while a run goes on; all are counted."""
AGAIN = "passed when it was run once more"
"""What is said of a test that failed beside others and was run once more."""

SEARCHING = "finding what broke them"
"""The stage in which it is found out which change broke which test; then tests are counted whose culprit is known."""
MEASURING = "measuring what seems slower"
"""The stage in which tests are timed in the states before and after; then tests are counted that are settled."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        stage: what is being done; ``waiting`` before its runner came to it.
        total: tests that will be run; 0 while that is not known.
        done, failed: tests that have ended, and those of them that failed.
        current: a test that is running; empty between two.
        failures: ids of the first failed ones so far, in the order in which they ended.
        left: seconds that the rest is likely to take, going by history; None where that is not known.
    """

    stage: str = "waiting"
    total: int = 0
    done: int = 0
    failed: int = 0
    current: str = ""
    failures: tuple[str, ...] = ()
    left: float | None = None

    def after(self, test_id: str, outcome: Outcome) -> Progress:
        """The same when one more test has ended."""
        advanced = replace(self, done=self.done + 1, current="")
        if not outcome.is_failure:
            return advanced
        return replace(advanced, failed=self.failed + 1, failures=(*self.failures, test_id)[:MOST_FAILURES])

    def revised(self, test_id: str, outcome: Outcome) -> Progress:
        """The same when a failed test was run again and ended otherwise."""
        if outcome.is_failure:
            return self
        return replace(self, failed=self.failed - 1, failures=tuple(name for name in self.failures if name != test_id))


def said(progress: Progress) -> str:
    """How far it is, in half a sentence: ``testing, 12 of 74, 2 failed, about 0:05 left``."""
    parts = [progress.stage]
    if progress.total:
        parts.append(f"{progress.done} of {progress.total}")
    if progress.failed:
        parts.append(f"{progress.failed} failed")
    if progress.left is not None:
        parts.append(f"about {clock(progress.left)} left")
    return ", ".join(parts)


def clock(seconds: float) -> str:
    """Minutes and seconds: ``1:05``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def again(tests: int) -> str:
    """The stage in which failed tests are run once more."""
    return "1 failure once more" if tests == 1 else f"{tests} failures once more"
