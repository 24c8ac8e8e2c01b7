"""Diagnosis of an installation: everything that batchhook needs, and how to provide what is missing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from batchhook.core.sanitize import one_line
from batchhook.core.settings import BatchUnit, Settings
from batchhook.errors import BatchhookError
from batchhook.execution.interpreter import find_interpreter
from batchhook.git import backends, hooks_dir, shadow_repo
from batchhook.git.command import Git
from batchhook.git.location import Location, read_head
from batchhook.store import batches, integration_errors, locks
from batchhook.store.database import Database
from batchhook.store.integration_errors import IntegrationError
from batchhook.store.state_dir import StateDir
from batchhook.workflow import backups
from batchhook.workflow.context import config, interrupted
from batchhook.workflow.context.config import SettingsSources
from batchhook.workflow.context.project import has_pending_import, open_project
from batchhook.workflow.notify import notifications
from batchhook.workflow.notify.plugin_events import PluginSet
from batchhook.workflow.retention.scratch_gc import disk_usage
from batchhook.workflow.setup.hook_scripts import HOOKS
from batchhook.workflow.setup.install import HookStatus, find_framework_config, hook_status

_LARGE_STATE = 1e9
"""Bytes in the state folder from which pruning is suggested."""


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """The result of one check.

    Attributes:
        name: what was checked.
        ok: whether it is as it should be.
        detail: what was found.
        hint: what to do if it is not ok.
    """

    name: str
    ok: bool
    detail: str
    hint: str = ""


def run_checks(location: Location, git: Git, environment: Mapping[str, str]) -> tuple[HealthCheck, ...]:
    """Run all checks; an error in one becomes a failed check."""
    shadow = " (no git repository; the history is kept in .batchhook)" if location.is_shadow else ""
    results = [HealthCheck("repository", ok=True, detail=f"{location.top}{shadow}")]
    checks: tuple[Callable[[], Iterator[HealthCheck]], ...] = (
        lambda: _check_objects(location),
        lambda: _check_hooks(location, git),
        lambda: _check_database(location),
        lambda: _check_backups(location),
        lambda: _check_disk_usage(location),
        lambda: _check_suite(location, environment),
        lambda: _check_plugins(location, environment),
        lambda: _check_notifications(location, environment),
    )
    for check in checks:
        try:
            results.extend(check())
        except BatchhookError as error:  # noqa: PERF203 - a few times
            results.append(HealthCheck("problem", ok=False, detail=error.message, hint=error.hint))
    return tuple(results)


def _check_objects(location: Location) -> Iterator[HealthCheck]:
    backend = backends.open_repository(location.common_dir)
    yield HealthCheck("objects", ok=True, detail=f"are read and merged by {backend.name}")


def _check_hooks(location: Location, git: Git) -> Iterator[HealthCheck]:
    if location.is_shadow:
        return
    if has_pending_import(location):
        detail = f"changes recorded before there was git are in {shadow_repo.git_dir_for(location.top)}"
        yield HealthCheck("shadow repository", ok=False, detail=detail, hint="batchhook install imports them")
    folder = hooks_dir.find(location, git)
    setting = f" (core.hooksPath, {folder.setting})" if folder.setting else ""
    yield HealthCheck("hooks folder", ok=True, detail=f"{folder.path}{setting}")
    framework_config = find_framework_config(location.top)
    for name in HOOKS:
        status = hook_status(folder, name)
        by_framework = status is HookStatus.FOREIGN and bool(framework_config)
        ok = status is HookStatus.OURS or by_framework
        detail = f"run by {framework_config}" if by_framework else status.value
        hint = "" if ok else (f"pre-commit install -t {name}" if framework_config else "batchhook install")
        yield HealthCheck(f"hook {name}", ok=ok, detail=detail, hint=hint)


def _check_database(location: Location) -> Iterator[HealthCheck]:
    state = StateDir.for_repository(location.common_dir)
    with closing(Database(state.database)) as database:
        ok = database.is_intact()
        yield HealthCheck("database", ok=ok, detail=str(state.database), hint="" if ok else "see docs/guide.md, damage")
        pending = interrupted.find(database, location)
        queue = [str(batch.id) for batch in batches.list_unfinished(database)]
    if pending is not None:
        message, hint = interrupted.describe(pending)
        yield HealthCheck("operations", ok=False, detail=message, hint=hint)
    if queue:
        is_running = locks.is_locked(state.runner_lock)
        waiting = f"batch {queue[0]} waits" if len(queue) == 1 else f"batches {', '.join(queue)} wait"
        detail = f"{waiting}; {'the runner is at work' if is_running else 'no runner is at work'}"
        hint = "" if is_running else "batchhook wait starts one; so does the next commit"
        yield HealthCheck("queue", ok=is_running, detail=detail, hint=hint)


def _check_backups(location: Location) -> Iterator[HealthCheck]:
    damage = backups.find_damage(StateDir.for_repository(location.common_dir))
    for number, messages in damage.items():
        hint = f"batchhook backup {number} recreates it if git still has the content"
        yield from (HealthCheck(f"backup {number}", ok=False, detail=message, hint=hint) for message in messages)
    yield HealthCheck("backups", ok=True, detail=f"{len(damage)} read and compared with their SHA-256")


def _check_disk_usage(location: Location) -> Iterator[HealthCheck]:
    size = disk_usage([StateDir.for_repository(location.common_dir).root])
    detail = f"{size / 1e6:.1f} MB in the state folder"
    if size > _LARGE_STATE:
        detail += "; batchhook prune lists it, and removes old batches"
    yield HealthCheck("disk space", ok=True, detail=detail)


def _check_suite(location: Location, environment: Mapping[str, str]) -> Iterator[HealthCheck]:
    git = location.git(environment)
    settings = config.load(SettingsSources(location.top, environment), lambda: read_head(git, location).branch)
    unit = "changed files" if settings.unit is BatchUnit.FILE else "changes"
    yield HealthCheck("settings", ok=True, detail=f"{settings.batch_size} {unit} fill a batch")
    python = find_interpreter(settings.python, location.project_roots, environment)
    yield HealthCheck("python", ok=True, detail=f"{python.path} ({python.version}): {python.reason}")
    start = location.top / settings.start_dir
    if not start.is_dir():
        raise BatchhookError(f"start_dir {settings.start_dir} does not exist", "set start_dir in [tool.batchhook]")
    files = list(_find_test_files(start, settings))
    count = "1 file matches" if len(files) == 1 else f"{len(files)} files match"
    yield HealthCheck(
        "discovery",
        ok=bool(files),
        detail=f"{count} {settings.pattern} below {settings.start_dir}",
        hint="" if files else "set start_dir and pattern in [tool.batchhook], as for python -m unittest discover",
    )


def _check_plugins(location: Location, environment: Mapping[str, str]) -> Iterator[HealthCheck]:
    """Load each plug-in in a process of its own, and list its earlier errors; this registers new plug-ins, too."""
    if not StateDir.for_repository(location.common_dir).is_installed():
        return
    with open_project(location, environment=environment) as project:
        plugin_set = PluginSet(project)
        results = plugin_set.call_hook("", {})
        for plugin in plugin_set.plugins:
            result = results[plugin.name]
            errors = integration_errors.list_all(project.database, integration_errors.plugin_key(plugin.name))
            problems = [result.problem] if result.problem else [_describe_error(error) for error in errors]
            hooks = ", ".join(str(hook) for hook in result.output.get("hooks", ())) or "none of batchhook's hooks"
            detail = "; ".join(problems) or hooks
            hint = f"see {project.state.plugins_log}" if problems else ""
            name = one_line(f"plug-in {plugin.name} ({plugin.distribution})")
            yield HealthCheck(name, ok=not problems, detail=one_line(detail), hint=hint)


def _check_notifications(location: Location, environment: Mapping[str, str]) -> Iterator[HealthCheck]:
    """Check everything that notifications need, without sending any."""
    if not StateDir.for_repository(location.common_dir).is_installed():
        return
    with open_project(location, environment=environment) as project:
        for destination in notifications.list_destinations(project.settings.notify, environment):
            errors = integration_errors.list_all(project.database, destination.name)
            problem = notifications.find_obstacle(destination, environment)
            problem = problem or "; ".join(_describe_error(error) for error in errors)
            hint = "batchhook notify --test, once that is fixed" if problem else ""
            detail = problem or "batchhook notify --test sends one"
            yield HealthCheck(destination.name, ok=not problem, detail=detail, hint=hint)


def _describe_error(error: IntegrationError) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(error.at))
    times = f"{error.count} times, last " if error.count > 1 else ""
    return f"{error.event}: {error.message} ({times}{when})"


def _find_test_files(start: Path, settings: Settings) -> Iterator[Path]:
    """List the files that discovery would import, in packages only (before Python 3.11, it enters any folder)."""
    for folder, folders, files in os.walk(start):
        folders[:] = [name for name in folders if (Path(folder) / name / "__init__.py").exists()]
        yield from (Path(folder) / name for name in files if name.endswith(".py") and fnmatch(name, settings.pattern))
