"""Runs a command under the same watch as the harness: it leaves no process behind, and ends when batchhook does.

This is a script of its own, as ``supervisor.py`` is, with the same lifeline in the place of standard input. Where the
command cannot be started, that says one more line first: ``error <errno>``.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from batchhook.engines.unittest.harness.supervisor import die_first, lift, watch
else:
    from supervisor import die_first, lift, watch


def main(command: Sequence[str]) -> None:
    """Fork; become the command in the child, watch over it in the parent.

    Args:
        command: its words.
    """
    lifeline = lift(0, 1)
    os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)  # noqa: FBT003 - the lowest free number is 0
    child = os.fork()
    if child:
        watch(child, lifeline)
    os.setpgid(0, 0)
    die_first()
    become(command, lifeline)


def become(command: Sequence[str], lifeline: int) -> None:
    """Become the command, which finds signals as a shell leaves them. Does not return."""
    import signal  # noqa: PLC0415 - after the fork

    for name in ("SIGPIPE", "SIGXFSZ"):  # Python ignores them
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execvp(command[0], list(command))  # noqa: S606 - no shell, unless it is asked for
    except OSError as error:
        os.write(lifeline, b"error %d\n" % (error.errno or 0))
        os._exit(127)


if __name__ == "__main__":
    main(sys.argv[1:])
