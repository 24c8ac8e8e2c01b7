"""unittest's result object, which reports every test as it starts and ends."""

# The package has no name of its own inside the project (harness/supervisor.py).

from __future__ import annotations

import sys
import unittest
from time import perf_counter

from ...harness.coverage_tracer import tracer
from ...harness.exceptions import summarize_exception
from ...harness.process import restore_standard_streams
from ...harness.text import MESSAGE_LIMIT, TRACEBACK_LIMIT, attempt, bounded, bounded_id
from .discovery import module_of, shared_fixtures, test_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType
    from typing import Any

    from ...harness.channel import Channel

    ErrorInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

__unittest = True  # unittest omits frames of such modules from its tracebacks

SUBTESTS_KEPT = 5

_clock = perf_counter  # tests may replace it
_SubTest: Any = unittest.case._SubTest  # type: ignore[attr-defined]  # noqa: SLF001 - it has no public name
_Stream: Any = unittest.runner._WritelnDecorator  # noqa: SLF001 - nor has this


class RunningTest:
    """Everything observed of one test, or of a fixture (item -1)."""

    __slots__ = (
        "error",
        "item",
        "module",
        "name",
        "outcomes",
        "reasons",
        "started",
        "subtests_failed",
        "test",
        "texts",
    )

    def __init__(self, item: int, test: object, name: str, module: str) -> None:
        self.item, self.test, self.name, self.module = item, test, name, module
        self.outcomes: set[str] = set()
        self.error: tuple[str, str, str] = ("", "", "")  # type, message and location of the first one
        self.reasons: list[str] = []
        self.texts: list[str] = []
        self.subtests_failed = 0
        self.started = _clock()

    @property
    def outcome(self) -> str:
        """The worst outcome observed."""
        for outcome in ("failed", "errored", "unexpected success", "expected failure", "skipped"):
            if outcome in self.outcomes:
                return outcome
        return "passed"

    @property
    def duration(self) -> float:
        """Seconds since it started."""
        return max(0.0, _clock() - self.started)

    def result(self) -> dict[str, object]:
        """Return the fields of batchhook's ``TestResult``, under the same names."""
        error_type, message, location = self.error
        more = self.subtests_failed - SUBTESTS_KEPT
        texts = self.texts + ([f"[... {more} more failing subtests ...]\n"] if more > 0 else [])
        return {
            "test_id": bounded_id(self.name),
            "module": bounded_id(self.module),
            "outcome": self.outcome,
            "duration": self.duration,
            "error_type": bounded_id(error_type),
            "message": bounded(message or "; ".join(dict.fromkeys(self.reasons)), MESSAGE_LIMIT),
            "location": bounded_id(location),
            "traceback": bounded("\n".join(texts), TRACEBACK_LIMIT),
            "subtests_failed": self.subtests_failed,
        }


class ReportingResult(unittest.TextTestResult):
    """The result object of unittest's runner, which reports every test as it starts and ends instead of printing it.

    Args:
        channel: for the reports.
        expected: number, test and row (``FlatSuite``) of each item that will run.

    Attributes:
        upcoming_fixture: the fixture that follows the tear-down of a module.
        recorder: records the code that tests run.
    """

    def __init__(self, channel: Channel, expected: Iterable[tuple[int, Any, Sequence[str]]]) -> None:
        super().__init__(_Stream(sys.stderr), descriptions=True, verbosity=0)  # a test's own `run` may use the stream
        self.upcoming_fixture = ""
        self.recorder = channel.recorder
        self._channel = channel
        self._fixture = ""
        self._handled: BaseException | None = None
        self._running: list[RunningTest] = []
        self._by_identity: dict[int, list[int]] = {}
        self._by_name: dict[str, list[int]] = {}
        self._rows: dict[int, Sequence[str]] = {}  # of the items that have not started
        for item, test, row in expected:
            self._by_identity.setdefault(id(test), []).append(item)
            self._by_name.setdefault(row[0], []).append(item)
            self._rows[item] = row

    def fixture_started(self, name: str) -> None:
        """Report the start of a fixture."""
        self._fixture = name
        self._channel.send("fixture_started", id=bounded_id(name))

    def startTest(self, test: Any) -> None:  # noqa: ANN401, N802
        """Report the start of a test."""
        super().startTest(test)
        self._channel.exit_if_forked(0)
        self._fixture = ""
        if not self._running:
            self.recorder.test_started()
        item, name, module = self._identify(test)
        if item >= 0:
            self._channel.send_started(item)
        else:
            self._channel.send("started", item=item, id=bounded_id(name))
        self._running.append(RunningTest(item, test, name, module))
        self._handled = sys.exc_info()[1]

    def stopTest(self, test: Any) -> None:  # noqa: ANN401, N802
        """Report the end of a test."""
        super().stopTest(test)
        running = self._running.pop() if self._running else None
        if running is not None:
            if not self._running:
                self.recorder.test_finished(running.item, shared_fixtures(test))
            error = sys.exc_info()
            if error[1] is not self._handled:  # KeyboardInterrupt and the like, on their way through unittest
                self._describe(running, "errored", error, self._format(error, running.test))
            self._channel.exit_if_forked(0 if running.outcome in {"passed", "skipped", "expected failure"} else 1)
            self._channel.exit_if_orphaned()
            if running.item >= 0 and not running.outcomes:
                self._channel.buffer_passed(running.item, running.duration)
            else:
                self._channel.buffer("finished", item=running.item, result=running.result())
        restore_standard_streams()
        tracer.save_sometimes()

    def addError(self, test: Any, err: ErrorInfo) -> None:  # noqa: ANN401, N802
        """Note an error of a test, or of a fixture outside any test."""
        super().addError(test, err)
        self._note(test, "errored", err, self._bound_newest(self.errors))

    def addFailure(self, test: Any, err: ErrorInfo) -> None:  # noqa: ANN401, N802
        """Note a failure."""
        super().addFailure(test, err)
        self._note(test, "failed", err, self._bound_newest(self.failures))

    def addExpectedFailure(self, test: Any, err: ErrorInfo) -> None:  # noqa: ANN401, N802
        """Note an expected failure."""
        super().addExpectedFailure(test, err)
        self._note(test, "expected failure", err, self._bound_newest(self.expectedFailures))

    def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: ANN401, N802
        """Note a success where a failure was expected."""
        super().addUnexpectedSuccess(test)
        self._note(test, "unexpected success", None, "")

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: ANN401, N802
        """Note a skip of a test, of one of its subtests, or of a whole class or module by its fixture."""
        super().addSkip(test, reason)
        running = self._find_running(test)
        running.outcomes.add("skipped")
        if len(running.reasons) < SUBTESTS_KEPT:
            running.reasons.append(bounded(attempt(str, reason, otherwise=""), MESSAGE_LIMIT))
        self._report_fixture(running)

    def addSubTest(self, test: Any, subtest: Any, err: ErrorInfo | None) -> None:  # noqa: ANN401, N802
        """Count a failing subtest, and keep the texts of the first few."""
        if err is None or err[0] is None:
            return
        running = self._find_running(test)
        running.subtests_failed += 1
        is_failure = issubclass(err[0], test.failureException)
        outcome = "failed" if is_failure else "errored"
        if running.subtests_failed > SUBTESTS_KEPT:
            running.outcomes.add(outcome)
            return
        super().addSubTest(test, subtest, err)
        text = self._bound_newest(self.failures if is_failure else self.errors)
        header = attempt(subtest._subDescription, otherwise="(subtest)")  # noqa: SLF001
        self._note(test, outcome, err, bounded(header, MESSAGE_LIMIT) + "\n" + text)

    def blame_fixture(self, error: ErrorInfo) -> None:
        """Report an exception that even unittest does not catch as the fixture's; a test's was reported at its end."""
        if not self._fixture:
            return
        fixture = RunningTest(-1, None, self._fixture, module_in(self._fixture))
        self._describe(fixture, "errored", error, self._format(error, fixture.test))
        self._channel.send("finished", item=-1, result=fixture.result())

    def _format(self, error: ErrorInfo, test: object) -> str:
        text = attempt(self._exc_info_to_string, error, test, otherwise="")  # type: ignore[attr-defined]
        return bounded(text, TRACEBACK_LIMIT)

    def _identify(self, test: Any) -> tuple[int, str, str]:  # noqa: ANN401
        """Return item (-1: none), id and module of a test that starts."""
        item = self._first_pending(self._by_identity.get(id(test), ()))
        if item is None:
            item = self._first_pending(self._by_name.get(test_id(test), ()))
        if item is None:
            return -1, test_id(test), module_of(test)
        row = self._rows.pop(item)
        return item, row[0], row[1]

    def _first_pending(self, items: Iterable[int]) -> int | None:
        for item in items:
            if item in self._rows:
                return item
        return None

    def _find_running(self, test: Any) -> RunningTest:  # noqa: ANN401
        """Return the running test (for a subtest, the one it belongs to); a new record for a fixture."""
        owner = test.test_case if isinstance(test, _SubTest) else test
        for running in reversed(self._running):
            if running.test is owner:
                return running
        name = test_id(test)
        return RunningTest(-1, None, name, module_in(name) or module_of(test))

    def _note(self, test: Any, outcome: str, error: ErrorInfo | None, text: str) -> None:  # noqa: ANN401
        running = self._find_running(test)
        self._describe(running, outcome, error, text)
        self._report_fixture(running)

    def _describe(self, running: RunningTest, outcome: str, error: ErrorInfo | None, text: str) -> None:
        running.outcomes.add(outcome)
        if text and len(running.texts) < SUBTESTS_KEPT:
            running.texts.append(text)
        if error is not None and error[0] is not None and not running.error[0]:
            running.error = summarize_exception(error[1], error[2], text, is_failure=outcome != "errored")

    def _report_fixture(self, running: RunningTest) -> None:
        """Report at once what belongs to no running test: the failure or skip of a fixture."""
        if running not in self._running:
            running.started = _clock()
            self._channel.send("finished", item=running.item, result=running.result())

    @staticmethod
    def _bound_newest(entries: list[tuple[Any, str]]) -> str:
        """Shorten the newest text in a list of unittest's to what is reported, and return it."""
        test, text = entries[-1]
        entries[-1] = test, bounded(text, TRACEBACK_LIMIT)
        return entries[-1][1]


def module_in(fixture: str) -> str:
    """Return the module named in ``setUpClass (pkg.module.Class)`` or ``setUpModule (pkg.module)``; else empty."""
    kind, _, rest = fixture.partition(" (")
    if kind not in {"setUpClass", "tearDownClass", "setUpModule", "tearDownModule"}:
        return ""
    name = rest.rstrip(")")
    while name and name not in sys.modules:
        name = name.rpartition(".")[0]
    return name or rest.rstrip(")")
