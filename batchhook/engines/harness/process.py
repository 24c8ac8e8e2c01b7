"""The worker's process, made to look as the framework's own command would have it."""

# pathlib is not among the modules that unittest imports.

from __future__ import annotations

import builtins
import faulthandler
import importlib.util
import os
import signal
import sys

from .channel import Channel
from .text import attempt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__unittest = True  # unittest omits frames of such modules from its tracebacks

_SPARE_STREAMS: dict[int, int] = {}  # copies of file descriptors 0, 1 and 2, under numbers that tests seldom touch
_TERMINAL_SIGNALS = ("SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGCONT")
_dup2 = os.dup2  # tests may replace it
_check_open = os.get_inheritable  # the cheapest call that fails for a closed descriptor


def prepare(stacks: tuple[int, int]) -> None:
    """Keep copies of the standard streams, record stacks after a crash, and reset the signals.

    Args:
        stacks: the file descriptor that stacks are written to after a crash, and the signal that asks for them.
    """
    keep_standard_streams(stacks[0])
    faulthandler.enable(stacks[0], all_threads=True)
    faulthandler.register(stacks[1], stacks[0], all_threads=True, chain=False)
    reset_signals()


def keep_standard_streams(stacks: int) -> None:
    """Copy the standard streams to the numbers below that of the file for stacks."""
    for descriptor in (0, 1, 2):
        _SPARE_STREAMS[descriptor] = os.dup2(descriptor, stacks - 1 - descriptor, False)  # noqa: FBT003


def python_version() -> str:
    """Return ``3.12.1``."""
    return ".".join(map(str, sys.version_info[:3]))


def reset_signals() -> None:
    """Handle signals as a program that was started at a terminal does.

    A process in the background of a script ignores SIGINT, one below ``nohup`` SIGHUP, and their children inherit that.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for name in ("SIGHUP", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCHLD", *_TERMINAL_SIGNALS):
        if signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def impersonate(module: str, program: str, arguments: Sequence[str], **contents: object) -> None:
    """Set the command line and ``__main__`` to what they are under ``python -m <package>``.

    A test may parse the one, and multiprocessing starts its children by the other.

    Args:
        module: the package's ``__main__`` module.
        program: the first word of the command line; empty for the path of that module.
        arguments: the rest.
        contents: of the module.
    """
    main_module = type(sys)("__main__")
    specification: Any = importlib.util.find_spec(module)
    sys.argv[:] = [program or specification.origin, *arguments]
    if hasattr(sys, "orig_argv"):  # since Python 3.10
        sys.orig_argv[:] = [sys.executable, "-m", module.rpartition(".")[0], *arguments]
    vars(main_module).update(
        __annotations__={},
        __builtins__=builtins,
        __cached__=specification.cached,
        __file__=specification.origin,
        __loader__=specification.loader,
        __package__=module.rpartition(".")[0],
        __spec__=specification,
        **contents,
    )
    Channel.kept_alive = sys.modules["__main__"]
    sys.modules["__main__"] = main_module


def restore_standard_streams() -> None:
    """Reopen file descriptors 0, 1 and 2 if a test closed them: the next file opened would take their number.

    One that a test has redirected stays as it is, as it would under the framework alone.
    """
    for descriptor in (0, 1, 2):
        try:
            _check_open(descriptor)
        except OSError:  # noqa: PERF203 - each on its own
            _dup2(_SPARE_STREAMS[descriptor], descriptor)


def flush() -> None:
    """Write out what tests printed, if that is still possible."""
    for stream in (sys.stdout, sys.stderr):
        attempt(lambda stream=stream: stream.flush(), otherwise="")
