"""Reading what a harness says: whole lines, each with the run's token, counted; anything else is forged.

What a line may hold is the business of ``messages.py``, which is loaded with the first line: the models' library takes
longer to load than a harness to start, and that way both go on at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from batchhook.lazy import Late

if TYPE_CHECKING:
    from batchhook.execution import protocol
else:
    protocol = Late("batchhook.execution.protocol")

LINE_LIMIT = 8 * 1024 * 1024
"""Bytes; the longest line the harness writes holds 500 units."""


class ForgedError(Exception):
    """A line on the harness's pipe that the harness did not write."""


class Reader:
    """Turns the bytes of one harness's pipe into messages.

    Args:
        token: what every line must begin with.
    """

    def __init__(self, token: str) -> None:
        self._prefix = token.encode() + b" "
        self._pending = b""
        self._lines = 0

    def feed(self, data: bytes) -> list[protocol.Message]:
        """Take the next bytes, and give the messages that they complete.

        Raises:
            ForgedError: a line is not the harness's, or lines are missing.
        """
        *lines, self._pending = (self._pending + data).split(b"\n")
        if len(self._pending) > LINE_LIMIT:
            raise ForgedError("a line without end")
        return [self._read(line) for line in lines]

    def _read(self, line: bytes) -> protocol.Message:
        if not line.startswith(self._prefix):
            raise ForgedError("a line without the run's token")
        try:
            message = protocol.parse(line[len(self._prefix) :])
        except ValueError as error:
            raise ForgedError(str(error)) from error
        if message.line != self._lines:
            raise ForgedError(f"line {message.line} where line {self._lines} was due")
        self._lines += 1
        return message
