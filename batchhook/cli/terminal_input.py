"""Single key presses and signals as files to wait for, beside others, with ``select``; and the end of the output."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import stat
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STANDARD_OUTPUT = 1


def is_output_closed() -> bool:
    """Return whether standard output is a pipe whose reader has gone, as after ``| head -1``.

    A command that seldom prints learns it too late from a failed write. Of a closed terminal a signal tells.
    """
    mode = os.fstat(_STANDARD_OUTPUT).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return False
    poll = select.poll()
    poll.register(_STANDARD_OUTPUT, 0)  # errors are reported in any case
    return bool(poll.poll(0))


class Keyboard:
    """The keyboard in cbreak mode: each key arrives at once and is not echoed; a context manager."""

    def __init__(self) -> None:
        self._descriptor = sys.stdin.fileno()
        self._original = termios.tcgetattr(self._descriptor)

    def __enter__(self) -> Keyboard:  # noqa: PYI034 - typing.Self came with Python 3.11
        tty.setcbreak(self._descriptor)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(termios.error):  # the terminal was closed
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._original)

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._descriptor

    def read(self) -> str:
        """Read the keys that were pressed, once the descriptor is ready; empty if the terminal was closed."""
        try:
            return os.read(self._descriptor, 1024).decode(errors="ignore")
        except OSError:
            return ""

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Restore the terminal's original mode for the length of a block."""
        self.__exit__()
        try:
            yield
        finally:
            termios.tcflush(self._descriptor, termios.TCIFLUSH)  # drop keys that were typed for the block
            self.__enter__()


class SignalReceiver:
    """Signals received by this process, handled when the main loop gets to them; a context manager.

    Work in progress is completed first; a second Ctrl-C does not wait for that.

    Attributes:
        end_signal: the signal that asks to end, if one arrived.
        is_suspend_requested: Ctrl-Z was pressed.
    """

    def __init__(self) -> None:
        self.end_signal: signal.Signals | None = None
        self.is_suspend_requested = False
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._original: dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> SignalReceiver:  # noqa: PYI034 - typing.Self came with Python 3.11
        for number in (*_END_SIGNALS, signal.SIGTSTP):
            self._original[number] = signal.getsignal(number)
            if self._original[number] is not signal.SIG_IGN:  # ignored under nohup, and by shells for background jobs
                signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._original.items():
            signal.signal(number, handler)
        os.close(self._reader)
        os.close(self._writer)

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._reader

    def drain(self) -> None:
        """Make the descriptor wait for the next signal."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._reader, 1024)

    def suspend(self) -> None:
        """Stop this process, as Ctrl-Z requests; returns when it is continued."""
        self.is_suspend_requested = False
        os.kill(os.getpid(), signal.SIGSTOP)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        received = signal.Signals(number)
        if received is signal.SIGTSTP:
            self.is_suspend_requested = True
        elif self.end_signal is signal.SIGINT and received is signal.SIGINT:
            raise KeyboardInterrupt
        else:
            self.end_signal = received
        with contextlib.suppress(BlockingIOError):
            os.write(self._writer, b"!")
