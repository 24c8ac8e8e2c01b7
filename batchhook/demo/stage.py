"""The throw-away repository, and commands run in it for real."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

from batchhook.demo.screen import Screen, as_typed
from batchhook.demo.story import PROJECT
from batchhook.errors import BatchhookError, ExitCode

QUIET = {
    "GIT_EDITOR": "true",  # nobody is asked for a message
    "GIT_PAGER": "cat",
    "GIT_TEMPLATE_DIR": "",  # the user's own hooks are not copied into the throw-away repository
}

SETTINGS = {
    "user.name": "Ada Demo",
    "user.email": "ada@example.org",
    "commit.gpgSign": "false",  # nobody is asked for a pass phrase
    "core.autocrlf": "false",  # or the patches would not fit
    "core.fsmonitor": "false",  # no daemon watches a folder that is about to go
}
"""What the demo's repository has set for itself, whatever the user has set for all of theirs."""


class OffScriptError(BatchhookError):
    """The story did not go as it should."""


def prepare(folder: Path | None) -> Path:
    """Give an empty folder for the repository: the one asked for, or a temporary one.

    Raises:
        BatchhookError: there is no git, or the folder has something in it.
    """
    if shutil.which("git") is None:
        raise BatchhookError("git was not found", hint="install git, and see that it is on your PATH")
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="batchhook-demo-")).resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BatchhookError(f"{folder} is not empty", hint="name a folder that is empty or not there yet")
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


class Stage:
    """A git repository with the demo's project in it.

    Args:
        folder: where it is made; empty.
        screen: where its commands are shown.
    """

    def __init__(self, folder: Path, screen: Screen) -> None:
        self.folder = folder
        self._screen = screen
        self._environment = _environment()

    def set_up(self) -> None:
        """Copy the project and make a repository of it, of which only the commit is worth showing."""
        shutil.copytree(PROJECT, self.folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        self.run(["git", "init", "--quiet", "--initial-branch=main"])
        for name, value in SETTINGS.items():
            self.output(["git", "config", name, value])
        if self._call(["git", "config", "--get", "core.hooksPath"], capture=True).returncode == 0:
            # Hooks that the user has for all repositories: this one keeps to its own.
            self.output(["git", "config", "core.hooksPath", str(self.folder / ".git" / "hooks")])
        self.run(["git", "add", "."])
        self.run(["git", "commit", "--quiet", "-m", "parcel 1.4"])

    def run(self, words: Sequence[str], exits: Container[int] = (ExitCode.OK,)) -> None:
        """Show a command, run it, let its output be seen.

        Args:
            words: the command; a leading ``batchhook`` is the batchhook that this demo is part of.
            exits: the exit codes with which the story goes on.
        """
        self._screen.command(words)
        self._check(words, self._call(words), exits)

    def output(self, words: Sequence[str], exits: Container[int] = (ExitCode.OK,)) -> str:
        """Run a command behind the scenes and give its output."""
        result = self._call(words, capture=True)
        self._check(words, result, exits)
        return result.stdout.strip()

    def facts(self, *words: str, exits: Container[int] = (ExitCode.OK,)) -> dict[str, Any]:
        """Ask batchhook for its ``--json`` answer behind the scenes."""
        text = self.output(["batchhook", *words, "--json"], exits)
        try:
            document: dict[str, Any] = json.loads(text)
        except ValueError as error:
            raise OffScriptError(f"batchhook {as_typed(words)} --json did not print JSON: {text[:200]!r}") from error
        return document

    def head(self) -> str:
        """The commit that is checked out."""
        return self.output(["git", "rev-parse", "HEAD"])

    def _call(self, words: Sequence[str], *, capture: bool = False) -> subprocess.CompletedProcess[str]:
        if words[0] == "batchhook":
            words = [sys.executable, "-m", *words]
        return subprocess.run(
            words,
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if capture else None,
            # What hooks say comes by standard error; it is part of the story, so it takes the same way.
            stderr=subprocess.PIPE if capture else subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )

    @staticmethod
    def _check(words: Sequence[str], result: subprocess.CompletedProcess[str], exits: Container[int]) -> None:
        if result.returncode not in exits:
            said = (result.stderr or "").strip()
            raise OffScriptError(f"{as_typed(words)}: exit code {result.returncode}" + (f": {said}" if said else ""))


def _environment() -> dict[str, str]:
    """This process's environment, without what would lead git or batchhook elsewhere.

    The demo may be started from inside a git hook, say, where ``GIT_DIR`` and its like name another repository.
    """
    asked = subprocess.run(["git", "rev-parse", "--local-env-vars"], capture_output=True, text=True, check=True)  # noqa: S607
    scrubbed = set(asked.stdout.split())
    own = {name: value for name, value in os.environ.items() if not name.startswith("BATCHHOOK_")}
    return {name: value for name, value in own.items() if name not in scrubbed} | QUIET
