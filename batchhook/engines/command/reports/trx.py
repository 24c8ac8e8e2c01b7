"""TRX, the test results file of Visual Studio and ``dotnet test --logger trx``.

It has the results first and the definitions, which name the class of each test, after them. So it is read twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from batchhook.core.results import Outcome
from batchhook.engines.command.reports.case import ReportedCase, ReportError
from batchhook.engines.command.reports.stream import reread
from batchhook.engines.command.reports.texts import (
    TextBuffer,
    clean_name,
    clean_text,
    paragraph,
    parse_line,
    split_error,
)
from batchhook.engines.command.reports.xml_stream import parse_xml

_OUTCOMES = {
    "passed": Outcome.PASSED,
    "passedbutrunaborted": Outcome.PASSED,
    "completed": Outcome.PASSED,
    "warning": Outcome.PASSED,
    "failed": Outcome.FAILED,
    "error": Outcome.ERRORED,
    "disconnected": Outcome.ERRORED,
    "aborted": Outcome.CRASHED,
    "inprogress": Outcome.CRASHED,
    "timeout": Outcome.TIMED_OUT,
    "inconclusive": Outcome.SKIPPED,
    "notexecuted": Outcome.SKIPPED,
    "notrunnable": Outcome.SKIPPED,
    "pending": Outcome.SKIPPED,
}
"""By the values of ``TestOutcome`` in the schema (vstst.xsd), in lower case; its default is an error."""
_DURATION = re.compile(r"(?:(\d{1,6})\.)?(\d{1,4}):(\d{1,2}):(\d{1,2}(?:\.\d{1,9})?)")
_TEXTS = frozenset({"Message", "StackTrace", "Text"})
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60
_MAX_ID = 100


def read_trx(file: BinaryIO) -> Iterator[ReportedCase]:
    """Read a TRX report.

    Args:
        file: open for reading in binary mode.

    Raises:
        ReportError: it is cut short, no well-formed XML, or no TRX report.
    """
    with reread(file) as (copy, start):
        definitions = _DefinitionHandler()
        damage: ReportError | None = None
        try:
            for _ in parse_xml(copy, definitions):
                pass
        except ReportError as error:
            damage = error
        copy.seek(start)
        results = _ResultHandler(definitions.class_names, damage)
        try:
            for _ in parse_xml(copy, results):
                yield from results.take_cases()
        except ReportError:
            yield from results.take_cases()
            raise


class _DefinitionHandler:
    """Collects the class names of the tests, by the ids of the tests."""

    def __init__(self) -> None:
        self.class_names: dict[str, str] = {}
        self._id = ""
        self._shared: dict[str, str] = {}

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take the start of an element."""
        if name == "UnitTest":
            self._id = attributes.get("id", "")[:_MAX_ID]
        elif name == "TestMethod" and self._id:
            # ``Namespace.Class, Assembly, Version=1.0.0.0, …`` in files of Visual Studio.
            class_name = clean_name(attributes.get("className", "").partition(",")[0])
            self.class_names[self._id] = self._shared.setdefault(class_name, class_name)

    def end(self, name: str) -> None:
        """Take the end of an element."""
        if name == "UnitTest":
            self._id = ""

    def text(self, text: str) -> None:
        """Pass over text."""


@dataclass(slots=True)
class _Result:
    """A result whose element is open.

    Attributes:
        inner: number of results inside it that ended: the rows of a test with data.
        has_inner_failure: whether one of them failed.
    """

    attributes: Mapping[str, str]
    texts: dict[str, TextBuffer] = field(default_factory=dict)
    inner: int = 0
    has_inner_failure: bool = False


class _ResultHandler:
    """Collects the cases of a report.

    Args:
        class_names: by the ids of the tests.
        damage: why the definitions could not be read to their end; the first case without one ends the reading, for its
            name would not be that of a whole report.
    """

    def __init__(self, class_names: Mapping[str, str], damage: ReportError | None) -> None:
        self._class_names = class_names
        self._damage = damage
        self._cases: list[ReportedCase] = []
        self._open: list[str] = []
        self._results: list[_Result] = []
        self._run: _Result | None = None

    def take_cases(self) -> list[ReportedCase]:
        """Return the cases that ended since the last call."""
        cases, self._cases = self._cases, []
        return cases

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take the start of an element.

        Raises:
            ReportError: it is the outermost one, and not that of a TRX report.
        """
        if not self._open and name != "TestRun":
            raise ReportError(f"this is no TRX report: its outermost element is <{clean_name(name)}>")
        self._open.append(name)
        if name == "UnitTestResult":
            self._results.append(_Result(attributes))
        elif name == "RunInfo":
            self._run = _Result(attributes)

    def end(self, name: str) -> None:
        """Take the end of an element.

        Raises:
            ReportError: the definition of its test was not read.
        """
        self._open.pop()
        if name == "UnitTestResult" and self._results:
            self._end_result(self._results.pop())
        elif name == "RunInfo" and self._run is not None:
            self._end_run(self._run)
            self._run = None

    def text(self, text: str) -> None:
        """Take some text of a failure."""
        result = self._results[-1] if self._results else self._run
        if result is not None and self._open[-1] in _TEXTS:
            result.texts.setdefault(self._open[-1], TextBuffer()).add(text)

    def _end_result(self, result: _Result) -> None:
        test_id = result.attributes.get("testId", "")[:_MAX_ID]
        if self._damage is not None and test_id not in self._class_names:
            raise self._damage
        outcome = _OUTCOMES.get(result.attributes.get("outcome", "").lower(), Outcome.ERRORED)
        if self._results:
            self._results[-1].inner += 1
            self._results[-1].has_inner_failure |= outcome.is_failure
        if result.inner and (result.has_inner_failure or not outcome.is_failure):
            return  # its rows are the cases
        class_name, name = _split_name(
            clean_name(result.attributes.get("testName", "")), self._class_names.get(test_id, "")
        )
        text, details = (_text(result, kind) for kind in ("Message", "StackTrace"))
        error_type, rest = split_error(text) if outcome.is_failure else ("", text)
        message = paragraph(rest or text)
        file, line = _find_place(details)
        seconds = _parse_duration(result.attributes.get("duration", ""))
        self._cases.append(
            ReportedCase(
                class_name, name, outcome, seconds, error_type, paragraph(rest or message), details, file, line
            )
        )

    def _end_run(self, run: _Result) -> None:
        """Take what the runner says of the run as a whole, such as that the process of the tests died."""
        if run.attributes.get("outcome", "").lower() == "error":
            text = _text(run, "Text")
            self._cases.append(ReportedCase("", "", Outcome.ERRORED, message=paragraph(text)))


def _text(result: _Result, kind: str) -> str:
    buffer = result.texts.get(kind)
    return clean_text(buffer.text()) if buffer is not None else ""


def _split_name(name: str, class_name: str) -> tuple[str, str]:
    """Return class and name of a test; adapters of xUnit put the class before the name, those of others do not."""
    if class_name:
        return class_name, name.removeprefix(f"{class_name}.")
    path, bracket, parameters = name.partition("(")
    owner, _, method = path.rpartition(".")
    return owner, method + bracket + parameters


def _find_place(stack: str) -> tuple[str, int]:
    """Return file and line of the first frame that has them: ``at A.B() in /src/A.cs:line 3``, in any language."""
    for frame in stack.split("\n"):
        path, _, line = frame.rpartition(" in ")[2].rpartition(":")
        number = parse_line(line.rpartition(" ")[2])
        if path and number:
            return clean_name(path), number
    return "", 0


def _parse_duration(text: str) -> float:
    """Return the seconds of ``[days.]hours:minutes:seconds``."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        return 0.0
    days, hours, minutes, seconds = match.groups(default="0")
    return int(days) * _DAY + int(hours) * _HOUR + int(minutes) * _MINUTE + float(seconds)
