"""Native hooks: writing them, and taking them out again so that nothing is left of us."""

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
from batchhook.git.hooks_dir import HooksFolder
from batchhook.git.location import Location
from batchhook.workflow.context.project import has_pending_import, opened
from batchhook.workflow.counting.init import begin
from batchhook.workflow.setup.hook_scripts import HOOKS, script
from batchhook.workflow.setup.import_shadow_repo import TakenOver, take_over
from batchhook.workflow.status import gate

_MARK = "# Written by `batchhook install`; `batchhook uninstall` takes it out again."
_BEFORE = "before-batchhook"


class HookState(Enum):
    """What stands where git looks for a hook."""

    MISSING = "missing"
    OURS = "in place"
    OUTDATED = "of another batchhook"
    FOREIGN = "somebody else's"
    NOT_EXECUTABLE = "not executable"


@dataclass(frozen=True, slots=True)
class Installed:
    """What an installation did.

    Attributes:
        folder: where the hooks are.
        written: names of the hooks that were written or brought up to date; empty when all stood there already.
        chained: names of the hooks that were there before, and still run first.
        is_new: whether counting begins with this.
        taken_over: what was recorded before there was git, and goes on from here; None where nothing was.
    """

    folder: Path
    written: tuple[str, ...]
    chained: tuple[str, ...]
    is_new: bool
    taken_over: TakenOver | None = None


def state_of(folder: HooksFolder, name: str) -> HookState:
    """What stands where git looks for a hook."""
    path = folder.path / name
    try:
        text = path.read_text("utf-8", "replace")
    except FileNotFoundError:
        return HookState.MISSING
    if _MARK not in text:
        return HookState.FOREIGN
    if text != _text(name):
        return HookState.OUTDATED
    return HookState.OURS if os.access(path, os.X_OK) else HookState.NOT_EXECUTABLE


def framework_configuration(top: Path) -> str:
    """The configuration of pre-commit or prek that names our hooks; empty where none does."""
    for name in (".pre-commit-config.yaml", "prek.toml"):
        path = top / name
        if path.exists() and "batchhook-post-commit" in path.read_text("utf-8", "replace"):
            return name
    return ""


def install(location: Location, git: Git, *, shared: bool = False) -> Installed:
    """Write the native hooks; a hook that is there already is kept and runs first.

    What was recorded before there was git is taken over.

    Args:
        location: of the work tree.
        git: in it.
        shared: go ahead although other repositories use the same hooks.

    Raises:
        BatchhookError: the folder serves other repositories, or cannot be written; or pre-commit runs us here; or this
            is no git repository.
    """
    if location.is_private:
        raise BatchhookError(
            f"{location.top} is no git repository: nobody commits, so there is nothing to hook into",
            "batchhook record and watch count without; git init, then batchhook install takes all of it over",
        )
    folder = hooks_dir.find(location, git)
    configuration = framework_configuration(location.top)
    by_framework = configuration and state_of(folder, "post-commit") is HookState.FOREIGN
    if by_framework and has_pending_import(location):
        return Installed(folder.path, (), (), is_new=False, taken_over=take_over(location, git, os.environ))
    if by_framework:
        raise BatchhookError(
            f"{configuration} has batchhook run by pre-commit or prek, whose hooks are in place",
            "one of the two ways is enough: leave it as it is, or take the hooks out of that file first",
        )
    if folder.is_shared and not shared:
        raise BatchhookError(
            f"core.hooksPath ({folder.setting}) sends every repository to {folder.path}",
            "batchhook install --shared writes there; or: git config core.hooksPath .git/hooks, for this one alone",
        )
    taken_over = take_over(location, git, os.environ) if has_pending_import(location) else None
    is_new = begin(location, git)
    written, chained = [], []
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        for name in HOOKS:
            was = state_of(folder, name)
            if was is not HookState.OURS:
                _write(folder.path / name, was)
                written.append(name)
            if (folder.path / f"{name}.{_BEFORE}").exists():
                chained.append(name)
    except OSError as error:
        raise BatchhookError(f"cannot write {error.filename}: {error.strerror}", "check who owns the folder") from error
    if taken_over is not None:
        _go_on(location)
    return Installed(folder.path, tuple(written), tuple(chained), is_new, taken_over)


def _go_on(location: Location) -> None:
    """Let the hooks know where the branch stands, and what its last batch was."""
    with suppress(BatchhookError), opened(location) as project:  # settings may be wrong: each command says so
        project.reconcile()
        gate.settle(project)


def uninstall(location: Location, git: Git) -> tuple[str, ...]:
    """Take our hooks out and put back what was there before; what was counted and tested stays.

    Returns:
        names of the hooks that were ours.

    Raises:
        BatchhookError: the folder cannot be written.
    """
    if location.is_private:
        return ()  # where git would look for hooks of all repositories, they are of these
    folder = hooks_dir.find(location, git)
    ours = [name for name in HOOKS if state_of(folder, name) not in {HookState.MISSING, HookState.FOREIGN}]
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


def _write(path: Path, was: HookState) -> None:
    if was is HookState.FOREIGN:
        path.replace(path.with_name(f"{path.name}.{_BEFORE}"))
    temporary = path.with_name(f"{path.name}.batchhook-new")
    temporary.write_text(_text(path.name), "utf-8")
    temporary.chmod(stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
    temporary.replace(path)


def _text(name: str) -> str:
    """A hook's script, with the interpreter that batchhook is installed for."""
    shebang, rest = script(name).read_text("utf-8").split("\n", 1)
    python = f"BATCHHOOK_INTERPRETER={shlex.quote(sys.executable)}"
    return f"{shebang}\n{_MARK}\n# Version {batchhook.__version__}\n{python}\n{rest}"
