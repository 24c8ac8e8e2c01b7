"""The test framework of a project, chosen by its files and by what its Python has."""

from __future__ import annotations

import os
from pathlib import Path

from batchhook.core.engine_choice import EngineChoice, choose_engine
from batchhook.core.pytest_config import Reader
from batchhook.core.settings import EngineName, Settings
from batchhook.errors import GitError, NoTestsError, SuiteError
from batchhook.execution.interpreter import Interpreter
from batchhook.git.command import Git

_MAX_SIZE = 1 << 20
"""Bytes of a file that are read."""


def find_engine(settings: Settings, interpreter: Interpreter, git: Git) -> EngineChoice:
    """Return the test framework of a run.

    Args:
        settings: of the project.
        interpreter: the project's Python.
        git: in the user's work tree.

    Raises:
        NoTestsError: the setting asks for pytest, and the project's Python does not have it: no change is to blame.
        SuiteError: git fails.
    """
    try:
        choice = choose(settings, interpreter, git)
    except GitError as error:
        raise SuiteError(error.message, error.hint) from error
    if choice.engine is EngineName.PYTEST and choice.is_pytest_missing:
        raise NoTestsError(missing_pytest(interpreter), install_command(interpreter))
    return choice


def choose(settings: Settings, interpreter: Interpreter, git: Git) -> EngineChoice:
    """Choose the test framework of a project.

    The user's work tree decides, also for older commits: all trees of one search have to run under one framework.

    Args:
        settings: of the project.
        interpreter: the project's Python.
        git: in the user's work tree.

    Raises:
        GitError: the files cannot be listed.
    """
    return choose_engine(settings.engine, list_files(git), reader(git.folder), interpreter.pytest)


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
    return f"{interpreter.path} -m pip install pytest"
