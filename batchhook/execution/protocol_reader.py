"""Framing of the harness's messages: whole lines that carry the run's token, numbered without a gap.

The models of the messages (``protocol.py``) are loaded with the first line: importing pydantic takes longer than a
harness takes to start, and this way both happen at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from batchhook.lazy import LazyModule

if TYPE_CHECKING:
    from batchhook.execution import protocol
else:
    protocol = LazyModule("batchhook.execution.protocol")

LINE_LIMIT = 8 * 1024 * 1024
"""Bytes; the longest line that a harness writes holds 500 items."""


class ForgedError(Exception):
    """A line in the pipe that the harness did not write."""


class ProtocolReader:
    """Turn the bytes of one harness's pipe into messages.

    Args:
        token: the prefix of every line.
    """

    def __init__(self, token: str) -> None:
        self._prefix = token.encode() + b" "
        self._pending = b""
        self._lines = 0

    def feed(self, data: bytes) -> list[protocol.HarnessMessage]:
        """Take the next bytes, and return the messages that they complete.

        Raises:
            ForgedError: a line is not the harness's, or lines are missing.
        """
        *lines, self._pending = (self._pending + data).split(b"\n")
        if len(self._pending) > LINE_LIMIT:
            raise ForgedError("a line without end")
        return [self._read(line) for line in lines]

    def _read(self, line: bytes) -> protocol.HarnessMessage:
        if not line.startswith(self._prefix):
            raise ForgedError("a line without the run's token")
        try:
            message = protocol.parse(line[len(self._prefix) :])
        except ValueError as error:
            raise ForgedError(str(error)) from error
        if message.line != self._lines:
            raise ForgedError(f"line {message.line} instead of {self._lines}")
        self._lines += 1
        return message
