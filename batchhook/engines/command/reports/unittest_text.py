"""The text of ``python -m unittest -v``, and of runners that are made of it, such as ``manage.py test -v 2``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from batchhook.core.results import Outcome
from batchhook.engines.command.reports.case import ReportedCase, ReportError
from batchhook.engines.command.reports.stream import cut_short, read_lines
from batchhook.engines.command.reports.texts import TextBuffer, clean_name, clean_text, paragraph, parse_line

_TEST = re.compile(r"(?P<id>(?P<method>[\w.]+) \((?P<owner>[\w.<>]+)\))(?P<subtest> [\[(].*?[\])])?(?= \.\.\.|$)")
_DOTS = " ... "
_WORDS = {
    "ok": Outcome.PASSED,
    "FAIL": Outcome.FAILED,
    "ERROR": Outcome.ERRORED,
    "expected failure": Outcome.EXPECTED_FAILURE,
    "unexpected success": Outcome.UNEXPECTED_SUCCESS,
}
_OUTCOME = re.compile(
    r"(?P<word>ok|FAIL|ERROR|expected failure|unexpected success|skipped)(?:(?<=skipped) (?P<reason>.*))?$"
)
_BAR = "=" * 70
_RULE = "-" * 70
_BLOCK = re.compile(r"(?P<word>FAIL|ERROR|UNEXPECTED SUCCESS): (?P<title>.*)$")
_RAN = re.compile(r"Ran (?P<tests>\d{1,9}) tests? in [\d.]+s$")
_STATUS = re.compile(r"(?:OK|FAILED|NO TESTS RAN)\b")
_DURATIONS = "Slowest test durations"
_FIXTURES = frozenset({"setUpClass", "tearDownClass", "setUpModule", "tearDownModule"})
_NOT_LOADED = "unittest.loader._FailedTest"
_TRACEBACK = "Traceback (most recent call last):"
_FRAME = re.compile(r'^ +File "(?P<file>[^"\n]{1,1000})", line (?P<line>\d{1,9})', re.MULTILINE)
_RAISED = re.compile(r"(?P<type>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?$")
_CAPTURED = re.compile(r"^(?:Stdout|Stderr):$", re.MULTILINE)
_QUOTES = "'\""
_MAX_OPEN = 100_000
_MAX_PRINTED = 200


def read_unittest_text(file: BinaryIO) -> Iterator[ReportedCase]:
    """Read the verbose output of unittest's runner; that of several runs, if a script makes them.

    A module that cannot be imported is a case without a name. A failing fixture of a class or module is a case with the
    fixture's name.

    Args:
        file: open for reading in binary mode; standard error, or both streams mixed.

    Raises:
        ReportError: it is cut short, or shows another number of tests than ran.
    """
    reader = _UnittestReader()
    for line in read_lines(file):
        yield from reader.feed(line)
    yield from reader.finish()


class _UnittestReader:
    """Reads lines.

    The tracebacks of failures stand together at the end, errors first: a failing test is a case when its first one was
    read, so that of an error and a failure the error counts.
    """

    def __init__(self) -> None:
        self._current = ""
        """The id, as printed, of the test whose outcome comes next."""
        self._printed = ""
        """The last line that it printed."""
        self._title = ""
        """The id of a test whose first line is its id alone: its description follows."""
        self._open: dict[str, Outcome] = {}
        """Tests whose outcome was not shown clearly, with what it probably was: they may still have a traceback."""
        self._failed: dict[str, Outcome] = {}
        """Failed tests whose traceback was not read."""
        self._described: set[str] = set()
        """Failed tests whose first traceback was read."""
        self._block: re.Match[str] | None = None
        self._text = TextBuffer()
        self._has_rule = False
        self._previous = ""
        self._shown = self._skipped = self._ran = 0
        self._has_run = False
        self._has_status = True
        self._is_whole_line = True

    def feed(self, line: str) -> Iterator[ReportedCase]:
        """Take a line."""
        self._is_whole_line = line.endswith("\n")
        text = line.rstrip("\n")
        previous, self._previous = self._previous, text
        if not self._is_whole_line and not (self._has_run and not self._has_status):
            return
        block = _BLOCK.match(text) if previous == _BAR else None
        ran = _RAN.match(text) if previous == _RULE else None
        if block or ran or (self._block and text == _DURATIONS):
            self._settle()
            yield from self._end_block()
        if block:
            self._block = block
        elif ran:
            yield from self._end_run(int(ran["tests"]))
        elif self._block:
            self._take_block_line(previous, text)
        elif not self._has_status:
            self._has_status = bool(_STATUS.match(text))
        elif text not in {_BAR, _RULE}:
            yield from self._take_line(text)

    def finish(self) -> Iterator[ReportedCase]:
        """Take the end of the text.

        Raises:
            ReportError: it came too early, or the numbers differ.
        """
        has_more = self._block or self._current or self._failed or self._open
        if not self._has_run and not (has_more or self._shown):
            raise ReportError("the report holds no tests of unittest")
        if has_more or not self._has_run or not self._has_status:
            raise cut_short()
        if not self._shown - self._skipped <= self._ran <= self._shown:
            raise ReportError(
                f"the report is not complete: {self._ran} tests ran, {self._shown} are shown; is -v missing?"
            )
        yield from ()

    def _take_line(self, text: str) -> Iterator[ReportedCase]:
        content = text.lstrip(" ")
        match = _TEST.match(content)
        if match and match["subtest"] and content != text:
            return  # a subtest, in the words of Python 3.11 and later; its test has a traceback
        if match and not match["subtest"] and content == text:
            rest = text[match.end() :]
            if not rest:
                self._title = match["id"]
                return
            yield from self._take_test(match["id"], rest.removeprefix(_DOTS.rstrip()).removeprefix(" "))
        elif self._title and _DOTS.rstrip() in text:
            title, self._title = self._title, ""
            *_, last = text.rpartition(_DOTS)
            yield from self._take_test(title, last if _OUTCOME.match(last) else text.partition(_DOTS)[2])
        elif self._current:
            outcome = _OUTCOME.match(text)
            if outcome:
                yield from self._take_outcome(outcome)
            else:
                self._printed = text[-_MAX_PRINTED:]

    def _take_test(self, test: str, rest: str) -> Iterator[ReportedCase]:
        if test != self._current:
            self._settle()
            if test not in self._failed:
                self._count(test)
        self._current, self._printed, self._title = test, "", ""
        outcome = _OUTCOME.match(rest)
        if outcome:
            yield from self._take_outcome(outcome)
        elif _TEST.match(rest):
            # Python before 3.11 ends no line after a test whose subtests failed.
            yield from self._take_line(rest)
        else:
            self._printed = rest[-_MAX_PRINTED:]

    def _count(self, test: str) -> None:
        self._shown += test.partition(" ")[0] not in _FIXTURES

    def _take_outcome(self, match: re.Match[str]) -> Iterator[ReportedCase]:
        test, self._current = self._current, ""
        word = match["word"]
        outcome = _WORDS.get(word, Outcome.SKIPPED)
        if outcome.is_failure:
            if len(self._failed) >= _MAX_OPEN:
                raise ReportError(f"more than {_MAX_OPEN:,} tests failed")
            if self._failed.get(test) is not Outcome.ERRORED:
                self._failed[test] = outcome
            return
        if outcome is Outcome.SKIPPED:
            self._skipped += 1
        class_name, name = _split_id(test)
        yield ReportedCase(class_name, name, outcome, message=_unquote(match["reason"] or ""))

    def _settle(self) -> None:
        """Give up waiting for the outcome of the current test: what it printed stands before it, or around it."""
        test, self._current = self._current, ""
        if not test:
            return
        words = [word for word in _WORDS if self._printed.endswith(word)]
        outcome = _WORDS[max(words, key=len)] if words else Outcome.PASSED
        if len(self._open) >= _MAX_OPEN:
            raise ReportError(f"more than {_MAX_OPEN:,} tests have no clear outcome")
        self._open[test] = outcome if not outcome.is_failure else Outcome.PASSED

    def _take_block_line(self, previous: str, text: str) -> None:
        """Take a line of a traceback; bars and rules are taken with the line after them, which shows what they are."""
        if not self._has_rule:
            self._has_rule = text == _RULE
            return
        if previous in {_BAR, _RULE} and self._text:
            self._text.add(previous + "\n")
        if text not in {_BAR, _RULE}:
            self._text.add(text + "\n")

    def _end_block(self) -> Iterator[ReportedCase]:
        block, self._block = self._block, None
        buffer, self._text = self._text, TextBuffer()
        self._has_rule = False
        if block is None:
            return
        match = _TEST.match(block["title"])
        test = match["id"] if match else block["title"]
        if test in self._described:
            return
        if test not in self._failed and test not in self._open:
            self._count(test)
        self._open.pop(test, None)
        self._failed.pop(test, None)
        self._described.add(test)
        outcome = _WORDS.get(block["word"], Outcome.UNEXPECTED_SUCCESS)
        yield _describe(test, outcome, clean_text(buffer.text()))

    def _end_run(self, tests: int) -> Iterator[ReportedCase]:
        for test, outcome in [*self._failed.items(), *self._open.items()]:
            class_name, name = _split_id(test)
            yield ReportedCase(class_name, name, outcome)
        self._failed.clear()
        self._open.clear()
        self._described.clear()
        self._ran += tests
        self._has_run, self._has_status = True, False


def _split_id(test: str) -> tuple[str, str]:
    """Return class and name of ``test_x (module.Class.test_x)``, or ``test_x (module.Class)`` before Python 3.11."""
    match = _TEST.match(test)
    if match is None:
        return "", clean_name(test)
    if match["owner"].startswith(_NOT_LOADED):
        return clean_name(match["method"]), ""
    return clean_name(match["owner"].removesuffix(f".{match['method']}")), clean_name(match["method"])


def _describe(test: str, outcome: Outcome, text: str) -> ReportedCase:
    class_name, name = _split_id(test)
    traceback = _CAPTURED.split(text, maxsplit=1)[0]
    lines = traceback.rpartition(_TRACEBACK)[2].split("\n")
    start = next((number for number, line in enumerate(lines) if number and line and not line[0].isspace()), None)
    raised = _RAISED.match(lines[start]) if start is not None else None
    error_type = message = ""
    if raised and start is not None:
        error_type = raised["type"].rpartition(".")[2]
        message = paragraph("\n".join([raised["message"] or "", *lines[start + 1 :]]))
    last = "\n".join(lines)
    frames = [frame for frame in _FRAME.finditer(last) if "/unittest/" not in frame["file"].replace("\\", "/")]
    file, line = (clean_name(frames[0]["file"]), parse_line(frames[0]["line"])) if frames else ("", 0)
    return ReportedCase(class_name, name, outcome, 0.0, error_type, message, text, file, line)


def _unquote(reason: str) -> str:
    """Return a reason without the quotes of its ``repr``."""
    is_quoted = len(reason) > 1 and reason[0] == reason[-1] and reason[0] in _QUOTES
    return clean_text(reason[1:-1] if is_quoted else reason)
