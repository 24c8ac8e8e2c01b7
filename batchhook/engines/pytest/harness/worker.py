"""The worker of the pytest engine: have pytest collect the suite, report it, run what is asked for."""

from __future__ import annotations

import os

from ...harness.channel import Channel, Commands
from ...harness.code_recorder import open_recorder  # noqa: F401 - the supervisor takes it from here
from ...harness.coverage_tracer import tracer  # noqa: F401 - as the recorder
from ...harness.forking import Copies  # noqa: F401 - the supervisor takes it, like those before, from here
from ...harness.process import impersonate, prepare, python_version
from ...harness.text import MESSAGE_LIMIT, attempt, bounded, bounded_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_start_error: Exception | None = None
try:
    import pytest

    from .options import Worker, stay_in_checkout
    from .plugin import HarnessPlugin
except Exception as error:  # noqa: BLE001 - pytest is the project's, and so is what it imports
    _start_error = error


def main(
    channel: Channel,
    commands: Commands,
    stacks: tuple[int, int],
    first_party: Sequence[str],
    arguments: Sequence[str],
) -> None:
    """Run a session of pytest that runs items until the command to quit.

    Args:
        channel: for reports.
        commands: from batchhook.
        stacks: the file descriptor that stacks are written to after a crash, and the signal that asks for them.
        first_party: names of the modules and packages in the checkout's source roots.
        arguments: a folder for pytest's cache; the attributes of ``options.Worker``; the number of arguments for
            pytest, and these; the only files to collect, none for all.
    """
    cache, name, run, size, folder, count, *rest = arguments
    options, files = rest[: int(count)], rest[int(count) :]
    start = next((option for option in options if not option.startswith("-")), ".")
    prepare(stacks)
    channel.send("hello", pid=os.getpid(), python=python_version())
    if _start_error is not None:
        report_failure(channel, _start_error)
        return
    worker = Worker(name, run, size, folder)
    plugin = HarnessPlugin(channel, commands, first_party, files=frozenset(files), worker=worker)
    plugin.stacks = stacks[0]
    impersonate("pytest.__main__", "", options, pytest=pytest)
    try:
        code = pytest.main([*stay_in_checkout(start), "-o", f"cache_dir={cache}", *options], plugins=[plugin])
    except BaseException as error:  # noqa: BLE001 - whatever ends pytest's start ends ours
        if not plugin.has_listed:  # after that, such as in pytest's summary, everything has been reported
            report_failure(channel, error)
        return
    if plugin.has_conftest_error and not plugin.has_listed:
        plugin.serve()
    elif not plugin.has_listed:
        channel.send("discovery_failed", error_type="", message=f"exit code {int(code)}")


def report_failure(channel: Channel, error: BaseException) -> None:
    """Report an exception that keeps pytest from collecting the suite."""
    name, text = type(error).__name__, attempt(str, error, otherwise="")
    channel.send("discovery_failed", error_type=bounded_id(name), message=bounded(text, MESSAGE_LIMIT))
