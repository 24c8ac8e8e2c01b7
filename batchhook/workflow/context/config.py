"""Settings: the configuration file, overridden by the environment, overridden by flags.

Standard library only where nothing is set, or nothing has changed since it was validated. These are the usual cases of
a hook, and the validator (``config_schema.py``) costs more than everything else that a hook does.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

import batchhook
from batchhook.core.settings import EngineName, NotifyEvent, NotifySettings, ReportFormat, Settings, SuiteSettings
from batchhook.errors import ConfigurationError
from batchhook.store.files import replace_file
from batchhook.workflow.context.suite_detection import detect_suites

PREFIX = "BATCHHOOK_"
BRANCHES = "branches"
"""Name of the table that maps branch patterns to settings for these branches."""

Layer = tuple[str, Mapping[str, Any]]
"""A source of settings, for messages, and the settings in it."""

_ENUMS = {each.name: type(each.default) for each in dataclasses.fields(Settings) if isinstance(each.default, Enum)}

_SUITE_ENUMS = {"engine": EngineName, "format": ReportFormat}

# Variables with our prefix that are no settings: our processes pass them to each other, ...
_INTERNAL_VARIABLES = frozenset(
    {
        "BATCHHOOK_CHAIN",
        "BATCHHOOK_DRY_RUN",
        "BATCHHOOK_INTERPRETER",
        "BATCHHOOK_NO_RUNNER",
        "BATCHHOOK_RUNNING",
    }
)
# ... and addresses of notifications.
_ADDRESS_PREFIX = "BATCHHOOK_NOTIFY_"


@dataclass(frozen=True, slots=True)
class SettingsSources:
    """The places that settings come from.

    Attributes:
        top: the work tree's top folder, with ``.batchhook.toml`` or ``pyproject.toml``.
        environment: ``BATCHHOOK_BATCH_SIZE=3`` sets ``batch_size``, and so on.
        flags: settings given on the command line; None for those that are not given.
    """

    top: Path
    environment: Mapping[str, str]
    flags: Mapping[str, object] = field(default_factory=dict)


def load(sources: SettingsSources, branch: Callable[[], str], *, cache: Path | None = None) -> Settings:
    """Return the settings for a branch.

    Args:
        sources: the places that they come from.
        branch: returns the branch's full ref name, or any other name for a detached HEAD; called only if settings may
            differ between branches.
        cache: file that keeps the validated settings, so that the same ones are not validated again.

    Raises:
        ConfigurationError: a file is not valid TOML, a setting is unknown, or its value has the wrong type or range.
    """
    settings = _load_written(sources, branch, cache)
    if settings.suites or settings.start_dir != Settings.start_dir:
        return settings
    suites = detect_suites(sources.top)
    return replace(settings, suites=suites) if suites else settings


def _load_written(sources: SettingsSources, branch: Callable[[], str], cache: Path | None) -> Settings:
    """Return the settings as they are written somewhere."""
    file_name, text = _read_file(sources.top)
    variables = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in sources.environment.items()
        if name.startswith(PREFIX) and name not in _INTERNAL_VARIABLES and not name.startswith(_ADDRESS_PREFIX)
    }
    flags = {name: value for name, value in sources.flags.items() if value is not None}
    if not text and not variables and not flags:
        return Settings()
    on_branch = branch() if BRANCHES in text else ""
    key = json.dumps([batchhook.__version__, file_name, text, on_branch, variables, flags], sort_keys=True)
    settings = _read_cache(cache, key)
    if settings is None:
        from batchhook.workflow.context import config_schema  # noqa: PLC0415 - see the module's docstring

        active, inactive = _split_layers(file_name, text, on_branch)
        layers = [*active, ("the environment", variables), ("the command line", flags)]
        settings = config_schema.validate_settings(layers, inactive)
        _write_cache(cache, key, settings)
    return settings


def has_branch_settings(top: Path) -> bool:
    """Return whether a work tree's configuration file may set anything for some branches only."""
    return BRANCHES in _read_file(top)[1]


def _read_file(top: Path) -> tuple[str, str]:
    """Return the configuration file's name and text: our own file, or pyproject.toml if it mentions us at all."""
    own = top / ".batchhook.toml"
    path = own if own.exists() else top / "pyproject.toml"
    text = path.read_text("utf-8", "surrogateescape") if path.exists() else ""
    return path.name, text if path is own or "batchhook" in text else ""


def _split_layers(name: str, text: str, branch: str) -> tuple[list[Layer], list[Layer]]:
    """Return a file's layers that apply to a branch, later patterns over earlier ones, and those that do not."""
    table = _parse_toml(name, text)
    if name == "pyproject.toml":
        tool = table.get("tool", {})
        table = tool.get("batchhook", {}) if isinstance(tool, dict) else {}
    active: list[Layer] = [(name, {key: value for key, value in table.items() if key != BRANCHES})]
    inactive: list[Layer] = []
    patterns = table.get(BRANCHES, {})
    if not isinstance(patterns, dict) or not all(isinstance(each, dict) for each in patterns.values()):
        raise ConfigurationError(
            f"{name}: {BRANCHES} must hold a table for each pattern", f'[tool.batchhook.{BRANCHES}."release/*"]'
        )
    for pattern, settings in patterns.items():
        is_active = fnmatch.fnmatchcase(branch, f"refs/heads/{pattern}")
        (active if is_active else inactive).append((f'{name}: {BRANCHES}."{pattern}"', settings))
    return active, inactive


def _parse_toml(name: str, text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415 - see the module's docstring
    else:
        import tomli as tomllib  # noqa: PLC0415 - see the module's docstring
    try:
        table: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{name} is not valid TOML: {error}", "fix the file, then try again") from error
    return table


def _read_cache(path: Path | None, key: str) -> Settings | None:
    """Return the cached settings, if they were validated from the same inputs."""
    if path is None:
        return None
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        cached = json.loads(path.read_text("utf-8"))
        if cached["key"] == key:
            return settings_from_dict(cached["settings"])
    return None


def settings_from_dict(table: Mapping[str, Any]) -> Settings:
    """Build settings from plain values that were validated before.

    Raises:
        ValueError, TypeError, KeyError: the values are not valid.
    """
    enums: dict[str, Any] = {name: enum(table[name]) for name, enum in _ENUMS.items()}
    notify = table["notify"]
    events = tuple(NotifyEvent(event) for event in notify["events"])
    notify = NotifySettings(**{**notify, "events": events, "urls": tuple(notify["urls"])})
    suites = tuple(SuiteSettings(**{**_tuples(suite), **_enums(suite)}) for suite in table["suites"])
    return Settings(**{**_tuples(table), **enums, "notify": notify, "suites": suites})


def _tuples(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a table as they were before JSON, which knows no tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}


def _enums(suite: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a suite that are members of an enumeration, or None."""
    return {name: suite[name] and enum(suite[name]) for name, enum in _SUITE_ENUMS.items()}


def _write_cache(path: Path | None, key: str, settings: Settings) -> None:
    if path is None:
        return
    with contextlib.suppress(OSError):  # the cache only saves time
        content = json.dumps({"key": key, "settings": dataclasses.asdict(settings)})
        replace_file(path, content, mode=0o666, durable=False)
