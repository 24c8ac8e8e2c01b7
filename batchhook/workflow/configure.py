"""Finding out what is set: the configuration file, the environment over it, flags over both.

Standard library only where nothing is set, or nothing has changed since it was validated: those are a hook's ordinary
cases, and the validator (``settings_model.py``) costs more than all else that a hook does.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import batchhook
from batchhook.core.settings import AutoRollback, Gate, Isolation, Order, Settings
from batchhook.errors import ConfigurationError

PREFIX = "BATCHHOOK_"

_KINDS = {"auto_rollback": AutoRollback, "gate": Gate, "isolation": Isolation, "order": Order}
"""Settings that are one of a few words."""

# Variables with our prefix that are no settings: they go from one of our processes to another.
_OURS = frozenset({"BATCHHOOK_INTERPRETER", "BATCHHOOK_RUNNING", "BATCHHOOK_NO_RUNNER"})


def load(
    top: Path,
    environment: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
    *,
    validated_before: Path | None = None,
) -> Settings:
    """What holds in a work tree.

    Args:
        top: the work tree's top folder, which holds ``.batchhook.toml`` or ``pyproject.toml``.
        environment: ``BATCHHOOK_BATCH_SIZE=3`` sets ``batch_size``, and so on.
        flags: settings given on the command line; those that are None are not given.
        validated_before: a file to keep validated settings in, so that the same ones are not validated twice.

    Raises:
        ConfigurationError: a file is no TOML, a name is unknown, a value has the wrong type or is out of range.
    """
    name, text = _file(top)
    variables = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and name not in _OURS
    }
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    if not text and not variables and not given:
        return Settings()
    said = json.dumps([batchhook.__version__, name, text, variables, given], sort_keys=True)
    key = hashlib.sha256(said.encode("utf-8", "surrogateescape")).hexdigest()
    settings = _recalled(validated_before, key)
    if settings is None:
        settings = _validated(name, text, variables, given)
        _keep(validated_before, key, settings)
    return settings


def _file(top: Path) -> tuple[str, str]:
    """The configuration file's name and text; an own file goes before pyproject.toml, if that speaks of us at all."""
    own = top / ".batchhook.toml"
    path = own if own.exists() else top / "pyproject.toml"
    text = path.read_text("utf-8", "surrogateescape") if path.exists() else ""
    return path.name, text if path is own or "batchhook" in text else ""


def _validated(name: str, text: str, variables: Mapping[str, str], given: Mapping[str, object]) -> Settings:
    from batchhook.workflow import settings_model  # noqa: PLC0415 - see the module's docstring

    table = _toml(name, text)
    if name == "pyproject.toml":
        tool = table.get("tool", {})
        table = tool.get("batchhook", {}) if isinstance(tool, dict) else {}
    return settings_model.validated([(name, table), ("the environment", variables), ("the command line", given)])


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
    return Settings(**{**table, **kinds, "link": tuple(table["link"])})


def _keep(path: Path | None, key: str, settings: Settings) -> None:
    if path is None:
        return
    with contextlib.suppress(OSError):  # it only saves time
        temporary = path.with_name(f"{path.name}.new")
        temporary.write_text(json.dumps({"key": key, "settings": dataclasses.asdict(settings)}), "utf-8")
        temporary.replace(path)
