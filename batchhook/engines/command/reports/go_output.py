"""The output of a Go test, or of a package of tests: the place and message of a failure, a panic, a timeout."""

from __future__ import annotations

import re

from batchhook.core.results import Outcome
from batchhook.engines.command.reports.texts import TextBuffer, clean_name, clean_text, paragraph, summarize

_FRAMING = re.compile(r"\s*(?:=== (?:RUN|PAUSE|CONT|NAME)\b|--- (?:FAIL|PASS|SKIP|BENCH): |(?:FAIL|PASS|ok)(?:\t|$)).*")
_LOGGED = re.compile(r"(?P<indentation>[ \t]+)(?P<file>[^\s:]{1,300}\.go):(?P<line>\d{1,9}): ?(?P<text>.*)")
_PANIC = re.compile(r"(?:panic: |fatal error: |SIG[A-Z]{2,8}: )")
_TIMEOUT = "panic: test timed out after "
_RUNNING = "running tests:"
_RUNNING_TEST = re.compile(r"\s+(?P<name>\S+) \([\d.hms]{1,20}\)$")
_GOROUTINE = re.compile(r"goroutine \d+ (?:\S+ )*\[")
_RECOVERED = re.compile(r" \[recovered(?:, repanicked)?\]$")
_TESTIFY_ERROR = re.compile(r"\s*Error:\s*(?P<text>.*)")
_TESTIFY_END = re.compile(r"\s*(?:Test|Messages):\s")
_MAX_RUNNING = 1_000
_MAX_LINES = 12


class GoOutput:
    """The output of a test or package, bounded; what matters of it is noticed as it comes."""

    __slots__ = ("_buffer", "_is_listing", "_panic", "_rest", "_trace", "running_tests")

    def __init__(self) -> None:
        self._buffer = TextBuffer()
        self._panic = ""
        self._trace = False
        self._is_listing = False
        self._rest = ""
        self.running_tests: set[str] = set()
        """Names of the tests that ran when the time was up."""

    def add(self, text: str) -> None:
        """Append what was printed: usually a line, with its end."""
        self._buffer.add(text)
        *lines, rest = (self._rest + text).split("\n")
        self._rest = rest[:_MAX_RUNNING]
        for line in lines:
            self._notice(line)

    @property
    def has_crash(self) -> bool:
        """Return whether it holds the panic of a process, with its goroutines."""
        return bool(self._panic) and (self._trace or self._panic.startswith(_TIMEOUT))

    def text(self) -> str:
        """Return what was printed."""
        return self._buffer.text()

    def outcome(self, otherwise: Outcome) -> Outcome:
        """Return the outcome that a panic shows; ``otherwise`` if there is none."""
        if not self.has_crash:
            return otherwise
        return Outcome.TIMED_OUT if self._panic.startswith(_TIMEOUT) else Outcome.CRASHED

    def describe(self) -> tuple[str, str]:
        """Return message and details of a test: the last thing that it logged, or its panic; all that it printed."""
        lines = self._lines()
        details = "\n".join(lines).strip("\n")
        return (self._clean_panic() if self.has_crash else _last_logged(lines)), details

    def describe_process(self) -> tuple[str, str]:
        """Return message and details of a process that failed as a whole: its panic, or else what it printed."""
        details = "\n".join(self._lines()).strip("\n")
        return (self._clean_panic() if self._panic else summarize(details)), details

    def place(self) -> tuple[str, int]:
        """Return file and line of the last thing that was logged."""
        match = next((match for line in reversed(self._lines()) if (match := _LOGGED.match(line))), None)
        return (clean_name(match["file"]), int(match["line"])) if match else ("", 0)

    def _notice(self, line: str) -> None:
        if _PANIC.match(line):
            self._panic = self._panic or clean_text(line)
        elif line.strip() == _RUNNING and self._panic:
            self._is_listing = True
        elif self._is_listing and (match := _RUNNING_TEST.match(line)):
            if len(self.running_tests) < _MAX_RUNNING:
                self.running_tests.add(match["name"])
        else:
            self._is_listing = False
            self._trace = self._trace or bool(self._panic and _GOROUTINE.match(line))

    def _clean_panic(self) -> str:
        return _RECOVERED.sub("", self._panic)

    def _lines(self) -> list[str]:
        return [line for line in clean_text(self._buffer.text()).split("\n") if not _FRAMING.fullmatch(line)]


def _last_logged(lines: list[str]) -> str:
    """Return the text of the last ``file.go:12: text`` with the lines that go on with it; failures come last."""
    place = next((number for number in range(len(lines) - 1, -1, -1) if _LOGGED.match(lines[number])), None)
    if place is None:
        return summarize("\n".join(lines))
    match = _LOGGED.match(lines[place])
    first = match["text"] if match else ""
    following: list[str] = []
    for line in lines[place + 1 : place + 1 + _MAX_LINES]:
        if line.strip() and not line.startswith(match["indentation"] if match else " "):
            break
        following.append(line.strip())
    error = next((number for number, line in enumerate(following) if _TESTIFY_ERROR.match(line)), None)
    if not first.strip() and error is not None:
        end = next((number for number, line in enumerate(following) if _TESTIFY_END.match(line)), len(following))
        following = [following[error].removeprefix("Error:").strip(), *following[error + 1 : max(end, error + 1)]]
    return paragraph("\n".join([first, *following]))
