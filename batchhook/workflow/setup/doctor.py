"""Diagnosis of an installation: everything that batchhook needs, and how to provide what is missing."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from batchhook.core import undiscovered
from batchhook.core.hook_text import HOOKS
from batchhook.core.plural import plural
from batchhook.core.sanitize import one_line
from batchhook.core.settings import BatchUnit, EngineName, Isolation, Settings
from batchhook.core.undiscovered import Obstacle
from batchhook.errors import BatchhookError, SuiteError
from batchhook.execution.interpreter import find_interpreter
from batchhook.git import backends, hooks_dir, object_cleanup, shadow_repo
from batchhook.git.command import Git
from batchhook.git.environment import project_environment
from batchhook.git.hooks_dir import HooksDir
from batchhook.git.location import Location, read_head
from batchhook.store import batches, integration_errors, python_choice, worktree_places
from batchhook.store.database import Database
from batchhook.store.integration_errors import IntegrationError
from batchhook.store.state_dir import StateDir
from batchhook.workflow import backups
from batchhook.workflow.context import config, interrupted
from batchhook.workflow.context.config import SettingsSources
from batchhook.workflow.context.framework_config import FrameworkConfig, find_framework_config
from batchhook.workflow.context.project import has_pending_import, open_project
from batchhook.workflow.notify import notifications
from batchhook.workflow.notify.plugin_events import PluginSet
from batchhook.workflow.retention import worktree_gc
from batchhook.workflow.retention.prune import list_all_pins
from batchhook.workflow.retention.scratch_gc import disk_usage
from batchhook.workflow.setup import hook_chain, hook_files
from batchhook.workflow.setup.hook_files import HookStatus
from batchhook.workflow.setup.hook_scripts import GIT_HOOKS
from batchhook.workflow.status.wait import is_runner_at_work
from batchhook.workflow.suite.collect import SuiteOutlook, preview_suites
from batchhook.workflow.suite.python_choice import AUTO, BY_USER, CHANGE_HINT, start_kept

_LARGE_STATE = 1e9
"""Bytes in the state folder and of snapshots from which pruning is suggested."""

_COLLECTION_LIMIT = 60.0
"""Seconds that the collection of the suite may take."""
_MAX_GROUPS = 5
"""Groups of files that discovery does not reach, which are named."""
_TEST_METHOD = re.compile(rb"^[ \t]+(?:async[ \t]+)?def[ \t]+test\w*[ \t]*\([ \t\n]*self", re.MULTILINE)


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
        lambda: _check_database(location, git),
        lambda: _check_backups(location),
        lambda: _check_disk_usage(location, git, environment),
        lambda: _check_suite(location, environment),
        lambda: _check_plugins(location, environment),
        lambda: _check_notifications(location, environment),
    )
    for check in checks:
        try:
            results.extend(check())
        except BatchhookError as error:  # noqa: PERF203 - a few times
            results.append(HealthCheck("problem", ok=False, detail=error.message, hint=error.hint))
    return tuple(dict.fromkeys(results))  # several checks may meet the same error


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
    yield _check_hooks_folder(folder)
    framework = find_framework_config(location.top, folder.path)
    for name in HOOKS:
        yield _check_hook(folder, name, location, framework, git.environment)


def _check_hooks_folder(folder: HooksDir) -> HealthCheck:
    """Check that git looks where our hooks are, and that it still finds the hooks of the original folder."""
    name = "hooks folder"
    setting = f" (core.hooksPath, {folder.setting})" if folder.setting else ""
    if folder.is_redirected:
        originals = folder.original.iterdir() if folder.original.is_dir() else ()
        hooks = {path.name for path in originals if path.name in GIT_HOOKS and os.access(path, os.X_OK)}
        missing = sorted(hook for hook in hooks if not os.access(folder.own / hook, os.X_OK))
        detail = f"{folder.own}, which runs the hooks of {folder.original}{setting}; missing: "
        hint = "batchhook install" if missing else ""
        return HealthCheck(name, ok=not missing, detail=detail + (", ".join(missing) or "none"), hint=hint)
    if hook_files.has_hooks(folder.own):
        reason = "the repository was moved or copied, or core.hooksPath was set since"
        detail = f"{folder.path}{setting}; git does not look in {folder.own} any more: {reason}"
        return HealthCheck(name, ok=False, detail=detail, hint="batchhook install")
    return HealthCheck(name, ok=True, detail=f"{folder.path}{setting}")


def _check_hook(
    folder: HooksDir, name: str, location: Location, framework: FrameworkConfig | None, environment: Mapping[str, str]
) -> HealthCheck:
    """Check that git runs a hook of ours, directly or through other hooks, and exactly once."""
    status = hook_files.hook_status(folder.path, name)
    chain = hook_chain.trace(folder.path, name, location.top, framework, environment)
    detail, hint = status.value, "batchhook install"
    if framework is not None:
        hint = framework.install_command
        if status in {HookStatus.FOREIGN, HookStatus.MISSING}:
            detail = f"run by {framework.name}" if name in framework.hooks else f"not named in {framework.name}"
            if name in framework.hooks - framework.installed:
                detail = f"named in {framework.name}, but not installed"
        if status is HookStatus.OURS and chain.runs > 1:
            hint = "batchhook uninstall leaves only the hooks of that file"
    is_optional = framework is not None and status is HookStatus.MISSING and name not in framework.hooks
    ok = is_optional or (chain.runs == 1 and status in {HookStatus.OURS, HookStatus.FOREIGN} and not chain.problem)
    if chain.problem:
        detail += f", but {chain.problem}"
    if len(chain.callees) > 1 or (not ok and chain.callees):
        detail += f" ({chain})"
    return HealthCheck(f"hook {name}", ok=ok, detail=detail, hint="" if ok else hint)


def _check_database(location: Location, git: Git) -> Iterator[HealthCheck]:
    state = StateDir.for_repository(location.common_dir)
    state.check_kinds()
    if not location.is_shadow and not state.is_installed():
        framework = find_framework_config(location.top, hooks_dir.find(location, git).path)
        if framework is not None and "post-commit" in framework.installed:
            yield HealthCheck("database", ok=True, detail="the next commit creates it; so does batchhook install")
            return
    with closing(Database(state.database)) as database:
        ok = database.is_intact()
        yield HealthCheck("database", ok=ok, detail=str(state.database), hint="" if ok else "see docs/guide.md, damage")
        pending = interrupted.find(database, location)
        is_running = is_runner_at_work(state, database)
        queue = [str(batch.id) for batch in batches.list_unfinished(database)]
    if pending is not None:
        message, hint = interrupted.describe(pending)
        yield HealthCheck("operations", ok=False, detail=message, hint=hint)
    if queue:
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


def _check_disk_usage(location: Location, git: Git, environment: Mapping[str, str]) -> Iterator[HealthCheck]:
    state = StateDir.for_repository(location.common_dir)
    trees = []
    if state.is_installed():
        with open_project(location, environment=environment) as project:
            trees = worktree_gc.list_worktrees(project)
    size, tree_size = disk_usage([state.root]), disk_usage(trees)
    size -= disk_usage(tree for tree in trees if tree.is_relative_to(state.root))
    snapshots = sum(object_cleanup.list_exclusive(git, list_all_pins(git)).values())
    detail = (
        f"{size / 1e6:.1f} MB in the state folder, {tree_size / 1e6:.1f} MB of private work trees, "
        f"{snapshots / 1e6:.1f} MB of snapshots among git's objects"
    )
    if size + tree_size + snapshots > _LARGE_STATE:
        detail += "; batchhook prune lists it, and removes old batches"
    yield HealthCheck("disk space", ok=True, detail=detail)


def _check_suite(location: Location, environment: Mapping[str, str]) -> Iterator[HealthCheck]:
    git = location.git(environment)
    settings = config.load(SettingsSources(location.top, environment), lambda: read_head(git, location).branch)
    unit = "changed files" if settings.unit is BatchUnit.FILE else "changes"
    by_risk = ", fewer or more by their risk" if settings.is_batch_size_adaptive else ""
    yield HealthCheck("settings", ok=True, detail=f"{settings.usual_batch_size} {unit} fill a batch{by_risk}")
    suites = tuple(preview_suites(settings, location, git, environment, _COLLECTION_LIMIT))
    reported: tuple[HealthCheck, ...] = ()
    if any(suite.preview is None or suite.preview.interpreter is not None for suite in suites):
        reported = tuple(_check_python(location, settings, environment))
    yield from reported
    yield _check_worktrees(location, settings)
    shown = {check.detail for check in reported}  # what keeps the only suite from running may be its Python
    yield from _check_engines([suite for suite in suites if not _is_reported(suite, shown)], location, git, settings)


def _is_reported(suite: SuiteOutlook, details: Container[str]) -> bool:
    return suite.preview is None and suite.problem is not None and suite.problem.message in details


def _check_worktrees(location: Location, settings: Settings) -> HealthCheck:
    """Show where the tests run."""
    state = StateDir.for_repository(location.common_dir)
    root = worktree_places.choose_root(state, settings.worktrees, location.top)
    detail = f"private ones in {root.folder}"
    if settings.isolation is Isolation.IN_PLACE:
        return HealthCheck("work trees", ok=True, detail="tests run in yours, in place")
    if root.problem:
        detail += f": {root.problem}"
    hint = "set `worktrees` in [tool.batchhook] to another folder" if root.problem else ""
    return HealthCheck("work trees", ok=not root.problem, detail=detail, hint=hint)


def _check_python(location: Location, settings: Settings, environment: Mapping[str, str]) -> Iterator[HealthCheck]:
    """Show which Python runs the tests, why, and what changes it; nothing is chosen by this."""
    variables, roots = project_environment(environment), location.project_roots
    choice = python_choice.load(StateDir.for_repository(location.common_dir).python_choice)
    if settings.python != AUTO or choice is None:
        python = find_interpreter(settings.python, roots, variables)
        later = "" if settings.python != AUTO else "; the first run keeps it, or batchhook install --python PATH"
        yield HealthCheck("python", ok=True, detail=f"{python.path} ({python.version}): {python.reason}{later}")
        return
    when = time.strftime("%Y-%m-%d", time.localtime(choice.chosen_at))
    try:
        python = start_kept(choice, roots, variables)
    except SuiteError as error:
        yield HealthCheck("python", ok=False, detail=error.message, hint=error.hint)
        return
    detail = f"{python.path} ({python.version}): {choice.reason}, since {when}; {CHANGE_HINT}"
    yield HealthCheck("python", ok=True, detail=detail)
    try:
        other = find_interpreter(AUTO, roots, variables)
    except SuiteError as error:
        ok = choice.reason == BY_USER
        yield HealthCheck("other python", ok=ok, detail=f"not used: {error.message}", hint="" if ok else error.hint)
        return
    if other.path != python.path:
        detail = f"not used: {other.path} ({other.version}), {other.reason}; batchhook install --python auto takes it"
        yield HealthCheck("other python", ok=True, detail=detail)


def _check_engines(
    suites: Sequence[SuiteOutlook], location: Location, git: Git, settings: Settings
) -> Iterator[HealthCheck]:
    """Show what runs each suite, why, what it collects, and which tests it does not run."""
    checks = [(suite.name, check) for suite in suites for check in _check_engine(suite)]
    for check in dict.fromkeys(check for _, check in checks if not check.ok):  # one cause may concern several suites
        names = [name for name, other in checks if other == check and name]
        yield replace(check, name=": ".join(filter(None, (", ".join(names), check.name))))
    for name, check in checks:
        if check.ok:
            yield replace(check, name=": ".join(filter(None, (name, check.name))))
    for suite in suites:
        if suite.preview is not None and not suite.name and suite.preview.choice.engine is EngineName.UNITTEST:
            yield from _check_undiscovered(location, git, settings)


def _check_engine(suite: SuiteOutlook) -> Iterator[HealthCheck]:
    preview = suite.preview
    if preview is None:
        if suite.problem is not None:
            yield HealthCheck("engine", ok=False, detail=one_line(suite.problem.message), hint=suite.problem.hint)
        return
    is_missing = bool(preview.missing)  # what follows has the same cause, and the same hint
    hint = preview.next_step if is_missing else ""
    yield HealthCheck("engine", ok=not is_missing, detail=one_line(preview.missing or preview.engine), hint=hint)
    if preview.problem is not None:
        hint = "" if is_missing else preview.problem.hint
        yield HealthCheck("discovery", ok=False, detail=one_line(preview.problem.message), hint=hint)
    elif preview.collection is not None:
        is_loaded = not preview.collection.unloaded
        hint = "" if is_loaded else "batchhook test shows why"
        yield HealthCheck("discovery", ok=is_loaded, detail=str(preview.collection), hint=hint)
    elif not is_missing:
        unknown = (
            f"not finished after {_COLLECTION_LIMIT:g} s" if preview.is_countable else "the first run counts the tests"
        )
        yield HealthCheck("discovery", ok=True, detail=unknown)
    for other in preview.others:
        hint = "docs/commands.md shows how to run tests of several kinds"
        yield HealthCheck("other tests", ok=False, detail=f"not run: {other}", hint=hint)
    if preview.unrun is not None:
        detail = f"{preview.unrun.are_not_run}: {', '.join(preview.unrun.examples)}"
        yield HealthCheck("not run", ok=False, detail=one_line(detail), hint="" if is_missing else preview.next_step)


def _check_undiscovered(location: Location, git: Git, settings: Settings) -> Iterator[HealthCheck]:
    """Name the files with tests that unittest passes over; outside of a chosen start folder, that is no problem."""
    top = git.at(location.top)
    listed = top.run("ls-files", "-z", "--cached", "--others", "--exclude-standard").stdout.split(b"\0")[:-1]
    files = [path for path in map(os.fsdecode, listed) if path.endswith(".py") and (location.top / path).is_file()]
    groups = undiscovered.find_undiscovered(
        files, settings.start_dir, settings.pattern, lambda path: _has_tests(location.top / path)
    )
    for group in groups[:_MAX_GROUPS]:
        detail, hint = group.describe(settings.start_dir, settings.pattern)
        ok = group.obstacle is Obstacle.OUTSIDE
        yield HealthCheck("not discovered", ok=ok, detail=one_line(detail), hint="" if ok else hint)
    if len(groups) > _MAX_GROUPS:
        rest = plural(sum(len(group.files) for group in groups[_MAX_GROUPS:]), "more file")
        yield HealthCheck("not discovered", ok=True, detail=f"{rest} with tests in other folders")


def _has_tests(path: Path) -> bool:
    """Return whether a file defines a test method, by its text."""
    try:
        return _TEST_METHOD.search(path.read_bytes()) is not None
    except OSError:
        return False


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
