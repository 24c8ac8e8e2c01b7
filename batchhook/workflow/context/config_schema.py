"""Validation of settings, with pydantic."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    TypeAdapter,
    ValidationError,
)

from batchhook.core.paths import is_build_product, is_safe_path
from batchhook.core.settings import (
    ADAPTIVE,
    AutoRollback,
    BatchUnit,
    CodeMapMode,
    EachCommit,
    EngineName,
    GateMode,
    Isolation,
    KnownFailures,
    NotifyEvent,
    NotifySettings,
    ReportFormat,
    RunOrder,
    Settings,
    SuiteSettings,
)
from batchhook.errors import ConfigurationError


def _validate_path(path: str) -> str:
    if not is_safe_path(str(PurePosixPath(path))):
        raise ValueError("must be inside the work tree")
    return path


def _validate_optional_path(path: str) -> str:
    return str(PurePosixPath(_validate_path(path))) if path.strip("./") else ""


def _validate_link(path: str) -> str:
    # A compiled file of the user's work tree would hide that another commit no longer compiles.
    if is_build_product(path):
        raise ValueError(f"{path} is compiled: build it in each checkout with `setup`")
    return _validate_path(path)


def _validate_url(url: str) -> str:
    if not re.fullmatch(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}", url):
        raise ValueError("an address is a secret: put it into an environment variable, and write ${NAME} here")
    return url


class NotifyModel(BaseModel):
    """``core.settings.NotifySettings``."""

    # A rejected value may be a secret, so messages must not show it.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    events: tuple[NotifyEvent, ...] = NotifySettings().events
    urls: tuple[Annotated[str, AfterValidator(_validate_url)], ...] = ()
    messages: bool = False


def _split_commands(value: object) -> object:
    return (value,) if isinstance(value, str) and value.strip() else value or ()


Commands = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_split_commands)]
Paths = tuple[Annotated[str, AfterValidator(_validate_path)], ...]
Variables = dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], str]


class SuiteModel(BaseModel):
    """``core.settings.SuiteSettings``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
    folder: Annotated[str, AfterValidator(_validate_optional_path)] = ""
    engine: EngineName | None = None
    preset: str | None = None
    command: str | None = None
    build: Commands | None = None
    report: str | None = None
    format: ReportFormat | None = None
    list: str | None = None
    select: str | None = None
    timeout: Annotated[float, Field(ge=0)] | None = None
    python: Annotated[str, Field(min_length=1)] | None = None
    start_dir: Annotated[str, Field(min_length=1)] | None = None
    pattern: Annotated[str, Field(min_length=1)] | None = None
    top_level_dir: str | None = None
    test_timeout: Annotated[float, Field(ge=0)] | None = None
    env: Variables | None = None
    env_file: Annotated[str, AfterValidator(_validate_optional_path)] | None = None
    setup: str | None = None
    setup_inputs: Paths | None = None
    setup_outputs: Paths | None = None
    paths: tuple[Annotated[str, Field(min_length=1)], ...] = ()


def _validate_names(suites: tuple[SuiteModel, ...]) -> tuple[SuiteModel, ...]:
    names = [suite.name for suite in suites]
    if len(names) > len(set(names)):
        raise ValueError("each suite needs a name of its own")
    return suites


_COUNT = TypeAdapter(Annotated[int, Field(ge=1)])


def _validate_batch_size(size: object) -> int | str:
    if size == ADAPTIVE:
        return ADAPTIVE
    try:
        return _COUNT.validate_python(size)
    except ValidationError as error:
        raise ValueError(f'must be a number from 1 on, or "{ADAPTIVE}"') from error


class SettingsModel(BaseModel):
    """``core.settings.Settings``, with the range of each value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_size: Annotated[int | str, PlainValidator(_validate_batch_size)] = Settings.batch_size
    unit: BatchUnit = Settings.unit
    critical_failure_threshold: Annotated[float, Field(ge=0, le=1)] = Settings.critical_failure_threshold
    known_failures: KnownFailures = Settings.known_failures
    gate: GateMode = Settings.gate
    auto_rollback: AutoRollback = Settings.auto_rollback
    wait: Annotated[float, Field(ge=0)] = Settings.wait
    python: Annotated[str, Field(min_length=1)] = Settings.python
    engine: EngineName = Settings.engine
    preset: str = Settings.preset
    command: str = Settings.command
    build: Commands = Settings.build
    report: str = Settings.report
    format: ReportFormat = Settings.format
    list: str = Settings.list
    select: str = Settings.select
    timeout: Annotated[float, Field(ge=0)] = Settings.timeout
    start_dir: Annotated[str, Field(min_length=1)] = Settings.start_dir
    pattern: Annotated[str, Field(min_length=1)] = Settings.pattern
    top_level_dir: str = Settings.top_level_dir
    test_timeout: Annotated[float, Field(ge=0)] = Settings.test_timeout
    coverage: bool = Settings.coverage
    code_map: CodeMapMode = Settings.code_map
    each_commit: EachCommit = Settings.each_commit
    each_commit_budget: Annotated[float, Field(ge=0)] = Settings.each_commit_budget
    culprit_budget: Annotated[float, Field(ge=0)] = Settings.culprit_budget
    slowdown_threshold: Annotated[float, Field(ge=0)] = Settings.slowdown_threshold
    slowdown_budget: Annotated[float, Field(ge=0)] = Settings.slowdown_budget
    jobs: Annotated[int, Field(ge=0)] = Settings.jobs
    order: RunOrder = Settings.order
    isolation: Isolation = Settings.isolation
    worktrees: str = Settings.worktrees
    link: tuple[Annotated[str, AfterValidator(_validate_link)], ...] = Settings.link
    setup: str = Settings.setup
    setup_inputs: Paths = Settings.setup_inputs
    setup_outputs: Paths = Settings.setup_outputs
    setup_timeout: Annotated[float, Field(ge=0)] = Settings.setup_timeout
    env: Variables = Field(default_factory=dict)
    env_file: Annotated[str, AfterValidator(_validate_optional_path)] = Settings.env_file
    suites: Annotated[tuple[SuiteModel, ...], AfterValidator(_validate_names)] = ()
    snapshot_limit: Annotated[float, Field(ge=0)] = Settings.snapshot_limit
    plugin_timeout: Annotated[float, Field(gt=0, le=3600)] = Settings.plugin_timeout
    notify: NotifyModel = Field(default_factory=NotifyModel)


def validate_settings(
    layers: Sequence[tuple[str, Mapping[str, Any]]], inactive: Sequence[tuple[str, Mapping[str, Any]]] = ()
) -> Settings:
    """Merge layers of settings, and validate each.

    Args:
        layers: (source, settings); later ones override earlier ones.
        inactive: layers that do not apply, and are only validated.

    Raises:
        ConfigurationError: with the source, the setting, and the nearest known name.
    """
    merged: dict[str, Any] = {}
    for source, table in layers:
        _check(source, table)
        merged |= table
    for source, table in inactive:
        _check(source, table)
    plain = SettingsModel(**merged).model_dump()
    suites = tuple(SuiteSettings(**suite) for suite in plain["suites"])
    return Settings(**{**plain, "notify": NotifySettings(**plain["notify"]), "suites": suites})


def _check(source: str, table: Mapping[str, Any]) -> None:
    try:
        SettingsModel.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            table_of, _, name = name.rpartition(".")
            model = {"notify": NotifySettings, "suites": SuiteSettings}.get(table_of.partition(".")[0], Settings)
            known = [field.name for field in dataclasses.fields(model)]
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            hint = f"did you mean {nearest[0]!r}?" if nearest else f"known settings: {', '.join(known)}"
            raise ConfigurationError(f"{source}: unknown setting {name!r}", hint) from error
        value = "" if name.startswith("notify.urls") else f" = {first['input']!r}"
        message = f"{source}: {name}{value}: {first['msg'][:1].lower()}{first['msg'][1:]}"
        raise ConfigurationError(message, "docs/guide.md lists every setting and its values") from error
