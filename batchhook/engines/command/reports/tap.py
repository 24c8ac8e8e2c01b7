"""TAP, the Test Anything Protocol, versions 12 to 14: prove's tests, ``node --test``, bats, node-tap."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from batchhook.core.results import Outcome
from batchhook.engines.command.reports.case import ReportedCase, ReportError
from batchhook.engines.command.reports.stream import cut_short, read_lines
from batchhook.engines.command.reports.tap_diagnostics import Diagnostics
from batchhook.engines.command.reports.texts import clean_name, clean_text, join_names, parse_seconds

INDENTATION = 4
"""Spaces before the lines of a subtest, for each level."""
MAX_DEPTH = 100
"""Subtests inside each other."""
MAX_HELD = 10_000
"""Tests of a subtest that waits for its name, which follows after them."""

_POINT = re.compile(r"(?P<not>not )?ok\b(?:[ \t]+(?P<number>\d{1,9})\b)?(?P<rest>.*)")
_PLAN = re.compile(r"1\.\.(?P<tests>\d{1,9})[ \t]*(?:#[ \t]*skip\S*[ \t]*(?P<reason>.*))?", re.IGNORECASE)
_DIRECTIVE = re.compile(r"(?:^|\s)#\s*(?P<kind>skip|todo)\S*\s*(?P<reason>.*)$", re.IGNORECASE)
_TIME = re.compile(r"\s#\s*time=(?P<milliseconds>[\d.]{1,20})ms\s*$")
_VERSION = re.compile(r"TAP version 1[34]$")
_SUBTEST = re.compile(r"#\s*Subtest(?::\s*(?P<name>.*))?$")
_BAIL_OUT = re.compile(r"Bail out!\s*(?P<reason>.*)")
_ESCAPED = re.compile(r"\\([\\#])")
_MAX_OUTPUT = 200
_TIMED_OUT = "testTimeoutFailure"
"""node's ``failureType`` of a timeout."""
_FAILED_INSIDE = "subtestsFailed"
_FAILED_HOOK = "hookFailed"
"""The tests of a suite whose hook fails are only said to be cancelled."""


def read_tap(file: BinaryIO, *, class_name: str = "") -> Iterator[ReportedCase]:
    """Read a TAP stream; lines that are no TAP are passed over.

    A test point that sums up a subtest is a case only if its failure is its own, such as that of a plan, or if it says
    that it is a test itself (node). A file that cannot be loaded (node) is a case without a name.

    Args:
        file: open for reading in binary mode.
        class_name: of its tests, such as the name of the one file that they are in.

    Raises:
        ReportError: it is cut short, bails out, or has another number of tests than planned.
    """
    reader = _TapReader(clean_name(class_name))
    for line in read_lines(file):
        yield from reader.feed(line)
    yield from reader.finish()


@dataclass(slots=True)
class _Point:
    """The last test point, until what follows shows that nothing more belongs to it."""

    is_ok: bool
    name: str
    indentation: int
    directive: str
    reason: str
    seconds: float
    is_whole_line: bool
    has_tests: bool = False
    has_failure: bool = False
    diagnostics: Diagnostics = field(default_factory=Diagnostics)


@dataclass(slots=True)
class _Level:
    """The document, or a subtest that is open.

    Attributes:
        name: of the subtest; None if it is not known yet.
        held: names and cases of its tests, until it has a name.
    """

    name: str | None
    tests: int = 0
    has_failure: bool = False
    held: list[tuple[tuple[str, ...], ReportedCase]] = field(default_factory=list)


class _TapReader:
    def __init__(self, class_name: str) -> None:
        self._class_name = class_name
        self._levels = [_Level("")]
        self._point: _Point | None = None
        self._titles: dict[int, str] = {}
        """Names that ``# Subtest:`` announced, by indentation."""
        self._planned: int | None = None
        self._braces: dict[int, re.Match[str]] = {}
        """Test points whose subtest follows in braces, by indentation (TAP 14)."""
        self._is_whole_line = True
        self._has_yaml = False
        """Whether test points have, or may have, a block of YAML after them, which may say more of their outcome."""
        self._last_output = ""
        """The last line that is no TAP."""

    def feed(self, line: str) -> Iterator[ReportedCase]:
        """Take a line.

        Raises:
            ReportError: it bails out.
        """
        self._is_whole_line = line.endswith("\n")
        text = line.rstrip()
        content = text.lstrip(" ")
        indentation = len(text) - len(content)
        point = self._point
        if point is not None and content and point.diagnostics.takes_yaml(content, indentation, point.indentation):
            self._has_yaml = True
            return
        structure = self._take_structure(content, indentation)
        yield from self._take_text(content) if structure is None else structure

    def finish(self) -> Iterator[ReportedCase]:
        """Take the end of the stream.

        Raises:
            ReportError: it came too early.
        """
        tests = self._levels[0].tests
        point = self._point
        is_cut = self._has_yaml or not self._is_whole_line
        if point is not None and (not point.is_whole_line or point.diagnostics.is_open):
            raise cut_short()
        if point is not None and is_cut and tests != self._planned:
            raise cut_short()  # what is known of the last test may not be all
        yield from self._end_point()
        if self._planned is None and not tests:
            raise ReportError("the report holds no TAP: no plan and no test")
        if self._planned is None or (not self._is_whole_line and point is None and self._planned > tests):
            raise cut_short()
        if self._planned != tests:
            output = clean_text(self._last_output)
            reason = f"; the last output was: {output}" if output else ""
            raise ReportError(f"the report is not complete: planned {self._planned}, saw {tests}{reason}")

    def _take_structure(self, content: str, indentation: int) -> Iterator[ReportedCase] | None:
        """Take a line that is a test point, a plan, or the name of a subtest; return None for any other."""
        if indentation % INDENTATION or indentation > INDENTATION * MAX_DEPTH:
            return None
        structure: Iterator[ReportedCase] | None = None
        if match := _POINT.fullmatch(content):
            if content.endswith(" {"):
                structure = self._open_braces(match, indentation)
            else:
                structure = self._start_point(match, match["rest"], indentation)
        elif content == "}" and indentation in self._braces:
            match = self._braces.pop(indentation)
            structure = self._start_point(match, match["rest"].removesuffix("{"), indentation)
        elif match := _PLAN.fullmatch(content):
            structure = self._take_plan(match, indentation)
        elif match := _SUBTEST.match(content):
            structure = self._take_title(match["name"] or "", indentation)
        return structure

    def _take_text(self, content: str) -> Iterator[ReportedCase]:
        """Take a comment, or a line that is no TAP."""
        if _VERSION.match(content):
            self._has_yaml = True
        elif match := _BAIL_OUT.match(content):
            yield from self._end_point()
            reason = clean_text(match["reason"])
            message = f"the tests bailed out: {reason}" if reason else "the tests bailed out"
            raise ReportError(message, ends_run=True)
        elif content.startswith("#"):
            if self._point is not None:
                self._point.diagnostics.add_comment(content[1:].removeprefix(" "))
        elif content:
            self._last_output = content[:_MAX_OUTPUT]

    def _take_title(self, name: str, indentation: int) -> Iterator[ReportedCase]:
        yield from self._end_point()
        if name:
            self._titles[indentation] = name

    def _open_braces(self, match: re.Match[str], indentation: int) -> Iterator[ReportedCase]:
        """Take the test point of a subtest that follows in braces; it counts when they end."""
        yield from self._end_point()
        self._braces[indentation] = match
        self._titles[indentation] = match["rest"].removesuffix("{").rstrip()

    def _start_point(self, match: re.Match[str], description: str, indentation: int) -> Iterator[ReportedCase]:
        yield from self._end_point()
        depth = indentation // INDENTATION
        self._open_levels(depth)
        level = self._levels[depth]
        level.tests += 1
        name, directive, reason, seconds = _parse_description(description)
        number = match["number"] or str(level.tests)
        is_ok = not match["not"]
        point = _Point(is_ok, name or f"test {number}", indentation, directive, reason, seconds, self._is_whole_line)
        if len(self._levels) > depth + 1:
            yield from self._close_subtest(point, depth)
        self._titles.pop(indentation, None)
        self._point = point

    def _open_levels(self, depth: int) -> None:
        while len(self._levels) <= depth:
            indentation = INDENTATION * len(self._levels)
            # Announced at the indentation of the parent's test point, or, by old Test::More, at that of its own tests.
            title = self._titles.pop(indentation - INDENTATION, None)
            if title is None:
                title = self._titles.pop(indentation, None)
            self._levels.append(_Level(None if title is None else _parse_description(title)[0]))

    def _close_subtest(self, point: _Point, depth: int) -> Iterator[ReportedCase]:
        """Close the subtests inside, of which the outermost is summed up by a test point."""
        for inner in range(len(self._levels) - 1, depth, -1):
            level = self._levels.pop()
            point.has_tests = level.tests > 0
            point.has_failure = level.has_failure
            if level.name is None:
                for names, case in level.held:
                    # A level that was skipped has no test point, so no name.
                    yield from self._emit((point.name, *names) if inner == depth + 1 else names, case, inner - 1)

    def _take_plan(self, match: re.Match[str], indentation: int) -> Iterator[ReportedCase]:
        yield from self._end_point()
        if indentation:
            self._open_levels(indentation // INDENTATION)
            return
        if self._planned is not None:
            return
        tests = int(match["tests"])
        self._planned = tests if self._is_whole_line else None
        if not tests and match["reason"] and self._is_whole_line:
            yield ReportedCase(self._class_name, "", Outcome.SKIPPED, message=clean_text(match["reason"]))

    def _end_point(self) -> Iterator[ReportedCase]:
        """Make a case of the last test point."""
        point, self._point = self._point, None
        if point is None:
            return
        case = self._make_case(point)
        depth = point.indentation // INDENTATION
        if case.outcome.is_failure or point.has_failure:
            self._levels[depth].has_failure = True
        diagnostics = point.diagnostics
        is_suite = diagnostics.value("type") == "suite"
        # Of node's tests with subtests, only suites say that they are; those of others are no tests themselves.
        is_sum = is_suite or (point.has_tests and not diagnostics.value("duration_ms"))
        has_own_failure = case.outcome.is_failure and (
            not point.has_failure or diagnostics.value("failureType") == _FAILED_HOOK
        )
        if diagnostics.is_node_file(point.name):
            yield replace(case, class_name=point.name, name="")
        elif not is_sum or has_own_failure:
            yield from self._emit((point.name,), case, depth)

    def _emit(self, names: tuple[str, ...], case: ReportedCase, depth: int) -> Iterator[ReportedCase]:
        """Yield a case under its whole name, or hold it until all its subtests have a name."""
        for place in range(depth, 0, -1):
            level = self._levels[place]
            if level.name is None:
                if len(level.held) >= MAX_HELD:
                    raise ReportError(f"a subtest without a name holds more than {MAX_HELD:,} tests")
                level.held.append((names, case))
                return
            names = (level.name, *names)
        yield replace(case, name=join_names(names))

    def _make_case(self, point: _Point) -> ReportedCase:
        diagnostics = point.diagnostics
        outcome = Outcome.PASSED if point.is_ok else Outcome.FAILED
        if point.directive == "todo":
            outcome = Outcome.XPASSED if point.is_ok else Outcome.EXPECTED_FAILURE
        elif point.directive == "skip" and point.is_ok:
            outcome = Outcome.SKIPPED
        elif outcome is Outcome.FAILED and diagnostics.value("failureType") == _TIMED_OUT:
            outcome = Outcome.TIMED_OUT
        error_type = message = details = ""
        if outcome.is_failure:
            error_type, message, details = diagnostics.describe()
            if diagnostics.value("failureType") == _FAILED_INSIDE:
                error_type = ""
        file, line = diagnostics.place()
        return ReportedCase(
            self._class_name,
            "",
            outcome,
            point.seconds or diagnostics.seconds(),
            error_type,
            message or clean_text(point.reason),
            details,
            file,
            line,
        )


def _parse_description(text: str) -> tuple[str, str, str, float]:
    """Return name, directive in lower case, its reason, and seconds from what follows the number of a test point."""
    seconds = 0.0
    timing = _TIME.search(text)
    if timing:
        seconds = parse_seconds(timing["milliseconds"]) / 1_000
        text = text[: timing.start()]
    directive = reason = ""
    match = _DIRECTIVE.search(text)
    if match:
        directive, reason = match["kind"].lower(), match["reason"]
        text = text[: match.start()]
    text = text.strip()
    name = text[1:].lstrip() if text.startswith("-") else text
    return clean_name(_ESCAPED.sub(r"\1", name)), directive, reason, seconds
