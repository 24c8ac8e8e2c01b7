"""JUnit XML, in the dialects of its many writers.

There is no standard. What is read here: pytest, jest-junit, vitest, node's reporter, gotestsum, cargo-nextest, Maven
Surefire, ctest, PHPUnit, bats and dotnet's logger. Whatever else a report holds is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from batchhook.engines.command.reports.case import ReportedCase, ReportError
from batchhook.engines.command.reports.junit_faults import (
    FAULTS,
    JunitFault,
    decide_outcome,
    describe_faults,
    read_fault,
    read_node_todo,
)
from batchhook.engines.command.reports.texts import (
    TextBuffer,
    clean_name,
    clean_text,
    join_names,
    parse_line,
    parse_seconds,
    shorten,
)
from batchhook.engines.command.reports.xml_stream import parse_xml

_SUITES = frozenset({"testsuites", "testsuite"})
_FLAKY = frozenset({"flakyFailure", "flakyError"})
"""Surefire and nextest: a failure after which the test passed when it ran again."""
_TEXTS = frozenset({*FAULTS, "stackTrace"})
_MAX_FAULTS = 50
_NODE_CLASS = "test"
"""The ``classname`` of all of node's tests."""
_NODE_FILE_EXIT = "exitCode:"
_BATS_FILE = ".bats"
_BATS_NUMBER = re.compile(r"^begin \d+ ")
"""What bats leaves before the names of all tests after a file that cannot be loaded: it has miscounted."""
_ABSOLUTE = re.compile(r"/|[A-Za-z]:[/\\]")


def read_junit(file: BinaryIO) -> Iterator[ReportedCase]:
    """Read a JUnit XML report, each case as soon as its element ends.

    Args:
        file: open for reading in binary mode.

    Raises:
        ReportError: it is cut short, no well-formed XML, or no JUnit report.
    """
    handler = _JunitHandler()
    try:
        for _ in parse_xml(file, handler):
            yield from handler.take_cases()
    except ReportError:
        yield from handler.take_cases()
        raise


@dataclass(slots=True)
class _Suite:
    name: str
    file: str


@dataclass(slots=True)
class _Case:
    """A case whose element is open.

    Attributes:
        depth: number of elements that are open inside its suite, itself included.
    """

    class_name: str
    name: str
    attributes: Mapping[str, str]
    depth: int
    faults: list[JunitFault] = field(default_factory=list)
    is_flaky: bool = False
    output: TextBuffer = field(default_factory=TextBuffer)


class _JunitHandler:
    """Collects the cases of a report.

    An error or failure that stands in a suite, outside any case, is a case without a name: the suite as a whole failed.
    """

    def __init__(self) -> None:
        self._open: list[str] = []
        self._suites: list[_Suite] = []
        self._case: _Case | None = None
        self._fault: JunitFault | None = None
        self._is_node = False
        self._cases: list[ReportedCase] = []

    def take_cases(self) -> list[ReportedCase]:
        """Return the cases that ended since the last call."""
        cases, self._cases = self._cases, []
        return cases

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take the start of an element.

        Raises:
            ReportError: it is the outermost one, and none of JUnit's.
        """
        if not self._open:
            if name not in _SUITES:
                raise ReportError(f"this is no JUnit report: its outermost element is <{clean_name(name)}>")
            # Of all writers only node's gives its outermost element no attribute at all.
            self._is_node = name == "testsuites" and not attributes
        self._open.append(name)
        if self._case is None:
            self._start_outside_case(name, attributes)
        if self._case is not None:
            self._start_in_case(self._case, name, attributes)

    def end(self, name: str) -> None:
        """Take the end of an element."""
        if self._case is not None and len(self._open) == self._case.depth:
            self._end_case(self._case)
            self._case = self._fault = None
        elif self._fault is not None and self._case is not None and len(self._open) == self._case.depth + 1:
            self._fault = None
        self._open.pop()
        if name == "testsuite" and self._case is None and self._suites:
            self._suites.pop()

    def text(self, text: str) -> None:
        """Take text; that of failures counts, not what else a test printed."""
        if self._case is None:
            return
        if self._fault is not None and self._open[-1] in _TEXTS:
            self._fault.text.add(text)
        elif self._open[-1] == "system-out" and len(self._open) == self._case.depth + 1:
            self._case.output.add(text)

    def _start_outside_case(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "testsuite":
            title = clean_name(shorten(attributes.get("name", "")))
            title = title.replace("&quot;", '"') if self._is_node else title
            self._suites.append(_Suite(title, attributes.get("file", "")))
        elif name == "testcase":
            class_name, title = self._name_case(
                clean_name(attributes.get("classname", "")), clean_name(attributes.get("name", ""))
            )
            self._case = _Case(class_name, title, attributes, len(self._open))
        elif name in {"error", "failure"} and self._suites:
            self._case = _Case(self._suite_path(), "", {}, len(self._open))

    def _suite_path(self) -> str:
        return join_names(suite.name for suite in self._suites)

    def _is_in_suite(self, name: str) -> bool:
        return bool(self._suites) and self._suites[-1].name == name

    def _name_case(self, class_name: str, name: str) -> tuple[str, str]:
        """Return class and name of a case by its attributes."""
        if self._is_node:
            name = name.replace("&quot;", '"')  # node escapes quotation marks twice
        elif class_name.endswith(_BATS_FILE):
            name = _BATS_NUMBER.sub("", name, count=1)
        if not class_name:
            return self._suite_path(), name
        if class_name == name:
            if self._is_in_suite(name):
                return class_name, ""  # vitest, Surefire: the file or class as a whole
            return "", name  # ctest, whose suite is named for the machine; jest-junit, whose suite is in the name
        if class_name == _NODE_CLASS and self._is_node and not self._is_in_suite("pytest"):
            return self._suite_path(), name
        return class_name, name

    def _start_in_case(self, case: _Case, name: str, attributes: Mapping[str, str]) -> None:
        is_outermost = len(self._open) == case.depth
        is_direct = len(self._open) == case.depth + 1 or (is_outermost and name != "testcase")
        if is_direct and name in _FLAKY:
            case.is_flaky = True
        elif is_direct and name in FAULTS:
            is_todo = self._is_node and name == "skipped" and attributes.get("type") == "todo"
            self._fault = read_node_todo(attributes) if is_todo else read_fault(name, attributes)
            if len(case.faults) < _MAX_FAULTS:
                case.faults.append(self._fault)

    def _end_case(self, case: _Case) -> None:
        suite = self._suites[-1] if self._suites else _Suite("", "")
        line = parse_line(case.attributes.get("line", ""))
        if self._is_in_suite("pytest") and "line" in case.attributes:
            line += 1  # pytest counts from 0
        attributes = case.attributes
        is_ctest = bool(case.name) and clean_name(attributes.get("classname", "")) == case.name
        outcome = decide_outcome(attributes.get("status", ""), case.faults, is_ctest=is_ctest)
        title = f"{attributes['class']}::{case.name}" if "class" in attributes else ""
        output = clean_text(case.output.text())
        error_type, message, details = describe_faults(outcome, case.faults, output, title)
        class_name, name = case.class_name, case.name
        if outcome.is_failure and self._is_whole_file(case, details):
            class_name, name = name or class_name, ""
        self._cases.append(
            ReportedCase(
                class_name,
                name,
                outcome,
                parse_seconds(attributes.get("time", "")),
                error_type,
                message,
                details,
                clean_name(attributes.get("file", "") or suite.file),
                line,
                was_flaky=case.is_flaky and (not outcome.is_failure or case.faults[0].is_flaky),
            )
        )

    def _is_whole_file(self, case: _Case, details: str) -> bool:
        """Return whether a failing case is a file that cannot be loaded, and is named for it."""
        if self._is_in_suite("pytest"):
            return not case.attributes.get("classname")
        return self._is_node and bool(_ABSOLUTE.match(case.name)) and _NODE_FILE_EXIT in details
