"""Running a command of the user's: it is ended with all that it started when its time is up, or when batchhook ends."""

from __future__ import annotations

import selectors
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from batchhook.execution.cancel import Halt
from batchhook.execution.worker import END_PATIENCE

SCRIPT = Path(__file__).parents[1] / "engines" / "unittest" / "harness" / "command.py"
_MOST = 100
"""Bytes that its watch says of a command, at most."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    Attributes:
        code: its exit code; None where it was killed, by whomever.
        signal: the number of the signal that killed it; 0 for none, or for one of ours.
        timed_out: whether it took too long.
        error: the system's error number where it could not be started; 0 where it could.
    """

    code: int | None = None
    signal: int = 0
    timed_out: bool = False
    error: int = 0


@dataclass(frozen=True, slots=True)
class Command:
    """A command that is to be run. It reads nothing, and all that it started ends with it.

    Attributes:
        words: its own and its arguments.
        environment: what it finds in its own.
        log: gets what it prints.
        timeout: seconds after which it is ended; 0 for never.
        halt: ends it when somebody calls.
    """

    words: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    timeout: float = 0.0
    halt: Halt | None = None


def run_command(command: Command, folder: Path) -> Ended:
    """Run a command in a folder to its end."""
    lifeline, theirs = socket.socketpair()
    with lifeline, command.log.open("wb") as output:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-E", "-s", "-S", "-B", str(SCRIPT), *command.words],
                cwd=folder,
                env=dict(command.environment),
                stdin=theirs.fileno(),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            said = _end_of(lifeline, command.timeout, command.halt)
        finally:
            _bury(process, lifeline)
    return Ended(timed_out=True) if said is None else _read(said)


def _end_of(lifeline: socket.socket, timeout: float, halt: Halt | None) -> bytes | None:
    """What its watch says when a command has ended; None where its time was up, nothing where there was a halt."""
    with selectors.DefaultSelector() as selector:
        selector.register(lifeline, selectors.EVENT_READ)
        if halt is not None:
            selector.register(halt, selectors.EVENT_READ)
        ready = [key.fileobj for key, _ in selector.select(timeout or None)]
    if not ready:
        return None
    said = b""
    while lifeline in ready and (piece := lifeline.recv(_MOST)):
        said += piece
    return said


def _bury(process: subprocess.Popen[bytes], lifeline: socket.socket) -> None:
    """End what is left of a command, and wait for that."""
    with suppress(OSError):
        lifeline.shutdown(socket.SHUT_WR)
    try:
        process.wait(END_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _read(said: bytes) -> Ended:
    """Understand what a watch has said; of one that was killed, nothing."""
    words = dict(line.split(" ", 1) for line in said.decode("ascii", "replace").splitlines() if " " in line)
    numbers = {word: int(number) for word, number in words.items() if number.isdigit()}
    return Ended(numbers.get("exit"), numbers.get("signal", 0), error=numbers.get("error", 0))
