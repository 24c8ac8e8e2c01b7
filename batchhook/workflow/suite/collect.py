"""Collection of a suite in the user's work tree, without running it: what would run, and under which framework."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from batchhook.core.engine_choice import EngineChoice
from batchhook.core.plural import plural
from batchhook.core.results import IsolationLevel, UnrunTests
from batchhook.core.settings import EngineName, Settings
from batchhook.core.test_ids import is_unloaded_module
from batchhook.errors import BatchhookError, SuiteError
from batchhook.execution.cancel import CancelToken
from batchhook.execution.import_check import first_party_names
from batchhook.execution.interpreter import Interpreter
from batchhook.execution.session import Discovery, Session
from batchhook.execution.spec import NullListener, SuiteSpec, check_runnable
from batchhook.git.command import Git
from batchhook.git.environment import project_environment
from batchhook.git.location import Location
from batchhook.store.state_dir import StateDir
from batchhook.workflow.suite.engine_choice import choose, list_files, missing_pytest
from batchhook.workflow.suite.fingerprint import configure_engine, settings_of, suite_environment
from batchhook.workflow.suite.python_choice import current_python
from batchhook.workflow.suite.unrun import count_unrun, next_step


@dataclass(frozen=True, slots=True)
class Collection:
    """The number of tests in a suite, of their files, of files that cannot be loaded, and of deselected tests."""

    tests: int
    files: int
    unloaded: int = 0
    deselected: int = 0

    def __str__(self) -> str:
        """Return ``74 tests in 9 files``."""
        deselected = f"; {self.deselected} more deselected by the project's options" if self.deselected else ""
        unloaded = f"; {plural(self.unloaded, 'more file')} cannot be loaded" if self.unloaded else ""
        return f"{plural(self.tests, 'test')} in {plural(self.files, 'file')}{deselected}{unloaded}"


@dataclass(frozen=True, slots=True)
class SuitePreview:
    """The suite, as it would run now in the user's work tree.

    Attributes:
        configured: the setting ``engine``.
        interpreter: the project's Python.
        choice: the test framework.
        collection: what it collects; None if that took too long, or is not possible.
        problem: what keeps it from collecting; None if nothing does.
        unrun: tests that it does not run; None if there are none.
    """

    configured: EngineName
    interpreter: Interpreter
    choice: EngineChoice
    collection: Collection | None = None
    problem: SuiteError | None = None
    unrun: UnrunTests | None = None

    @property
    def engine(self) -> str:
        """Return the framework with its version, and why: ``pytest 9.2.0 (pytest.ini)``."""
        version = f" {self.interpreter.pytest}" if self.choice.engine is EngineName.PYTEST else ""
        return f"{self.choice.engine.value}{version} ({', '.join(self.choice.reasons)})"

    @property
    def missing(self) -> str:
        """Say that the tests are written for pytest, and that the project's Python lacks it; empty if it has it."""
        if not self.choice.is_pytest_missing:
            return ""
        reasons = ", ".join(self.choice.reasons)
        return missing_pytest(self.interpreter, f" ({reasons})")

    @property
    def next_step(self) -> str:
        """Return the command or the setting by which pytest runs the tests."""
        return next_step(self.configured, self.interpreter)


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
    roots = [*(root / folder for root in location.project_roots if folder), *location.project_roots]
    state = StateDir.for_repository(location.common_dir)
    try:
        interpreter = current_python(settings, roots, state, project_environment(environment))
        if not (location.top / folder).is_dir():
            raise SuiteError(f"the folder {folder} does not exist", "fix `folder` in [[tool.batchhook.suites]]")
        preview = preview_suite(settings, interpreter, git.at(location.top / folder), environment, seconds)
    except BatchhookError as error:
        return SuiteOutlook(name, problem=error)
    return SuiteOutlook(name, preview, preview.problem)


def preview_suite(
    settings: Settings, interpreter: Interpreter, git: Git, environment: Mapping[str, str], seconds: float
) -> SuitePreview:
    """Choose the test framework, and collect the suite.

    Args:
        settings: of the project.
        interpreter: the project's Python.
        git: in the user's work tree.
        environment: the caller's.
        seconds: time limit of the collection.

    Raises:
        GitError: the files cannot be listed.
    """
    choice = choose(settings, interpreter, git)
    preview = SuitePreview(settings.engine, interpreter, choice)
    if choice.engine is EngineName.UNITTEST:
        preview = replace(preview, unrun=count_unrun(list_files(git), git.folder))
    elif choice.is_pytest_missing:
        return preview
    with tempfile.TemporaryDirectory(prefix="batchhook-collect-") as scratch:
        spec = SuiteSpec(
            interpreter=interpreter.path,
            root=git.folder,
            environment={**suite_environment(environment, interpreter), **settings.env},
            scratch=Path(scratch),
            engine=configure_engine(choice.engine, settings),
            test_timeout=settings.test_timeout,
        )
        try:
            return replace(preview, collection=collect(spec, seconds))
        except SuiteError as error:
            return replace(preview, problem=error)


def collect(spec: SuiteSpec, seconds: float) -> Collection | None:
    """Collect a suite in a process of its own, and run nothing; None if it takes longer than ``seconds``.

    Raises:
        SuiteError: it cannot be collected, or has no tests.
    """
    token, discovery = CancelToken(), Discovery(first_party_names(spec.source_roots))
    bounded = replace(spec, root=spec.root.resolve(), cancel=token)
    session = Session(bounded, NullListener(), discovery, lambda _: [], isolation=IsolationLevel.SUITE)
    timer = threading.Timer(seconds, token.cancel)
    try:
        check_runnable(bounded)
        timer.start()
        session.run(1)
    except SuiteError:
        if token.is_cancelled:
            return None
        raise
    finally:
        timer.cancel()
        if timer.is_alive():
            timer.join()
        token.close()
    loaded = [item for item in discovery.items if not is_unloaded_module(item.test_id)]
    return Collection(
        tests=len(loaded),
        files=len({item.module for item in loaded}),
        unloaded=len(discovery.items) - len(loaded),
        deselected=discovery.deselected,
    )
