"""One harness process, seen from outside: its pipes, its token, its end."""

from __future__ import annotations

import os
import secrets
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from batchhook.errors import SuiteError
from batchhook.execution.protocol_reader import ProtocolReader
from batchhook.execution.spec import SuiteSpec

if TYPE_CHECKING:
    from batchhook.execution.protocol import HarnessMessage

OUTPUT_KEPT = 16 * 1024
READ_SIZE = 256 * 1024
START_TIMEOUT = 60.0
"""Seconds until a Python that has not sent its hello is given up."""


@dataclass(frozen=True, slots=True)
class HarnessEnds:
    """Ends of pipes that a harness gets, and what it gets with them.

    Attributes:
        lifeline: socket, in place of its supervisor's standard input.
        commands: descriptor that it reads commands from.
        reports: descriptor that it writes reports to.
        output: descriptor of its standard output and error.
        stacks_file: where it writes stacks.
        token: the prefix of its reports.
    """

    lifeline: socket.socket
    commands: int
    reports: int
    output: int
    stacks_file: Path
    token: str


class Launched(Protocol):
    """A harness that was started, with its supervisor."""

    @property
    def first_line(self) -> str:
        """The line that its supervisor has to read first; empty for none."""

    def wait(self, lifeline: socket.socket, pid: int) -> None:
        """Wait for the end of both; kill them if it does not come soon.

        Args:
            lifeline: batchhook's end, which is closed for writing.
            pid: of the harness; 0 if it has not reported it.
        """


class WorkerProcess:
    """A harness process and its supervisor.

    Args:
        spec: the suite.
        number: of this process in the run; names its files.
        launch: starts it, or copies one.

    Attributes:
        pid: of the harness; 0 until its hello.
        status: how the harness ended: ``exit <code>``, ``signal <number>``, or empty without the supervisor's report.
        reports_closed: whether its pipe for reports is at its end.

    Raises:
        SuiteError: it cannot be started.
    """

    def __init__(self, spec: SuiteSpec, number: int, launch: Callable[[HarnessEnds], Launched]) -> None:
        self.pid = 0
        self.status = ""
        self.reports_closed = False
        self._stacks_file = spec.scratch / f"worker-{number}.stacks"
        self._output_tail = b""
        token = secrets.token_hex(16)
        self._reader = ProtocolReader(token)
        self._lifeline, lifeline = socket.socketpair()
        commands, self._commands = os.pipe()
        self._reports, reports = os.pipe()
        self._output, output = os.pipe()
        try:
            self._launched = launch(HarnessEnds(lifeline, commands, reports, output, self._stacks_file, token))
        except SuiteError:
            self._close_pipes()
            raise
        finally:
            lifeline.close()
            for descriptor in (commands, reports, output):
                os.close(descriptor)
        for descriptor in (self._reports, self._output):
            os.set_blocking(descriptor, False)
        if self._launched.first_line:
            self._lifeline.settimeout(START_TIMEOUT)
            with suppress(OSError):
                self._lifeline.sendall(self._launched.first_line.encode() + b"\n")
        self._lifeline.setblocking(False)  # noqa: FBT003

    @property
    def descriptors(self) -> tuple[int, int, int]:
        """The descriptors to wait for: reports, output, the lifeline."""
        return self._reports, self._output, self._lifeline.fileno()

    # --- from the harness -------------------------------------------------------------------------------------------

    def read_messages(self) -> list[HarnessMessage]:
        """Return the messages that have arrived.

        Raises:
            ForgedError: another writer used the pipe.
        """
        data = read_available(self._reports)
        self.reports_closed = data == b""
        return self._reader.feed(data or b"")

    def read_last_messages(self) -> list[HarnessMessage]:
        """Return everything left in the pipe of a harness that has ended.

        Raises:
            ForgedError: another writer used the pipe.
        """
        messages: list[HarnessMessage] = []
        while data := read_available(self._reports):
            messages += self._reader.feed(data)
        return messages

    def read_output(self) -> bool:
        """Read what the tests printed, and keep the last of it; return False at the end of the pipe."""
        try:
            data = os.read(self._output, READ_SIZE)
        except BlockingIOError:
            return True
        self._output_tail = (self._output_tail + data)[-OUTPUT_KEPT:]
        return bool(data)

    def read_lifeline(self) -> bool:
        """Return whether the harness has ended, and set ``status`` (empty if its supervisor has ended as well)."""
        try:
            data = self._lifeline.recv(100)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        self.status = data.decode("ascii", "replace").strip()
        return True

    @property
    def output(self) -> str:
        """The last part of what the tests printed."""
        for _ in range(4):
            self.read_output()
        return self._output_tail.decode("utf-8", "backslashreplace")

    @property
    def stacks(self) -> str:
        """The last part of what faulthandler wrote about this process."""
        try:
            return self._stacks_file.read_bytes()[-OUTPUT_KEPT:].decode("utf-8", "backslashreplace")
        except OSError:
            return ""

    # --- to the harness ---------------------------------------------------------------------------------------------

    def run(self, items: Sequence[int], *, fail_fast: bool = False) -> None:
        """Run items, all of them or until one fails."""
        self._send(("try " if fail_fast else "run ") + format_ranges(items))

    def run_last(self) -> None:
        """Have the item run that waits for the next one: there is none."""
        self._send("last")

    def quit(self) -> None:
        """Let the harness end as a Python program ends."""
        self._send("quit")

    def request_stacks(self) -> None:
        """Have the stacks of all threads written to the file for stacks."""
        with suppress(OSError):
            self._lifeline.send(b"s")

    def kill(self) -> None:
        """Kill the harness and all that it started; the lifeline reports the end."""
        with suppress(OSError):
            self._lifeline.send(b"k")

    def request_copy(self) -> None:
        """Have the harness take the pipes of a copy from its socket, and make it (``launch.CopyLauncher``)."""
        self._send("copy")

    def close(self) -> None:
        """End whatever is left, wait for it, and close the pipes. May be called at any time, and repeatedly."""
        if self._commands < 0:
            return
        with suppress(OSError):
            self._lifeline.shutdown(socket.SHUT_WR)
        self._launched.wait(self._lifeline, self.pid)
        self._close_pipes()
        with suppress(OSError):
            self._stacks_file.unlink()

    def _send(self, command: str) -> None:
        with suppress(OSError):  # the lifeline reports a harness that has ended
            os.write(self._commands, command.encode() + b"\n")

    def _close_pipes(self) -> None:
        if self._commands < 0:
            return
        self._lifeline.close()
        for descriptor in (self._commands, self._reports, self._output):
            os.close(descriptor)
        self._commands = -1


def read_available(descriptor: int) -> bytes | None:
    """Read what has arrived: None for nothing yet, empty at the end of the pipe."""
    try:
        return os.read(descriptor, READ_SIZE)
    except BlockingIOError:
        return None


def format_ranges(numbers: Sequence[int]) -> str:
    """Format numbers as ``0-17 20``, consecutive ones as a range."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] + 1 == number:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def describe_exit(status: str) -> str:
    """Describe how a harness ended, from its supervisor's report."""
    word, _, number = status.partition(" ")
    if word == "signal" and number == str(int(signal.SIGKILL)):
        return "killed by SIGKILL: out of memory, or by the test itself"
    if word == "signal" and number.isdigit():
        return f"killed by {signal_name(int(number))}"
    if word == "exit" and number.isdigit():
        return f"the process ended with exit code {number} during this test"
    return "the supervisor of the tests was killed during this test"


def signal_name(number: int) -> str:
    """Return ``SIGSEGV`` for 11."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
