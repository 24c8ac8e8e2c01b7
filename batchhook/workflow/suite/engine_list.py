"""Everything that can run tests: frameworks of Python's and presets of commands, and which of them fit here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from batchhook.core.engine_choice import find_reasons
from batchhook.core.settings import EngineName, Settings
from batchhook.engines.command.engine import CommandEngine
from batchhook.engines.command.presets import find_presets
from batchhook.errors import SuiteError
from batchhook.git.command import Git
from batchhook.git.location import Location, read_head
from batchhook.store.state_dir import StateDir
from batchhook.workflow.context import config
from batchhook.workflow.context.config import SettingsSources
from batchhook.workflow.suite.command_choice import CommandPlace, configure_command, list_presets
from batchhook.workflow.suite.engine_choice import SuitePlace, choose_engine, list_files, reader
from batchhook.workflow.suite.fingerprint import settings_of
from batchhook.workflow.suite.python_choice import current_python


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """Something that can run tests.

    Attributes:
        name: in the settings ``engine`` (of a framework) or ``preset``.
        is_preset: whether it is a preset.
        command: that it runs, or would run.
        format: of the report of a preset's command; empty for a framework.
        sign: how the project shows that it uses it; empty if it does not.
        suites: names of the suites that it runs now; an empty one for a project's only suite.
    """

    name: str
    is_preset: bool
    command: str
    format: str = ""
    sign: str = ""
    suites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineList:
    """All of them, and why some could not be found.

    Attributes:
        entries: frameworks first, then presets.
        problems: of plug-ins and of suites, by name.
    """

    entries: tuple[EngineEntry, ...]
    problems: Mapping[str, str]


def list_engines(location: Location, git: Git, environment: Mapping[str, str]) -> EngineList:
    """List what can run tests, and find out what fits a project.

    Args:
        location: of the user's work tree.
        git: in it.
        environment: the caller's.

    Raises:
        ConfigurationError: the settings are wrong.
        GitError: the files cannot be listed.
    """
    settings = config.load(SettingsSources(location.top, environment), lambda: read_head(git, location).branch)
    state = StateDir.for_repository(location.common_dir)
    files, read = list_files(git.at(location.top)), reader(location.top)
    known = list_presets(CommandPlace(location.top, environment, state, settings.plugin_timeout))
    presets = {preset.name: preset for preset in reversed(known.presets)}
    signs = {match.preset.name: match.reason for match in find_presets(presets.values(), files, read)}
    used, problems = _used_engines(settings, location, git, environment)
    reasons = find_reasons(files, read)
    frameworks = (
        EngineEntry("unittest", is_preset=False, command="python -m unittest discover"),
        EngineEntry("pytest", is_preset=False, command="python -m pytest", sign=", ".join(reasons)),
    )
    command = EngineEntry(EngineName.COMMAND.value, is_preset=False, command=settings.command)
    entries = (
        *frameworks,
        *([command] if ("", True) in used else []),
        *(
            EngineEntry(
                preset.name,
                is_preset=True,
                command=configure_command(replace(settings, command=""), preset, files).command,
                format=preset.format.value,
                sign=signs.get(preset.name, ""),
            )
            for preset in sorted(presets.values(), key=lambda preset: preset.name)
        ),
    )
    return EngineList(
        tuple(replace(entry, suites=tuple(used.get(_key(entry), ()))) for entry in entries),
        {**{f"plug-in {name}": problem for name, problem in known.problems.items()}, **problems},
    )


def _key(entry: EngineEntry) -> tuple[str, bool]:
    """Return the key of an entry among the engines in use; a command without a preset has no name of its own."""
    return ("", True) if entry.name == EngineName.COMMAND.value else (entry.name, entry.is_preset)


def _used_engines(
    settings: Settings, location: Location, git: Git, environment: Mapping[str, str]
) -> tuple[dict[tuple[str, bool], list[str]], dict[str, str]]:
    """Return the names of the suites that each engine runs, and the problems of those that nothing can run."""
    state = StateDir.for_repository(location.common_dir)
    used: dict[tuple[str, bool], list[str]] = {}
    problems: dict[str, str] = {}
    suites = [("", "", settings)] if not settings.suites else []
    suites += [(suite.name, suite.folder, settings_of(settings, suite, location.top)) for suite in settings.suites]
    for name, folder, own in suites:
        try:
            chosen = choose_engine(own, SuitePlace.of(location, state, git, folder), environment, current_python)
        except SuiteError as error:
            problems[name or "the suite"] = "; ".join(filter(None, (error.message, error.hint)))
            continue
        engine = chosen.engine
        key = (engine.preset, True) if isinstance(engine, CommandEngine) else (engine.name, False)
        used.setdefault(key, []).append(name)
    return used, problems
