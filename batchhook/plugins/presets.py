"""Presets of test commands that plug-ins add."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from batchhook.core.settings import ReportFormat
from batchhook.core.suite_setup import Setup
from batchhook.engines.command.presets import Preset, Sign
from batchhook.plugins.discovery import Plugin, find_plugins
from batchhook.plugins.sandbox import SandboxCall, run_sandboxed
from batchhook.store.integration_errors import plugin_key
from batchhook.store.state_dir import StateDir

_HOST = "batchhook.plugins.host"
_HOOK = "batchhook_presets"
_MAX_PRESETS = 100


class SignModel(BaseModel):
    """``engines.command.presets.Sign``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pattern: str
    text: str = ""
    dependency: str = ""


class SetupModel(BaseModel):
    """``core.suite_setup.Setup``, in the suite's folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: str
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


class PresetModel(BaseModel):
    """``engines.command.presets.Preset``, as a plug-in describes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$")
    signs: tuple[SignModel, ...] = ()
    command: str = Field(min_length=1)
    format: ReportFormat
    variants: dict[str, str] = Field(default_factory=dict)
    build: tuple[str, ...] = ()
    report: str = ""
    selection: str = ""
    list: str = ""
    listed: str = ""
    env: dict[str, str] = Field(default_factory=dict)
    setup: SetupModel = SetupModel(command="")

    def as_preset(self) -> Preset:
        """Return the preset."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        signs = tuple(Sign(sign.pattern, sign.text, sign.dependency) for sign in self.signs)
        return Preset(**{**fields, "signs": signs, "setup": Setup("", **self.setup.model_dump())})


@dataclass(frozen=True, slots=True)
class PluginPresets:
    """The presets of all plug-ins.

    Attributes:
        presets: of those that could be asked.
        problems: why the others could not, by plug-in.
    """

    presets: tuple[Preset, ...]
    problems: Mapping[str, str]


def find_plugin_presets(state: StateDir, environment: Mapping[str, str], timeout: float) -> PluginPresets:
    """Ask all plug-ins for presets, each in a process of its own.

    Args:
        state: the repository's; without one nothing is asked.
        environment: of the processes.
        timeout: seconds for each plug-in.
    """
    plugins = find_plugins() if state.root.is_dir() else ()
    presets: list[Preset] = []
    problems: dict[str, str] = {}
    for plugin in plugins:
        try:
            presets += _ask(plugin, state, environment, timeout)
        except _PluginError as error:  # noqa: PERF203 - there are few plug-ins
            problems[plugin.name] = str(error)
    return PluginPresets(tuple(presets), problems)


class _PluginError(Exception):
    """A plug-in failed, or returned what is no preset."""


def _ask(plugin: Plugin, state: StateDir, environment: Mapping[str, str], timeout: float) -> Sequence[Preset]:
    request = {"name": plugin.name, "value": plugin.value, "hook": _HOOK, "arguments": {}}
    result = run_sandboxed(state, environment, SandboxCall(_HOST, request, plugin_key(plugin.name), _HOOK, timeout))
    if result.problem:
        raise _PluginError(result.problem)
    try:
        returned = list(result.output.get("presets", ()))[:_MAX_PRESETS]
        return [PresetModel.model_validate(each).as_preset() for each in returned]
    except (ValidationError, TypeError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else None
        where = ".".join(map(str, first["loc"])) if first else ""
        raise _PluginError(f"no preset: {where}: {first['msg']}" if first else f"no preset: {error}") from error
