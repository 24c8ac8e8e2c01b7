"""Events of a run: a stage begins, a test ends. Written once, by the process that runs the tests; read by all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from batchhook.core.results import TestResult


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
    """Ignore an event; for runs that no one follows."""
