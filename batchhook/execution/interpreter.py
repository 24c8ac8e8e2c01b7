"""Which Python runs the tests, and why that one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from batchhook.errors import SuiteError
from batchhook.execution.venvs import managed_pythons

OLDEST = (3, 8)
START_TIMEOUT = 30.0
"""Seconds that an interpreter may take to say its version."""
FOLDERS = (".venv", "venv", "env")
"""Where a project keeps its virtual environment, the most usual name first."""
HINT = 'Set `python` in [tool.batchhook] to the project\'s interpreter, for instance ".venv/bin/python".'
_MARK = b"\nbatchhook asked\n"
_QUESTION = r"""
import sys
if sys.path[:1] == [""]:
    del sys.path[0]  # the working directory, which the tests do not run in
import hashlib, os

SUFFIXES = (".dist-info", ".egg-info", ".egg-link", ".pth")

def entries(folder):
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []

def content(path):
    try:
        with open(path, "rb") as file:
            return file.read(65536)
    except OSError:
        return b""

def feature(folder, name):
    path = os.path.join(folder, name)
    telling = name.endswith((".egg-link", ".pth")) or name.startswith("__editable__")
    text = content(path) if telling and os.path.isfile(path) else b""
    return name.encode("utf-8", "surrogateescape") + b"\0" + hashlib.sha256(text).digest()

def fingerprint(library):
    digest = hashlib.sha256()
    for folder in sys.path:
        if folder not in (library, os.path.join(library, "lib-dynload")):
            names = [name for name in entries(folder) if name.endswith(SUFFIXES) or name.startswith("__editable__")]
            digest.update(b"".join([feature(folder, name) for name in names] + [b"/"] * bool(names)))
    return digest.hexdigest()

said = ["", "batchhook asked", "%d.%d.%d" % sys.version_info[:3], sys.prefix, sys.executable or ""]
said.append(fingerprint(os.path.dirname(os.__file__)))
sys.stdout.flush()
os.write(1, getattr(os, "fsencode", str)("\n".join(said + [""])))
"""
"""What an interpreter is asked; understood by any Python, so that an old one can say that it is old.

Distributions are told from the names that installers leave, which hold their versions, and from what says where
editable ones are; importlib.metadata would read every distribution's files for the same. Folders without any do not
count, nor does where the folders are: `path` says that.
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that was started once and is new enough.

    Attributes:
        path: its executable; not resolved, since a virtual environment's is a link.
        version: for instance ``3.12.1``.
        reason: why it was chosen, as a piece of a sentence.
        distributions: SHA-256 (hexadecimal) of what is installed where its imports look: two equal ones find the same
            distributions in the same versions.
    """

    path: Path
    version: str
    reason: str
    distributions: str


@dataclass(frozen=True, slots=True)
class _Answer:
    version: str
    prefix: str
    executable: str
    distributions: str


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
    for path, reason in chain(_in_project(roots), managed_pythons(roots, _without_private(environment))):
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


def _without_private(environment: Mapping[str, str]) -> Mapping[str, str]:
    """The variables without batchhook's private environment, which package managers would take for the project's."""
    private = _private_prefix(environment)
    if not private:
        return environment
    folders = environment.get("PATH", os.defpath).split(os.pathsep)
    path = os.pathsep.join(folder for folder in folders if not (folder and _same(Path(folder).parent, private)))
    others = {name: value for name, value in environment.items() if name != "VIRTUAL_ENV" or not _same(value, private)}
    return {**others, "PATH": path}


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
    # A shim of pyenv or asdf takes longer to find its Python than that takes to start: from now on without it.
    return Interpreter(Path(answer.executable or path), answer.version, reason, answer.distributions)


def _ask(path: Path, environment: Mapping[str, str]) -> _Answer:
    """Have an interpreter say its version and prefix, and what is installed for it.

    It starts as it does for the tests: isolated (``-I``), it would see neither the user's own site-packages nor
    PYTHONPATH, which tests import from. If one of these keeps it from starting, tests would not start either.
    """
    try:
        answer = subprocess.run(
            [str(path), "-B", "-c", _QUESTION],
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
    said = os.fsdecode(answer.stdout.rpartition(_MARK)[2]).split("\n")  # after what a site's start-up may print
    parts = said[0].split(".")
    if answer.returncode or len(said) < 4 or len(parts) != 3 or not all(part.isdigit() for part in parts):  # noqa: PLR2004
        why = (answer.stderr.decode("utf-8", "replace").strip().splitlines() or ["it is no Python 3"])[-1]
        raise SuiteError(f"{path} does not start ({why})", HINT)
    return _Answer(*said[:4])
