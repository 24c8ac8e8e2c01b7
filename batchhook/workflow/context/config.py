"""Finding out what is set: the configuration file, the environment over it, flags over both.

Standard library only where nothing is set, or nothing has changed since it was validated: those are a hook's ordinary
cases, and the validator (``settings_model.py``) costs more than all else that a hook does.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import hashlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import batchhook
from batchhook.core.settings import AutoRollback, Gate, Isolation, Notify, NotifyEvent, Order, Settings, Unit
from batchhook.errors import ConfigurationError

PREFIX = "BATCHHOOK_"
BRANCHES = "branches"
"""The table that holds, for each pattern, what is set otherwise on branches whose names match."""

Layer = tuple[str, Mapping[str, Any]]
"""Where settings come from, and what is said there."""

_KINDS = {"auto_rollback": AutoRollback, "gate": Gate, "isolation": Isolation, "order": Order, "unit": Unit}
"""Settings that are one of a few words."""

# Variables with our prefix that are no settings: they go from one of our processes to another.
_OURS = frozenset({"BATCHHOOK_INTERPRETER", "BATCHHOOK_RUNNING", "BATCHHOOK_NO_RUNNER"})
_ADDRESSES = "BATCHHOOK_NOTIFY_"
"""And those that begin so: where notifications go."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is said about settings in three places.

    Attributes:
        top: the work tree's top folder, which holds ``.batchhook.toml`` or ``pyproject.toml``.
        environment: ``BATCHHOOK_BATCH_SIZE=3`` sets ``batch_size``, and so on.
        flags: settings given on the command line; those that are None are not given.
    """

    top: Path
    environment: Mapping[str, str]
    flags: Mapping[str, object] = field(default_factory=dict)


def load(said: Said, branch: Callable[[], str], *, validated_before: Path | None = None) -> Settings:
    """What holds for a branch.

    Args:
        said: where it is said.
        branch: gives its full ref name, or any other name for none; asked where settings differ between branches.
        validated_before: a file to keep validated settings in, so that the same ones are not validated twice.

    Raises:
        ConfigurationError: a file is no TOML, a name is unknown, a value has the wrong type or is out of range.
    """
    name, text = _file(said.top)
    variables = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in said.environment.items()
        if name.startswith(PREFIX) and name not in _OURS and not name.startswith(_ADDRESSES)
    }
    given = {name: value for name, value in said.flags.items() if value is not None}
    if not text and not variables and not given:
        return Settings()
    on = branch() if BRANCHES in text else ""
    whole = json.dumps([batchhook.__version__, name, text, on, variables, given], sort_keys=True)
    key = hashlib.sha256(whole.encode("utf-8", "surrogateescape")).hexdigest()
    settings = _recalled(validated_before, key)
    if settings is None:
        file, of_others = _layers(name, text, on)
        settings = _validated([*file, ("the environment", variables), ("the command line", given)], of_others)
        _keep(validated_before, key, settings)
    return settings


def differ_between_branches(top: Path) -> bool:
    """Whether a work tree's file may set anything for some branches only."""
    return BRANCHES in _file(top)[1]


def _file(top: Path) -> tuple[str, str]:
    """The configuration file's name and text; an own file goes before pyproject.toml, if that speaks of us at all."""
    own = top / ".batchhook.toml"
    path = own if own.exists() else top / "pyproject.toml"
    text = path.read_text("utf-8", "surrogateescape") if path.exists() else ""
    return path.name, text if path is own or "batchhook" in text else ""


def _validated(layers: Sequence[Layer], of_others: Sequence[Layer]) -> Settings:
    from batchhook.workflow.context import config_schema  # noqa: PLC0415 - see the module's docstring

    return config_schema.validated(layers, of_others)


def _layers(name: str, text: str, branch: str) -> tuple[list[Layer], list[Layer]]:
    """What a configuration file says in general and of a branch, later patterns over earlier ones; and of others."""
    table = _toml(name, text)
    if name == "pyproject.toml":
        tool = table.get("tool", {})
        table = tool.get("batchhook", {}) if isinstance(tool, dict) else {}
    ours: list[Layer] = [(name, {key: value for key, value in table.items() if key != BRANCHES})]
    of_others: list[Layer] = []
    patterns = table.get(BRANCHES, {})
    if not isinstance(patterns, dict) or not all(isinstance(each, dict) for each in patterns.values()):
        raise ConfigurationError(
            f"{name}: {BRANCHES} has to hold a table for each pattern", f'[tool.batchhook.{BRANCHES}."release/*"]'
        )
    for pattern, settings in patterns.items():
        holds = fnmatch.fnmatchcase(branch, f"refs/heads/{pattern}")
        (ours if holds else of_others).append((f'{name}: {BRANCHES}."{pattern}"', settings))
    return ours, of_others


def _toml(name: str, text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415 - see the module's docstring
    else:
        import tomli as tomllib  # noqa: PLC0415 - see the module's docstring
    try:
        read: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{name} cannot be read: {error}", "mend the file, then try again") from error
    return read


def _recalled(path: Path | None, key: str) -> Settings | None:
    """Settings that were validated before, if these are the same."""
    if path is None:
        return None
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(path.read_text("utf-8"))
        if kept["key"] == key:
            return settings_of(kept["settings"])
    return None


def settings_of(table: Mapping[str, Any]) -> Settings:
    """Settings from plain values that were validated before.

    Raises:
        ValueError, TypeError, KeyError: they were not.
    """
    kinds: dict[str, Any] = {name: kind(table[name]) for name, kind in _KINDS.items()}
    said = table["notify"]
    events = tuple(NotifyEvent(event) for event in said["events"])
    notify = Notify(**{**said, "events": events, "urls": tuple(said["urls"])})
    return Settings(**{**table, **kinds, "link": tuple(table["link"]), "notify": notify})


def _keep(path: Path | None, key: str, settings: Settings) -> None:
    if path is None:
        return
    with contextlib.suppress(OSError):  # it only saves time
        temporary = path.with_name(f"{path.name}.new")
        temporary.write_text(json.dumps({"key": key, "settings": dataclasses.asdict(settings)}), "utf-8")
        temporary.replace(path)
