"""Finding out what is set: the configuration file, the environment over it, flags over both.

Standard library only where nothing is set, which is the hook's ordinary case; validating is ``settings_model.py``'s.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from batchhook.core.settings import Settings
from batchhook.errors import ConfigurationError

PREFIX = "BATCHHOOK_"

# Variables with our prefix that are no settings: they go from one of our processes to another.
_OURS = frozenset({"BATCHHOOK_INTERPRETER", "BATCHHOOK_RUNNING", "BATCHHOOK_NO_RUNNER"})


def load(top: Path, environment: Mapping[str, str], flags: Mapping[str, object] | None = None) -> Settings:
    """What holds in a work tree.

    Args:
        top: the work tree's top folder, which holds ``.batchhook.toml`` or ``pyproject.toml``.
        environment: ``BATCHHOOK_BATCH_SIZE=3`` sets ``batch_size``, and so on.
        flags: settings given on the command line; those that are None are not given.

    Raises:
        ConfigurationError: a file is no TOML, a name is unknown, a value has the wrong type or is out of range.
    """
    source, table = _file(top)
    variables = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and name not in _OURS
    }
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    if not table and not variables and not given:
        return Settings()
    from batchhook.workflow import settings_model  # noqa: PLC0415 - a validator costs more than a commit may

    return settings_model.validated([(source, table), ("the environment", variables), ("the command line", given)])


def _file(top: Path) -> tuple[str, Mapping[str, Any]]:
    """The configuration file's name and its table; an own file goes before pyproject.toml."""
    own = top / ".batchhook.toml"
    if own.exists():
        return own.name, _toml(own)
    project = top / "pyproject.toml"
    if not project.exists() or "batchhook" not in project.read_text("utf-8", "replace"):
        return project.name, {}
    tool = _toml(project).get("tool", {})
    return project.name, tool.get("batchhook", {}) if isinstance(tool, dict) else {}


def _toml(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415 - as above
    else:
        import tomli as tomllib  # noqa: PLC0415 - as above
    try:
        read: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path.name} cannot be read: {error}", "mend the file, then try again") from error
    return read
