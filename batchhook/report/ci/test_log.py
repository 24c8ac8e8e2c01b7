"""What a CI run prints while it goes: a line for each test, as ``unittest -v`` has it, when it ends."""

from __future__ import annotations

from typing import TextIO

from batchhook.core.results import Outcome, TestResult
from batchhook.core.sanitize import one_line
from batchhook.core.unittest_ids import split

_WORDS = {
    Outcome.PASSED: "ok",
    Outcome.FAILED: "FAIL",
    Outcome.ERRORED: "ERROR",
    Outcome.CRASHED: "ERROR (crashed)",
    Outcome.TIMED_OUT: "ERROR (timed out)",
}
_MESSAGE = 200


class Lines:
    """A listener that prints each test's end.

    Args:
        stream: where to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def stage(self, name: str) -> None:
        """What is being done before and after the tests."""
        if name != "testing":
            self._print(f"{name} …")

    def discovered(self, total: int, /) -> None:
        """The suite is known."""
        self._print(f"{total} tests")

    def started(self, test_id: str, /) -> None:
        """A test has begun."""

    def finished(self, result: TestResult, /) -> None:
        """A test has its result."""
        self._print(f"{named(result)} ... {_ended(result)}")

    def doubting(self, tests: int, /) -> None:
        """Some tests that failed beside others are about to be run again."""
        self._print(f"{tests} failed beside other tests: seen once more with nothing beside them …")

    def revised(self, result: TestResult, /) -> None:
        """A test that had failed has another result now."""
        self._print(f"{named(result)} ... {_ended(result)}, when nothing else ran")

    def remaining(self, seconds: float, /) -> None:
        """How long the rest will take."""

    def _print(self, line: str) -> None:
        self._stream.write(f"{line}\n")
        self._stream.flush()  # a log is read while it grows


def named(result: TestResult) -> str:
    """A test's name as unittest prints it: ``test_add (test_calculator.CalculatorTest.test_add)``; a fixture's id."""
    _, name = split(result.test_id, result.module)
    return one_line(name if name == result.test_id else f"{name} ({result.test_id})")


def _ended(result: TestResult) -> str:
    if result.outcome is Outcome.SKIPPED:
        return f"skipped '{one_line(result.message, _MESSAGE)}'"
    return _WORDS.get(result.outcome) or str(result.outcome.value)
