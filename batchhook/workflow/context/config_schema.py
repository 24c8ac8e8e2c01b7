"""The validator of settings."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from batchhook.core.paths import stays_inside
from batchhook.core.settings import AutoRollback, Gate, Isolation, Notify, NotifyEvent, Order, Settings, Unit
from batchhook.errors import ConfigurationError


def _inside(path: str) -> str:
    if not stays_inside(str(PurePosixPath(path))):
        raise ValueError("has to lie inside the work tree")
    return path


def _reference(url: str) -> str:
    if not re.fullmatch(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}", url):
        raise ValueError("an address is a secret: put it into an environment variable, and write ${NAME} here")
    return url


class NotifyModel(BaseModel):
    """``core.settings.Notify``."""

    # What is refused may be a secret: no message shows it.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    events: tuple[NotifyEvent, ...] = Notify().events
    urls: tuple[Annotated[str, AfterValidator(_reference)], ...] = ()
    messages: bool = False


class SettingsModel(BaseModel):
    """``core.settings.Settings`` with the range of each value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_size: Annotated[int, Field(ge=1)] = Settings.batch_size
    unit: Unit = Settings.unit
    critical_failure_threshold: Annotated[float, Field(ge=0, le=1)] = Settings.critical_failure_threshold
    gate: Gate = Settings.gate
    auto_rollback: AutoRollback = Settings.auto_rollback
    wait: Annotated[float, Field(ge=0)] = Settings.wait
    python: Annotated[str, Field(min_length=1)] = Settings.python
    start_dir: Annotated[str, Field(min_length=1)] = Settings.start_dir
    pattern: Annotated[str, Field(min_length=1)] = Settings.pattern
    top_level_dir: str = Settings.top_level_dir
    test_timeout: Annotated[float, Field(ge=0)] = Settings.test_timeout
    culprit_budget: Annotated[float, Field(ge=0)] = Settings.culprit_budget
    slowdown_threshold: Annotated[float, Field(ge=0)] = Settings.slowdown_threshold
    slowdown_budget: Annotated[float, Field(ge=0)] = Settings.slowdown_budget
    jobs: Annotated[int, Field(ge=0)] = Settings.jobs
    order: Order = Settings.order
    isolation: Isolation = Settings.isolation
    link: tuple[Annotated[str, AfterValidator(_inside)], ...] = Settings.link
    setup: str = Settings.setup
    setup_timeout: Annotated[float, Field(ge=0)] = Settings.setup_timeout
    plugin_timeout: Annotated[float, Field(gt=0, le=3600)] = Settings.plugin_timeout
    notify: NotifyModel = Field(default_factory=NotifyModel)


def validated(
    layers: Sequence[tuple[str, Mapping[str, Any]]], of_others: Sequence[tuple[str, Mapping[str, Any]]] = ()
) -> Settings:
    """Lay settings over each other and check them.

    Args:
        layers: where they come from, and what they say; a later one goes over an earlier one.
        of_others: such as do not hold here, and are only checked.

    Raises:
        ConfigurationError: names the place, the setting, and the nearest known name.
    """
    merged: dict[str, Any] = {}
    for source, table in layers:
        _check(source, table)
        merged |= table
    for source, table in of_others:
        _check(source, table)
    plain = SettingsModel(**merged).model_dump()
    return Settings(**{**plain, "notify": Notify(**plain["notify"])})


def _check(source: str, table: Mapping[str, Any]) -> None:
    try:
        SettingsModel.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            table_of, _, name = name.rpartition(".")
            known = [field.name for field in dataclasses.fields(Notify if table_of == "notify" else Settings)]
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            hint = f"did you mean {nearest[0]!r}?" if nearest else f"there are: {', '.join(known)}"
            raise ConfigurationError(f"{source}: there is no setting {name!r}", hint) from error
        shown = "" if name.startswith("notify.urls") else f" = {first['input']!r}"
        message = f"{source}: {name}{shown}: {first['msg'][:1].lower()}{first['msg'][1:]}"
        raise ConfigurationError(message, "docs/guide.md lists every setting and its values") from error
