"""The events of ``go test -json`` (``go doc test2json``), one JSON object per line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from batchhook.core.results import Outcome
from batchhook.engines.command.reports.case import ReportedCase, ReportError
from batchhook.engines.command.reports.go_output import GoOutput
from batchhook.engines.command.reports.stream import cut_short, read_lines
from batchhook.engines.command.reports.texts import (
    TextBuffer,
    clean_name,
    clean_text,
    parse_seconds,
    summarize,
    usable_seconds,
)

_ENDS = {"pass": Outcome.PASSED, "fail": Outcome.FAILED, "skip": Outcome.SKIPPED}
_PLAIN_FAILURE = re.compile(r"FAIL\t(?P<package>\S{1,500}) \[(?:build|setup) failed\]")
"""How go before 1.20 ends a package that cannot be built: no event, among the events."""
_BUILD_HEADING = re.compile(r"# (?P<package>\S{1,500})(?: \[\S{1,500}\])?$")
_BUILD_PLACE = re.compile(r"(?P<file>[^\s:]{1,500}\.go):(?P<line>\d{1,9}):")
_OF_GO = re.compile(r"go: |pattern \S+: |\S+\.go:\d+:\d+: no required module ")
"""How lines begin that go writes when it cannot list the packages."""
_GLUED_END = re.compile(r".*--- (?P<outcome>PASS|FAIL|SKIP): (?P<test>\S{1,2000}) \((?P<seconds>[\d.]{1,20})s\)$")
"""The end of a test that printed no newline at last: no event with go before 1.20 (https://go.dev/issue/26325)."""
_MAX_BUILDS = 200
_MAX_TESTS_OPEN = 100_000


def read_go_json(file: BinaryIO) -> Iterator[ReportedCase]:
    """Read the events of ``go test -json``, mixed with lines that are none.

    A package that fails without a failing test, such as one that cannot be built, is a case without a name. A test of a
    failing package that began and did not end took its process down.

    Args:
        file: open for reading in binary mode.

    Raises:
        ReportError: it is cut short, or has no events.
    """
    reader = _GoReader()
    for line in read_lines(file):
        yield from reader.feed(line)
    yield from reader.finish()


@dataclass(slots=True)
class _Test:
    """A test that is open.

    Attributes:
        glued_end: its end, in a line of its output; no event may follow.
    """

    output: GoOutput = field(default_factory=GoOutput)
    is_paused: bool = False
    has_failure: bool = False
    glued_end: re.Match[str] | None = None

    def add(self, name: str, output: str) -> None:
        """Add to the output."""
        self.output.add(output)
        end = _GLUED_END.match(output)
        if end is not None and end["test"] == name:
            self.glued_end = end


@dataclass(slots=True)
class _Package:
    """A package whose tests run.

    Attributes:
        tests: that are open, by name.
        has_failure: whether a test of it failed.
        has_crash: whether that took its process down.
    """

    tests: dict[str, _Test] = field(default_factory=dict)
    output: GoOutput = field(default_factory=GoOutput)
    has_failure: bool = False
    has_crash: bool = False


class _GoReader:
    def __init__(self) -> None:
        self._packages: dict[str, _Package] = {}
        self._builds: dict[str, TextBuffer] = {}
        """Output of builds, by the import path, and by that of the package whose test it was for."""
        self._other = TextBuffer()
        self._build = ""
        self._has_events = False
        self._is_whole_line = True

    def feed(self, line: str) -> Iterator[ReportedCase]:
        """Take a line."""
        self._is_whole_line = line.endswith("\n")
        event: object = None
        if line.startswith("{"):
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):
                event = None
        if isinstance(event, dict) and isinstance(event.get("Action"), str):
            yield from self._take_event(event)
        else:
            yield from self._take_plain_line(line)

    def finish(self) -> Iterator[ReportedCase]:
        """Take the end of the report.

        Raises:
            ReportError: it came too early, or there were no events.
        """
        if self._packages or not self._is_whole_line:
            raise cut_short()
        if not self._has_events:
            text = clean_text(self._other.text())
            if not any(_OF_GO.match(line) for line in text.split("\n")):
                raise ReportError("the report holds no events of go test")
            yield _describe_build("", text)

    def _take_event(self, event: dict[str, object]) -> Iterator[ReportedCase]:
        self._has_events = True
        action = event["Action"]
        package_name, test_name, output = (_string(event, key) for key in ("Package", "Test", "Output"))
        if action == "build-output":
            self._add_build_output(_string(event, "ImportPath"), output)
        if not package_name or str(action).startswith("build-"):
            return
        package = self._packages.setdefault(package_name, _Package())
        if action in _ENDS and not test_name:
            yield from _end_glued_tests(package_name, package)
            del self._packages[package_name]
            if action == "fail":
                yield from self._end_failed_package(package_name, package, _string(event, "FailedBuild"))
        elif action in _ENDS:
            seconds = usable_seconds(event.get("Elapsed"))
            yield _end_test(package_name, package, test_name, _ENDS[str(action)], seconds)
        elif not test_name:
            package.output.add(output)
        elif action in {"run", "output", "pause", "cont"}:
            if test_name not in package.tests and len(package.tests) >= _MAX_TESTS_OPEN:
                raise ReportError(f"more than {_MAX_TESTS_OPEN:,} tests of a package run at once")
            test = package.tests.setdefault(test_name, _Test())
            test.add(test_name, output)
            if action in {"pause", "cont"}:
                test.is_paused = action == "pause"

    def _take_plain_line(self, line: str) -> Iterator[ReportedCase]:
        text = line.rstrip("\n")
        failure = _PLAIN_FAILURE.match(text)
        if failure:
            self._has_events = True
            self._packages.pop(failure["package"], None)
            self._build = ""
            yield self._describe_failed_build(failure["package"], "", text)
            return
        heading = _BUILD_HEADING.match(text)
        if heading:
            self._build = heading["package"]
        if self._build:
            self._add_build_output(self._build, line)
        self._other.add(line)

    def _add_build_output(self, path: str, text: str) -> None:
        # ``example.com/m/pkg [example.com/m/pkg.test]`` is the package, built for its test.
        path = path.partition(" ")[0]
        if path in self._builds or len(self._builds) < _MAX_BUILDS:
            self._builds.setdefault(path, TextBuffer()).add(text)

    def _end_failed_package(self, name: str, package: _Package, failed_build: str) -> Iterator[ReportedCase]:
        cases = _end_open_tests(name, package)
        yield from cases
        if cases or package.has_failure:
            return
        output = package.output.text()
        if failed_build or "[build failed]" in output or "[setup failed]" in output:
            yield self._describe_failed_build(name, failed_build, output)
        else:
            outcome = package.output.outcome(Outcome.ERRORED)
            message, details = package.output.describe_process()
            yield ReportedCase(clean_name(name), "", outcome, message=message, details=details)

    def _describe_failed_build(self, package: str, failed_build: str, output: str) -> ReportedCase:
        for path in (failed_build.partition(" ")[0], package, package.removesuffix("_test")):
            if path and path in self._builds:
                return _describe_build(package, self._builds[path].text())
        return _describe_build(package, self._other.text() or output)


def _end_test(package_name: str, package: _Package, name: str, outcome: Outcome, seconds: float) -> ReportedCase:
    test = package.tests.pop(name, None) or _Test()
    if outcome is Outcome.FAILED:
        package.has_failure = True
        package.has_crash |= test.output.has_crash
        parent = package.tests.get(name.rpartition("/")[0])
        if parent is not None:
            parent.has_failure = True
        outcome = test.output.outcome(outcome)
    message = details = ""
    if outcome is not Outcome.PASSED:
        message, details = test.output.describe()
    if outcome is Outcome.FAILED and test.has_failure and not message:
        message = "a subtest failed"
    details = details if outcome.is_failure else ""
    file, line = ("", 0) if outcome is Outcome.PASSED else test.output.place()
    return ReportedCase(clean_name(package_name), clean_name(name), outcome, seconds, "", message, details, file, line)


def _end_glued_tests(package_name: str, package: _Package) -> Iterator[ReportedCase]:
    """Yield the cases of open tests whose end is in their output; those inside of others first."""
    for name in sorted(package.tests, key=lambda name: -name.count("/")):
        end = package.tests[name].glued_end
        if end is not None:
            outcome = _ENDS[end["outcome"].lower()]
            yield _end_test(package_name, package, name, outcome, parse_seconds(end["seconds"]))


def _end_open_tests(package_name: str, package: _Package) -> list[ReportedCase]:
    """Return the cases of the tests that took the process of a package down: they began, and did not end.

    Where the output says which test it was, the others are left out: they neither passed nor failed.
    """
    outputs = [package.output, *(test.output for test in package.tests.values())]
    crash = next((output for output in outputs if output.has_crash), package.output)
    listed = {name for output in outputs for name in output.running_tests}
    culprits = {name for name in package.tests if name in listed}
    if not culprits:
        culprits = {name for name, test in package.tests.items() if test.output.has_crash}
    if not culprits and not package.has_crash:
        culprits = {name for name, test in package.tests.items() if not test.is_paused}
    cases = []
    for name, test in package.tests.items():
        if name in culprits or any(each.startswith(f"{name}/") for each in culprits):
            output = test.output if test.output.has_crash else crash
            message, details = output.describe_process()
            file, line = test.output.place()
            outcome = output.outcome(Outcome.CRASHED)
            message = message or "the process of the test ended before the test did"
            cases.append(
                ReportedCase(clean_name(package_name), clean_name(name), outcome, 0.0, "", message, details, file, line)
            )
    return cases


def _describe_build(package: str, text: str) -> ReportedCase:
    """Return the case of a package that cannot be built."""
    details = clean_text(text)
    lines = [line for line in details.split("\n") if not line.startswith("# ")]
    place = _BUILD_PLACE.search(details)
    file, line = (clean_name(place["file"].removeprefix("./")), int(place["line"])) if place else ("", 0)
    message = summarize("\n".join(lines))
    return ReportedCase(clean_name(package), "", Outcome.ERRORED, 0.0, "", message, details, file, line)


def _string(event: dict[str, object], key: str) -> str:
    value = event.get(key)
    return value if isinstance(value, str) else ""
