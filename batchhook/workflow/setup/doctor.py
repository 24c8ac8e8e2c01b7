"""Looking at everything that batchhook needs, and saying what to do about what is missing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from batchhook.core.sanitize import one_line
from batchhook.core.settings import Settings, Unit
from batchhook.errors import BatchhookError
from batchhook.execution.interpreter import find_interpreter
from batchhook.git import backends, hooks_dir, shadow_repo
from batchhook.git.command import Git
from batchhook.git.location import Location, read_head
from batchhook.store import batches, integration_errors, locks
from batchhook.store.database import Database
from batchhook.store.integration_errors import Trouble
from batchhook.store.state_dir import StateDir
from batchhook.workflow import backups
from batchhook.workflow.context import config, interrupted
from batchhook.workflow.context.config import Said
from batchhook.workflow.context.project import has_pending_import, opened
from batchhook.workflow.notify import notifications
from batchhook.workflow.notify.plugin_events import Audience
from batchhook.workflow.retention.scratch_gc import weight
from batchhook.workflow.setup.hook_scripts import HOOKS
from batchhook.workflow.setup.install import HookState, framework_configuration, state_of

_MUCH = 1e9
"""Bytes in the state folder from which `doctor` speaks of pruning."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what it is.
        ok: whether it is as it should be.
        detail: what was found.
        hint: what to do, where it is not.
    """

    name: str
    ok: bool
    detail: str
    hint: str = ""


def examine(location: Location, git: Git, environment: Mapping[str, str]) -> tuple[Check, ...]:
    """Look at everything; raises nothing for what it finds."""
    without = " (no git repository: a private one in .batchhook)" if location.is_private else ""
    checks: list[Check] = [Check("repository", ok=True, detail=f"{location.top}{without}")]
    parts: tuple[Callable[[], Iterator[Check]], ...] = (
        lambda: _objects(location),
        lambda: _hooks(location, git),
        lambda: _database(location),
        lambda: _backups(location),
        lambda: _room(location),
        lambda: _suite(location, environment),
        lambda: _plugins(location, environment),
        lambda: _notifications(location, environment),
    )
    for part in parts:
        try:
            checks.extend(part())
        except BatchhookError as error:  # noqa: PERF203 - a few times
            checks.append(Check("problem", ok=False, detail=error.message, hint=error.hint))
    return tuple(checks)


def _objects(location: Location) -> Iterator[Check]:
    found = backends.open_repository(location.common_dir)
    yield Check("objects", ok=True, detail=f"are read and merged by {found.name}")


def _hooks(location: Location, git: Git) -> Iterator[Check]:
    if location.is_private:
        return
    if has_pending_import(location):
        found = f"what was recorded is in {shadow_repo.git_dir_of(location.top)}"
        yield Check("before there was git", ok=False, detail=found, hint="batchhook install takes it over")
    folder = hooks_dir.find(location, git)
    shared = f" (core.hooksPath, {folder.setting})" if folder.setting else ""
    yield Check("hooks folder", ok=True, detail=f"{folder.path}{shared}")
    by_framework = framework_configuration(location.top)
    for name in HOOKS:
        state = state_of(folder, name)
        ok = state is HookState.OURS or (state is HookState.FOREIGN and bool(by_framework))
        detail = f"by a framework ({by_framework})" if ok and state is HookState.FOREIGN else state.value
        hint = "" if ok else (f"pre-commit install -t {name}" if by_framework else "batchhook install")
        yield Check(f"hook {name}", ok=ok, detail=detail, hint=hint)


def _database(location: Location) -> Iterator[Check]:
    state = StateDir.of(location.common_dir)
    database = Database(state.database)
    try:
        damage = database.row("PRAGMA quick_check")
        whole = damage is not None and damage[0] == "ok"
        yield Check("database", ok=whole, detail=str(state.database), hint="" if whole else "see docs/guide.md, damage")
        torn = interrupted.find(database, location)
        waiting = [str(batch.id) for batch in batches.unfinished(database)]
    finally:
        database.close()
    if torn is not None:
        said, hint = interrupted.said_of(torn)
        yield Check("operations", ok=False, detail=said, hint=hint)
    if waiting:
        at_work = locks.is_locked(state.runner_lock)
        doing = "the runner is at work" if at_work else "no runner is at work"
        hint = "" if at_work else "batchhook wait starts one; so does the next commit"
        yield Check("queue", ok=at_work, detail=f"batch {', '.join(waiting)} waits; {doing}", hint=hint)


def _backups(location: Location) -> Iterator[Check]:
    found = backups.damages(StateDir.of(location.common_dir))
    for number, broken in found.items():
        hint = f"batchhook backup {number} makes it anew, where git has the same"
        yield from (Check(f"backup {number}", ok=False, detail=one, hint=hint) for one in broken)
    yield Check("backups", ok=True, detail=f"{len(found)} read and compared with their SHA-256")


def _room(location: Location) -> Iterator[Check]:
    size = weight([StateDir.of(location.common_dir).root])
    hint = "batchhook prune shows of what, and throws old batches away" if size > _MUCH else ""
    yield Check("room", ok=True, detail=f"{size / 1e6:.1f} MB in the state folder" + (f": {hint}" if hint else ""))


def _suite(location: Location, environment: Mapping[str, str]) -> Iterator[Check]:
    git = location.git(environment)
    settings = config.load(Said(location.top, environment), lambda: read_head(git, location).branch)
    unit = "files that were touched" if settings.unit is Unit.FILE else "changes"
    yield Check("settings", ok=True, detail=f"{settings.batch_size} {unit} fill a batch")
    python = find_interpreter(settings.python, location.tops, environment)
    yield Check("python", ok=True, detail=f"{python.path} ({python.version}): {python.reason}")
    start = location.top / settings.start_dir
    if not start.is_dir():
        raise BatchhookError(f"start_dir {settings.start_dir} does not exist", "set start_dir in [tool.batchhook]")
    found = list(_test_files(start, settings))
    yield Check(
        "discovery",
        ok=bool(found),
        detail=f"{len(found)} files like {settings.pattern} below {settings.start_dir}",
        hint="" if found else "set start_dir and pattern in [tool.batchhook], as for python -m unittest discover",
    )


def _plugins(location: Location, environment: Mapping[str, str]) -> Iterator[Check]:
    """Load each plug-in, in a process of its own, and tell what went wrong with it before; with this it is noticed."""
    if not StateDir.of(location.common_dir).exists():
        return
    with opened(location, environment=environment) as project:
        audience = Audience(project)
        answers = audience.ask("", {})
        for plugin in audience.plugins:
            answer, earlier = (
                answers[plugin.name],
                integration_errors.all_of(project.database, integration_errors.of_plugin(plugin.name)),
            )
            problems = [answer.problem] if answer.problem else [_told(one) for one in earlier]
            hooks = ", ".join(str(hook) for hook in answer.said.get("hooks", ())) or "none of batchhook's hooks"
            detail = "; ".join(problems) or hooks
            hint = f"see {project.state.plugins_log}" if problems else ""
            name = one_line(f"plug-in {plugin.name} ({plugin.distribution})")
            yield Check(name, ok=not problems, detail=one_line(detail), hint=hint)


def _notifications(location: Location, environment: Mapping[str, str]) -> Iterator[Check]:
    """Whether notifications can be sent, as far as that shows without sending any."""
    if not StateDir.of(location.common_dir).exists():
        return
    with opened(location, environment=environment) as project:
        for destination in notifications.destinations(project.settings.notify, environment):
            earlier = integration_errors.all_of(project.database, destination.name)
            problem = notifications.obstacle(destination, environment) or "; ".join(_told(one) for one in earlier)
            hint = "batchhook notify --test, when that is mended" if problem else ""
            yield Check(
                destination.name, ok=not problem, detail=problem or "batchhook notify --test tries it", hint=hint
            )


def _told(trouble: Trouble) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(trouble.at))
    times = f"{trouble.times} times, last " if trouble.times > 1 else ""
    return f"{trouble.event}: {trouble.problem} ({times}{when})"


def _test_files(start: Path, settings: Settings) -> Iterator[Path]:
    """Files that discovery would import: it enters folders that are packages, or (before Python 3.11) any folder."""
    for folder, folders, files in os.walk(start):
        folders[:] = [name for name in folders if (Path(folder) / name / "__init__.py").exists()]
        yield from (Path(folder) / name for name in files if name.endswith(".py") and fnmatch(name, settings.pattern))
