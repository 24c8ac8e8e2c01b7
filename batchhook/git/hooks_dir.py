"""Where git looks for hooks, and whom that folder serves."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from batchhook.git.command import Git
from batchhook.git.location import Location


@dataclass(frozen=True, slots=True)
class HooksFolder:
    """The folder in which git looks for a work tree's hooks.

    Attributes:
        path: absolute; there or not.
        setting: where ``core.hooksPath`` is set that leads there (``local``, ``worktree``, ``global``, ``system``,
            ``command``); empty where it is not set.
    """

    path: Path
    setting: str

    @property
    def is_shared(self) -> bool:
        """Whether other repositories have the same hooks."""
        return self.setting in {"global", "system"}


def find(location: Location, git: Git) -> HooksFolder:
    """Find it as git does (githooks(5)): linked work trees share it, ``core.hooksPath`` moves it."""
    # Not through Git.run, whose commands have core.hooksPath set to nothing.
    command = ["git", "rev-parse", "--path-format=absolute", "--git-path", "hooks"]
    printed = subprocess.run(command, cwd=location.top, env=git.environment, capture_output=True, check=False).stdout
    scope = subprocess.run(
        ["git", "config", "--show-scope", "--get", "core.hooksPath"],  # noqa: S607 - the user's git
        cwd=location.top,
        env=git.environment,
        capture_output=True,
        check=False,
    ).stdout
    return HooksFolder(Path(os.fsdecode(printed.removesuffix(b"\n"))), scope.decode().split("\t")[0])
