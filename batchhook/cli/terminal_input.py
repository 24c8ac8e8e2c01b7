"""Single keys from the terminal, and calls to end; both can be waited for beside other things."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Keys:
    """The keyboard, while it gives keys at once and does not show them; a context manager."""

    def __init__(self) -> None:
        self._descriptor = sys.stdin.fileno()
        self._before = termios.tcgetattr(self._descriptor)

    def __enter__(self) -> Keys:  # noqa: PYI034 - typing.Self came with Python 3.11
        tty.setcbreak(self._descriptor)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)

    def fileno(self) -> int:
        """The descriptor to wait for."""
        return self._descriptor

    def pressed(self) -> str:
        """The keys that were pressed; empty where the terminal is gone. To be asked when there is something to read."""
        try:
            return os.read(self._descriptor, 1024).decode(errors="ignore")
        except OSError:
            return ""

    @contextmanager
    def given_back(self) -> Iterator[None]:
        """The terminal as it was, for the length of a block."""
        self.__exit__()
        try:
            yield
        finally:
            termios.tcflush(self._descriptor, termios.TCIFLUSH)  # what was typed ahead was meant for what has ended
            self.__enter__()


class Calls:
    """Signals that were sent to us, to be looked at when there is time; a context manager.

    What is under way is brought to its end. A second Ctrl-C does not wait for that.

    Attributes:
        end: the signal that asks us to end; None for none.
        is_suspended: whether Ctrl-Z was pressed.
    """

    def __init__(self) -> None:
        self.end: signal.Signals | None = None
        self.is_suspended = False
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        self._before: dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> Calls:  # noqa: PYI034 - typing.Self came with Python 3.11
        for number in (*_ENDS, signal.SIGTSTP):
            self._before[number] = signal.getsignal(number)
            if self._before[number] is not signal.SIG_IGN:  # as nohup and shells do it for what runs behind them
                signal.signal(number, self._called)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._reading)
        os.close(self._writing)

    def fileno(self) -> int:
        """The descriptor to wait for."""
        return self._reading

    def take(self) -> None:
        """Have the descriptor wait for the next one."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._reading, 1024)

    def suspend(self) -> None:
        """Do what Ctrl-Z asked for; comes back when somebody goes on with us."""
        self.is_suspended = False
        os.kill(os.getpid(), signal.SIGSTOP)

    def _called(self, number: int, _frame: FrameType | None) -> None:
        called = signal.Signals(number)
        if called is signal.SIGTSTP:
            self.is_suspended = True
        elif self.end is signal.SIGINT and called is signal.SIGINT:
            raise KeyboardInterrupt
        else:
            self.end = called
        with contextlib.suppress(BlockingIOError):
            os.write(self._writing, b"!")
