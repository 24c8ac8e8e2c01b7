"""Native hooks: writing them, and taking them out again so that nothing is left of us."""

from __future__ import annotations

import os
import shlex
import stat
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import batchhook
from batchhook.errors import BatchhookError
from batchhook.git import hooks_folder
from batchhook.git.command import Git
from batchhook.git.hooks_folder import HooksFolder
from batchhook.git.location import Location
from batchhook.workflow.counting.begin import begin
from batchhook.workflow.setting_up.scripts import HOOKS, script

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
    """

    folder: Path
    written: tuple[str, ...]
    chained: tuple[str, ...]
    is_new: bool


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

    Args:
        location: of the work tree.
        git: in it.
        shared: go ahead although other repositories use the same hooks.

    Raises:
        BatchhookError: the folder serves other repositories, or cannot be written; or pre-commit runs us here.
    """
    folder = hooks_folder.find(location, git)
    configuration = framework_configuration(location.top)
    if configuration and state_of(folder, "post-commit") is HookState.FOREIGN:
        raise BatchhookError(
            f"{configuration} has batchhook run by pre-commit or prek, whose hooks are in place",
            "one of the two ways is enough: leave it as it is, or take the hooks out of that file first",
        )
    if folder.is_shared and not shared:
        raise BatchhookError(
            f"core.hooksPath ({folder.setting}) sends every repository to {folder.path}",
            "batchhook install --shared writes there; or: git config core.hooksPath .git/hooks, for this one alone",
        )
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
    return Installed(folder.path, tuple(written), tuple(chained), is_new)


def uninstall(location: Location, git: Git) -> tuple[str, ...]:
    """Take our hooks out and put back what was there before; what was counted and tested stays.

    Returns:
        names of the hooks that were ours.

    Raises:
        BatchhookError: the folder cannot be written.
    """
    folder = hooks_folder.find(location, git)
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
