"""Copies of a process that has collected the suite: each runs tests as if it had collected them itself.

Collecting a large suite takes longer than running many a test, so it is done once. A copy is forked below a supervisor
of its own, with its own pipes, which arrive over a socket. That is right only if nothing in the process is shared with
its copies behind their backs: ``is_forkable`` looks for threads, children, sockets and the like.
"""

# pathlib is not among the modules that the frameworks import.
# ruff: noqa: PTH115, PTH123, PTH208

from __future__ import annotations

import os
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_DESCRIPTORS = 4
"""Pipes of a copy: its lifeline, commands, reports, output."""
_INT = 4
_HARMLESS_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/pts/")


class Copies:
    """Makes copies of this process when batchhook asks for them.

    Args:
        socket: where descriptors arrive; None where no copies are wanted.
        fork: ``supervisor.fork_copy``.
    """

    def __init__(self, socket: Any = None, fork: Callable[..., tuple[int, int] | None] | None = None) -> None:  # noqa: ANN401
        self._socket = socket
        self._fork = fork

    @property
    def are_possible(self) -> bool:
        """Return whether copies were asked for, and this process can be copied."""
        return self._socket is not None and is_forkable(self._socket.fileno())

    def make(self) -> tuple[int, int, str, str] | None:
        """Make a copy. Return None in this process; in the copy its pipes for commands and reports, token and name."""
        data, ancillary, _, _ = self._socket.recvmsg(4096, 1024)
        raw = ancillary[0][2]
        descriptors = [
            int.from_bytes(raw[start : start + _INT], sys.byteorder) for start in range(0, _DESCRIPTORS * _INT, _INT)
        ]
        token, stacks_file, name = data.decode().split("\0")
        if self._fork is None:
            return None
        pipes = self._fork(descriptors, stacks_file)
        return None if pipes is None else (*pipes, token, name)


def is_forkable(own_socket: int) -> bool:
    """Return whether this process shares nothing with a copy of it that either could disturb.

    Args:
        own_socket: descriptor of the socket of ``Copies``.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        tasks = os.listdir("/proc/self/task")
        with open(f"/proc/self/task/{tasks[0]}/children", "rb") as file:
            children = file.read().split()
        descriptors = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        return False
    return len(tasks) == 1 and not children and all(each == own_socket or _is_harmless(each) for each in descriptors)


def _is_harmless(descriptor: int) -> bool:
    """Return whether copies may share an open file: they do not move each other's position in it."""
    import fcntl  # noqa: PLC0415 - pytest imports it anyway

    try:
        mode = os.fstat(descriptor).st_mode
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    except OSError:
        return True  # it was the folder's own, and is closed
    if stat.S_ISREG(mode):  # a database is open for both; an unnamed file is where pytest captures output
        return flags & os.O_ACCMODE != os.O_RDWR or path.endswith(" (deleted)")
    if stat.S_ISCHR(mode):
        return path.startswith(_HARMLESS_DEVICES)
    return stat.S_ISDIR(mode) or (stat.S_ISFIFO(mode) and path.startswith("pipe:"))
