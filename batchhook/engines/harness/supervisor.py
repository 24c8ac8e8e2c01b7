"""Start the harness, stand between it and batchhook, and leave no process behind.

batchhook runs this script with the project's Python. It forks: the child becomes the harness (the ``worker`` module of
an engine), the parent waits for it. So a test that kills its parent kills this process rather than batchhook; processes
that tests leave behind become children of this process, which kills them; and when batchhook itself is killed, the
*lifeline* (a socket in place of standard input) closes, and everything ends.

Lifeline, batchhook to supervisor: a first line ``<token> <name> <name> ...``, then single bytes: ``s`` asks the harness
for the stacks of its threads, ``k`` kills it, end of file kills everything.
Lifeline, supervisor to batchhook: one line, ``exit <code>`` or ``signal <number>``, after the end of the harness.
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
PACKAGE = "_batchhook_engines"
"""The name under which the harness imports its own modules; no project has a package of that name."""


def main(arguments: Sequence[str]) -> None:
    """Fork; run the harness in the child, supervise it in the parent.

    Args:
        arguments: the engine's name, the descriptors of the pipes for commands and for reports, that of the socket for
            copies (empty if none are wanted), the file for stacks, the names of variables that were meant for the start
            of Python only, what to record of each test (``code``, ``coverage``), the folder for what coverage measures
            (empty if it measures nothing), and then the engine's own.
    """
    engine, commands_pipe, reports_pipe, copies_socket, stacks_file, start_variables, *rest = arguments
    recording, coverage, *own = rest
    for name in start_variables.split():
        os.environ.pop(name, None)
    lifeline = move_descriptor(0, 1)
    commands, reports = move_descriptor(int(commands_pipe), 2), move_descriptor(int(reports_pipe), 3)
    empty = os.open(os.devnull, os.O_RDONLY)  # the lowest free number is 0: the tests' standard input
    if empty != 0:
        os.dup2(empty, 0)
        os.close(empty)
    os.set_inheritable(0, True)  # noqa: FBT003
    token, *names = read_line(lifeline).split()
    become_harness(commands, reports, lifeline)
    volunteer_for_oom_killer()
    worker = load_worker(engine)
    stacks = open_stacks(stacks_file)
    recorder = worker.open_recorder(recording)
    worker.tracer.start(coverage)
    try:
        worker.main(
            worker.Channel(reports, token, recorder),
            worker.Commands(commands, worker.Copies(open_socket(copies_socket), fork_copy)),
            stacks=(stacks, stacks_signal()),
            first_party=names,
            arguments=own,
        )
    finally:
        worker.tracer.finish()


def become_harness(commands: int, reports: int, lifeline: int) -> None:
    """Fork: return in the child, the harness; supervise it in the parent."""
    child = os.fork()
    if child:
        os.close(commands)
        os.close(reports)
        supervise(child, lifeline)
    os.close(lifeline)
    os.setpgid(0, 0)


def fork_copy(descriptors: Sequence[int], stacks_file: str) -> tuple[int, int] | None:
    """Fork a copy of the harness, below a supervisor of its own that this harness's supervisor adopts.

    Args:
        descriptors: of the copy's lifeline, pipes for commands and reports, and output; closed in this process.
        stacks_file: the copy's own.

    Returns:
        in the copy the descriptors of its commands and reports; None in this process.
    """
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        for descriptor in descriptors:
            os.close(descriptor)
        return None
    if os.fork():
        os._exit(0)
    os.setsid()
    lifeline, commands, reports, output = descriptors
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    # Each takes the place of this harness's own.
    lifeline, commands, reports = (
        move_descriptor(each, place) for each, place in ((lifeline, 1), (commands, 2), (reports, 3))
    )
    become_harness(commands, reports, lifeline)
    open_stacks(stacks_file)
    return commands, reports


def open_stacks(path: str) -> int:
    """Open the file for stacks."""
    return move_descriptor(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), 4)


def open_socket(descriptor: str) -> Any:  # noqa: ANN401 - a socket
    """Return the socket over which the pipes of copies arrive; None if none are wanted."""
    if not descriptor:
        return None
    import _socket  # noqa: PLC0415 - the module that a test would patch is `socket`

    return _socket.socket(fileno=move_descriptor(int(descriptor), 8))


def volunteer_for_oom_killer() -> None:
    """Have Linux, when memory runs out, kill the tests rather than the supervisor, batchhook or the user's editor."""
    try:
        score = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        try:
            os.write(score, b"800")
        finally:
            os.close(score)
    except OSError:
        return  # not Linux


def move_descriptor(descriptor: int, place: int) -> int:
    """Move a file descriptor to a high number, which tests seldom touch, and keep it from their child processes."""
    limit = os.sysconf("SC_OPEN_MAX")
    highest = min(limit, HIGHEST_DESCRIPTOR) if limit > 0 else HIGHEST_DESCRIPTOR
    moved = os.dup2(descriptor, highest - place, False)  # noqa: FBT003
    os.close(descriptor)
    return moved


def read_line(descriptor: int) -> str:
    """Read the first line of a stream, however many pieces it comes in."""
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(descriptor, 65536)
        if not piece:
            sys.exit("batchhook: the harness was started without its token")
        line += piece
    return line.decode()


def load_worker(engine: str) -> Any:  # noqa: ANN401 - a module
    """Import ``engines.<engine>.harness.worker`` under a private name, without a trace in the import system."""
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.getcwd()  # as `python -m unittest` has it
    package = type(sys)(PACKAGE)
    package.__path__ = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
    sys.modules[PACKAGE] = package
    try:
        return __import__(f"{PACKAGE}.{engine}.harness.worker", fromlist=["worker"])
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


def stacks_signal() -> int:
    """Return the signal that makes the harness dump its stacks: one that tests do not use."""
    import signal  # noqa: PLC0415 - after the fork, by the process that needs it

    return int(getattr(signal, "SIGRTMAX", signal.SIGUSR2)) - (1 if hasattr(signal, "SIGRTMAX") else 0)


def supervise(child: int, lifeline: int) -> None:
    """Wait for the child's end, kill what it left behind, and report how it ended. Does not return."""
    adopt_orphans()
    ignore_signals()
    _thread.start_new_thread(follow_lifeline, (child, lifeline, stacks_signal()))
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
    """Survive the signals that a test may send to its parent, and be able to wait for it."""
    import signal  # noqa: PLC0415

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)


def follow_lifeline(child: int, lifeline: int, stacks: int) -> None:
    """Carry out the commands of the lifeline; at its end, make sure that everything ends."""
    while True:
        try:
            command = os.read(lifeline, 1)
        except OSError:
            command = b""
        if command == b"s":
            send_signal(child, stacks)
            continue
        kill_group(child)
        send_signal(child, SIGKILL)
        if not command:
            time.sleep(5)
            os._exit(1)


def kill_group(child: int) -> None:
    """Kill the process group of the child."""
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
    """Kill every process below this one, including those that left the process group, until none is left."""
    for _ in range(KILL_ROUNDS):
        reap()
        pids = descendants(os.getpid())
        if not pids:
            return
        for pid in pids:
            send_signal(pid, SIGKILL)
        time.sleep(0.002)


def reap() -> None:
    """Reap the children that have ended, so that they are no longer listed."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def descendants(ancestor: int) -> list[int]:
    """Return the ids of all processes below one, from ``/proc``; none on systems without it."""
    children: dict[int, list[int]] = {}
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []
    for pid in pids:
        children.setdefault(parent_of(pid), []).append(pid)
    result: list[int] = []
    generation = children.get(ancestor, [])
    while generation:
        result += generation
        generation = [grandchild for pid in generation for grandchild in children.get(pid, [])]
    return result


def parent_of(pid: int) -> int:
    """Return the id of a process's parent; 0 if the process has ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


if __name__ == "__main__":
    main(sys.argv[1:])
