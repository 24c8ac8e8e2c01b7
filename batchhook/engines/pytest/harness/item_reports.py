"""Everything that pytest reports about one test, as one result."""

from __future__ import annotations

import re
from io import StringIO
from time import perf_counter

import pytest

from ...harness.exceptions import summarize_exception
from ...harness.locations import in_checkout
from ...harness.text import MESSAGE_LIMIT, TRACEBACK_LIMIT, attempt, bounded, bounded_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SUBTESTS_KEPT = 5
OUTPUT_LIMIT = 4 * 1024
"""Characters of captured output in a traceback, for each stream and phase."""
_OPTION_HINTS = re.compile(r"\n *Use -v to get (?:more|the full) diff(?=\n|$)|, use '?-vv'? to show(?=\n|$)")
"""What a message about an assertion says of pytest's own options, which are not batchhook's."""
_WORST_FIRST = ("failed", "errored", "xpassed", "expected failure", "skipped")

_clock = perf_counter  # tests may replace it


class ItemReports:
    """The reports of one test: of its setup, its call, its subtests and its teardown.

    Attributes:
        duration: seconds of setup and call, without the setup of fixtures that it shares with other tests.
    """

    __slots__ = (
        "_depth",
        "_error",
        "_exceptions",
        "_item",
        "_outcomes",
        "_reasons",
        "_shared_since",
        "_since",
        "_subtests_failed",
        "_texts",
        "duration",
    )

    def __init__(self, item: Any) -> None:  # noqa: ANN401
        self.duration = 0.0
        self._exceptions: list[tuple[Any, Any]] = []  # reports, and the exceptions that they have the text of
        self._item = item
        self._depth = 0
        self._since = self._shared_since = 0.0
        self._reset()

    def _reset(self) -> None:
        self._outcomes: set[str] = set()
        self._error: tuple[str, str, str] = ("", "", "")  # type, message and location of the first one
        self._reasons: list[str] = []
        self._texts: list[str] = []
        self._subtests_failed = 0

    @property
    def has_plainly_passed(self) -> bool:
        """Return whether there is nothing to say but that it passed."""
        return not self._outcomes

    @property
    def has_failed(self) -> bool:
        """Return whether pytest would end with a failure because of this test."""
        return not self._outcomes.isdisjoint(("failed", "errored"))

    def phase_started(self) -> None:
        """Note the start of setup or call. Reports have durations, too, by a clock that a test may have stopped."""
        self._since = _clock()

    def phase_ended(self) -> None:
        """Note its end."""
        self.duration = max(0.0, self.duration + _clock() - self._since)

    def shared_setup_started(self) -> None:
        """Note the start of the setup of a fixture that other tests use as well; they may be nested."""
        if not self._depth:
            self._shared_since = _clock()
        self._depth += 1

    def shared_setup_ended(self) -> None:
        """Note its end."""
        self._depth -= 1
        if not self._depth:
            self._since += _clock() - self._shared_since

    def add_exception(self, report: Any, exception: Any) -> None:  # noqa: ANN401
        """Keep an exception, as pytest wraps it, until its report arrives; that of a later phase may come before."""
        self._exceptions.append((report, exception))

    def _take_exception(self, report: Any) -> Any:  # noqa: ANN401
        """Return the exception of a report; that of a subtest is a copy, which follows its original at once."""
        for number, (original, exception) in enumerate(self._exceptions):
            if original is report:
                del self._exceptions[number]
                return exception
        return self._exceptions.pop()[1] if self._exceptions and hasattr(report, "context") else None

    def add_report(self, report: Any) -> None:  # noqa: ANN401
        """Take a report of pytest's."""
        exception = self._take_exception(report)
        if report.outcome == "rerun":  # pytest-rerunfailures: what counts comes later
            self._reset()
            return
        is_subtest = hasattr(report, "context")
        if report.outcome == "failed":
            self._add_failure(report, exception, is_subtest=is_subtest)
        elif hasattr(report, "wasxfail"):
            if not is_subtest:
                self._outcomes.add("expected failure" if report.outcome == "skipped" else "xpassed")
                self._reasons.append(bounded(str(report.wasxfail), MESSAGE_LIMIT))
        elif report.outcome == "skipped" and not is_subtest:
            self._outcomes.add("skipped")
            self._reasons.append(skip_reason(report))

    def add_error(self, error: BaseException) -> None:
        """Take an exception that ends pytest."""
        self._outcomes.add("errored")
        self._error = summarize_exception(error, error.__traceback__, "", is_failure=False)

    def _add_failure(self, report: Any, exception: Any, *, is_subtest: bool) -> None:  # noqa: ANN401
        self._outcomes.add("failed" if report.when == "call" else "errored")
        self._subtests_failed += is_subtest
        if self._subtests_failed > SUBTESTS_KEPT:
            return
        text = traceback_of(report)
        if not self._error[0] and exception is not None:
            error_type, message, location = describe(exception, text)
            self._error = (error_type, message, location or location_of_item(self._item))
        elif not self._error[1]:
            self._error = (self._error[0], bounded(text.strip(), MESSAGE_LIMIT), self._error[2])
        if is_subtest:
            text = f"{attempt(lambda: report.head_line, otherwise='(subtest)')}\n{text}"
        self._texts += [text, *captured_output(report)]

    def result(self) -> dict[str, object]:
        """Return the fields of batchhook's ``TestResult``, under the same names."""
        node_id = str(self._item.nodeid)
        error_type, message, location = self._error
        more = self._subtests_failed - SUBTESTS_KEPT
        texts = self._texts + ([f"[... {more} more failing subtests ...]\n"] if more > 0 else [])
        outcome = next((outcome for outcome in _WORST_FIRST if outcome in self._outcomes), "passed")
        return {
            "test_id": bounded_id(node_id),
            "module": bounded_id(node_id.partition("::")[0]),
            "outcome": outcome,
            "duration": self.duration,
            "error_type": bounded_id(error_type),
            "message": bounded(message or "; ".join(dict.fromkeys(self._reasons)), MESSAGE_LIMIT),
            "location": bounded_id(location),
            "traceback": bounded("\n".join(texts), TRACEBACK_LIMIT),
            "subtests_failed": self._subtests_failed,
        }


def traceback_of(report: Any) -> str:  # noqa: ANN401
    """Return the text of a failure as pytest prints it; ``longreprtext`` lacks the indentation of its first line."""
    try:
        from _pytest._io import TerminalWriter  # noqa: PLC0415 - no public way

        file = StringIO()
        writer = TerminalWriter(file)
        writer.hasmarkup = False
        report.toterminal(writer)
        return file.getvalue().strip("\n")
    except Exception:  # noqa: BLE001 - a report of a plug-in's may raise anything
        return attempt(lambda: report.longreprtext, otherwise="")


def describe(exception: Any, text: str) -> tuple[str, str, str]:  # noqa: ANN401
    """Return error type, message and location of an exception that pytest has wrapped."""
    error = exception.value
    error = next(iter(getattr(error, "failures", ())), error)  # of several failing examples of a doctest
    if type(error).__name__ in {"DocTestFailure", "UnexpectedException"}:
        return describe_example(error, text)
    is_failure = isinstance(error, (AssertionError, pytest.fail.Exception))
    kind, message, location = summarize_exception(error, exception.tb, text, is_failure=is_failure)
    return kind, _OPTION_HINTS.sub("", message), location


def describe_example(error: Any, text: str) -> tuple[str, str, str]:  # noqa: ANN401
    """Return error type, message and location of a failing example of a doctest, which is no frame of its module."""
    test, example = error.test, error.example
    location = in_checkout(str(test.filename), test.lineno + example.lineno + 1) if test.lineno is not None else ""
    if type(error).__name__ == "UnexpectedException":
        kind, message, raised_at = summarize_exception(error.exc_info[1], error.exc_info[2], text, is_failure=False)
        return kind, message, raised_at or location
    wanted, got = example.want.strip() or "nothing", error.got.strip() or "nothing"
    return type(error).__name__, f"{example.source.strip()}: expected {wanted}, got {got}", location


def location_of_item(item: Any) -> str:  # noqa: ANN401
    """Return ``path:line`` of a test: errors of pytest's own have no frame in the checkout."""
    try:
        path, line, _ = item.reportinfo()
        return in_checkout(str(path), line + 1) if line is not None else ""
    except Exception:  # noqa: BLE001 - an item of a plug-in's may raise anything
        return ""


def captured_output(report: Any) -> list[str]:  # noqa: ANN401
    """Return what the test printed and logged, under pytest's own headings."""
    sections = [(name, content) for name, content in report.sections if name.startswith("Captured") and content]
    return [f"{f' {name} '.center(80, '-')}\n{bounded(content, OUTPUT_LIMIT)}" for name, content in sections]


def skip_reason(report: Any) -> str:  # noqa: ANN401
    """Return the reason of a skip: pytest reports path, line and ``Skipped: reason``."""
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return bounded(text[len("Skipped: ") :] if text.startswith("Skipped: ") else text, MESSAGE_LIMIT)
