"""The harness's own course: discover, report, run what is asked for."""

# pathlib is not among the modules that unittest imports.
# ruff: noqa: PTH118, PTH119, PTH120

from __future__ import annotations

import faulthandler
import os
import sys
import unittest
import warnings

from .channel import Channel, Commands
from .discovery import discover
from .locations import Origins
from .reporting_result import SPARE_STREAMS, Watcher
from .suite import Suite
from .text import attempt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .discovery import Units

__unittest = True  # unittest leaves frames of such modules out of its tracebacks

_exit = os._exit


def main(
    channel: Channel,
    commands: Commands,
    stacks: tuple[int, int],
    first_party: Sequence[str],
    discovery: Sequence[str],
) -> None:
    """Discover the suite, then run what is asked for until told to quit.

    Args:
        channel: where reports go.
        commands: where orders come from.
        stacks: the file descriptor that stacks are written to after a crash, and the signal that asks for them.
        first_party: names of the modules and packages that stand in the checkout's source roots.
        discovery: start folder, pattern, top folder (may be empty), as ``unittest discover`` takes them; and the names
            of the modules to import, separated by blanks; empty for all.
    """
    for descriptor in (0, 1, 2):
        SPARE_STREAMS[descriptor] = os.dup2(descriptor, stacks[0] - 1 - descriptor, False)  # noqa: FBT003
    faulthandler.enable(stacks[0], all_threads=True)
    faulthandler.register(stacks[1], stacks[0], all_threads=True, chain=False)
    impersonate_unittest(discovery)
    channel.say("hello", pid=os.getpid(), python=".".join(map(str, sys.version_info[:3])))
    origins = Origins(first_party)
    units = discover(channel, discovery)
    if units is None:
        return
    channel.say("discovered", total=len(units.rows), origins=origins.news())
    for wanted, fail_fast in commands:
        run(units, wanted, channel, fail_fast)
        channel.say("done", origins=origins.news())


def impersonate_unittest(discovery: Sequence[str]) -> None:
    """Let ``sys.argv`` and ``__main__`` be what they are under ``python -m unittest discover``.

    A test may parse the one, and multiprocessing starts its children by the other.
    """
    start, pattern, top, _ = discovery
    program = os.path.basename(sys.executable or "python") + " -m unittest"
    sys.argv[:] = [program, "discover", "-s", start, "-p", pattern] + (["-t", top] if top else [])
    specification = unittest.__spec__
    main_module = type(sys)("__main__")
    main_module.__spec__ = type(specification)("unittest.__main__", None)
    main_module.__file__ = os.path.join(os.path.dirname(unittest.__file__), "__main__.py")
    Channel.kept_alive = sys.modules["__main__"]
    sys.modules["__main__"] = main_module


def run(units: Units, wanted: Sequence[int], channel: Channel, fail_fast: bool) -> None:  # noqa: FBT001
    """Run some units as ``unittest.TextTestRunner`` runs a suite."""
    suite = units.fill(Suite(), wanted)
    watcher = Watcher(channel, [(number, units.tests[number], units.rows[number]) for number in wanted])
    watcher.failfast = fail_fast
    for number in wanted:
        units.tests[number] = units.parts[number] = None
    unittest.registerResult(watcher)
    try:
        with warnings.catch_warnings():
            if not sys.warnoptions:
                show_warnings_as_unittest_does()
            watcher.startTestRun()
            try:
                suite.run(watcher)
            finally:
                watcher.stopTestRun()
    except BaseException:  # noqa: BLE001 - KeyboardInterrupt and the like end unittest; here they end this process
        watcher.give_up(sys.exc_info())
        channel.say("abandoned")
        flush()
        _exit(0)


def show_warnings_as_unittest_does() -> None:
    """Set the filters that ``python -m unittest`` sets where none were asked for."""
    warnings.simplefilter("default")
    if sys.version_info < (3, 12):
        warnings.filterwarnings("module", category=DeprecationWarning, message=r"Please use assert\w+ instead.")


def flush() -> None:
    """Write out what tests printed, if that can still be done."""
    for stream in (sys.stdout, sys.stderr):
        attempt(lambda stream=stream: stream.flush(), otherwise="")
