"""Events: what happens in a repository, and in a run of its tests. Each is written once, and read by all.

Those of the repository are rows in its database (``store/events.py``), written in the transaction that causes them.
Those of a run are lines of a file (``store/run_events.py``), for display.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:  # hooks load this module
    from batchhook.core.results import TestResult


class EventKind(str, Enum):
    """A kind of event of a repository."""

    BATCH_SEALED = "batch sealed"
    RUN_FINISHED = "run finished"
    """The tests of a batch have run: its first verdict is known."""

    CULPRITS_FOUND = "culprits found"
    """The search for what broke a batch's tests has ended."""

    SLOWDOWNS_MEASURED = "slowdowns measured"
    BATCH_FINISHED = "batch finished"
    """All is known about a batch, and its reports are written."""

    BATCH_RESOLVED = "batch resolved"
    """A critical batch was acknowledged, or its failures are fixed."""

    OPERATION_ENDED = "operation ended"
    BASELINE_SET = "baseline set"
    COMMIT_TESTED = "commit tested"
    """The tests have run that a single commit can affect."""


@dataclass(frozen=True, slots=True)
class RepositoryEvent:
    """An event of a repository.

    Attributes:
        id: grows with each event.
        at: seconds since the epoch.
        batch, operation: numbers of what it concerns; 0 for none.
    """

    id: int
    at: float
    kind: EventKind
    batch: int = 0
    operation: int = 0


@dataclass(frozen=True, slots=True)
class StageBegan:
    """A stage of the run begins, such as ``checking out``."""

    stage: str


@dataclass(frozen=True, slots=True)
class TestsCounted:
    """It is known how many tests will run."""

    __test__: ClassVar[bool] = False  # not a test class, whatever pytest thinks of the name

    total: int


@dataclass(frozen=True, slots=True)
class TestBegan:
    """A test starts."""

    __test__: ClassVar[bool] = False

    test_id: str


@dataclass(frozen=True, slots=True)
class TestEnded:
    """A test has ended, or a fixture that failed; other processes are told the id and the outcome only."""

    __test__: ClassVar[bool] = False

    result: TestResult


@dataclass(frozen=True, slots=True)
class RerunBegan:
    """Tests that failed beside others begin to run again."""

    tests: int


@dataclass(frozen=True, slots=True)
class TestRevised:
    """A rerun has ended differently; its result replaces the earlier one."""

    __test__: ClassVar[bool] = False

    result: TestResult


@dataclass(frozen=True, slots=True)
class TimeEstimated:
    """The run will take about so many more seconds; there are estimates only if earlier runs left statistics."""

    seconds_left: float


@dataclass(frozen=True, slots=True)
class SearchAdvanced:
    """Of the failing tests with a search for their culprit, so many are solved."""

    tests: int
    solved: int


@dataclass(frozen=True, slots=True)
class MeasuringAdvanced:
    """Of the suspected slowdowns that are measured, so many are settled."""

    suspects: int
    settled: int


RunEvent = (
    StageBegan
    | TestsCounted
    | TestBegan
    | TestEnded
    | RerunBegan
    | TestRevised
    | TimeEstimated
    | SearchAdvanced
    | MeasuringAdvanced
)
RunListener = Callable[[RunEvent], None]


def ignore_event(_event: RunEvent, /) -> None:
    """Ignore an event; for runs that are not followed."""
