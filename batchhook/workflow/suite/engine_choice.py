"""Choice of what runs the tests of a suite: a framework of Python's, or a command."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from batchhook.core import engine_choice
from batchhook.core.engine_choice import EngineChoice
from batchhook.core.pytest_config import Reader
from batchhook.core.settings import EngineName, Settings
from batchhook.core.suite_setup import Setup
from batchhook.engines.command.engine import CommandEngine
from batchhook.engines.pytest.engine import PytestEngine
from batchhook.engines.unittest.engine import UnittestEngine
from batchhook.errors import GitError, SuiteError
from batchhook.execution import pip_command
from batchhook.execution.interpreter import VENV_FOLDERS, Interpreter, is_virtual
from batchhook.execution.spec import ConfiguredEngine
from batchhook.git.command import Git
from batchhook.git.environment import project_environment
from batchhook.git.location import Location
from batchhook.store.state_dir import StateDir
from batchhook.workflow.suite.command_choice import ChosenCommand, CommandPlace, find_command
from batchhook.workflow.suite.environment import suite_environment
from batchhook.workflow.suite.python_choice import AUTO

_MAX_SIZE = 1 << 20
"""Bytes of a file that are read."""

PythonFinder = Callable[[Settings, Sequence[Path], StateDir, Mapping[str, str]], Interpreter]
"""``python_choice.find_python``, or ``current_python``."""


@dataclass(frozen=True, slots=True)
class SuitePlace:
    """Place of a suite in the user's work tree.

    Attributes:
        git: in its folder; in the top if the folder does not exist.
        roots: where its virtual environment may be: its folder, then the top, each also in the main work tree.
        state: the repository's state folder.
    """

    git: Git
    roots: tuple[Path, ...]
    state: StateDir

    @classmethod
    def of(cls, location: Location, state: StateDir, git: Git, folder: str) -> SuitePlace:
        """Return the place of a suite in a folder, relative to the top; empty for the top itself."""
        tops = location.project_roots
        path = location.top / folder
        roots = (*([top / folder for top in tops] if folder else []), *tops)
        return cls(git.at(path) if path.is_dir() else git.at(location.top), roots, state)


@dataclass(frozen=True, slots=True)
class ChosenEngine:
    """Engine that runs the tests of a suite.

    Attributes:
        choice: the kind, and why.
        engine: configured.
        interpreter: the project's Python; None if a command runs the tests, and there is none.
        setup: the command that prepares a checkout; that of a preset if no other is configured.
        files: of the suite's folder in the user's work tree, without ignored ones.
    """

    choice: EngineChoice
    engine: ConfiguredEngine
    interpreter: Interpreter | None
    setup: Setup
    files: tuple[str, ...]

    def environment(self, environment: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that tests see: the caller's, those of a preset, and those of the suite's settings."""
        of_preset = self.engine.env if isinstance(self.engine, CommandEngine) else {}
        return {**suite_environment(environment, self.interpreter), **of_preset, **own}


def choose_engine(
    settings: Settings, place: SuitePlace, environment: Mapping[str, str], find_python: PythonFinder
) -> ChosenEngine:
    """Choose what runs the tests of a suite.

    The user's work tree decides, also for older commits: all trees of one search have to be tested alike.

    Args:
        settings: of the suite.
        place: of the suite.
        environment: the caller's.
        find_python: finds the project's Python.

    Raises:
        SuiteError: there is no suitable Python, or no such preset, or git fails.
    """
    try:
        files, read = list_files(place.git), reader(place.git.folder)
    except GitError as error:
        raise SuiteError(error.message, error.hint) from error
    setup = Setup("", settings.setup, settings.setup_inputs, settings.setup_outputs)
    command_place = CommandPlace(place.git.folder, environment, place.state, settings.plugin_timeout)
    command = find_command(settings, files, read, command_place)
    if command is not None:
        interpreter = _python_of_command(settings, place, environment, find_python)
        choice = EngineChoice(EngineName.COMMAND, command.reasons)
        setup = _setup_of_command(setup, command, place.git.folder)
        return ChosenEngine(choice, command.engine, interpreter, setup, files)
    interpreter = find_python(settings, place.roots, place.state, project_environment(environment))
    choice = engine_choice.choose_engine(settings.engine, files, read, interpreter.pytest)
    engine: ConfiguredEngine = UnittestEngine(settings.start_dir, settings.pattern, settings.top_level_dir)
    if choice.engine is EngineName.PYTEST:
        engine = PytestEngine(settings.start_dir)
    return ChosenEngine(choice, engine, interpreter, setup, files)


def _python_of_command(
    settings: Settings, place: SuitePlace, environment: Mapping[str, str], find_python: PythonFinder
) -> Interpreter | None:
    """Return the Python that comes first on a command's path; None if the project names none of its own.

    The folder of the user's Python may hold other programs, which were not meant to come first.
    """
    is_own = settings.python != AUTO or any(is_virtual(root / name) for root in place.roots for name in VENV_FOLDERS)
    return find_python(settings, place.roots, place.state, project_environment(environment)) if is_own else None


def _setup_of_command(configured: Setup, command: ChosenCommand, folder: Path) -> Setup:
    """Return the configured setup, or that of the preset where the project has the first of its inputs."""
    inputs = command.setup.inputs
    if configured.command.strip() or not inputs or not (folder / inputs[0]).is_file():
        return configured
    return command.setup


def list_files(git: Git) -> tuple[str, ...]:
    """Return the paths of a work tree's files, without ignored ones.

    Raises:
        GitError: git cannot list them.
    """
    listed = git.run("ls-files", "-z", "--cached", "--others", "--exclude-standard").stdout.split(b"\0")[:-1]
    return tuple(dict.fromkeys(map(os.fsdecode, listed)))


def list_committed_files(git: Git, commit: str) -> tuple[str, ...]:
    """Return the paths of a commit's files.

    Raises:
        GitError: git cannot list them.
    """
    listed = git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit).stdout.split(b"\0")[:-1]
    return tuple(map(os.fsdecode, listed))


def reader(top: Path) -> Reader:
    """Return a function that reads the beginning of a file below a folder; nothing of what is no plain file."""

    def read(path: str) -> bytes:
        try:
            if not (top / path).is_file():
                return b""
            with (top / path).open("rb") as file:
                return file.read(_MAX_SIZE)
        except OSError:
            return b""

    return read


def missing_pytest(interpreter: Interpreter, reasons: str = "") -> str:
    """Say that the tests are written for pytest, which the project's Python lacks; ``reasons`` are in parentheses."""
    return f"this project's tests are written for pytest{reasons}, and {interpreter.path} does not have it"


def install_command(interpreter: Interpreter) -> str:
    """Return the command that installs pytest where the tests run."""
    return pip_command.install_command(interpreter.path, "pytest")
