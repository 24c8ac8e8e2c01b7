"""Ending what other threads are at: they wait for this beside whatever else they wait for."""

from __future__ import annotations

import os


class Halt:
    """A call to end, that can be waited for as a file can: it is readable as soon as somebody has called.

    Attributes:
        is_called: whether it is time to end.
    """

    def __init__(self) -> None:
        self.is_called = False
        self._called, self._calling = os.pipe()

    def fileno(self) -> int:
        """The descriptor to wait for."""
        return self._called

    def call(self) -> None:
        """Have everybody end who waits for this, now or later."""
        self.is_called = True
        os.write(self._calling, b"!")

    def close(self) -> None:
        """Let go of the descriptors, when nobody waits any more."""
        os.close(self._called)
        os.close(self._calling)
