"""The suite as it runs here: its interpreter and environment, and a fingerprint of all that decides outcomes."""

from __future__ import annotations

import hashlib
import itertools
import os
import secrets
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import batchhook
from batchhook.core.settings import EngineName, Settings, SuiteSettings
from batchhook.engines.engine import Engine
from batchhook.engines.pytest.engine import PytestEngine
from batchhook.engines.unittest.engine import UnittestEngine
from batchhook.errors import SuiteError
from batchhook.execution.interpreter import VENV_FOLDERS, Interpreter, is_virtual, without_own_prefix
from batchhook.execution.spec import SuitePart
from batchhook.git.environment import project_environment
from batchhook.workflow.context.project import Project
from batchhook.workflow.suite.engine_choice import find_engine
from batchhook.workflow.suite.python_choice import AUTO, find_python

# Set for hooks by pre-commit and prek, which describe the commit in variables of many names, or by ourselves; or by a
# virtual environment that is not the project's.
_HOOK_VARIABLES = ("PRE_COMMIT", "BATCHHOOK_INTERPRETER", "BATCHHOOK_CHAIN", "VIRTUAL_ENV")
_USER_VARIABLES = frozenset(
    {"PRE_COMMIT_HOME", "PRE_COMMIT_COLOR", "PRE_COMMIT_ALLOW_NO_CONFIG", "PRE_COMMIT_NO_CONCURRENCY"}
)

_MAX_LINKED_FILES = 5000
"""With more linked files than this, they are not digested and no run is reused."""


@dataclass(frozen=True, slots=True)
class Suite:
    """The project's suite, ready to run on any tree.

    Attributes:
        interpreter: the project's Python.
        engine: the test framework, configured.
        environment: the variables that tests see.
        fingerprint: everything that decides outcomes besides the tree: runs with equal fingerprints on one tree should
            have equal outcomes.
        parts: the suites of a project that has several; then the first of them is described by the attributes before.
    """

    interpreter: Interpreter
    engine: Engine
    environment: Mapping[str, str]
    fingerprint: Mapping[str, object]
    parts: tuple[SuitePart, ...] = ()

    def without(self, names: Collection[str]) -> Suite:
        """Return what is left without some of the suites of a project that has several."""
        suites = self.fingerprint.get("suites")
        if not names or not isinstance(suites, Mapping):
            return self
        remaining = {name: value for name, value in suites.items() if name not in names}
        parts = tuple(part for part in self.parts if part.name not in names)
        return replace(self, fingerprint={**self.fingerprint, "suites": remaining}, parts=parts)


def find_suite(project: Project, environment: Mapping[str, str]) -> Suite:
    """Return the project's suite, as its settings and the caller's environment define it.

    Raises:
        SuiteError: there is no suitable Python, or a file of variables cannot be read.
    """
    common = {**checkout_fingerprint(project), **_common_fingerprint(project.settings)}
    if not project.settings.suites:
        suite = _find_suite(project, project.settings, "", environment)
        return replace(suite, fingerprint={**suite.fingerprint, **common})
    suites = {each.name: _find_part(project, each, environment) for each in project.settings.suites}
    return replace(
        next(iter(suites.values())),
        fingerprint={**_join_fingerprints({name: suite.fingerprint for name, suite in suites.items()}), **common},
        parts=tuple(_part(project.settings, each, suites[each.name]) for each in project.settings.suites),
    )


def _part(settings: Settings, suite: SuiteSettings, configured: Suite) -> SuitePart:
    timeout = settings.test_timeout if suite.test_timeout is None else suite.test_timeout
    python, environment = configured.interpreter.path, configured.environment
    return SuitePart(suite.name, suite.folder, python, environment, configured.engine, timeout)


def settings_of(settings: Settings, suite: SuiteSettings, top: Path) -> Settings:
    """Return the settings that hold for one of several suites; a virtual environment in its folder is its Python."""
    own = {
        name: value
        for name, value in vars(suite).items()
        if name not in {"name", "folder", "paths", "env"} and value is not None
    }
    if suite.folder and own.get("python", settings.python) == AUTO:
        own["python"] = next((name for name in VENV_FOLDERS if is_virtual(top / suite.folder / name)), AUTO)
    return replace(settings, **own, env={**settings.env, **(suite.env or {})}, suites=())


def _find_part(project: Project, suite: SuiteSettings, environment: Mapping[str, str]) -> Suite:
    try:
        return _find_suite(
            project, settings_of(project.settings, suite, project.location.top), suite.folder, environment
        )
    except SuiteError as error:
        raise SuiteError(f"{suite.name}: {error.message}", error.hint) from error


def _find_suite(project: Project, settings: Settings, folder: str, environment: Mapping[str, str]) -> Suite:
    variables = project_environment(environment)
    top, roots = project.location.top, project.location.project_roots
    roots = (*([root / folder for root in roots] if folder else []), *roots)
    interpreter = find_python(settings, roots, project.state, variables)
    git = project.git.at(top / folder) if (top / folder).is_dir() else project.git
    engine = configure_engine(find_engine(settings, interpreter, git).engine, settings)
    own = {**settings.env, **_read_variables(top, settings.env_file)}
    tests_environment = {**suite_environment(environment, interpreter), **own}
    decisive = {name: tests_environment[name] for name in engine.variables if name in tests_environment}
    fingerprint = {
        **interpreter_fingerprint(interpreter),
        **engine.options,
        "engine": engine.name,
        "variables": _digest(f"{name}={value}" for name, value in sorted((decisive | own).items())),
        "test_timeout": settings.test_timeout,
    }
    return Suite(interpreter, engine, tests_environment, fingerprint)


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


def configure_engine(name: EngineName, settings: Settings) -> Engine:
    """Return a test framework, configured by the settings."""
    if name is EngineName.PYTEST:
        return PytestEngine(settings.start_dir)
    return UnittestEngine(settings.start_dir, settings.pattern, settings.top_level_dir)


def _join_fingerprints(fingerprints: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    """Return one fingerprint for several suites; what is equal for all is told once."""
    first = next(iter(fingerprints.values()))
    shared = {key for key in first if all(each.get(key) == first[key] for each in fingerprints.values())}
    return {
        **{key: first[key] for key in shared},
        "suites": {name: {key: each[key] for key in each if key not in shared} for name, each in fingerprints.items()},
    }


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


def suite_environment(environment: Mapping[str, str], interpreter: Interpreter) -> dict[str, str]:
    """Return the environment for a checkout with the project's Python first on the path.

    Hook frameworks put their own private Python there, and a test may start ``python``.
    """
    clean = checkout_environment(environment)
    folder = interpreter.path.parent
    if (folder.parent / "pyvenv.cfg").exists():
        clean["VIRTUAL_ENV"] = os.fspath(folder.parent)
    path = clean.get("PATH", os.defpath)
    if path.partition(os.pathsep)[0] != os.fspath(folder):
        path = os.pathsep.join(part for part in (os.fspath(folder), path) if part)
    return {**clean, "PATH": path}


def _common_fingerprint(settings: Settings) -> dict[str, object]:
    return {
        "batchhook": batchhook.__version__,
        "isolation": settings.isolation.value,
        "order": settings.order.value,
    }


def interpreter_fingerprint(interpreter: Interpreter) -> dict[str, object]:
    """Return the part of a fingerprint that identifies the interpreter and its installed distributions."""
    return {"python": f"{interpreter.path} {interpreter.version}", "distributions": interpreter.distributions}


def checkout_fingerprint(project: Project) -> dict[str, object]:
    """Return the part of a fingerprint for what a checkout holds besides the tree's own files, and for its setup."""
    settings = project.settings
    return {
        "link": settings.link,
        "linked": _linked_files_digest(project.location.top, settings.link),
        "setup": [settings.setup, *(suite.setup or "" for suite in settings.suites)],
        "submodules": _populated_submodules(project.location.top),
        "lfs": _lfs_digest(project.location.common_dir),
    }


def _populated_submodules(top: Path) -> list[str]:
    """Return the paths of the submodules that the user has checked out: private worktrees get the same ones."""
    modules = top / ".gitmodules"
    if not modules.is_file():
        return []
    lines = (line.partition("=") for line in modules.read_text("utf-8", "replace").splitlines())
    paths = (value.strip() for name, _, value in lines if name.strip() == "path")
    return sorted(path for path in paths if os.path.lexists(top / path / ".git"))


def _lfs_digest(common_dir: Path) -> str:
    """Return a digest of the mtimes of the Git LFS object folders: newly fetched objects change what is tested."""
    objects = common_dir / "lfs" / "objects"
    if not objects.is_dir():
        return ""
    return _digest(map(_stamp, [objects, *sorted(objects.iterdir())]))


def _linked_files_digest(top: Path, links: Sequence[str]) -> str:
    """Return a digest of the sizes and mtimes of linked files: they are in no tree, but decide outcomes.

    With too many files to check, it differs each time, so that no run is reused.
    """
    if not links:
        return ""
    stamps = list(itertools.islice(_linked_stamps(top, links), _MAX_LINKED_FILES + 1))
    if len(stamps) > _MAX_LINKED_FILES:
        return secrets.token_hex(16)
    return _digest(sorted(stamps))


def _linked_stamps(top: Path, links: Sequence[str]) -> Iterator[str]:
    for link in links:
        if (top / link).is_file():
            yield _stamp(top / link)
        for folder, _, names in os.walk(top / link, followlinks=True):
            yield from (_stamp(Path(folder, name)) for name in names)


def _digest(stamps: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(stamps).encode("utf-8", "surrogateescape")).hexdigest()


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return f"{path} -"  # a dangling link
    return f"{path} {status.st_size} {status.st_mtime_ns}"
