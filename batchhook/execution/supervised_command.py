"""Run a user's command under a supervisor, which kills it with its descendants on timeout, cancel, or our own end."""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

from batchhook.execution.cancel import CancelToken
from batchhook.execution.launch import EXIT_TIMEOUT, HARNESS

SCRIPT = HARNESS / "command.py"
_REPORT_LIMIT = 100
"""Bytes read at once from the supervisor's report."""
_SIZE_CHECK = 1.0
"""Seconds between two looks at the size of a command's output."""


@dataclass(frozen=True, slots=True)
class SupervisedCommand:
    """A command with an empty standard input.

    Attributes:
        args: the program and its arguments.
        environment: its variables.
        log: receives its output.
        timeout: seconds until it is killed; 0 for no limit.
        cancel: kills it.
        max_output: bytes of output from which on it is killed; 0 for no limit.
    """

    args: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    timeout: float = 0.0
    cancel: CancelToken | None = None
    max_output: int = 0


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The end of a command.

    Attributes:
        exit_code: None if it was killed, by us or another process.
        signal: number of the signal that killed it; 0 for none, or for one of ours.
        timed_out: whether it was killed at its timeout.
        errno: why it could not be started; 0 if it was.
        is_flooded: whether it was killed for the size of its output.
        seconds: from its start to its end.
    """

    exit_code: int | None = None
    signal: int = 0
    timed_out: bool = False
    errno: int = 0
    is_flooded: bool = False
    seconds: float = 0.0


def run_command(command: SupervisedCommand, folder: Path) -> CommandResult:
    """Run a command in a folder, and wait for it and its descendants to end."""
    begin = time.perf_counter()
    lifeline, supervisor_end = socket.socketpair()
    with lifeline, command.log.open("wb") as output:
        with supervisor_end:
            process = subprocess.Popen(
                [sys.executable, "-E", "-s", "-S", "-B", str(SCRIPT), *command.args],
                cwd=folder,
                env={**command.environment, "PWD": os.fspath(folder)},
                stdin=supervisor_end.fileno(),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            report = _read_report(lifeline, command)
        finally:
            _close(process, lifeline)
        is_flooded = bool(command.max_output) and os.fstat(output.fileno()).st_size > command.max_output
    result = CommandResult(timed_out=True) if report is None else _parse_report(report)
    return replace(result, is_flooded=is_flooded, seconds=time.perf_counter() - begin)


def _read_report(lifeline: socket.socket, command: SupervisedCommand) -> bytes | None:
    """Return the supervisor's report on the command's end: None after a timeout or a flood, empty after a cancel."""
    deadline = time.monotonic() + (command.timeout or inf)
    ready: list[object] = []
    with selectors.DefaultSelector() as selector:
        selector.register(lifeline, selectors.EVENT_READ)
        if command.cancel is not None:
            selector.register(command.cancel, selectors.EVENT_READ)
        while not ready and (left := deadline - time.monotonic()) > 0:
            wait = min(left, _SIZE_CHECK) if command.max_output else left
            ready = [key.fileobj for key, _ in selector.select(None if wait == inf else wait)]
            if command.max_output and not ready and command.log.stat().st_size > command.max_output:
                return None
    if not ready:
        return None
    report = b""
    while lifeline in ready and (piece := lifeline.recv(_REPORT_LIMIT)):
        report += piece
    return report


def _close(process: subprocess.Popen[bytes], lifeline: socket.socket) -> None:
    """End what is left of a command, and wait for the end."""
    with suppress(OSError):
        lifeline.shutdown(socket.SHUT_WR)
    try:
        process.wait(EXIT_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _parse_report(report: bytes) -> CommandResult:
    """Parse the lines of a supervisor; a supervisor that was killed wrote none."""
    lines = dict(line.split(" ", 1) for line in report.decode("ascii", "replace").splitlines() if " " in line)
    numbers = {word: int(number) for word, number in lines.items() if number.isdigit()}
    return CommandResult(numbers.get("exit"), numbers.get("signal", 0), errno=numbers.get("error", 0))
