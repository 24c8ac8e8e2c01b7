"""Find the Python that runs the tests: configured, the project's, or the user's."""

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
_OLDEST_TEXT = ".".join(map(str, OLDEST))
QUERY_TIMEOUT = 30.0
"""Seconds that an interpreter may take to describe itself."""
VENV_FOLDERS = (".venv", "venv", "env")
"""Folders of a project's virtual environment, the most common first."""
HINT = "choose the project's Python: batchhook install --python PATH, or the setting `python`"
"""The next step where no Python can run the tests."""
_MARK = b"\nbatchhook interpreter\n"
_QUERY = r"""
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
    is_link = name.endswith((".egg-link", ".pth")) or name.startswith("__editable__")
    text = content(path) if is_link and os.path.isfile(path) else b""
    return name.encode("utf-8", "surrogateescape") + b"\0" + hashlib.sha256(text).digest()

def fingerprint(library):
    digest = hashlib.sha256()
    for folder in sys.path:
        if folder not in (library, os.path.join(library, "lib-dynload")):
            names = [name for name in entries(folder) if name.endswith(SUFFIXES) or name.startswith("__editable__")]
            digest.update(b"".join([feature(folder, name) for name in names] + [b"/"] * bool(names)))
    return digest.hexdigest()

def pytest_version():
    for folder in sys.path:
        for name in entries(folder):
            base, suffix = os.path.splitext(name)
            project, _, rest = base.partition("-")
            if project.lower() == "pytest" and suffix in SUFFIXES[:2] and rest[:1].isdigit():
                return rest.partition("-")[0]
            if name == "pytest.egg-info":  # of a source tree, installed with "setup.py develop" or "pip install -e"
                lines = content(os.path.join(folder, name, "PKG-INFO")).splitlines()
                versions = [line.split()[1] for line in lines if line.startswith(b"Version: ")]
                return versions[0].decode("ascii", "replace") if versions else "?"
    return ""

lines = ["", "batchhook interpreter", "%d.%d.%d" % sys.version_info[:3], sys.prefix, sys.executable or ""]
lines.append(fingerprint(os.path.dirname(os.__file__)))
lines.append(pytest_version())
sys.stdout.flush()
os.write(1, getattr(os, "fsencode", str)("\n".join(lines + [""])))
"""
"""The program by which an interpreter describes itself; any Python understands it, so an old one reports its version.

Distributions are identified by the names that installers leave, which hold their versions, and editable ones by the
files that link to them; importlib.metadata would read every distribution's files for the same. Folders without
distributions do not count, nor do the paths of the folders: `path` covers these.
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that starts and is new enough.

    Attributes:
        path: its executable; not resolved, since a virtual environment's is a link.
        version: for instance ``3.12.1``.
        reason: why it was chosen, as part of a sentence.
        distributions: SHA-256 (hexadecimal) of the distributions on its import path: if two are equal, so are the
            distributions and their versions.
        pytest: version of the installed pytest; empty if there is none.
    """

    path: Path
    version: str
    reason: str
    distributions: str
    pytest: str = ""

    @property
    def version_info(self) -> tuple[int, ...]:
        """Return the version as numbers: ``(3, 12, 1)``."""
        return _parse_version(self.version)


@dataclass(frozen=True, slots=True)
class _Description:
    version: str
    prefix: str
    executable: str
    distributions: str
    pytest: str


def find_interpreter(configured: str, roots: Sequence[Path], environment: Mapping[str, str]) -> Interpreter:
    """Find the Python that runs a project's tests.

    Args:
        configured: ``auto``, a path (relative to a root), or a command on ``$PATH``.
        roots: the user's work tree, then the main work tree if that is another.
        environment: the user's variables.

    Raises:
        SuiteError: there is none, or the configured one is not usable.
    """
    if configured != "auto":
        path = _configured_path(configured, roots, environment)
        return _verify(path, f"the configured python `{configured}`", environment)
    # An environment that was made for the tests is never passed over: another Python has other packages, and what then
    # fails would be blamed on the changes.
    for_tests = chain(
        _project_pythons(roots), managed_pythons(roots, without_own_prefix(environment)), _active_pythons(environment)
    )
    candidate = next(for_tests, None)
    if candidate is not None:
        path, reason = candidate
        try:
            return _verify(path, reason, environment)
        except SuiteError as error:
            raise SuiteError(f"{reason} cannot run the tests: {error.message}", f"recreate it, or {HINT}") from error
    errors: list[str] = []
    for path, reason in _pythons_on_path(environment):
        try:
            return _verify(path, reason, environment, _own_prefix(environment))
        except SuiteError as error:  # noqa: PERF203 - each on its own
            errors.append(error.message)
    raise SuiteError("; ".join(errors) or "No Python was found to run the tests with.", HINT)


def _configured_path(configured: str, roots: Sequence[Path], environment: Mapping[str, str]) -> Path:
    for root in roots:
        if os.path.lexists(root / configured / "bin" / "python"):
            return root / configured / "bin" / "python"
    if os.sep not in configured:
        command = shutil.which(configured, path=environment.get("PATH", os.defpath))
        if command:
            return Path(command)
    path = Path(configured).expanduser()
    for candidate in [path] if path.is_absolute() else [root / path for root in roots]:
        if candidate.is_file():
            return candidate
        if (candidate / "bin" / "python").is_file():
            return candidate / "bin" / "python"
    raise SuiteError(f"The test interpreter does not exist: {configured}", HINT)


def check_version(version: str, interpreter: Path) -> None:
    """Check that an interpreter that runs tests is new enough.

    Raises:
        SuiteError: it is not.
    """
    if _parse_version(version) < OLDEST:
        raise SuiteError(
            f"The test interpreter is too old: {interpreter} is {version}",
            f"Set `python` in the configuration to Python {_OLDEST_TEXT} or newer.",
        )


def _project_pythons(roots: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Yield executables of virtual environments in the project's folders, with the reason for each."""
    for root in roots:
        for name in VENV_FOLDERS:
            if is_virtual(root / name):
                yield root / name / "bin" / "python", f"the project's virtual environment {name}"


def is_virtual(prefix: Path) -> bool:
    """Return whether a folder is a virtual or conda environment, whether or not its Python starts."""
    return (prefix / "pyvenv.cfg").is_file() or (prefix / "conda-meta").is_dir()


def active_prefix(environment: Mapping[str, str]) -> tuple[str, Path] | None:
    """Return the variable and the folder of the environment that is active in a terminal; None if there is none."""
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        prefix = environment.get(variable, "")
        is_usable = prefix and (is_virtual(Path(prefix)) or (Path(prefix) / "bin" / "python").is_file())
        if is_usable and not _is_same(prefix, _own_prefix(environment)):
            return variable, Path(prefix)
    return None


def _active_pythons(environment: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Yield the executable of the active environment, if there is one, with the reason for it."""
    active = active_prefix(environment)
    if active is not None:
        variable, prefix = active
        kind = "virtual" if variable == "VIRTUAL_ENV" else "conda"
        yield prefix / "bin" / "python", f"the active {kind} environment {prefix.name} (${variable})"


def _pythons_on_path(environment: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Yield the executables on ``$PATH``, with the reason for each. Shims may lead nowhere, so several are tried."""
    for command in ("python3", "python"):
        for folder in environment.get("PATH", os.defpath).split(os.pathsep):
            executable = shutil.which(command, path=folder) if folder else None
            if executable and not _is_same(Path(folder).parent, _own_prefix(environment)):
                yield Path(executable), f"`{command}` on $PATH"


def _own_prefix(environment: Mapping[str, str]) -> str:
    """Return the environment that pre-commit or prek made for batchhook alone, if it runs in one; else empty."""
    return sys.prefix if "PRE_COMMIT" in environment and sys.prefix != sys.base_prefix else ""


def without_own_prefix(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Remove batchhook's own environment from the variables: package managers would take it for the project's."""
    own_prefix = _own_prefix(environment)
    if not own_prefix:
        return environment
    folders = environment.get("PATH", os.defpath).split(os.pathsep)
    path = os.pathsep.join(folder for folder in folders if not (folder and _is_same(Path(folder).parent, own_prefix)))
    variables = {
        name: value for name, value in environment.items() if name != "VIRTUAL_ENV" or not _is_same(value, own_prefix)
    }
    return {**variables, "PATH": path}


def _is_same(folder: str | Path, other: str) -> bool:
    return bool(other) and os.path.realpath(folder) == os.path.realpath(other)


def _verify(path: Path, reason: str, environment: Mapping[str, str], forbidden: str = "") -> Interpreter:
    """Start an interpreter once, and check that it is usable.

    Args:
        path: of its executable.
        reason: for choosing it.
        environment: the user's variables.
        forbidden: the prefix of an environment that must not run the tests.

    Raises:
        SuiteError: it is not usable.
    """
    description = _query(path, environment)
    if _is_same(description.prefix, forbidden):
        raise SuiteError(f"{path} belongs to batchhook's own environment", HINT)
    if _parse_version(description.version) < OLDEST:
        raise SuiteError(f"{path} ({reason}) is Python {description.version}; tests need {_OLDEST_TEXT} or newer", HINT)
    # A shim of pyenv or asdf takes longer to find its Python than that takes to start: bypass it from now on.
    executable = Path(description.executable or path)
    return Interpreter(executable, description.version, reason, description.distributions, description.pytest)


def _parse_version(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _query(path: Path, environment: Mapping[str, str]) -> _Description:
    """Have an interpreter report its version, its prefix, and the distributions on its import path.

    It starts as it does for the tests: isolated (``-I``), it would see neither the user's own site-packages nor
    PYTHONPATH, which tests import from. If one of these keeps it from starting, tests would not start either.

    Raises:
        SuiteError: it does not start, or is not Python 3.
    """
    try:
        process = subprocess.run(
            [str(path), "-B", "-c", _QUERY],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=QUERY_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SuiteError(f"{path} did not start within {QUERY_TIMEOUT:g} s", HINT) from error
    except OSError as error:
        raise SuiteError(f"{path} does not start ({error.strerror})", HINT) from error
    lines = os.fsdecode(process.stdout.rpartition(_MARK)[2]).split("\n")  # site modules may print before the mark
    version = lines[0].split(".")
    is_complete = len(lines) >= 5 and len(version) == 3 and all(part.isdigit() for part in version)  # noqa: PLR2004
    if process.returncode or not is_complete:
        reason = (process.stderr.decode("utf-8", "replace").strip().splitlines() or ["it is not Python 3"])[-1]
        raise SuiteError(f"{path} does not start ({reason})", HINT)
    return _Description(*lines[:5])
