"""The two pipes between the harness and batchhook: reports go out, orders come in."""

from __future__ import annotations

import os

from .text import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

CHANNEL_LOST = 97  # the exit code when a test has closed the pipe for reports

# Tests may replace these functions; the harness keeps its own.
_write, _read, _fstat, _exit = os.write, os.read, os.fstat, os._exit
_getpid, _getppid = os.getpid, os.getppid


class Channel:
    """The pipe to batchhook, and the one format that goes through it."""

    kept_alive: object = None

    def __init__(self, descriptor: int, token: str) -> None:
        self._descriptor = descriptor
        self._pipe = self._identity()
        self._token = token
        self._owner = _getpid()
        self._supervisor = _getppid()
        self._lines = 0
        self._held = b""

    def say(self, kind: str, **fields: object) -> None:
        """Report one thing, and what was held back before it, at once."""
        self.hold(kind, **fields)
        self.flush()

    def hold(self, kind: str, **fields: object) -> None:
        """Report one thing together with the next one.

        The end of a test is followed by the beginning of another, or by the end of all: one write does for both.
        """
        self._append(kind, "".join([f',"{name}":{encode(value)}' for name, value in fields.items()]))

    def say_started(self, unit: int) -> None:
        """Report that a test of the list begins. Most of what is ever said is this and the next, so both are quick."""
        self._append("started", f',"unit":{unit},"id":""')
        self.flush()

    def hold_passed(self, unit: int, duration: float) -> None:
        """Report, together with the next thing, that a test of the list has passed."""
        self._append("passed", f',"unit":{unit},"duration":{duration!r}')

    def _append(self, kind: str, rest: str) -> None:
        self._held += f'{self._token} {{"line":{self._lines},"kind":"{kind}"{rest}}}\n'.encode()
        self._lines += 1

    def flush(self) -> None:
        """Write what was held back. A process that a test forked off reports nothing."""
        data, self._held = self._held, b""
        if _getpid() != self._owner:
            return
        while data:
            data = data[self._send(data) :]

    def leave_if_stranger(self, code: int) -> None:
        """End this process if it is a copy that a test forked off and that came back: it must not run the suite."""
        if _getpid() != self._owner:
            _exit(code)

    def leave_if_orphaned(self) -> None:
        """End this process if the test that runs has killed its supervisor; batchhook then blames that test."""
        if _getppid() != self._supervisor:
            _exit(CHANNEL_LOST)

    def _send(self, data: bytes) -> int:
        if self._identity() != self._pipe:
            _exit(CHANNEL_LOST)
        return _write(self._descriptor, data)

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = _fstat(self._descriptor)
        except OSError:
            return None
        return status.st_dev, status.st_ino


class Commands:
    """The orders, one a line: ``run 0-17 20`` (numbers of units), ``try 0-17`` (until one fails), ``quit``."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._owner = _getpid()

    def __iter__(self) -> Iterator[tuple[list[int], bool]]:
        """The units of each ``run`` or ``try``, and whether it is a ``try``; until ``quit`` or the pipe's end."""
        pending = b""
        while _getpid() == self._owner:
            while b"\n" not in pending:
                piece = _read(self._descriptor, 65536)
                if not piece:
                    return
                pending += piece
            line, _, pending = pending.partition(b"\n")
            word, *spans = line.decode().split()
            if word == "quit":
                return
            yield [number for span in spans for number in numbers(span)], word == "try"


def numbers(span: str) -> range:
    """The numbers that ``7`` or ``3-9`` stands for."""
    first, _, last = span.partition("-")
    return range(int(first), int(last or first) + 1)
