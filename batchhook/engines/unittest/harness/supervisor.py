"""Starts the harness, stands between it and batchhook, and leaves no process behind.

This is the script that batchhook runs with the project's Python (3.8 or newer, standard library only). It forks: the
child becomes the harness (``worker.py``), the parent waits for it. So a test that kills its parent kills this process
and not batchhook; processes that tests leave behind become this process's children and are killed by it; and when
batchhook itself is killed, the *lifeline* (a socket in the place of standard input) closes, and everything ends.

Lifeline, batchhook to supervisor: a first line ``<token> <name> <name> ...``, then single bytes: ``s`` asks the harness
for its threads' stacks, ``k`` kills it, end of file kills everything.
Lifeline, supervisor to batchhook: one line, ``exit <code>`` or ``signal <number>``, after the harness's end.
"""

# pathlib is not among the modules that unittest imports.
# ruff: noqa: PTH100, PTH109, PTH120, PTH123, PTH208

from __future__ import annotations

import _thread
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

PR_SET_CHILD_SUBREAPER = 36
HIGHEST_DESCRIPTOR = 4096
KILL_ROUNDS = 200
SIGKILL = 9


def main(arguments: Sequence[str]) -> None:
    """Fork; run the harness in the child, watch over it in the parent.

    Args:
        arguments: the numbers of the pipe for commands and of the pipe for reports, the file for stacks, then what
            discovery needs: start folder, pattern, top folder and modules (both may be empty).
    """
    lifeline = lift(0, 1)
    control, reports = lift(int(arguments[0]), 2), lift(int(arguments[1]), 3)
    empty = os.open(os.devnull, os.O_RDONLY)  # the lowest free number is 0: the tests' standard input
    if empty != 0:
        os.dup2(empty, 0)
        os.close(empty)
    os.set_inheritable(0, True)  # noqa: FBT003
    token, *names = read_line(lifeline).split()
    child = os.fork()
    if child:
        os.close(control)
        os.close(reports)
        watch(child, lifeline)
    os.close(lifeline)
    os.setpgid(0, 0)
    die_first()
    worker = load_worker()
    stacks = lift(os.open(arguments[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), 4)
    worker.main(
        worker.Channel(reports, token),
        worker.Commands(control),
        stacks=(stacks, stacks_signal()),
        first_party=names,
        discovery=arguments[3:7],
    )


def die_first() -> None:
    """Let the system, where memory runs out, end the tests rather than this watch, batchhook or the user's editor."""
    try:
        score = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        try:
            os.write(score, b"800")
        finally:
            os.close(score)
    except OSError:
        return  # not Linux


def lift(descriptor: int, place: int) -> int:
    """Move a file descriptor to a high number, where tests seldom reach, and keep it from their child processes."""
    limit = os.sysconf("SC_OPEN_MAX")
    highest = min(limit, HIGHEST_DESCRIPTOR) if limit > 0 else HIGHEST_DESCRIPTOR
    lifted = os.dup2(descriptor, highest - place, False)  # noqa: FBT003
    os.close(descriptor)
    return lifted


def read_line(descriptor: int) -> str:
    """Read the first line of a stream, however many pieces it comes in."""
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(descriptor, 65536)
        if not piece:
            sys.exit("batchhook: the harness was started without its orders")
        line += piece
    return line.decode()


def load_worker() -> Any:  # noqa: ANN401 - a module
    """Import ``harness.worker`` from this script's package, and leave no trace of that in the import system."""
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.getcwd()  # as `python -m unittest` has it
    package = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, os.path.dirname(package))
    try:
        return __import__("harness.worker", fromlist=["worker"])
    finally:
        del sys.path[0]
        for name in [name for name in sys.modules if name.partition(".")[0] == "harness"]:
            del sys.modules[name]  # a project may have modules of these names


def stacks_signal() -> int:
    """The signal that makes the harness write down its stacks: one that tests do not use."""
    import signal  # noqa: PLC0415 - after the fork, by whom needs it

    return int(getattr(signal, "SIGRTMAX", signal.SIGUSR2)) - (1 if hasattr(signal, "SIGRTMAX") else 0)


def watch(child: int, lifeline: int) -> None:
    """Wait for the harness's end, kill what it left, tell how it ended. Does not return."""
    adopt_orphans()
    ignore_signals()
    _thread.start_new_thread(obey, (child, lifeline, stacks_signal()))
    status = 0
    ended = 0
    while ended != child:
        ended, status = os.wait()
    kill_group(child)
    kill_descendants()
    word, number = ("signal", os.WTERMSIG(status)) if os.WIFSIGNALED(status) else ("exit", os.WEXITSTATUS(status))
    try:
        os.write(lifeline, b"%s %d\n" % (word.encode(), number))
    finally:
        os._exit(0)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends (Linux only; elsewhere they are not found)."""
    if not sys.platform.startswith("linux"):
        return
    try:
        import ctypes  # noqa: PLC0415 - only the supervisor needs it, and only on Linux

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return


def ignore_signals() -> None:
    """Outlive the signals with which a test may mean to end its parent politely."""
    import signal  # noqa: PLC0415

    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)


def obey(child: int, lifeline: int, stacks: int) -> None:
    """Do what the lifeline says; at its end, see to it that everything ends."""
    while True:
        try:
            order = os.read(lifeline, 1)
        except OSError:
            order = b""
        if order == b"s":
            send_signal(child, stacks)
            continue
        kill_group(child)
        send_signal(child, SIGKILL)
        if not order:
            time.sleep(5)
            os._exit(1)


def kill_group(child: int) -> None:
    """Kill the harness's process group."""
    try:
        os.killpg(child, SIGKILL)
    except OSError:
        return


def send_signal(pid: int, number: int) -> None:
    """Send a signal to a process that may have ended."""
    try:
        os.kill(pid, number)
    except OSError:
        return


def kill_descendants() -> None:
    """Kill every process below this one, those too that left the process group, until none is left."""
    for _ in range(KILL_ROUNDS):
        reap()
        found = descendants(os.getpid())
        if not found:
            return
        for pid in found:
            send_signal(pid, SIGKILL)
        time.sleep(0.002)


def reap() -> None:
    """Take note of the children that have ended, so that they are listed no more."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def descendants(ancestor: int) -> list[int]:
    """The ids of all processes below one, from ``/proc``; none where there is no such folder."""
    children: dict[int, list[int]] = {}
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []
    for pid in pids:
        children.setdefault(parent_of(pid), []).append(pid)
    found: list[int] = []
    generation = children.get(ancestor, [])
    while generation:
        found += generation
        generation = [grandchild for pid in generation for grandchild in children.get(pid, [])]
    return found


def parent_of(pid: int) -> int:
    """The id of a process's parent; 0 where the process has ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


if __name__ == "__main__":
    main(sys.argv[1:])
