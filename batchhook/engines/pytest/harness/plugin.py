"""A plug-in of pytest's that takes over its loop: it lists what was collected, and runs what is asked for.

Collection, fixtures, outcomes and texts are pytest's own, with the project's plug-ins: each test runs under
``pytest_runtest_protocol``, and this plug-in observes the reports. Only the order is batchhook's. Wrappers are written
in the style that every version of pluggy understands.
"""

# pathlib's objects would be made for each file.
# ruff: noqa: PTH120

from __future__ import annotations

import faulthandler
import os
from collections import deque

import pytest

from ...harness.channel import Channel, Commands
from ...harness.coverage_tracer import tracer
from ...harness.forking import Copies
from ...harness.locations import Origins
from ...harness.process import flush, python_version, restore_standard_streams
from ...harness.text import bounded_id
from .collected import TestRows, UnloadedModule, describe_conftest_error, path_of
from .copying import begin_as_copy, list_conftests, may_share_session
from .fixtures import fixture_name, shared_fixtures
from .item_reports import ItemReports
from .options import disable_competitors, disable_coverage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from .options import Worker

ITEMS_PER_LINE = 500
_TAKES_PATHLIB = int(pytest.__version__.partition(".")[0]) >= 7  # noqa: PLR2004 - the first that does

_exit = os._exit


class HarnessPlugin:
    """The plug-in of one worker.

    Args:
        channel: for reports.
        commands: from batchhook.
        first_party: names of the modules and packages in the checkout's source roots.
        files: the only files to collect, relative to the root; empty for all.
        worker: which this process is.

    Attributes:
        stacks: the file descriptor that stacks are written to after a crash.
        has_listed: whether the suite was listed.
        has_conftest_error: whether an error in a ``conftest.py`` keeps pytest from starting.
    """

    def __init__(
        self,
        channel: Channel,
        commands: Commands,
        first_party: Sequence[str],
        *,
        files: frozenset[str],
        worker: Worker,
    ) -> None:
        self.stacks = 2
        self.has_listed = False
        self.has_conftest_error = False
        self._channel = channel
        self._commands = commands
        self._origins = Origins(first_party)
        self._root = ""
        self._files = files
        self._folders = frozenset(folder for file in files for folder in _parent_folders(file))
        self._worker = worker
        self._entries: list[Any] = []  # pytest's items, after an UnloadedModule for each module that has none
        self._errors: dict[str, Any] = {}  # exceptions of collectors, by node id, until their reports arrive
        self._deselected = 0
        self._running: ItemReports | None = None
        self._config: Any = None  # once the suite is collected

    # --- start ------------------------------------------------------------------------------------------------------

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(self, early_config: Any, args: list[str]) -> Iterator[None]:  # noqa: ANN401
        """Keep coverage off, and note an error in a ``conftest.py``, which may ask for the worker's name."""
        disable_coverage(early_config, args)
        self._worker.use_name(early_config)
        outcome: Any = yield
        if outcome.excinfo:
            self._entries = describe_conftest_error(outcome.excinfo[1])
            self.has_conftest_error = bool(self._entries)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_cmdline_main(self, config: Any) -> Iterator[None]:  # noqa: ANN401
        """Switch off, before any plug-in acts on them, options that run tests elsewhere, again or not at all."""
        self._root = str(getattr(config, "rootpath", None) or config.rootdir)
        disable_competitors(config)
        self._worker.separate_folders(config)
        yield

    # --- collection -------------------------------------------------------------------------------------------------

    if _TAKES_PATHLIB:

        @pytest.hookimpl(tryfirst=True)
        def pytest_ignore_collect(self, collection_path: Any) -> bool | None:  # noqa: ANN401
            """Pass over all but the requested files."""
            return self._ignore(str(collection_path))

    else:

        @pytest.hookimpl(tryfirst=True)
        def pytest_ignore_collect(self, path: Any) -> bool | None:  # type: ignore[misc]  # noqa: ANN401
            """Pass over all but the requested files."""
            return self._ignore(str(path))

    def _ignore(self, path: str) -> bool | None:
        name = os.path.relpath(path, self._root)
        # A package is collected by its `__init__.py`, whose node carries the fixtures of the package.
        is_kept = not self._files or name in self._files or name in self._folders or name.endswith("__init__.py")
        return None if is_kept else True

    def pytest_collectstart(self, collector: Any) -> None:  # noqa: ANN401
        """Report a module before it is imported."""
        if "::" not in str(collector.nodeid):
            self._channel.send("import_started", module=bounded_id(path_of(str(collector.nodeid))))

    def pytest_exception_interact(self, node: Any, call: Any) -> None:  # noqa: ANN401
        """Keep the exception of a collector: its report will have the text only."""
        if isinstance(node, pytest.Collector):
            self._errors[str(node.nodeid)] = call.excinfo

    def pytest_collectreport(self, report: Any) -> None:  # noqa: ANN401
        """Note a module that cannot be loaded, or that skips all of its tests."""
        if report.outcome != "passed":
            self._entries.append(UnloadedModule.from_report(report, self._errors.pop(str(report.nodeid), None)))

    def pytest_deselected(self, items: Sequence[object]) -> None:
        """Count the tests that the project's own options leave out."""
        self._deselected += len(items)

    # --- running ----------------------------------------------------------------------------------------------------

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: Any) -> None:  # noqa: ANN401
        """Come before each ``conftest.py`` that has a loop of its own: the last one registered is called first."""
        session.config.pluginmanager.unregister(self)
        session.config.pluginmanager.register(self)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> bool:  # noqa: ANN401
        """List the suite, and run items until the command to quit."""
        faulthandler.enable(self.stacks, all_threads=True)  # pytest's own plug-in has directed it to the terminal
        self._entries += session.items
        self._config = session.config
        self.serve()
        return True

    def serve(self) -> None:
        """List the suite, and run items until the command to quit."""
        self._list()
        commands: Commands | None = self._commands
        while commands is not None:
            commands = self._follow(commands)
        tracer.save()  # what ends the session may take longer than batchhook waits

    def _follow(self, commands: Commands) -> Commands | None:
        """Carry out commands; in a copy of this process, return its own commands."""
        pending: deque[int] = deque()
        for command in commands:
            if command.is_copy:
                copy = commands.copies.make()
                if copy is not None:
                    return self._begin_as_copy(*copy)
                continue
            pending.extend(command.items)
            # Which fixtures a test leaves standing depends on the test after it, so one is held back until that is
            # known.
            while len(pending) > 1 or (pending and command.is_last):
                has_failed = self._run(pending.popleft(), self._next_item(pending))
                if has_failed and command.fail_fast:
                    pending.clear()
            if pending:
                self._channel.send("next_item_needed")
            else:
                self._channel.recorder.report_outside()
                self._channel.send("chunk_finished", origins=self._origins.changes())
        return None

    def _begin_as_copy(self, commands: int, reports: int, token: str, name: str) -> Commands:
        """Go on in a copy of the process, under a name of its own; return its commands."""
        begin_as_copy(self._config, self._worker.renamed(name), self.stacks)
        if name:
            tracer.continue_in_copy()
        else:  # tests that run again, alone, are not measured
            tracer.stop()
        self._channel = Channel(reports, token, self._channel.recorder)
        self._channel.send("hello", pid=os.getpid(), python=python_version())
        self._channel.send("discovery_finished", origins=[])
        return Commands(commands, Copies())

    def _list(self) -> None:
        self.has_listed = True
        rows = TestRows()
        for first in range(0, len(self._entries), ITEMS_PER_LINE):
            self._channel.send(
                "items", items=[rows.row(entry) for entry in self._entries[first : first + ITEMS_PER_LINE]]
            )
        is_forkable = False
        if self._config is not None:
            for conftest in list_conftests(self._config):
                path = os.path.relpath(conftest.__file__ or "", self._root)
                self._channel.send("import_started", module=bounded_id(path))
            is_forkable = self._commands.copies.are_possible and may_share_session(self._config)
        origins = self._origins.changes()
        self._channel.recorder.report_outside()
        self._channel.send("discovery_finished", origins=origins, deselected=self._deselected, is_forkable=is_forkable)

    def _next_item(self, pending: Sequence[int]) -> Any:  # noqa: ANN401
        return next((self._entries[number] for number in pending if not self._is_unloaded(number)), None)

    def _is_unloaded(self, number: int) -> bool:
        return isinstance(self._entries[number], UnloadedModule)

    def _run(self, number: int, next_item: Any) -> bool:  # noqa: ANN401
        """Run an item, report it, and return whether it failed."""
        entry = self._entries[number]
        self._channel.send_started(number)
        if self._is_unloaded(number):
            self._channel.buffer("finished", item=number, result=entry.result)
            return bool(entry.result["outcome"] == "errored")
        running = self._running = ItemReports(entry)
        recorder = self._channel.recorder
        recorder.test_started()
        try:
            entry.config.hook.pytest_runtest_protocol(item=entry, nextitem=next_item)
        except BaseException as error:  # noqa: BLE001 - pytest.exit(), Ctrl-C, or a plug-in: they end pytest
            self._abort(number, running, error)
        recorder.test_finished(number, shared_fixtures(entry))
        self._running = None
        entry.session.shouldstop = entry.session.shouldfail = False
        self._channel.exit_if_forked(1 if running.has_failed else 0)
        self._channel.exit_if_orphaned()
        if running.has_plainly_passed:
            self._channel.buffer_passed(number, running.duration)
        else:
            self._channel.buffer("finished", item=number, result=running.result())
        restore_standard_streams()
        tracer.save_sometimes()
        return running.has_failed

    def _abort(self, number: int, running: ItemReports, error: BaseException) -> None:
        """Blame the running test for an exception that ends pytest, and end this process."""
        self._channel.exit_if_forked(1)
        running.add_error(error)
        self._channel.buffer("finished", item=number, result=running.result())
        self._channel.send("aborted")
        flush()
        tracer.save()
        _exit(0)

    # --- observation ------------------------------------------------------------------------------------------------

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, call: Any) -> Iterator[None]:  # noqa: ANN401
        """Note the exception of a phase: the report has the text only."""
        outcome: Any = yield
        if self._running is not None and call.excinfo is not None and not outcome.excinfo:
            self._running.add_exception(outcome.get_result(), call.excinfo)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Iterator[None]:
        """Time the setup."""
        yield from self._time_phase()

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Iterator[None]:
        """Time the call."""
        yield from self._time_phase()

    def _time_phase(self) -> Iterator[None]:
        if self._running is not None:
            self._running.phase_started()
        yield
        if self._running is not None:
            self._running.phase_ended()

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:  # noqa: ANN401
        """Keep the time of shared fixtures out of the duration of the test that needs them first."""
        if self._running is None or fixturedef.scope == "function":
            yield
            return
        self._running.shared_setup_started()
        self._channel.recorder.fixture_started(fixture_name(fixturedef))
        yield
        self._channel.recorder.fixture_finished()
        self._running.shared_setup_ended()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: Any) -> None:  # noqa: ANN401
        """Take a report of the running test."""
        if self._running is not None:
            self._running.add_report(report)


def _parent_folders(path: str) -> Iterator[str]:
    yield "."
    while path := os.path.dirname(path):
        yield path
