"""The environment of a suite's processes: the caller's, without what hooks add to it, and the suite's own variables."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from batchhook.core.settings import Settings
from batchhook.errors import SuiteError
from batchhook.execution.interpreter import Interpreter, without_own_prefix
from batchhook.git.environment import project_environment

# Set for hooks by pre-commit and prek, which describe the commit in variables of many names, or by ourselves; or by a
# virtual environment that is not the project's.
_HOOK_VARIABLES = ("PRE_COMMIT", "BATCHHOOK_INTERPRETER", "BATCHHOOK_CHAIN", "VIRTUAL_ENV")
_USER_VARIABLES = frozenset(
    {"PRE_COMMIT_HOME", "PRE_COMMIT_COLOR", "PRE_COMMIT_ALLOW_NO_CONFIG", "PRE_COMMIT_NO_CONCURRENCY"}
)


def own_variables(settings: Settings, top: Path) -> dict[str, str]:
    """Return the variables of the settings ``env`` and ``env_file``.

    Raises:
        SuiteError: the file cannot be read.
    """
    return {**settings.env, **_read_variables(top, settings.env_file)}


def _read_variables(top: Path, name: str) -> dict[str, str]:
    """Return the variables in a file of ``NAME=VALUE`` lines, with or without quotes, ``export`` and comments.

    Raises:
        SuiteError: the file cannot be read.
    """
    if not name:
        return {}
    try:
        lines = (top / name).read_text("utf-8").splitlines()
        words = [shlex.split(line, comments=True) for line in lines]
    except (OSError, ValueError) as error:
        raise SuiteError(f"env_file: {name} cannot be read: {error}", "fix `env_file` in [tool.batchhook]") from error
    pairs = [words_of_line[-1].partition("=") for words_of_line in words if words_of_line and "=" in words_of_line[-1]]
    return {key: value for key, _, value in pairs}


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the caller's environment without what git and hook frameworks add to it for a hook."""
    variables = project_environment(without_own_prefix(environment))
    clean = {
        name: value
        for name, value in variables.items()
        if name in _USER_VARIABLES or not name.startswith(_HOOK_VARIABLES)
    }
    return {**clean, "BATCHHOOK_RUNNING": "1"}


def checkout_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the clean environment for commands that run in a private checkout: byte code is kept nowhere else.

    Python takes a compiled file for current if its source has the same size and was written in the same second. Two
    commits of one checkout easily agree in both. Checking a commit out removes every ``__pycache__`` there, but not the
    files below ``PYTHONPYCACHEPREFIX``, which are found by the checkout's path (python/cpython#136224). A fresh prefix
    for each checkout would have the standard library compiled again each time. Some Pythons have a prefix by
    default (Apple's), so nothing may be written either.
    """
    clean = clean_environment(environment)
    clean.pop("PYTHONPYCACHEPREFIX", None)
    return {**clean, "PYTHONDONTWRITEBYTECODE": "1"}


def suite_environment(environment: Mapping[str, str], interpreter: Interpreter | None) -> dict[str, str]:
    """Return the environment for a checkout with the project's Python, if it has one, first on the path.

    Hook frameworks put their own private Python there, and a test may start ``python``.
    """
    clean = checkout_environment(environment)
    if interpreter is None:
        return clean
    folder = interpreter.path.parent
    if (folder.parent / "pyvenv.cfg").exists():
        clean["VIRTUAL_ENV"] = os.fspath(folder.parent)
    path = clean.get("PATH", os.defpath)
    if path.partition(os.pathsep)[0] != os.fspath(folder):
        path = os.pathsep.join(part for part in (os.fspath(folder), path) if part)
    return {**clean, "PATH": path}
