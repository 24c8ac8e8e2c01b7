"""The suite as it runs here: its interpreter and environment, and a fingerprint of all that decides outcomes."""

from __future__ import annotations

import hashlib
import itertools
import os
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import batchhook
from batchhook.core.settings import Settings, SuiteSettings
from batchhook.core.suite_setup import Setup
from batchhook.engines.command.engine import CommandEngine
from batchhook.errors import NoTestsError, SuiteError
from batchhook.execution.interpreter import VENV_FOLDERS, Interpreter, is_virtual
from batchhook.execution.spec import ConfiguredEngine, SuitePart
from batchhook.workflow.context.project import Project
from batchhook.workflow.suite.engine_choice import SuitePlace, choose_engine, install_command, missing_pytest
from batchhook.workflow.suite.environment import own_variables
from batchhook.workflow.suite.python_choice import AUTO, find_python

_MAX_LINKED_FILES = 5000
"""With more linked files than this, they are not digested and no run is reused."""


@dataclass(frozen=True, slots=True)
class Suite:
    """The project's suite, ready to run on any tree.

    Attributes:
        interpreter: the project's Python; None if a command runs the tests, and there is none.
        engine: what runs the tests, configured.
        environment: the variables that tests see.
        fingerprint: everything that decides outcomes besides the tree: runs with equal fingerprints on one tree should
            have equal outcomes.
        setups: the commands that prepare a checkout, in their order.
        parts: the suites of a project that has several; then the first of them is described by the attributes before.
    """

    interpreter: Interpreter | None
    engine: ConfiguredEngine
    environment: Mapping[str, str]
    fingerprint: Mapping[str, object]
    setups: tuple[Setup, ...] = ()
    parts: tuple[SuitePart, ...] = ()

    def without(self, names: Collection[str]) -> Suite:
        """Return what is left without some of the suites of a project that has several."""
        suites = self.fingerprint.get("suites")
        if not names or not isinstance(suites, Mapping):
            return self
        remaining = {name: value for name, value in suites.items() if name not in names}
        parts = tuple(part for part in self.parts if part.name not in names)
        return replace(self, fingerprint={**self.fingerprint, "suites": remaining}, parts=parts)

    @property
    def commands(self) -> Mapping[str, CommandEngine]:
        """Return the commands that run tests, by the names of their suites; empty for a project's only suite."""
        engines = {part.name: part.engine for part in self.parts} or {"": self.engine}
        return {name: engine for name, engine in engines.items() if isinstance(engine, CommandEngine)}

    @property
    def unselective(self) -> tuple[str, ...]:
        """Return the names of the suites whose command cannot run some tests in less time than all."""
        return tuple(name for name, command in self.commands.items() if not command.select)


def find_suite(project: Project, environment: Mapping[str, str]) -> Suite:
    """Return the project's suite, as its settings and the caller's environment define it.

    Raises:
        SuiteError: there is no suitable Python or preset, or a file of variables cannot be read.
    """
    settings = project.settings
    common = {**checkout_fingerprint(project), **_common_fingerprint(settings)}
    if not settings.suites:
        suite = _find_suite(project, settings, "", environment)
        return replace(suite, fingerprint={**suite.fingerprint, **common})
    suites = {each.name: _find_part(project, each, environment) for each in settings.suites}
    first = next(iter(suites.values()))
    setups = configured_setups(replace(settings, suites=()))
    return replace(
        first,
        fingerprint={**_join_fingerprints({name: suite.fingerprint for name, suite in suites.items()}), **common},
        setups=(*setups, *(each for suite in suites.values() for each in suite.setups)),
        parts=tuple(_part(settings, each, suites[each.name]) for each in settings.suites),
    )


def configured_setups(settings: Settings) -> tuple[Setup, ...]:
    """Return the commands of the settings that prepare a checkout, without those of presets."""
    setups = [
        Setup("", settings.setup, settings.setup_inputs, settings.setup_outputs),
        *(
            Setup(suite.folder, suite.setup or "", suite.setup_inputs or (), suite.setup_outputs or ())
            for suite in settings.suites
        ),
    ]
    return tuple(setup for setup in setups if setup.command.strip())


def _part(settings: Settings, suite: SuiteSettings, configured: Suite) -> SuitePart:
    timeout = settings.test_timeout if suite.test_timeout is None else suite.test_timeout
    return SuitePart(
        name=suite.name,
        folder=suite.folder,
        interpreter=configured.interpreter.path if configured.interpreter else Path(),
        environment=configured.environment,
        engine=configured.engine,
        test_timeout=timeout,
    )


def settings_of(settings: Settings, suite: SuiteSettings, top: Path) -> Settings:
    """Return the settings that hold for one of several suites; a virtual environment in its folder is its Python."""
    own = {
        name: value
        for name, value in vars(suite).items()
        if name not in {"name", "folder", "paths", "env"} and value is not None
    }
    if suite.folder and own.get("python", settings.python) == AUTO:
        own["python"] = next((name for name in VENV_FOLDERS if is_virtual(top / suite.folder / name)), AUTO)
    setup = {"setup": "", "setup_inputs": (), "setup_outputs": ()}  # those of the whole project run once
    return replace(settings, **{**setup, **own}, env={**settings.env, **(suite.env or {})}, suites=())


def _find_part(project: Project, suite: SuiteSettings, environment: Mapping[str, str]) -> Suite:
    try:
        return _find_suite(
            project, settings_of(project.settings, suite, project.location.top), suite.folder, environment
        )
    except SuiteError as error:
        raise SuiteError(f"{suite.name}: {error.message}", error.hint) from error


def _find_suite(project: Project, settings: Settings, folder: str, environment: Mapping[str, str]) -> Suite:
    place = SuitePlace.of(project.location, project.state, project.git, folder)
    chosen = choose_engine(settings, place, environment, find_python)
    if chosen.interpreter is not None and chosen.choice.is_pytest_missing and chosen.engine.name == "pytest":
        raise NoTestsError(missing_pytest(chosen.interpreter), install_command(chosen.interpreter))
    own = own_variables(settings, project.location.top)
    engine, variables = chosen.engine, chosen.environment(environment, own)
    decisive = {name: variables[name] for name in engine.variables if name in variables}
    fingerprint = {
        **(interpreter_fingerprint(chosen.interpreter) if chosen.interpreter else {}),
        **engine.options,
        "engine": engine.name,
        "variables": _digest(f"{name}={value}" for name, value in sorted((decisive | own).items())),
        "test_timeout": settings.test_timeout,
        "setup": [chosen.setup.command, *chosen.setup.inputs, *chosen.setup.outputs],
    }
    setups = (replace(chosen.setup, folder=folder),) if chosen.setup.command.strip() else ()
    return Suite(chosen.interpreter, engine, variables, fingerprint, setups)


def _join_fingerprints(fingerprints: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    """Return one fingerprint for several suites; what is equal for all is told once."""
    first = next(iter(fingerprints.values()))
    shared = {key for key in first if all(each.get(key) == first[key] for each in fingerprints.values())}
    return {
        **{key: first[key] for key in shared},
        "suites": {name: {key: each[key] for key in each if key not in shared} for name, each in fingerprints.items()},
    }


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
        "setup": settings.setup,
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
