"""Which Python runs the tests, and why that one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from batchhook.errors import SuiteError

OLDEST = (3, 8)
START_TIMEOUT = 30.0
"""Seconds that an interpreter may take to say its version."""
FOLDERS = (".venv", "venv", "env")
"""Where a project keeps its virtual environment, the most usual name first."""
HINT = 'Set `python` in [tool.batchhook] to the project\'s interpreter, for instance ".venv/bin/python".'
_QUESTION = "import sys; print('%d.%d.%d' % sys.version_info[:3]); print(sys.prefix)"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that was started once and is new enough.

    Attributes:
        path: its executable; not resolved, since a virtual environment's is a link.
        version: for instance ``3.12.1``.
        reason: why it was chosen, as a piece of a sentence.
    """

    path: Path
    version: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Answer:
    version: str
    prefix: str


def find_interpreter(wanted: str, roots: Sequence[Path], environment: Mapping[str, str]) -> Interpreter:
    """Find the Python that runs a project's tests.

    Args:
        wanted: ``auto``, a path (relative ones from the first root), or a command on the search path.
        roots: the user's work tree, then the main work tree where that is another.
        environment: the user's variables.

    Raises:
        SuiteError: there is none, or the one that was asked for does not do.
    """
    if wanted != "auto":
        return _checked(_asked_for(wanted, roots, environment), f"the configured python `{wanted}`", environment)
    refused: list[str] = []
    for path, reason in _in_project(roots):
        try:
            return _checked(path, reason, environment)
        except SuiteError as error:  # noqa: PERF203 - each on its own
            refused.append(error.message)
    for path, reason in _in_environment(environment):
        try:
            return _checked(path, reason, environment, forbidden=_private_prefix(environment))
        except SuiteError as error:  # noqa: PERF203 - each on its own
            refused.append(error.message)
    raise SuiteError("; ".join(refused) or "No Python was found to run the tests with.", HINT)


def _asked_for(wanted: str, roots: Sequence[Path], environment: Mapping[str, str]) -> Path:
    """The executable that the configuration names."""
    if os.sep not in wanted:
        found = shutil.which(wanted, path=environment.get("PATH", os.defpath))
        if found:
            return Path(found)
    path = Path(wanted).expanduser()
    places = [path] if path.is_absolute() else [root / path for root in roots]
    for place in places:
        if place.is_file():
            return place
        if (place / "bin" / "python").is_file():
            return place / "bin" / "python"
    raise SuiteError(f"The Python that is to run the tests does not exist: {wanted}", HINT)


def _in_project(roots: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Executables of virtual environments in the project's folders, each with the reason for it."""
    for root in roots:
        for name in FOLDERS:
            path = root / name / "bin" / "python"
            if path.is_file() and (root / name / "pyvenv.cfg").is_file():
                yield path, f"the project's virtual environment {name}"


def _in_environment(environment: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Executables that the user's variables lead to, the likeliest first, each with the reason for it."""
    for variable, kind in (("VIRTUAL_ENV", "virtual"), ("CONDA_PREFIX", "conda")):
        prefix = environment.get(variable, "")
        path = Path(prefix) / "bin" / "python"
        if prefix and path.is_file() and not _same(prefix, _private_prefix(environment)):
            yield path, f"the active {kind} environment {Path(prefix).name} (${variable})"
    for command in ("python3", "python"):
        for folder in environment.get("PATH", os.defpath).split(os.pathsep):
            found = shutil.which(command, path=folder) if folder else None
            if found and not _same(Path(folder).parent, _private_prefix(environment)):
                yield Path(found), f"`{command}` on the search path"


def _private_prefix(environment: Mapping[str, str]) -> str:
    """The environment that pre-commit or prek made for batchhook alone, in which it is running; empty for none."""
    return sys.prefix if "PRE_COMMIT" in environment and sys.prefix != sys.base_prefix else ""


def _same(folder: str | Path, other: str) -> bool:
    return bool(other) and os.path.realpath(folder) == os.path.realpath(other)


def _checked(path: Path, reason: str, environment: Mapping[str, str], forbidden: str = "") -> Interpreter:
    """Start the interpreter once, and see that it will do."""
    answer = _ask(path, environment)
    if _same(answer.prefix, forbidden):
        raise SuiteError(f"{path} belongs to batchhook's own environment", HINT)
    version = tuple(int(part) for part in answer.version.split("."))
    if version < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise SuiteError(f"{path} ({reason}) is Python {answer.version}; tests need {oldest} or newer", HINT)
    return Interpreter(path, answer.version, reason)


def _ask(path: Path, environment: Mapping[str, str]) -> _Answer:
    """Have an interpreter say its version and prefix."""
    try:
        answer = subprocess.run(
            [str(path), "-I", "-c", _QUESTION],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=START_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SuiteError(f"{path} did not start within {START_TIMEOUT:g} seconds", HINT) from error
    except OSError as error:
        raise SuiteError(f"{path} does not start ({error.strerror})", HINT) from error
    lines = answer.stdout.decode("utf-8", "replace").splitlines()
    version = lines[0] if lines else ""
    parts = version.split(".")
    if answer.returncode or len(lines) != 2 or len(parts) != 3 or not all(part.isdigit() for part in parts):  # noqa: PLR2004
        said = (answer.stderr.decode("utf-8", "replace").strip().splitlines() or ["it is no Python 3"])[-1]
        raise SuiteError(f"{path} does not start ({said})", HINT)
    return _Answer(version, lines[1])
