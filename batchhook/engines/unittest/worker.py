"""The worker of the unittest engine: discover the suite, report it, run what is asked for."""

# pathlib is not among the modules that unittest imports.
# ruff: noqa: PTH118, PTH119, PTH120

from __future__ import annotations

import faulthandler
import os
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
    """Set ``sys.argv`` and ``__main__`` to what they are under ``python -m unittest discover``.

    A test may parse the one, and multiprocessing starts its children by the other.
    """
    program = os.path.basename(sys.executable or "python") + " -m unittest"
    sys.argv[:] = [program, "discover", "-s", start, "-p", pattern] + (["-t", top] if top else [])
    specification = unittest.__spec__
    main_module = type(sys)("__main__")
    main_module.__spec__ = type(specification)("unittest.__main__", None)
    main_module.__file__ = os.path.join(os.path.dirname(unittest.__file__), "__main__.py")
    Channel.kept_alive = sys.modules["__main__"]
    sys.modules["__main__"] = main_module


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
