"""The Python of a repository: configured, or chosen once and kept until the user says another one."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from batchhook.core.results import Run
from batchhook.core.settings import Settings
from batchhook.core.suite_difference import python_of
from batchhook.errors import BatchhookError, SuiteError
from batchhook.execution.interpreter import Interpreter, active_prefix, find_interpreter
from batchhook.store import python_choice
from batchhook.store.python_choice import PythonChoice
from batchhook.store.state_dir import StateDir

AUTO = "auto"
BY_USER = "chosen by batchhook install --python"
"""The reason of a choice that the user made."""

CHANGE_HINT = "batchhook install --python PATH (or the setting `python`) changes it; --python auto chooses again"


def find_python(
    settings: Settings, roots: Sequence[Path], state: StateDir, environment: Mapping[str, str]
) -> Interpreter:
    """Return the Python that runs the tests; with ``python = "auto"``, the one that was chosen at the first run.

    The commit that fills a batch may come from an IDE, a cron job or another terminal, where other environments are
    active. If each could choose, tests would fail that no change broke.

    Args:
        settings: of the project.
        roots: the user's work tree, then the main work tree if that is another.
        state: where the choice is kept.
        environment: the user's variables.

    Raises:
        SuiteError: it does not start, or there is none.
    """
    if settings.python != AUTO:
        return find_interpreter(settings.python, roots, environment)
    choice = python_choice.load(state.python_choice)
    if choice is not None:
        return start_kept(choice, roots, environment)
    interpreter = find_interpreter(AUTO, roots, environment)
    candidate = _as_choice(interpreter, interpreter.reason, roots)
    with suppress(OSError):  # nothing is lost: the next run chooses again
        stored = python_choice.save_first(state.python_choice, candidate)
        if stored.path != candidate.path:
            return start_kept(stored, roots, environment)
    return interpreter


def current_python(
    settings: Settings, roots: Sequence[Path], state: StateDir, environment: Mapping[str, str]
) -> Interpreter:
    """Return the Python that a run would use now; nothing is chosen by this.

    Args:
        settings: of the project.
        roots: the user's work tree, then the main work tree if that is another.
        state: where the choice is kept.
        environment: the user's variables.

    Raises:
        SuiteError: it does not start, or there is none.
    """
    choice = python_choice.load(state.python_choice) if settings.python == AUTO else None
    return start_kept(choice, roots, environment) if choice else find_interpreter(settings.python, roots, environment)


def start_kept(choice: PythonChoice, roots: Sequence[Path], environment: Mapping[str, str]) -> Interpreter:
    """Return the Python that was chosen.

    Raises:
        SuiteError: it does not start any more. Another one is not chosen without being asked: it has other packages.
    """
    try:
        return replace(find_interpreter(choice.path, roots, environment), reason=choice.reason)
    except SuiteError as error:
        message = f"the Python of this repository ({choice.path}: {choice.reason}) cannot run the tests"
        raise SuiteError(f"{message}: {error.message}", CHANGE_HINT) from error


def unused_environment(run: Run, environment: Mapping[str, str]) -> str:
    """Return the virtual environment that is active in a terminal, if a run was under another Python; else empty."""
    variable, prefix = active_prefix(environment) or ("", Path())
    python = python_of(run.suite).rpartition(" ")[0]
    is_other = variable == "VIRTUAL_ENV" and python and prefix.resolve() != Path(python).parent.parent.resolve()
    return os.fspath(prefix) if is_other else ""


def choose(
    python: str, settings: Settings, roots: Sequence[Path], state: StateDir, environment: Mapping[str, str]
) -> Interpreter:
    """Choose the Python of a repository, in place of the one before.

    Args:
        python: as the setting ``python`` has it, but paths are relative to the current folder as well; ``auto`` chooses
            as the first run does.
        settings: of the project.
        roots: the current folder, then the user's work tree, then the main work tree if that is another.
        state: where the choice is kept.
        environment: the user's variables.

    Raises:
        BatchhookError: the setting takes precedence, or the choice cannot be stored.
        SuiteError: that Python cannot run the tests; the earlier choice stays.
    """
    if settings.python != AUTO:
        message = f"the setting python = {settings.python!r} takes precedence"
        raise BatchhookError(message, "change it in the configuration, or remove it there")
    interpreter = find_interpreter(python, roots if python != AUTO else roots[1:], environment)
    reason = interpreter.reason if python == AUTO else BY_USER
    try:
        python_choice.save(state.python_choice, _as_choice(interpreter, reason, roots[1:]))
    except OSError as error:
        raise BatchhookError(
            f"cannot write {state.python_choice}: {error.strerror}", "check who owns the folder"
        ) from error
    return replace(interpreter, reason=reason)


def _as_choice(interpreter: Interpreter, reason: str, roots: Sequence[Path]) -> PythonChoice:
    path = interpreter.path
    for root in roots:
        if path.is_relative_to(root):
            path = path.relative_to(root)
            break
    name = os.fspath(path)
    return PythonChoice(name if os.sep in name else f".{os.sep}{name}", reason, time.time())
