"""The command that runs a suite's tests: configured, of a preset, or of the preset that the project's files show."""

from __future__ import annotations

import difflib
import os
import shlex
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from batchhook.core.engine_choice import has_python_tests
from batchhook.core.settings import EngineName, ReportFormat, Settings
from batchhook.core.suite_setup import Setup
from batchhook.engines.command.engine import ANY_LINE, CommandEngine
from batchhook.engines.command.presets import PRESETS, Preset, PresetMatch, Reader, find_presets, matches
from batchhook.errors import SuiteError
from batchhook.lazy import LazyModule
from batchhook.store.state_dir import StateDir
from batchhook.workflow.suite.environment import clean_environment

if TYPE_CHECKING:
    from batchhook.plugins import presets as plugin_presets
else:
    plugin_presets = LazyModule("batchhook.plugins.presets")


@dataclass(frozen=True, slots=True)
class CommandPlace:
    """Place where a command runs.

    Attributes:
        folder: of the suite, in the user's work tree.
        environment: the caller's.
        state: the repository's state folder, for plug-ins.
        plugin_timeout: seconds that each plug-in may take.
    """

    folder: Path
    environment: Mapping[str, str]
    state: StateDir
    plugin_timeout: float


@dataclass(frozen=True, slots=True)
class ChosenCommand:
    """A command that runs a suite's tests.

    Attributes:
        engine: configured.
        reasons: why it was chosen, a short phrase each.
        setup: of its preset; empty if there is none.
    """

    engine: CommandEngine
    reasons: tuple[str, ...]
    setup: Setup


def find_command(settings: Settings, files: Collection[str], read: Reader, place: CommandPlace) -> ChosenCommand | None:
    """Return the command that runs a suite's tests; None if a framework of Python's does.

    Args:
        settings: of the suite.
        files: of its folder, without ignored ones.
        read: returns the beginning of one.
        place: where it runs.

    Raises:
        SuiteError: there is no such preset, or neither a command nor a preset is set where one is needed.
    """
    if settings.engine not in {EngineName.AUTO, EngineName.COMMAND}:
        return None
    preset: Preset | None = None
    if settings.preset:
        preset, reason = _find_preset(settings.preset, place), f'preset = "{settings.preset}"'
    elif settings.command:
        reason = "`command` is set"
    elif settings.engine is EngineName.COMMAND:
        raise SuiteError("engine is command, and no command is set", "set `command` or `preset`; see batchhook engines")
    else:
        match = _detect_preset(settings, files, read, place)
        if match is None:
            _check_no_command_settings(settings)
            return None
        preset, reason = match.preset, f"{match.preset.name}: {match.reason}"
    engine = configure_command(settings, preset, files)
    program = _identify(engine.command, place.folder, place.environment)
    return ChosenCommand(replace(engine, program=program), (reason,), preset.setup if preset is not None else Setup())


def _check_no_command_settings(settings: Settings) -> None:
    """Check that nothing is set that holds for commands only.

    Raises:
        SuiteError: something is.
    """
    given = {
        "build": settings.build,
        "report": settings.report,
        "format": settings.format is not ReportFormat.AUTO,
        "list": settings.list,
        "select": settings.select,
    }
    names = ", ".join(f"`{name}`" for name, value in given.items() if value)
    if names:
        raise SuiteError(f"{names} without `command` or `preset`", "set one of these; see batchhook engines")


def list_presets(place: CommandPlace) -> plugin_presets.PluginPresets:
    """Return all presets, those of plug-ins last; of equal names the first."""
    environment = clean_environment(place.environment)
    added = plugin_presets.find_plugin_presets(place.state, environment, place.plugin_timeout)
    return replace(added, presets=(*PRESETS, *added.presets))


def _detect_preset(settings: Settings, files: Collection[str], read: Reader, place: CommandPlace) -> PresetMatch | None:
    """Return the preset that fits a project without tests in Python; None if it has some, or none fits."""
    if has_python_tests(files, settings.pattern, read):
        return None
    known = next(find_presets(PRESETS, files, read), None)
    return known or next(find_presets(list_presets(place).presets, files, read), None)


def configure_command(settings: Settings, preset: Preset | None, files: Collection[str]) -> CommandEngine:
    """Return the command of a suite; what is set takes the place of what the preset has.

    Args:
        settings: of the suite.
        preset: the base; None for none.
        files: of the suite's folder.
    """
    is_reporting = bool(settings.report) or "{report}" in settings.command or "{reports}" in settings.command
    default = ReportFormat.JUNIT if is_reporting else ReportFormat.EXIT
    given = settings.format is not ReportFormat.AUTO
    if preset is None:
        return CommandEngine(
            command=settings.command,
            format=settings.format if given else default,
            report=settings.report,
            build=settings.build,
            select=settings.select,
            list=settings.list,
            timeout=settings.timeout,
        )
    command = settings.command or next(
        (command for pattern, command in preset.variants.items() if any(matches(path, pattern) for path in files)),
        preset.command,
    )
    return CommandEngine(
        command=command,
        format=settings.format if given else preset.format,
        report=settings.report or preset.report,
        build=settings.build or preset.build,
        select=settings.select or (f"{command} {preset.selection}" if preset.selection else ""),
        list=settings.list or preset.list,
        listed=preset.listed if preset.listed and not settings.list else ANY_LINE,
        timeout=settings.timeout,
        env=preset.env,
        as_pattern=preset.as_pattern,
        preset=preset.name,
    )


def _find_preset(name: str, place: CommandPlace) -> Preset:
    """Return a preset; plug-ins are asked only for those that are not ours.

    Raises:
        SuiteError: there is none of that name.
    """
    if name in (own := {preset.name: preset for preset in PRESETS}):
        return own[name]
    known = list_presets(place)
    presets = {preset.name: preset for preset in reversed(known.presets)}
    if name in presets:
        return presets[name]
    nearest = difflib.get_close_matches(name, presets, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else "batchhook engines lists them"
    problems = "".join(f"; plug-in {plugin}: {problem}" for plugin, problem in known.problems.items())
    raise SuiteError(f"there is no preset {name!r}{problems}", hint)


def _identify(command: str, folder: Path, environment: Mapping[str, str]) -> str:
    """Return what changes if another version of a command's program is installed; empty if it is in the tree."""
    try:
        name = shlex.split(command)[0]
    except (ValueError, IndexError):
        return ""
    path = folder / name if "/" in name else Path(shutil.which(name, path=environment.get("PATH")) or name)
    try:
        real = path.resolve(strict=True)
        status = real.stat()
    except OSError:
        return ""
    if real.is_relative_to(folder.resolve()):
        return ""
    return f"{os.fspath(real)} {status.st_size} {status.st_mtime_ns}"
