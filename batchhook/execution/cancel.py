"""Cancellation of work in other threads."""

from __future__ import annotations

import os


class CancelToken:
    """A request to stop that can be waited for like a file: its descriptor becomes readable on ``cancel()``.

    Attributes:
        is_cancelled: whether ``cancel()`` was called.
    """

    def __init__(self) -> None:
        self.is_cancelled = False
        self._reader, self._writer = os.pipe()

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._reader

    def cancel(self) -> None:
        """Stop everything that waits for this token, now or later."""
        self.is_cancelled = True
        os.write(self._writer, b"!")

    def close(self) -> None:
        """Close the descriptors, once no thread waits for them."""
        os.close(self._reader)
        os.close(self._writer)
