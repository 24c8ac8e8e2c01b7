"""The log of a CI run: a line for each test when it ends, in the format of ``unittest -v``."""

from __future__ import annotations

from typing import TextIO

from batchhook.core.events import RerunBegan, RunEvent, StageBegan, TestEnded, TestRevised, TestsCounted
from batchhook.core.plural import plural
from batchhook.core.results import Outcome, TestResult
from batchhook.core.sanitize import one_line
from batchhook.core.test_ids import unittest_name

_WORDS = {
    Outcome.PASSED: "ok",
    Outcome.FAILED: "FAIL",
    Outcome.ERRORED: "ERROR",
    Outcome.CRASHED: "ERROR (crashed)",
    Outcome.TIMED_OUT: "ERROR (timed out)",
}
_MESSAGE = 200


class TestLog:
    """A listener that logs results.

    Args:
        stream: where to.
    """

    __test__ = False  # not a test class, whatever pytest thinks of the name

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, event: RunEvent, /) -> None:
        """Log an event."""
        match event:
            case StageBegan(stage) if stage != "testing":
                self._print(f"{stage} …")
            case TestsCounted(total):
                self._print(plural(total, "test"))
            case TestEnded(result):
                self._print(f"{_name(result)} ... {_outcome(result)}")
            case RerunBegan(tests):
                self._print(f"{tests} failed in parallel with other tests: rerunning alone …")
            case TestRevised(result):
                self._print(f"{_name(result)} ... {_outcome(result)}, when rerun alone")
            case _:
                pass

    def _print(self, line: str) -> None:
        self._stream.write(f"{line}\n")
        self._stream.flush()  # CI services show the log while it grows


def _name(result: TestResult) -> str:
    return one_line(unittest_name(result.test_id, result.module))


def _outcome(result: TestResult) -> str:
    if result.outcome is Outcome.SKIPPED:
        return f"skipped '{one_line(result.message, _MESSAGE)}'"
    return _WORDS.get(result.outcome) or result.outcome.value
