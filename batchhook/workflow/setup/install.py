"""Installing the native hooks, and uninstalling them without a trace."""

from __future__ import annotations

import os
import shlex
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import batchhook
from batchhook.errors import BatchhookError
from batchhook.git import hooks_dir
from batchhook.git.command import Git
from batchhook.git.hooks_dir import HooksDir
from batchhook.git.location import Location
from batchhook.workflow.context.project import has_pending_import, open_project
from batchhook.workflow.counting.init import initialize
from batchhook.workflow.setup.hook_scripts import HOOKS, script
from batchhook.workflow.setup.import_shadow_repo import ImportedHistory, import_shadow_repo
from batchhook.workflow.status import gate

_MARK = "# Written by `batchhook install`; `batchhook uninstall` takes it out again."
_BEFORE = "before-batchhook"


class HookStatus(Enum):
    """The status of one of the hooks that git looks for."""

    MISSING = "missing"
    OURS = "in place"
    OUTDATED = "written by another version of batchhook"
    FOREIGN = "not batchhook's"
    NOT_EXECUTABLE = "not executable"


@dataclass(frozen=True, slots=True)
class Installation:
    """The result of ``install``.

    Attributes:
        folder: where the hooks are.
        written: names of the hooks that were written or updated; empty if all were in place.
        chained: names of the hooks that existed before, and still run first.
        is_new: whether counting begins with this.
        imported: the history that was recorded before there was git; None if there was none.
    """

    folder: Path
    written: tuple[str, ...]
    chained: tuple[str, ...]
    is_new: bool
    imported: ImportedHistory | None = None


def hook_status(folder: HooksDir, name: str) -> HookStatus:
    """Return the status of a hook."""
    path = folder.path / name
    try:
        text = path.read_text("utf-8", "replace")
    except FileNotFoundError:
        return HookStatus.MISSING
    if _MARK not in text:
        return HookStatus.FOREIGN
    if text != _hook_text(name):
        return HookStatus.OUTDATED
    return HookStatus.OURS if os.access(path, os.X_OK) else HookStatus.NOT_EXECUTABLE


def find_framework_config(top: Path) -> str:
    """Return the name of pre-commit's or prek's configuration file if it names our hooks; else an empty string."""
    for name in (".pre-commit-config.yaml", "prek.toml"):
        path = top / name
        if path.exists() and "batchhook-post-commit" in path.read_text("utf-8", "replace"):
            return name
    return ""


def install(location: Location, git: Git, *, shared: bool = False) -> Installation:
    """Write the native hooks; an existing hook is kept and runs first.

    What was recorded before there was git is imported.

    Args:
        location: of the work tree.
        git: in it.
        shared: write even into a hooks folder that other repositories use, too.

    Raises:
        BatchhookError: this is not a git repository; the folder serves other repositories, or cannot be written to; or
            pre-commit or prek runs batchhook here.
    """
    if location.is_shadow:
        raise BatchhookError(
            f"{location.top} is not a git repository, so there are no commits to hook into",
            "batchhook record and watch work without git; git init, then batchhook install imports what they recorded",
        )
    folder = hooks_dir.find(location, git)
    framework_config = find_framework_config(location.top)
    if framework_config and hook_status(folder, "post-commit") is HookStatus.FOREIGN:
        if has_pending_import(location):
            history = import_shadow_repo(location, git, os.environ)
            return Installation(folder.path, (), (), is_new=False, imported=history)
        raise BatchhookError(
            f"{framework_config} makes pre-commit or prek run batchhook already",
            "one of the two ways is enough: leave it as it is, or remove the hooks from that file first",
        )
    if folder.is_shared and not shared:
        raise BatchhookError(
            f"core.hooksPath ({folder.setting}) makes all repositories use {folder.path}",
            "batchhook install --shared writes there; git config core.hooksPath .git/hooks sets this one apart",
        )
    imported = import_shadow_repo(location, git, os.environ) if has_pending_import(location) else None
    is_new = initialize(location, git)
    try:
        written, chained = _write_hooks(folder)
    except OSError as error:
        raise BatchhookError(f"cannot write {error.filename}: {error.strerror}", "check who owns the folder") from error
    if imported is not None:
        _resume_counting(location)
    return Installation(folder.path, written, chained, is_new, imported)


def uninstall(location: Location, git: Git) -> tuple[str, ...]:
    """Remove our hooks and restore those that existed before; the history stays.

    Returns:
        names of the hooks that were removed.

    Raises:
        BatchhookError: the folder cannot be written to.
    """
    if location.is_shadow:
        return ()  # the hooks that git would find here belong to other repositories
    folder = hooks_dir.find(location, git)
    ours = [name for name in HOOKS if hook_status(folder, name) not in {HookStatus.MISSING, HookStatus.FOREIGN}]
    try:
        for name in ours:
            path, before = folder.path / name, folder.path / f"{name}.{_BEFORE}"
            if before.exists():
                before.replace(path)
            else:
                path.unlink()
    except OSError as error:
        raise BatchhookError(f"cannot write {error.filename}: {error.strerror}", "check who owns the folder") from error
    return tuple(ours)


def _resume_counting(location: Location) -> None:
    """Bring the files that the hooks read up to date with an imported history."""
    with suppress(BatchhookError), open_project(location) as project:  # wrong settings are reported by each command
        project.reconcile()
        gate.refresh(project)


def _write_hooks(folder: HooksDir) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Write the hooks that are not in place; return their names, and those of hooks that existed before."""
    written, chained = [], []
    folder.path.mkdir(parents=True, exist_ok=True)
    for name in HOOKS:
        status = hook_status(folder, name)
        if status is not HookStatus.OURS:
            _write_hook(folder.path / name, status)
            written.append(name)
        if (folder.path / f"{name}.{_BEFORE}").exists():
            chained.append(name)
    return tuple(written), tuple(chained)


def _write_hook(path: Path, status: HookStatus) -> None:
    if status is HookStatus.FOREIGN:
        path.replace(path.with_name(f"{path.name}.{_BEFORE}"))
    temporary = path.with_name(f"{path.name}.batchhook-new")
    temporary.write_text(_hook_text(path.name), "utf-8")
    temporary.chmod(stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
    temporary.replace(path)


def _hook_text(name: str) -> str:
    """Return a hook's script, with the interpreter that batchhook is installed for."""
    shebang, rest = script(name).read_text("utf-8").split("\n", 1)
    python = f"BATCHHOOK_INTERPRETER={shlex.quote(sys.executable)}"
    return f"{shebang}\n{_MARK}\n# Version {batchhook.__version__}\n{python}\n{rest}"
