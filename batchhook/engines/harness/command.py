"""Run a command under the same supervision as the harness: it leaves no process behind, and ends with batchhook.

A script like ``supervisor.py``, with the same lifeline as standard input. If the command cannot be started, one more
line comes first: ``error <errno>``.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from batchhook.engines.harness.supervisor import move_descriptor, supervise, volunteer_for_oom_killer
else:
    from supervisor import move_descriptor, supervise, volunteer_for_oom_killer


def main(command: Sequence[str]) -> None:
    """Fork; become the command in the child, supervise it in the parent."""
    lifeline = move_descriptor(0, 1)
    os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)  # noqa: FBT003 - the lowest free number is 0
    child = os.fork()
    if child:
        supervise(child, lifeline)
    os.setpgid(0, 0)
    volunteer_for_oom_killer()
    execute(command, lifeline)


def execute(command: Sequence[str], lifeline: int) -> None:
    """Replace this process by the command, with signals as a shell leaves them. Does not return."""
    import signal  # noqa: PLC0415 - after the fork

    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    # Python ignores the first two; others may have been ignored where batchhook was started (nohup, a job of a script).
    for name in (
        "SIGPIPE",
        "SIGXFSZ",
        "SIGHUP",
        "SIGINT",
        "SIGQUIT",
        "SIGTERM",
        "SIGCHLD",
        "SIGTSTP",
        "SIGTTIN",
        "SIGTTOU",
    ):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execvp(command[0], list(command))  # noqa: S606 - no shell, unless the command names one
    except OSError as error:
        os.write(lifeline, b"error %d\n" % (error.errno or 0))
        os._exit(127)


if __name__ == "__main__":
    main(sys.argv[1:])
