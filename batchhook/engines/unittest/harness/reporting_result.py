"""unittest's result object, which reports every test as it begins and ends."""

from __future__ import annotations

import os
import sys
import unittest
from time import perf_counter

from .discovery import module_of, test_id
from .locations import location_in, location_of, module_in
from .text import ID_LIMIT, MESSAGE_LIMIT, TRACEBACK_LIMIT, attempt, bounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType
    from typing import Any

    from .channel import Channel

    ErrorInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

__unittest = True  # unittest leaves frames of such modules out of its tracebacks

SUBTESTS_KEPT = 5
SPARE_STREAMS: dict[int, int] = {}  # copies of file descriptors 0, 1 and 2, under numbers that tests seldom reach

_clock, _dup2 = perf_counter, os.dup2  # tests may replace them
_ask = os.get_inheritable  # the cheapest question that fails for what is closed
_SubTest: Any = unittest.case._SubTest  # type: ignore[attr-defined]  # noqa: SLF001 - it has no other name


class Record:
    """What has been seen of one test that is running."""

    __slots__ = ("begin", "error", "module", "name", "outcomes", "reasons", "subtests_failed", "test", "texts", "unit")

    def __init__(self, unit: int, test: object, name: str, module: str) -> None:
        self.unit, self.test, self.name, self.module = unit, test, name, module
        self.outcomes: set[str] = set()
        self.error: tuple[str, str, str] = ("", "", "")  # the first one's type, message and location
        self.reasons: list[str] = []
        self.texts: list[str] = []
        self.subtests_failed = 0
        self.begin = _clock()

    @property
    def outcome(self) -> str:
        """One word for everything that happened, the worst first."""
        for word in ("failed", "errored", "unexpected success", "expected failure", "skipped"):
            if word in self.outcomes:
                return word
        return "passed"

    @property
    def duration(self) -> float:
        """Seconds since it began."""
        return max(0.0, _clock() - self.begin)

    def fields(self) -> dict[str, object]:
        """The report of it."""
        error_type, message, location = self.error
        more = self.subtests_failed - SUBTESTS_KEPT
        texts = self.texts + ([f"[... {more} more failing subtests ...]\n"] if more > 0 else [])
        return {
            "unit": self.unit,
            "id": bounded(self.name, ID_LIMIT),
            "module": bounded(self.module, ID_LIMIT),
            "outcome": self.outcome,
            "duration": self.duration,
            "error_type": bounded(error_type, ID_LIMIT),
            "message": bounded(message or "; ".join(dict.fromkeys(self.reasons)), MESSAGE_LIMIT),
            "location": bounded(location, ID_LIMIT),
            "traceback": bounded("\n".join(texts), TRACEBACK_LIMIT),
            "subtests_failed": self.subtests_failed,
        }


class Watcher(unittest.TestResult):
    """unittest's result, which reports every test as it begins and ends."""

    def __init__(self, channel: Channel, expected: Iterable[tuple[int, Any, Sequence[str]]]) -> None:
        super().__init__()
        self.upcoming = ""
        self._channel = channel
        self._fixture = ""
        self._handled: BaseException | None = None
        self._running: list[Record] = []
        self._by_identity: dict[int, list[int]] = {}
        self._by_name: dict[str, list[int]] = {}
        self._rows: dict[int, Sequence[str]] = {}  # of the units that have not begun
        for number, test, row in expected:
            self._by_identity.setdefault(id(test), []).append(number)
            self._by_name.setdefault(row[0], []).append(number)
            self._rows[number] = row

    def fixture(self, name: str) -> None:
        """Say that a fixture begins."""
        self._fixture = name
        self._channel.say("fixture", id=bounded(name, ID_LIMIT))

    def startTest(self, test: Any) -> None:  # noqa: ANN401, N802
        """Say that a test begins."""
        super().startTest(test)
        self._channel.leave_if_stranger(0)
        self._fixture = ""
        unit, name, module = self._recognise(test)
        if unit >= 0:
            self._channel.say_started(unit)
        else:
            self._channel.say("started", unit=unit, id=bounded(name, ID_LIMIT))
        self._running.append(Record(unit, test, name, module))
        self._handled = sys.exc_info()[1]

    def stopTest(self, test: Any) -> None:  # noqa: ANN401, N802
        """Say how a test ended."""
        super().stopTest(test)
        record = self._running.pop() if self._running else None
        if record is not None:
            error = sys.exc_info()
            if error[1] is not self._handled:  # KeyboardInterrupt and the like, on their way through unittest
                self._describe(record, "errored", error, self._text(error, record.test))
            self._channel.leave_if_stranger(0 if record.outcome in {"passed", "skipped", "expected failure"} else 1)
            self._channel.leave_if_orphaned()
            self._tell_end(record)
        restore_standard_streams()

    def _tell_end(self, record: Record) -> None:
        if record.unit >= 0 and not record.outcomes:
            self._channel.hold_passed(record.unit, record.duration)
        else:
            self._channel.hold("finished", **record.fields())

    def addError(self, test: Any, err: ErrorInfo) -> None:  # noqa: ANN401, N802
        """Note an error of a test, or of a fixture outside any."""
        super().addError(test, err)
        self._note(test, "errored", err, self._keep_bounded(self.errors))

    def addFailure(self, test: Any, err: ErrorInfo) -> None:  # noqa: ANN401, N802
        """Note a failure."""
        super().addFailure(test, err)
        self._note(test, "failed", err, self._keep_bounded(self.failures))

    def addExpectedFailure(self, test: Any, err: ErrorInfo) -> None:  # noqa: ANN401, N802
        """Note a failure that was expected."""
        super().addExpectedFailure(test, err)
        self._note(test, "expected failure", err, self._keep_bounded(self.expectedFailures))

    def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: ANN401, N802
        """Note a success where a failure was expected."""
        super().addUnexpectedSuccess(test)
        self._note(test, "unexpected success", None, "")

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: ANN401, N802
        """Note a skip of a test, of one of its subtests, or of a whole class or module by its fixture."""
        super().addSkip(test, reason)
        record = self._record(test)
        record.outcomes.add("skipped")
        if len(record.reasons) < SUBTESTS_KEPT:
            record.reasons.append(bounded(attempt(str, reason, otherwise=""), MESSAGE_LIMIT))
        self._settle(record)

    def addSubTest(self, test: Any, subtest: Any, err: ErrorInfo | None) -> None:  # noqa: ANN401, N802
        """Count a failing subtest, and keep the texts of the first few."""
        if err is None or err[0] is None:
            return
        record = self._record(test)
        record.subtests_failed += 1
        if record.subtests_failed > SUBTESTS_KEPT:
            record.outcomes.add("failed" if issubclass(err[0], test.failureException) else "errored")
            return
        super().addSubTest(test, subtest, err)
        failed = issubclass(err[0], test.failureException)
        text = self._keep_bounded(self.failures if failed else self.errors)
        header = attempt(subtest._subDescription, otherwise="(subtest)")  # noqa: SLF001
        self._note(test, "failed" if failed else "errored", err, bounded(header, MESSAGE_LIMIT) + "\n" + text)

    def give_up(self, error: ErrorInfo) -> None:
        """Blame a fixture for an exception that even unittest does not catch; a test has been blamed when it ended."""
        if not self._fixture:
            return
        record = Record(-1, None, self._fixture, "")
        record.module = record.module or module_in(record.name)
        self._describe(record, "errored", error, self._text(error, record.test))
        self._channel.say("finished", **record.fields())

    def _text(self, error: ErrorInfo, test: object) -> str:
        text = attempt(self._exc_info_to_string, error, test, otherwise="")  # type: ignore[attr-defined]
        return bounded(text, TRACEBACK_LIMIT)

    def _recognise(self, test: Any) -> tuple[int, str, str]:  # noqa: ANN401
        """Find the unit of a test that begins: number (-1: none), id and module."""
        unit = self._first_left(self._by_identity.get(id(test), ()))
        if unit is None:
            unit = self._first_left(self._by_name.get(test_id(test), ()))
        if unit is None:
            return -1, test_id(test), module_of(test)
        row = self._rows.pop(unit)
        return unit, row[0], row[1]

    def _first_left(self, numbers: Iterable[int]) -> int | None:
        for number in numbers:
            if number in self._rows:
                return number
        return None

    def _record(self, test: Any) -> Record:  # noqa: ANN401
        """The record of a running test (or of the test that a subtest belongs to); a new one for a fixture."""
        owner = test.test_case if isinstance(test, _SubTest) else test
        for record in reversed(self._running):
            if record.test is owner:
                return record
        name = test_id(test)
        return Record(-1, None, name, module_in(name) or module_of(test))

    def _note(self, test: Any, outcome: str, error: ErrorInfo | None, text: str) -> None:  # noqa: ANN401
        record = self._record(test)
        self._describe(record, outcome, error, text)
        self._settle(record)

    def _describe(self, record: Record, outcome: str, error: ErrorInfo | None, text: str) -> None:
        record.outcomes.add(outcome)
        if text and len(record.texts) < SUBTESTS_KEPT:
            record.texts.append(text)
        if error is not None and error[0] is not None and not record.error[0]:
            message = bounded(attempt(str, error[1], otherwise="<its text could not be had>"), MESSAGE_LIMIT)
            record.error = (error[0].__name__, message, location_of(error[2]) or location_in(text))

    def _settle(self, record: Record) -> None:
        """Report at once what is no running test's: a fixture's failure or skip."""
        if record not in self._running:
            record.begin = _clock()
            self._channel.say("finished", **record.fields())

    @staticmethod
    def _keep_bounded(entries: list[tuple[Any, str]]) -> str:
        """The newest text of unittest's own list, which keeps no more of it than is reported."""
        test, text = entries[-1]
        entries[-1] = test, bounded(text, TRACEBACK_LIMIT)
        return entries[-1][1]


def restore_standard_streams() -> None:
    """Give back file descriptors 0, 1 and 2 where a test has closed them: the next file opened would take their place.

    One that a test has redirected stays as it is, as it would under unittest.
    """
    for descriptor in (0, 1, 2):
        try:
            _ask(descriptor)
        except OSError:  # noqa: PERF203 - each on its own
            _dup2(SPARE_STREAMS[descriptor], descriptor)
