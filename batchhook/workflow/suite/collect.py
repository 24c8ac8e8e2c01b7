"""Collection of a suite in the user's work tree, without running it: what would run, and under which framework."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from batchhook.core.engine_choice import EngineChoice
from batchhook.core.events import ignore_event
from batchhook.core.plural import plural
from batchhook.core.results import IsolationLevel, UnrunTests
from batchhook.core.settings import EngineName, Settings
from batchhook.core.test_ids import is_unloaded_module
from batchhook.engines.command.engine import CommandEngine
from batchhook.engines.command.presets import PRESETS, find_presets
from batchhook.engines.command.template import expand
from batchhook.engines.worker_group import WorkerGroup
from batchhook.errors import BatchhookError, SuiteError
from batchhook.execution.cancel import CancelToken
from batchhook.execution.import_check import first_party_names
from batchhook.execution.interpreter import Interpreter
from batchhook.execution.session import Discovery, Session
from batchhook.execution.spec import SuiteSpec, check_runnable
from batchhook.git.command import Git
from batchhook.git.location import Location
from batchhook.lazy import LazyModule
from batchhook.store.state_dir import StateDir
from batchhook.workflow.suite.engine_choice import SuitePlace, choose_engine, missing_pytest, reader
from batchhook.workflow.suite.environment import own_variables
from batchhook.workflow.suite.fingerprint import settings_of
from batchhook.workflow.suite.python_choice import current_python
from batchhook.workflow.suite.unrun import count_unrun, next_step

if TYPE_CHECKING:
    from batchhook.execution import command_run
else:
    command_run = LazyModule("batchhook.execution.command_run")


@dataclass(frozen=True, slots=True)
class Collection:
    """The number of tests in a suite, of their files, of files that cannot be loaded, and of deselected tests.

    A command lists tests without their files.
    """

    tests: int
    files: int
    unloaded: int = 0
    deselected: int = 0

    def __str__(self) -> str:
        """Return ``74 tests in 9 files``."""
        deselected = f"; {self.deselected} more deselected by the project's options" if self.deselected else ""
        unloaded = f"; {plural(self.unloaded, 'more file')} cannot be loaded" if self.unloaded else ""
        files = f" in {plural(self.files, 'file')}" if self.files else ""
        return f"{plural(self.tests, 'test')}{files}{deselected}{unloaded}"


@dataclass(frozen=True, slots=True)
class SuitePreview:
    """The suite, as it would run now in the user's work tree.

    Attributes:
        configured: the setting ``engine``.
        interpreter: the project's Python; None if a command runs the tests, and there is none.
        choice: what runs the tests.
        collection: what it collects; None if that took too long, or is not possible.
        problem: what keeps it from collecting; None if nothing does.
        unrun: tests that it does not run; None if there are none.
        command: that runs the tests; empty for a framework of Python's.
        is_countable: whether the tests can be counted without running them.
        others: presets that fit the project as well, each with the reason.
    """

    configured: EngineName
    interpreter: Interpreter | None
    choice: EngineChoice
    collection: Collection | None = None
    problem: SuiteError | None = None
    unrun: UnrunTests | None = None
    command: str = ""
    is_countable: bool = True
    others: tuple[str, ...] = ()

    @property
    def engine(self) -> str:
        """Return what runs the tests, and why: ``pytest 9.2.0 (pytest.ini)``."""
        name = f"`{self.command}`" if self.command else self.choice.engine.value
        if self.choice.engine is EngineName.PYTEST and self.interpreter is not None and self.interpreter.pytest:
            name += f" {self.interpreter.pytest}"
        return f"{name} ({', '.join(self.choice.reasons)})"

    @property
    def missing(self) -> str:
        """Say that the tests are written for pytest, and that the project's Python lacks it; empty if it has it."""
        if self.interpreter is None or not self.choice.is_pytest_missing:
            return ""
        reasons = ", ".join(self.choice.reasons)
        return missing_pytest(self.interpreter, f" ({reasons})")

    @property
    def next_step(self) -> str:
        """Return the command or the setting by which pytest runs the tests."""
        return "" if self.interpreter is None else next_step(self.configured, self.interpreter)


@dataclass(frozen=True, slots=True)
class SuiteOutlook:
    """One of the suites that would run now.

    Attributes:
        name: of one of several suites; empty for a project's only suite.
        preview: of the suite; None if no Python can run it.
        problem: what keeps it from running; None if nothing does.
    """

    name: str
    preview: SuitePreview | None = None
    problem: BatchhookError | None = None


def preview_suites(
    settings: Settings, location: Location, git: Git, environment: Mapping[str, str], seconds: float
) -> Iterator[SuiteOutlook]:
    """Choose the Python and the test framework of each suite, and collect it.

    Args:
        settings: of the project.
        location: of the user's work tree.
        git: in it.
        environment: the caller's.
        seconds: time limit of each collection.
    """
    if not settings.suites:
        yield _outlook("", "", settings, location, git, environment, seconds)
    for suite in settings.suites:
        own = settings_of(settings, suite, location.top)
        yield _outlook(suite.name, suite.folder, own, location, git, environment, seconds)


def _outlook(  # noqa: PLR0913, PLR0917 - the two before, for one suite
    name: str,
    folder: str,
    settings: Settings,
    location: Location,
    git: Git,
    environment: Mapping[str, str],
    seconds: float,
) -> SuiteOutlook:
    try:
        if not (location.top / folder).is_dir():
            raise SuiteError(f"the folder {folder} does not exist", "fix `folder` in [[tool.batchhook.suites]]")
        place = SuitePlace.of(location, StateDir.for_repository(location.common_dir), git, folder)
        preview = preview_suite(settings, place, own_variables(settings, location.top), environment, seconds)
    except BatchhookError as error:
        return SuiteOutlook(name, problem=error)
    return SuiteOutlook(name, preview, preview.problem)


def preview_suite(
    settings: Settings, place: SuitePlace, own: Mapping[str, str], environment: Mapping[str, str], seconds: float
) -> SuitePreview:
    """Choose what runs the suite, and collect it.

    Args:
        settings: of the suite.
        place: of the suite.
        own: the variables of its settings.
        environment: the caller's.
        seconds: time limit of the collection.

    Raises:
        SuiteError: there is no suitable Python or preset, or git fails.
    """
    chosen = choose_engine(settings, place, environment, current_python)
    top = place.git.folder
    engine = chosen.engine
    preview = SuitePreview(settings.engine, chosen.interpreter, chosen.choice)
    if isinstance(engine, CommandEngine):
        preview = replace(preview, command=engine.command, is_countable=bool(engine.list))
    else:
        others = find_presets(PRESETS, chosen.files, reader(top)) if settings.engine is EngineName.AUTO else ()
        preview = replace(preview, others=tuple(f"{match.preset.name} ({match.reason})" for match in others))
    if chosen.choice.engine is EngineName.UNITTEST:
        preview = replace(preview, unrun=count_unrun(chosen.files, top))
    elif chosen.choice.is_pytest_missing:
        return preview
    with tempfile.TemporaryDirectory(prefix="batchhook-collect-") as scratch:
        spec = SuiteSpec(
            interpreter=chosen.interpreter.path if chosen.interpreter else Path(),
            root=top,
            environment=chosen.environment(environment, own),
            scratch=Path(scratch),
            engine=engine,
            test_timeout=settings.test_timeout,
        )
        try:
            _check_programs(spec)
            return replace(preview, collection=collect(spec, seconds))
        except SuiteError as error:
            return replace(preview, problem=error)


def _check_programs(spec: SuiteSpec) -> None:
    """Check that the programs of a command are installed; those of the project's own may come with its set-up.

    Raises:
        SuiteError: one is not, or a command cannot be read.
    """
    if not isinstance(spec.engine, CommandEngine):
        return
    for line, setting in (*((line, "build") for line in spec.engine.build), (spec.engine.command, "command")):
        program = (expand(line, {}) or [""])[0]
        if "/" not in program and not shutil.which(program, path=spec.environment.get("PATH")):
            raise SuiteError(f"{program} is not installed", f"install it, or fix `{setting}` in [tool.batchhook]")


def collect(spec: SuiteSpec, seconds: float) -> Collection | None:
    """Collect a suite in a process of its own, and run nothing.

    Returns:
        what it collects; None if it takes longer than ``seconds``, or if its command lists nothing.

    Raises:
        SuiteError: it cannot be collected, or has no tests.
    """
    token = CancelToken()
    bounded = replace(spec, root=spec.root.resolve(), cancel=token)
    timer = threading.Timer(seconds, token.cancel)
    timer.start()
    try:
        if isinstance(spec.engine, CommandEngine):
            return Collection(len(names), files=0) if (names := command_run.list_tests(bounded, spec.engine)) else None
        return _collect_items(bounded)
    except SuiteError:
        if token.is_cancelled:
            return None
        raise
    finally:
        timer.cancel()
        if timer.is_alive():
            timer.join()
        token.close()


def _collect_items(spec: SuiteSpec) -> Collection:
    discovery = Discovery(WorkerGroup(spec.environment), first_party_names(spec.source_roots))
    session = Session(spec, ignore_event, discovery, lambda _: [], isolation=IsolationLevel.SUITE)
    try:
        check_runnable(spec)
        session.run(1)
    finally:
        discovery.close()
    loaded = [item for item in discovery.items if not is_unloaded_module(item.test_id)]
    return Collection(
        tests=len(loaded),
        files=len({item.module for item in loaded}),
        unloaded=len(discovery.items) - len(loaded),
        deselected=discovery.deselected,
    )
