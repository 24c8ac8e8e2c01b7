"""The text of ``cargo test``: that of cargo and rustc (standard error), and of libtest (standard output), mixed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from batchhook.core.results import Outcome
from batchhook.engines.command.reports.case import ReportedCase, ReportError
from batchhook.engines.command.reports.rust_panics import find_panic
from batchhook.engines.command.reports.stream import cut_short, read_lines
from batchhook.engines.command.reports.texts import TextBuffer, clean_name, clean_text

_RUNNING = re.compile(r"\s*Running (?:unittests? ?)?(?P<source>[^\s(]*)\s*\(?(?P<binary>[^\s()]*)\)?$")
_DOC_TESTS = re.compile(r"\s*Doc-tests (?P<crate>\S+)$")
_START = re.compile(r"running (?P<tests>\d{1,9}) tests?$")
_TEST = re.compile(r"test (?P<name>.+?) \.\.\. ?(?P<rest>.*)$")
_OUTCOME = re.compile(
    r"(?P<word>ok|FAILED|ignored|bench:)(?:, (?P<reason>.*)| \([^)]*\)|\s+[\d,.]+ ns/iter.*| <[\d.]+s>)*\s*$"
)
_BLOCK = re.compile(r"---- (?P<name>.+) (?P<stream>stdout|stderr) ----$")
_RESULT = re.compile(
    r"test result: (?:ok|FAILED)\. (?P<passed>\d{1,9}) passed; (?P<failed>\d{1,9}) failed; "
    r"(?P<ignored>\d{1,9}) ignored; (?P<measured>\d{1,9}) measured;"
)
_DOC_TEST = re.compile(r"(?P<file>\S+\.\w+) - (?P<item>.*?)\(line (?P<line>\d{1,9})\)(?P<kind>.*)")
_HASH = re.compile(r"-[0-9a-f]{16}(?:\.exe)?$")
_COMPILER_ERROR = re.compile(r"error(?:\[\w{1,10}\])?: (?P<message>.*)")
_COMPILER_PLACE = re.compile(r"^\s*--> (?P<file>[^\s:]{1,500}):(?P<line>\d{1,9}):\d{1,9}$", re.MULTILINE)
_RAN = re.compile(r"error: (?:test failed|doctest failed|bench failed|\d+ targets? failed|test exited)")
_DIED = re.compile(r"process didn't exit successfully: `[^`]*`.* \((?P<reason>(?:signal|exit code|exit status): .*)\)")
_THREAD_ID = re.compile(r"(thread '.*?') \(\d+\) panicked")
_TEST_AFTER_OUTPUT = re.compile(r"\btest (?P<name>\S+) \.\.\. (?P<rest>ok|FAILED|ignored)$")
_OUTCOME_AFTER_OUTPUT = re.compile(r"(?P<word>ok|FAILED|ignored)$")
"""Where a test prints without a line's end, with ``--nocapture``."""
_DOC_TESTS_CLASS = "doc-tests "
_SHOULD_PANIC = " - should panic"
_MAX_PRINTED = 4_000
_MAX_FAILED = 100_000


def read_libtest(file: BinaryIO) -> Iterator[ReportedCase]:
    """Read the output of ``cargo test``.

    A binary that dies is a case without a name: which of its tests ran cannot be known. So is a build that fails, which
    has no class name either.

    Args:
        file: open for reading in binary mode; standard output and standard error, mixed.

    Raises:
        ReportError: it is cut short, or has no tests.
    """
    reader = _LibtestReader()
    for line in read_lines(file):
        yield from reader.feed(line)
    yield from reader.finish()


@dataclass(slots=True)
class _Binary:
    """A test binary, or the documentation tests of a crate.

    Attributes:
        planned: tests that it announced; None if it has not started, or has ended.
        tests: that ended.
        open_test: the name of one whose outcome is not printed yet.
        output: what it printed so far, with ``--nocapture``.
        held: documentation tests, until all have ended: they are told apart by their order in the file, which is not
            the order in which they end.
        failed: names of failed tests whose block is not printed yet, with what they printed before.
    """

    class_name: str
    planned: int | None = None
    tests: int = 0
    open_test: str = ""
    output: TextBuffer = field(default_factory=lambda: TextBuffer(_MAX_PRINTED))
    failed: dict[str, str] = field(default_factory=dict)
    held: list[ReportedCase] = field(default_factory=list)


class _LibtestReader:
    def __init__(self) -> None:
        self._binary = _Binary("")
        self._has_tests = False
        self._block_name = ""
        self._block = TextBuffer()
        self._printed = TextBuffer(_MAX_PRINTED)
        """What the binary printed besides its tests: the reason of its death, if it dies."""
        self._is_dead = False
        self._awaits_error = False
        """Whether a binary failed, and cargo, whose own lines are there, has not said so."""
        self._has_headings = False
        self._error = TextBuffer()
        """What the compiler or cargo prints from its first error on."""
        self._is_whole_line = True

    def feed(self, line: str) -> Iterator[ReportedCase]:
        """Take a line.

        Raises:
            ReportError: a binary has another number of tests than it says.
        """
        self._is_whole_line = line.endswith("\n")
        text = line.rstrip("\n")
        if self._binary.planned is not None:
            yield from self._feed_test_line(text)
        elif match := _START.match(text):
            self._start_binary(int(match["tests"]))
        elif _RAN.match(text):
            self._awaits_error = False
        elif _is_heading(text):
            yield from self._end_death("")
            self._take_heading(text)
        elif self._is_dead and (match := _DIED.search(text)):
            yield from self._end_death(match["reason"])
        elif self._error or _COMPILER_ERROR.match(text):
            self._error.add(line)

    def finish(self) -> Iterator[ReportedCase]:
        """Take the end of the output.

        Raises:
            ReportError: it came too early, or there were no tests.
        """
        if self._binary.planned is not None or self._awaits_error or not self._is_whole_line:
            raise cut_short()
        yield from self._end_death("")
        if self._error:
            yield _describe_build(self._error.text())
        elif not self._has_tests:
            raise ReportError("the report holds no tests of cargo test")

    def _take_heading(self, text: str) -> None:
        self._has_headings = True
        self._binary = _Binary(_name_class(text))

    def _start_binary(self, tests: int) -> None:
        self._has_tests = True
        self._binary = _Binary(self._binary.class_name, tests)
        self._printed = TextBuffer(_MAX_PRINTED)
        self._block_name = ""

    def _feed_test_line(self, text: str) -> Iterator[ReportedCase]:
        result = _RESULT.match(text) if self._is_whole_line else None
        if result:
            yield from self._end_block()
            yield from self._end_binary(result)
        elif _RAN.match(text) or _is_heading(text):
            self._awaits_error = False
            yield from self._end_dead_binary(text)
        elif match := _BLOCK.match(text):
            yield from self._end_block()
            self._block_name = match["name"].removesuffix(_SHOULD_PANIC)
        elif text == "failures:":
            yield from self._end_block()
        elif self._block_name:
            self._block.add(text + "\n")
        elif self._is_whole_line:
            yield from self._take_test_line(text)

    def _take_test_line(self, text: str) -> Iterator[ReportedCase]:
        match = _TEST.match(text) or _TEST_AFTER_OUTPUT.search(text)
        outcome = _OUTCOME.fullmatch(match["rest"]) if match else _OUTCOME.fullmatch(text)
        if match:
            self._binary.open_test = match["name"].removesuffix(_SHOULD_PANIC)
            self._binary.output = TextBuffer(_MAX_PRINTED)
        elif not outcome:
            outcome = _OUTCOME_AFTER_OUTPUT.search(text) if self._binary.open_test else None
        name = self._binary.open_test
        if outcome and name:
            self._binary.open_test = ""
            self._binary.tests += 1
            yield from self._take_outcome(name, outcome["word"], outcome.groupdict().get("reason") or "")
        elif name:
            self._binary.output.add((match["rest"] if match else text) + "\n")
        elif not outcome:
            self._printed.add(text + "\n")

    def _take_outcome(self, name: str, word: str, reason: str) -> Iterator[ReportedCase]:
        if word == "FAILED":
            if len(self._binary.failed) >= _MAX_FAILED:
                raise ReportError(f"more than {_MAX_FAILED:,} tests of a binary failed")
            self._binary.failed[name] = clean_text(self._binary.output.text())
            return
        outcome = Outcome.SKIPPED if word == "ignored" else Outcome.PASSED
        yield from self._emit(_make_case(self._binary.class_name, name, outcome, clean_text(reason), ""))

    def _end_block(self) -> Iterator[ReportedCase]:
        name, self._block_name = self._block_name, ""
        block, self._block = self._block, TextBuffer()
        if name in self._binary.failed:
            printed = self._binary.failed.pop(name)
            details = "\n".join(filter(None, [printed, clean_text(block.text())]))
            yield from self._emit(_make_case(self._binary.class_name, name, Outcome.FAILED, "", details))

    def _emit(self, case: ReportedCase) -> Iterator[ReportedCase]:
        if not case.class_name.startswith(_DOC_TESTS_CLASS):
            yield case
        elif len(self._binary.held) >= _MAX_FAILED:
            raise ReportError(f"a crate has more than {_MAX_FAILED:,} documentation tests")
        else:
            self._binary.held.append(case)

    def _end_tests(self) -> Iterator[ReportedCase]:
        """Yield the cases that waited for the end of a binary."""
        for name, printed in self._binary.failed.items():
            yield from self._emit(_make_case(self._binary.class_name, name, Outcome.FAILED, "", printed))
        yield from sorted(self._binary.held, key=lambda case: (case.file, case.line))

    def _end_binary(self, result: re.Match[str]) -> Iterator[ReportedCase]:
        yield from self._end_tests()
        self._awaits_error = self._has_headings and int(result["failed"]) > 0
        tests = sum(int(number) for number in result.groups())
        shown = self._binary.tests
        self._binary = _Binary(self._binary.class_name)
        if tests != shown:
            raise ReportError(f"the report is not complete: a binary ran {tests} tests, {shown} are shown")

    def _end_dead_binary(self, text: str) -> Iterator[ReportedCase]:
        yield from self._end_block()
        yield from self._end_tests()
        self._binary = _Binary(self._binary.class_name)
        self._is_dead = True
        if _is_heading(text):
            yield from self._end_death("")
            self._take_heading(text)

    def _end_death(self, reason: str) -> Iterator[ReportedCase]:
        """Make a case of a binary that died."""
        if not self._is_dead:
            return
        self._is_dead = False
        details = clean_text(self._printed.text())
        message = "the process of the tests ended before they did" + (f" ({clean_text(reason)})" if reason else "")
        yield ReportedCase(self._binary.class_name, "", Outcome.CRASHED, message=message, details=details)


def _is_heading(text: str) -> bool:
    return bool(_RUNNING.match(text) or _DOC_TESTS.match(text))


def _name_class(heading: str) -> str:
    """Return what names a binary, the same from build to build."""
    doc_tests = _DOC_TESTS.match(heading)
    if doc_tests:
        return clean_name(f"{_DOC_TESTS_CLASS}{doc_tests['crate']}")
    match = _RUNNING.match(heading)
    if match is None:
        return ""
    # Before 1.59 cargo did not say which source a binary is of.
    source = match["source"].replace("\\", "/") if match["binary"] else ""
    binary = _HASH.sub("", (match["binary"] or match["source"]).replace("\\", "/").rpartition("/")[2])
    stem = source.rpartition("/")[2].removesuffix(".rs")
    # All crates of a workspace have a src/lib.rs; the name of its binary tells which.
    return clean_name(source if source and stem == binary else f"{binary} {source}".strip())


def _make_case(class_name: str, name: str, outcome: Outcome, message: str, details: str) -> ReportedCase:
    file, line = "", 0
    doc_test = _DOC_TEST.fullmatch(name)
    if doc_test:
        # The line is no part of the name: it moves with every edit above.
        file, line = clean_name(doc_test["file"]), int(doc_test["line"])
        name = " - ".join(part for part in (doc_test["file"], doc_test["item"].strip()) if part) + doc_test["kind"]
    if outcome.is_failure:
        details = _THREAD_ID.sub(r"\1 panicked", details)
        panic_message, panic_file, panic_line = find_panic(details)
        message = message or panic_message
        if not doc_test:
            file, line = panic_file, panic_line
    return ReportedCase(class_name, clean_name(name), outcome, 0.0, "", message, details, file, line)


def _describe_build(text: str) -> ReportedCase:
    """Return the case of a build that failed."""
    details = clean_text(text)
    error = _COMPILER_ERROR.match(details)
    place = _COMPILER_PLACE.search(details)
    file, line = (clean_name(place["file"]), int(place["line"])) if place else ("", 0)
    return ReportedCase("", "", Outcome.ERRORED, 0.0, "", error["message"] if error else details, details, file, line)
