"""The two pipes between the harness and batchhook: reports go out, commands come in."""

from __future__ import annotations

import os

from .text import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .code_recorder import NoRecorder
    from .forking import Copies

CHANNEL_LOST = 97  # the exit code when a test has closed the pipe for reports

# Tests may replace these functions; the harness keeps its own references.
_write, _read, _fstat, _exit = os.write, os.read, os.fstat, os._exit
_getpid, _getppid = os.getpid, os.getppid


class Channel:
    """The pipe to batchhook, and the format of its lines.

    Args:
        descriptor: of the pipe.
        token: the beginning of each line.
        recorder: records the code that tests run, and reports it here.
    """

    kept_alive: object = None

    def __init__(self, descriptor: int, token: str, recorder: NoRecorder) -> None:
        self.recorder = recorder
        self._descriptor = descriptor
        self._pipe = self._identity()
        self._token = token
        self._owner = _getpid()
        self._supervisor = _getppid()
        self._lines = 0
        self._buffer = b""
        recorder.begin(self.buffer)

    def send(self, kind: str, **fields: object) -> None:
        """Write a message, after those that are buffered."""
        self.buffer(kind, **fields)
        self.flush()

    def buffer(self, kind: str, **fields: object) -> None:
        """Keep a message until the next one is sent.

        The end of a test is followed by the start of the next, or by the end of the chunk: one write serves both.
        """
        self._append(kind, "".join([f',"{name}":{encode(value)}' for name, value in fields.items()]))

    def send_started(self, item: int) -> None:
        """Report the start of a listed test. Most lines are this one and the next, so both skip ``encode``."""
        self._append("started", f',"item":{item},"id":""')
        self.flush()

    def buffer_passed(self, item: int, duration: float) -> None:
        """Buffer the report that a listed test passed."""
        self._append("passed", f',"item":{item},"duration":{duration!r}')

    def _append(self, kind: str, fields: str) -> None:
        self._buffer += f'{self._token} {{"line":{self._lines},"kind":"{kind}"{fields}}}\n'.encode()
        self._lines += 1

    def flush(self) -> None:
        """Write the buffer. A process that a test forked reports nothing."""
        data, self._buffer = self._buffer, b""
        if _getpid() != self._owner:
            return
        while data:
            data = data[self._write(data) :]

    def exit_if_forked(self, code: int) -> None:
        """End this process if a test forked it and it returned from the test: it must not run the suite."""
        if _getpid() != self._owner:
            _exit(code)

    def exit_if_orphaned(self) -> None:
        """End this process if the running test has killed the supervisor; batchhook then blames that test."""
        if _getppid() != self._supervisor:
            _exit(CHANNEL_LOST)

    def _write(self, data: bytes) -> int:
        if self._identity() != self._pipe:
            _exit(CHANNEL_LOST)
        return _write(self._descriptor, data)

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = _fstat(self._descriptor)
        except OSError:
            return None
        return status.st_dev, status.st_ino


class WorkerCommand:
    """A command of batchhook's.

    Attributes:
        items: numbers of the items to run after those of earlier commands.
        fail_fast: whether to run them only until one fails.
        is_last: whether no other item follows for now.
        is_copy: whether a copy of the process is wanted.
    """

    __slots__ = ("fail_fast", "is_copy", "is_last", "items")

    def __init__(self, line: str) -> None:
        verb, *ranges = line.split()
        self.items = [number for text in ranges for number in parse_range(text)]
        self.fail_fast = verb == "try"
        self.is_last = verb == "last"
        self.is_copy = verb == "copy"


class Commands:
    """The pipe from batchhook, one command a line.

    ``run 0-17 20`` runs these items, ``try 0-17`` runs them until one fails, ``last`` follows them where the harness
    has asked what comes next and nothing does, ``copy`` makes a copy of the process, ``quit`` ends the harness.

    Attributes:
        copies: makes copies of this process.
    """

    def __init__(self, descriptor: int, copies: Copies) -> None:
        self.copies = copies
        self._descriptor = descriptor
        self._owner = _getpid()

    def __iter__(self) -> Iterator[WorkerCommand]:
        """Yield commands; end at ``quit`` or end of file."""
        pending = b""
        while _getpid() == self._owner:
            while b"\n" not in pending:
                piece = _read(self._descriptor, 65536)
                if not piece:
                    return
                pending += piece
            line, _, pending = pending.partition(b"\n")
            if line == b"quit":
                return
            yield WorkerCommand(line.decode())


def parse_range(text: str) -> range:
    """Parse ``7`` or ``3-9``, both ends included."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)
