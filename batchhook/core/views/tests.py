"""Tests: all of them in a table, and one with its history."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from batchhook.core.culprits.attribution import AttributionKind
from batchhook.core.perf.slowdown import Slowdown
from batchhook.core.results import IsolationLevel, Outcome, TestResult


class TestOrder(str, Enum):
    """Order of the tests in the table."""

    __test__ = False

    FLAKY = "flaky"
    """By the time lost to failures for which no change is to blame."""

    SLOWEST = "slowest"
    DRIFTING = "drifting"
    """By how much longer they take than some runs ago."""

    BROKEN = "broken"
    """By how often changes broke them."""

    NAME = "name"


@dataclass(frozen=True, slots=True)
class TestRow:
    """A test with its statistics.

    Attributes:
        name: its id.
        duration: seconds of its last run.
        last_failed: whether it failed in its last run.
        flips: times that it both passed and failed on the same files.
        flakes: failures that no change was to blame for.
        breaks: times that a change was to blame.
        passes: times that it passed.
        is_current: whether it occurred in the latest complete run.
        drift: seconds that it took some runs ago, and takes now; None if that was not asked for, or is unknown.
    """

    __test__ = False

    name: str
    module: str
    duration: float
    last_failed: bool
    flips: int
    flakes: int
    breaks: int
    passes: int
    is_current: bool = True
    drift: tuple[float, float] | None = None

    @property
    def unexplained(self) -> int:
        """Number of failures that no change explains; a flip is one of the flakes, if a search has found that out."""
        return max(self.flips, self.flakes)

    @property
    def lost_seconds(self) -> float:
        """Seconds of the runs that failed for no reason."""
        return self.unexplained * self.duration

    @property
    def drift_ratio(self) -> float:
        """Ratio of the drift; 1 if that is unknown."""
        before, now = self.drift or (0.0, 0.0)
        return now / before if before else 1.0


@dataclass(frozen=True, slots=True)
class TestsView:
    """The tests, page by page.

    Attributes:
        rows: of this page.
        query: text that their ids contain; empty for all.
        matching: number of tests that match.
        total, flaky, broken, failing: number of all tests, and of those that were ever flaky, ever broken by a change,
            or failed in their last run.
    """

    __test__ = False

    rows: tuple[TestRow, ...]
    query: str
    order: TestOrder
    page: int
    pages: int
    matching: int
    total: int
    flaky: int
    broken: int
    failing: int


@dataclass(frozen=True, slots=True)
class TestPoint:
    """A run of the whole suite, and how a test ended in it.

    Attributes:
        run: its number.
        batch: the batch that it decided; 0 for one by hand.
        oid: head of that batch; the tested tree, if there is none.
        outcome: None if the test did not occur.
    """

    __test__ = False

    run: int
    batch: int
    oid: str
    started_at: float
    outcome: Outcome | None
    seconds: float = 0.0
    isolation: IsolationLevel | None = None
    first_outcome: Outcome | None = None

    @property
    def is_parallel_only(self) -> bool:
        """Return whether it failed in parallel, and passed when it ran again alone."""
        return self.first_outcome is not None and self.first_outcome.is_failure and not self._has_failed

    @property
    def _has_failed(self) -> bool:
        return self.outcome is not None and self.outcome.is_failure

    @property
    def state(self) -> str:
        """One word for a reader."""
        if self.outcome is None:
            return "absent"
        return "parallel" if self.is_parallel_only else self.outcome.value


@dataclass(frozen=True, slots=True)
class TestCause:
    """The cause of a failure of a test in a batch; ``oid`` and ``subject`` are its culprit's, if there is one."""

    __test__ = False

    batch: int
    kind: AttributionKind
    confidence: float
    reason: str = ""
    oid: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class TestView:
    """One test.

    Attributes:
        row: its statistics.
        order_dependence: 0; 1 if it needs the tests of its class before it, 2 if it needs those of the suite.
        isolation_verified: whether it was seen to behave in parallel as it does alone.
        points: the latest runs of the whole suite, oldest first.
        causes: of its failures in batches, the latest first.
        slowdowns: measured slowdowns, by batch, the latest first.
        last_failure: its result when it failed last among the points; None if it did not.
    """

    __test__ = False

    row: TestRow
    order_dependence: int
    isolation_verified: bool
    points: tuple[TestPoint, ...]
    causes: tuple[TestCause, ...] = ()
    slowdowns: tuple[tuple[int, Slowdown], ...] = ()
    last_failure: TestResult | None = None
    last_failure_batch: int = 0
    counts: dict[str, int] = field(default_factory=dict)
