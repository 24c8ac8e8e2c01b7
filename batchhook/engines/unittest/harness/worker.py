"""The worker of the unittest engine: discover the suite, report it, run what is asked for."""

# pathlib is not among the modules that unittest imports.
# ruff: noqa: PTH119

from __future__ import annotations

import os
import runpy  # noqa: F401 - imported by `python -m`: a project may rely on what it imports, unknowingly
import sys
import unittest
import warnings

from ...harness.channel import Channel, Commands
from ...harness.code_recorder import open_recorder  # noqa: F401 - the supervisor takes it from here
from ...harness.coverage_tracer import tracer
from ...harness.forking import Copies  # noqa: F401 - the supervisor takes it, like those before, from here
from ...harness.locations import Origins
from ...harness.process import flush, impersonate, prepare, python_version
from .discovery import discover
from .reporting_result import ReportingResult
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
        arguments: start folder, pattern, top folder, a part of the names of tests, and modules, all as for
            ``discover``.
    """
    prepare(stacks)
    start, pattern, top, keyword, modules = arguments
    impersonate_unittest(start, pattern, top)
    channel.send("hello", pid=os.getpid(), python=python_version())
    if keyword:
        unittest.defaultTestLoader.testNamePatterns = [keyword if "*" in keyword else f"*{keyword}*"]
    origins = Origins(first_party)
    suite = discover(channel, start, pattern, top, modules)
    if suite is None:
        return
    channel.recorder.report_outside()
    channel.send("discovery_finished", origins=origins.changes())
    for command in commands:
        run(suite, command.items, channel, command.fail_fast)
        channel.recorder.report_outside()
        channel.send("chunk_finished", origins=origins.changes())


def impersonate_unittest(start: str, pattern: str, top: str) -> None:
    """Set the command line and ``__main__`` to what they are under ``python -m unittest discover``."""
    program = os.path.basename(sys.executable or "python") + " -m unittest"
    arguments = ["discover", "-s", start, "-p", pattern] + (["-t", top] if top else [])
    impersonate("unittest.__main__", program, arguments, main=unittest.main)


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
        tracer.save()
        _exit(0)


def show_warnings_as_unittest_does() -> None:
    """Set the filters that ``python -m unittest`` sets if none are configured."""
    warnings.simplefilter("default")
    if sys.version_info < (3, 12):
        warnings.filterwarnings("module", category=DeprecationWarning, message=r"Please use assert\w+ instead.")
