"""The worker of the unittest engine: discover the suite, report it, run what is asked for."""

# pathlib is not among the modules that unittest imports.
# ruff: noqa: PTH119

from __future__ import annotations

import builtins
import faulthandler
import importlib.util
import os
import runpy  # noqa: F401 - imported by `python -m`: a project may rely on what it imports, unknowingly
import signal
import sys
import unittest
import warnings

from ..harness.channel import Channel, Commands
from ..harness.locations import Origins
from ..harness.text import attempt
from .discovery import discover
from .reporting_result import SPARE_STREAMS, ReportingResult
from .suite import ReportingSuite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .discovery import FlatSuite

__unittest = True  # unittest omits frames of such modules from its tracebacks

_exit = os._exit


def main(
    channel: Channel,
    commands: Commands,
    stacks: tuple[int, int],
    first_party: Sequence[str],
    arguments: Sequence[str],
) -> None:
    """Discover the suite, then run items until the command to quit.

    Args:
        channel: for reports.
        commands: from batchhook.
        stacks: the file descriptor that stacks are written to after a crash, and the signal that asks for them.
        first_party: names of the modules and packages in the checkout's source roots.
        arguments: start folder, pattern, top folder and modules, as ``discovery.discover`` takes them.
    """
    for descriptor in (0, 1, 2):
        SPARE_STREAMS[descriptor] = os.dup2(descriptor, stacks[0] - 1 - descriptor, False)  # noqa: FBT003
    faulthandler.enable(stacks[0], all_threads=True)
    faulthandler.register(stacks[1], stacks[0], all_threads=True, chain=False)
    start, pattern, top, modules = arguments
    impersonate_unittest(start, pattern, top)
    reset_signals()
    channel.send("hello", pid=os.getpid(), python=".".join(map(str, sys.version_info[:3])))
    origins = Origins(first_party)
    suite = discover(channel, start, pattern, top, modules)
    if suite is None:
        return
    channel.send("discovery_finished", origins=origins.changes())
    for items, fail_fast in commands:
        run(suite, items, channel, fail_fast)
        channel.send("chunk_finished", origins=origins.changes())


def impersonate_unittest(start: str, pattern: str, top: str) -> None:
    """Set the command line and ``__main__`` to what they are under ``python -m unittest discover``.

    A test may parse the one, and multiprocessing starts its children by the other.
    """
    program = os.path.basename(sys.executable or "python") + " -m unittest"
    sys.argv[:] = [program, "discover", "-s", start, "-p", pattern] + (["-t", top] if top else [])
    if hasattr(sys, "orig_argv"):  # since Python 3.10
        sys.orig_argv[:] = [sys.executable, "-m", "unittest", *sys.argv[1:]]
    main_module = type(sys)("__main__")
    specification: Any = importlib.util.find_spec("unittest.__main__")
    vars(main_module).update(
        __annotations__={},
        __builtins__=builtins,
        __cached__=specification.cached,
        __file__=specification.origin,
        __loader__=specification.loader,
        __package__="unittest",
        __spec__=specification,
        main=unittest.main,
    )
    Channel.kept_alive = sys.modules["__main__"]
    sys.modules["__main__"] = main_module


def reset_signals() -> None:
    """Handle signals as a program that was started at a terminal does.

    A process in the background of a script ignores SIGINT, one below ``nohup`` SIGHUP, and their children inherit that.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for name in ("SIGHUP", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCHLD"):
        if signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def run(suite: FlatSuite, items: Sequence[int], channel: Channel, fail_fast: bool) -> None:  # noqa: FBT001
    """Run some items as ``unittest.TextTestRunner`` runs a suite."""
    result = ReportingResult(channel, [(item, suite.tests[item], suite.rows[item]) for item in items])
    result.failfast = fail_fast
    selection = ReportingSuite()
    suite.move_items(items, selection)
    unittest.registerResult(result)
    try:
        with warnings.catch_warnings():
            if not sys.warnoptions:
                show_warnings_as_unittest_does()
            result.startTestRun()
            try:
                selection.run(result)
            finally:
                result.stopTestRun()
    except BaseException:  # noqa: BLE001 - KeyboardInterrupt and the like end unittest; here they end this process
        result.blame_fixture(sys.exc_info())
        channel.send("aborted")
        flush()
        _exit(0)


def show_warnings_as_unittest_does() -> None:
    """Set the filters that ``python -m unittest`` sets if none are configured."""
    warnings.simplefilter("default")
    if sys.version_info < (3, 12):
        warnings.filterwarnings("module", category=DeprecationWarning, message=r"Please use assert\w+ instead.")


def flush() -> None:
    """Write out what tests printed, if that is still possible."""
    for stream in (sys.stdout, sys.stderr):
        attempt(lambda stream=stream: stream.flush(), otherwise="")
