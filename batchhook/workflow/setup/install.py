"""Installing the native hooks, and uninstalling them without a trace."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from batchhook.core.hook_text import HOOKS
from batchhook.errors import BatchhookError
from batchhook.execution.interpreter import Interpreter
from batchhook.git import hooks_dir
from batchhook.git.command import Git
from batchhook.git.environment import project_environment
from batchhook.git.hooks_dir import HooksDir
from batchhook.git.location import Location
from batchhook.store.state_dir import StateDir
from batchhook.workflow.context.framework_config import FrameworkConfig, find_framework_config
from batchhook.workflow.context.project import has_pending_import, open_project
from batchhook.workflow.counting.init import initialize
from batchhook.workflow.retention import worktree_gc
from batchhook.workflow.setup import hook_files
from batchhook.workflow.setup.hook_scripts import FORWARD, GIT_HOOKS, forward_text
from batchhook.workflow.setup.import_shadow_repo import ImportedHistory, import_shadow_repo
from batchhook.workflow.status import gate
from batchhook.workflow.suite import python_choice
from batchhook.workflow.suite.collect import SuiteOutlook, preview_suites

COLLECTION_LIMIT = 5.0
"""Seconds that an installation may take longer for counting the tests."""
_HOOKS_PATH = "hooks-path"
"""The file in batchhook's own folder that names the original hooks folder; known to ``hooks/find-previous.sh``."""


@dataclass(frozen=True, slots=True)
class Installation:
    """The result of ``install``.

    Attributes:
        folder: where the hooks are.
        written: names of the hooks that were written or updated; empty if all were in place.
        chained: names of the hooks that existed before, and still run.
        is_new: whether counting begins with this.
        imported: the history that was recorded before there was git; None if there was none.
        original: the hooks folder that was left as it is, if git looks in batchhook's own now; None if not.
        run_by: the configuration file by which pre-commit or prek runs batchhook, so that nothing was written; empty if
            there is none.
        python: the one that was chosen to run the tests; None if none was asked for.
        suites: what would run now.
        problem: what keeps that from being known; None if nothing does.
    """

    folder: Path
    written: tuple[str, ...]
    chained: tuple[str, ...]
    is_new: bool
    imported: ImportedHistory | None = None
    original: Path | None = None
    run_by: str = ""
    python: Interpreter | None = None
    suites: tuple[SuiteOutlook, ...] = ()
    problem: BatchhookError | None = None


def install(location: Location, git: Git, *, shared: bool = False) -> Installation:
    """Write the native hooks; an existing hook is kept and runs first.

    Where pre-commit or prek runs batchhook already, only counting begins. What was recorded before there was git is
    imported.

    Args:
        location: of the work tree.
        git: in it.
        shared: write into the hooks folder that all of the user's repositories use, and not for this one alone.

    Raises:
        BatchhookError: this is not a git repository; the hooks folder cannot be written to or comes from the
            environment; or a configuration names our hooks that pre-commit or prek did not install.
    """
    if location.is_shadow:
        raise BatchhookError(
            f"{location.top} is not a git repository, so there are no commits to hook into",
            "batchhook record and watch work without git; git init, then batchhook install imports what they recorded",
        )
    folder = hooks_dir.find(location, git)
    framework = find_framework_config(location.top, folder.path)
    if framework is not None and not framework.installed:
        framework = None  # the file may be a team's, and the framework not be used here
    if framework is not None:
        _check_framework(framework)
    elif folder.setting == "command":
        raise BatchhookError(
            f"core.hooksPath ({folder.value}) comes from the environment, which overrides every configuration file",
            "remove it from GIT_CONFIG_COUNT or GIT_CONFIG_PARAMETERS, then: batchhook install",
        )
    imported = import_shadow_repo(location, git, os.environ) if has_pending_import(location) else None
    is_new = initialize(location, git)
    if framework is not None:
        installation = Installation(folder.path, (), (), is_new, imported, run_by=framework.name)
    else:
        installation = replace(_install_native(location, git, folder, shared=shared), is_new=is_new, imported=imported)
    if imported is not None:
        _resume_counting(location)
    return installation


def choose_python(location: Location, python: str, folder: Path, environment: Mapping[str, str]) -> Interpreter:
    """Choose the Python that runs the tests of an installed repository, and keep it (``suite/python_choice.py``).

    Args:
        location: of the work tree.
        python: a path, an environment's folder, a command on the path, or ``auto``.
        folder: the current one, which a path may be relative to.
        environment: the user's variables.

    Raises:
        BatchhookError: that Python cannot run the tests, the setting ``python`` takes precedence, or batchhook is not
            installed.
    """
    with open_project(location, environment=environment) as project:
        variables = project_environment(environment)
        roots = (folder.absolute(), *location.project_roots)
        return python_choice.choose(python, project.settings, roots, project.state, variables)


def with_suites(installation: Installation, location: Location, environment: Mapping[str, str]) -> Installation:
    """Add what would run now: the test framework of each suite, and what it collects within a few seconds.

    Args:
        installation: complete.
        location: of the work tree.
        environment: the user's variables.
    """
    try:
        with open_project(location, environment=environment) as project:
            suites = tuple(preview_suites(project.settings, location, project.git, environment, COLLECTION_LIMIT))
    except BatchhookError as error:
        return replace(installation, problem=error)
    return replace(installation, suites=suites)


def uninstall(location: Location, git: Git) -> tuple[str, ...]:
    """Remove our hooks and restore those that existed before, and the private work trees; the history stays.

    Returns:
        names of the hooks that were removed.

    Raises:
        BatchhookError: the folder cannot be written to, or pre-commit or prek runs batchhook and goes on to.
    """
    worktree_gc.remove_all_idle(location, git)
    if location.is_shadow:
        return ()  # the hooks that git would find here belong to other repositories
    folder = hooks_dir.find(location, git)
    framework = find_framework_config(location.top, folder.path)
    with _reporting_write_errors():
        hooks_dir.restore(git, folder)
        removed = {name for name in HOOKS if hook_files.remove_hook(folder.original, name)}
        removed |= _remove_own_folder(folder)
    if framework is not None and framework.installed and not removed:
        raise BatchhookError(
            f"{framework.program} runs batchhook, by its configuration in {framework.name}",
            "remove batchhook's hooks from that file",
        )
    state = StateDir.for_repository(location.common_dir)
    if state.is_installed():
        state.uninstalled.touch()
    return tuple(name for name in HOOKS if name in removed)


def _check_framework(framework: FrameworkConfig) -> None:
    """Raise an error unless the framework runs all hooks that its configuration names."""
    if framework.installed < framework.hooks:
        absent = ", ".join(name for name in HOOKS if name in framework.hooks - framework.installed)
        raise BatchhookError(
            f"{framework.name} makes {framework.program} run batchhook, but {framework.program} is not installed for "
            f"{absent}",
            f"{framework.install_command}; or remove batchhook's hooks from that file, then: batchhook install",
        )


def _install_native(location: Location, git: Git, folder: HooksDir, *, shared: bool) -> Installation:
    """Write the hooks where git looks for them, or where it will."""
    is_shared = folder.is_shared and (shared or hook_files.has_hooks(folder.original))
    needs_own = not is_shared and _needs_own_folder(location, folder)
    if is_shared:
        _check_shared(folder)
    target = folder.own if needs_own or folder.is_redirected else folder.original
    with _reporting_write_errors():
        target.mkdir(parents=True, exist_ok=True)
        if target == folder.own:
            for name in HOOKS:
                hook_files.remove_hook(folder.original, name)  # from an earlier version of batchhook
            _write_forwards(folder)
        written = tuple(name for name in HOOKS if hook_files.write_hook(target, name))
        if target == folder.own and not folder.is_redirected:
            hooks_dir.redirect(location, git, folder)
    original = folder.original if target == folder.own else None
    chained = tuple(name for name in HOOKS if _has_previous(target, original, name))
    return Installation(target, written, chained, is_new=False, original=original)


def _needs_own_folder(location: Location, folder: HooksDir) -> bool:
    """Return whether our hooks must not, or cannot, be written into the original folder."""
    common_dir, original = location.common_dir.resolve(), folder.original.resolve()
    if not original.is_relative_to(common_dir) or (original.exists() and not os.access(original, os.W_OK)):
        return True
    return any(hook_files.is_bound_to_path(folder.original / name) for name in HOOKS)


def _check_shared(folder: HooksDir) -> None:
    """Raise an error if the hooks of all repositories would suffer from ours."""
    bound = [name for name in HOOKS if hook_files.is_bound_to_path(folder.original / name)]
    reason = f"{', '.join(bound)} may depend on the own name or folder" if bound else ""
    if any((parent / ".git").exists() for parent in folder.original.resolve().parents):
        reason = "it belongs to a work tree, and batchhook's hooks name a Python of this machine"
    if reason:
        raise BatchhookError(
            f"cannot write into {folder.original}: {reason}", "batchhook install, without --shared, for this repository"
        )


def _write_forwards(folder: HooksDir) -> None:
    """Write what runs the original hooks from our own folder; hooks that come later are found by ours."""
    hook_files.write_script(folder.own / FORWARD, forward_text())
    (folder.own / _HOOKS_PATH).write_text(f"{folder.value or folder.original}\n", "utf-8", "surrogateescape")
    for path in folder.original.iterdir() if folder.original.is_dir() else ():
        if path.name in GIT_HOOKS and path.name not in HOOKS and os.access(path, os.X_OK):
            hook_files.write_script(folder.own / path.name, forward_text())


def _remove_own_folder(folder: HooksDir) -> set[str]:
    """Remove our own folder; return the names of our hooks in it."""
    removed = {name for name in HOOKS if hook_files.remove_hook(folder.own, name)}
    for path in sorted(folder.own.iterdir()) if folder.own.is_dir() else ():
        if path.name.startswith(_HOOKS_PATH) or path.name == hooks_dir.CONFIG or hook_files.is_ours(path):
            path.unlink()
        elif not os.path.lexists(folder.original / path.name):  # another hook manager followed core.hooksPath
            folder.original.mkdir(parents=True, exist_ok=True)
            shutil.move(path, folder.original / path.name)
    with suppress(OSError):
        folder.own.rmdir()
    return removed


def _has_previous(target: Path, original: Path | None, name: str) -> bool:
    """Return whether a hook runs that was there before ours."""
    author = hook_files.find_author(target / name)
    if author is not None and author.is_framework:
        return True
    previous = hook_files.previous_hook(target, name) if original is None else original / name
    return os.access(previous, os.X_OK)


@contextmanager
def _reporting_write_errors() -> Iterator[None]:
    """Turn an error of the file system into one with a hint."""
    try:
        yield
    except OSError as error:
        raise BatchhookError(f"cannot write {error.filename}: {error.strerror}", "check who owns the folder") from error


def _resume_counting(location: Location) -> None:
    """Bring the files that the hooks read up to date with an imported history."""
    with suppress(BatchhookError), open_project(location) as project:  # wrong settings are reported by each command
        project.reconcile()
        gate.update_gate_files(project)
