"""One harness process, seen from outside: its pipes, its token, its end."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from batchhook.errors import SuiteError
from batchhook.execution.protocol_reader import Reader
from batchhook.execution.spec import SuiteSpec

if TYPE_CHECKING:
    from batchhook.execution.protocol import Message

SCRIPT = Path(__file__).parents[1] / "engines" / "unittest" / "harness" / "supervisor.py"
OUTPUT_KEPT = 16 * 1024
PIECE = 256 * 1024
END_PATIENCE = 3.0
"""Seconds that a supervisor may take to end what is below it."""
START_PATIENCE = 60.0
"""Seconds after which a Python that has not said hello is given up."""
KILL_ROUNDS = 100
MARKER = "_BATCHHOOK_WORKER"
"""The environment variable by which processes that outlived their supervisor are found."""


class Worker:
    """A harness process and its supervisor.

    Args:
        spec: the suite.
        number: of this process in the run; names its files.
        first_party: names of the modules in the source roots.
        hash_seed: makes sets and dictionaries of all processes of a run equal, so that they find the same tests.

    Attributes:
        pid: the harness's; 0 until it has said so.
        status: how the harness ended: ``exit <code>``, ``signal <number>``, or empty while nobody has said so.
        silent: whether its pipe for reports is closed.

    Raises:
        SuiteError: the interpreter cannot be started.
    """

    def __init__(self, spec: SuiteSpec, number: int, first_party: Iterable[str], hash_seed: str) -> None:
        self.number = number
        self.pid = 0
        self.status = ""
        self.silent = False
        self._marker = secrets.token_hex(16)
        self._stacks = spec.scratch / f"worker-{number}.stacks"
        self._tail = b""
        token = secrets.token_hex(16)
        self._reader = Reader(token)
        self._lifeline, lifeline = socket.socketpair()
        orders, self._orders = os.pipe()
        self._reports, reports = os.pipe()
        self._output, output = os.pipe()
        try:
            self._process = subprocess.Popen(
                [
                    *(str(spec.interpreter), "-B", str(SCRIPT), str(orders), str(reports), str(self._stacks)),
                    *(spec.start_dir, spec.pattern, spec.top_level_dir, " ".join(sorted(spec.modules))),
                ],
                cwd=spec.root,
                env=environment(spec, hash_seed) | {MARKER: self._marker},
                stdin=lifeline.fileno(),
                stdout=output,
                stderr=output,
                pass_fds=(orders, reports),
                start_new_session=True,
            )
        except OSError as error:
            self._close()
            raise SuiteError(
                f"The Python that is to run the tests does not start: {spec.interpreter} ({error.strerror})",
                "Set `python` in the configuration to the project's interpreter.",
            ) from error
        finally:
            lifeline.close()
            for descriptor in (orders, reports, output):
                os.close(descriptor)
        for descriptor in (self._reports, self._output):
            os.set_blocking(descriptor, False)
        self._lifeline.settimeout(START_PATIENCE)
        with suppress(OSError):
            self._lifeline.sendall(" ".join([token, *first_party]).encode() + b"\n")
        self._lifeline.setblocking(False)  # noqa: FBT003

    @property
    def descriptors(self) -> tuple[int, int, int]:
        """What to wait for: reports, output, the lifeline."""
        return self._reports, self._output, self._lifeline.fileno()

    # --- hearing ----------------------------------------------------------------------------------------------------

    def messages(self) -> list[Message]:
        """What the harness has said since the last time.

        Raises:
            ForgedError: somebody else wrote into its pipe.
        """
        data = read_available(self._reports)
        self.silent = data == b""
        return self._reader.feed(data or b"")

    def last_messages(self) -> list[Message]:
        """Everything that is left in the pipe of a harness that has ended.

        Raises:
            ForgedError: somebody else wrote into its pipe.
        """
        messages: list[Message] = []
        while data := read_available(self._reports):
            messages += self._reader.feed(data)
        return messages

    def drain_output(self) -> bool:
        """Take what the tests printed, and keep the last of it; ``False`` at the pipe's end."""
        try:
            data = os.read(self._output, PIECE)
        except BlockingIOError:
            return True
        self._tail = (self._tail + data)[-OUTPUT_KEPT:]
        return bool(data)

    def has_ended(self) -> bool:
        """Read the lifeline: ``True`` once the harness is gone, with ``status`` set (empty: its supervisor is too)."""
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
        """The last of what the tests printed."""
        for _ in range(4):
            self.drain_output()
        return self._tail.decode("utf-8", "backslashreplace")

    @property
    def stacks(self) -> str:
        """What faulthandler wrote about this process, the last of it."""
        try:
            return self._stacks.read_bytes()[-OUTPUT_KEPT:].decode("utf-8", "backslashreplace")
        except OSError:
            return ""

    # --- telling ----------------------------------------------------------------------------------------------------

    def run(self, units: Sequence[int], *, fail_fast: bool = False) -> None:
        """Have some units run, until one fails or to the end."""
        self._order(("try " if fail_fast else "run ") + spans(units))

    def quit(self) -> None:
        """Let the harness end as a Python program ends."""
        self._order("quit")

    def ask_for_stacks(self) -> None:
        """Have the stacks of all threads written down."""
        with suppress(OSError):
            self._lifeline.send(b"s")

    def kill(self) -> None:
        """End the harness and all that it started; the lifeline then tells."""
        with suppress(OSError):
            self._lifeline.send(b"k")

    def bury(self) -> None:
        """End whatever is left, wait for it, and close the pipes. May be called at any time, more than once."""
        if self._process.returncode is None:
            with suppress(OSError):
                self._lifeline.shutdown(socket.SHUT_WR)
            try:
                self._process.wait(END_PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            if self._process.returncode != 0:  # a supervisor that ends as it should has seen to that itself
                kill_marked(f"{MARKER}={self._marker}".encode())
        self._close()
        with suppress(OSError):
            self._stacks.unlink()

    def _order(self, line: str) -> None:
        with suppress(OSError):  # a harness that has ended is noticed by its lifeline
            os.write(self._orders, line.encode() + b"\n")

    def _close(self) -> None:
        if self._orders < 0:
            return
        self._lifeline.close()
        for descriptor in (self._orders, self._reports, self._output):
            os.close(descriptor)
        self._orders = -1


def environment(spec: SuiteSpec, hash_seed: str) -> dict[str, str]:
    """What the tests find in ``os.environ``."""
    variables = dict(spec.environment)
    path = [str(root) for root in spec.source_roots]
    if variables.get("PYTHONPATH"):
        path.append(variables["PYTHONPATH"])
    variables["PYTHONPATH"] = os.pathsep.join(path)
    variables["PYTHONDONTWRITEBYTECODE"] = "1"
    variables.setdefault("PYTHONHASHSEED", hash_seed)
    return variables


def read_available(descriptor: int) -> bytes | None:
    """Read what is there: ``None`` where nothing is yet, empty at the end."""
    try:
        return os.read(descriptor, PIECE)
    except BlockingIOError:
        return None


def spans(numbers: Sequence[int]) -> str:
    """Write numbers as ``0-17 20``, runs of successive ones together."""
    pieces: list[list[int]] = []
    for number in numbers:
        if pieces and pieces[-1][1] + 1 == number:
            pieces[-1][1] = number
        else:
            pieces.append([number, number])
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in pieces)


def kill_marked(marker: bytes) -> None:
    """Kill every process whose environment holds the marker, until none is left (Linux; elsewhere none is found)."""
    for _ in range(KILL_ROUNDS):
        found = marked(marker)
        if not found:
            return
        for pid in found:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)


def marked(marker: bytes) -> list[int]:
    """Ids of the processes whose environment holds the marker."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if marker in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def describe_end(status: str) -> str:
    """Say how a harness ended, from what its supervisor said."""
    word, _, number = status.partition(" ")
    if word == "signal" and number == str(int(signal.SIGKILL)):
        return "killed by SIGKILL, as the system does where memory runs out, or by the test itself"
    if word == "signal" and number.isdigit():
        return f"killed by {signal_name(int(number))}"
    if word == "exit" and number.isdigit():
        return f"the process ended with exit code {number} while this test ran"
    return "the process that watches over the tests was killed while this test ran"


def signal_name(number: int) -> str:
    """``SIGSEGV`` for 11."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
