"""Words for how a command ended and for what it printed."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from batchhook.core.results import Outcome, TestResult
from batchhook.core.sanitize import one_line, sanitize_lines
from batchhook.core.test_ids import EVERYTHING
from batchhook.execution.supervised_command import CommandResult
from batchhook.execution.worker import signal_name

MAX_COMMAND, _MAX_WORD, _MAX_LINE = 120, 60, 300
"""Characters of a command, of one of its words with a path, and of a line of output, that messages show."""
_ERROR = re.compile(r"(?:error|\bfatal|\bcannot|\bundefined|\bpanic)\b", re.IGNORECASE)
_SHOWN_BYTES = 8_000
"""Bytes of the end of a command's output that a finding shows."""


def describe_finding(ended: CommandResult, message: str, log: Path) -> TestResult:
    """Return the result of what is no test."""
    details = read_tail(log)
    return TestResult(
        EVERYTHING,
        EVERYTHING,
        Outcome.ERRORED if ended.exit_code is not None else outcome_of(ended),
        message="\n".join(filter(None, (message, _first_error(details)))),
        traceback=details,
    )


def outcome_of(ended: CommandResult) -> Outcome:
    """Return the outcome of a command that did not end by itself."""
    return Outcome.TIMED_OUT if ended.timed_out else Outcome.CRASHED


def describe_end(ended: CommandResult) -> str:
    """Return how a command ended, after its name."""
    if ended.timed_out:
        return "did not end in time"
    if ended.exit_code is None:
        return f"was killed by {signal_name(ended.signal)}"
    return f"ended with exit code {ended.exit_code}"


def _first_error(output: str) -> str:
    """Return the first line of a command's output that speaks of an error, where compilers begin to explain."""
    lines = [line.strip() for line in output.splitlines()]
    return one_line(next((line for line in lines if _ERROR.search(line)), ""), _MAX_LINE)


def read_tail(log: Path) -> str:
    """Return the end of a command's output."""
    with suppress(OSError), log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _SHOWN_BYTES))
        return sanitize_lines(file.read().decode("utf-8", "replace")).strip("\n")
    return ""


def read_last_line(log: Path) -> str:
    """Return the last line of a command's output."""
    return one_line((read_tail(log).strip().splitlines() or ["no output"])[-1], _MAX_LINE)


def shorten_command(words: Sequence[str]) -> str:
    """Return a command as messages show it, without the paths of private folders."""
    return one_line(shlex.join(word for word in words if "/" not in word or len(word) < _MAX_WORD), MAX_COMMAND)
