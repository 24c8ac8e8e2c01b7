"""The demo's temporary repository, and the commands that run in it."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

from batchhook.demo.printer import Printer, format_command
from batchhook.demo.scenario import DemoEngine, Scenario
from batchhook.errors import BatchhookError, ExitCode

GIT_ENVIRONMENT = {
    "GIT_EDITOR": "true",  # never ask for a message
    "GIT_PAGER": "cat",
    "GIT_TEMPLATE_DIR": "",  # keep the user's template hooks out of the temporary repository
}

_INHERITED = (
    *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"),
    *("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"),
    "BATCHHOOK_WORKTREES",
)
"""Names, or beginnings of names, of the user's variables for git and batchhook that also hold in the demo."""

GIT_SETTINGS = {
    "user.name": "Ada Demo",
    "user.email": "ada@example.org",
    "commit.gpgSign": "false",  # never ask for a passphrase
    "core.autocrlf": "false",  # the patches would not apply otherwise
    "core.fsmonitor": "false",  # no daemon on a folder that is about to be deleted
}
"""The repository's own configuration, which overrides the user's global one."""


class UnexpectedResultError(BatchhookError):
    """A step of the demo did not have its expected result."""


def require_engine(engine: DemoEngine) -> None:
    """Check that the Python of this process, which the demo's tests run under, has an engine.

    Raises:
        BatchhookError: it does not.
    """
    if importlib.util.find_spec(engine.value) is None:
        command = format_command([sys.executable, "-m", "pip", "install", engine.value])
        raise BatchhookError(f"{engine.value} is not installed beside batchhook", hint=f"install it: {command}")


def prepare_folder(folder: Path | None) -> Path:
    """Return an empty folder for the repository: the given one, or a temporary one.

    Raises:
        BatchhookError: git is missing, or the folder is not empty.
    """
    if shutil.which("git") is None:
        raise BatchhookError("git was not found", hint="install git, and make sure that it is on your PATH")
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="batchhook-demo-")).resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BatchhookError(f"{folder} is not empty", hint="name an empty folder, or one that does not exist yet")
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


class DemoRepository:
    """A git repository with the demo's project in it.

    Args:
        folder: an empty folder for it.
        printer: prints the commands that run.
    """

    def __init__(self, folder: Path, printer: Printer) -> None:
        self.folder = folder
        self._printer = printer
        self._environment = _environment()

    def set_up(self, scenario: Scenario) -> None:
        """Copy the project and commit it."""
        scenario.copy_project(self.folder)
        self.run(["git", "init", "--quiet", "--initial-branch=main"])
        for name, value in GIT_SETTINGS.items():
            self.output(["git", "config", name, value])
        if self._call(["git", "config", "--get", "core.hooksPath"], capture=True).returncode == 0:
            # The user has hooks for all repositories; this one uses only its own.
            self.output(["git", "config", "core.hooksPath", str(self.folder / ".git" / "hooks")])
        self.run(["git", "add", "."])
        self.run(["git", "commit", "--quiet", "-m", "parcel 1.4"])

    def run(self, words: Sequence[str], exit_codes: Container[int] = (ExitCode.OK,)) -> None:
        """Print a command and run it, with its output visible.

        Args:
            words: the command; a leading ``batchhook`` means the batchhook that this demo belongs to.
            exit_codes: the expected ones.

        Raises:
            UnexpectedResultError: it ended with another exit code.
        """
        self._printer.command(words)
        self._check(words, self._call(words), exit_codes)

    def output(self, words: Sequence[str], exit_codes: Container[int] = (ExitCode.OK,)) -> str:
        """Run a command silently and return its output; arguments and errors as for ``run``."""
        result = self._call(words, capture=True)
        self._check(words, result, exit_codes)
        return result.stdout.strip()

    def read_json(self, *words: str, exit_codes: Container[int] = (ExitCode.OK,)) -> dict[str, Any]:
        """Run a batchhook command silently and return its ``--json`` document."""
        text = self.output(["batchhook", *words, "--json"], exit_codes)
        try:
            document: dict[str, Any] = json.loads(text)
        except ValueError as error:
            command = format_command(words)
            raise UnexpectedResultError(f"batchhook {command} --json did not print JSON: {text[:200]!r}") from error
        return document

    def head(self) -> str:
        """Return the oid of HEAD."""
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
            # Hooks print to standard error; in the demo that belongs with the rest of the output.
            stderr=subprocess.PIPE if capture else subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )

    def remove(self) -> None:
        """Remove the repository, and the private work trees of its batches."""
        self._call(["batchhook", "uninstall"], capture=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def _check(words: Sequence[str], result: subprocess.CompletedProcess[str], exit_codes: Container[int]) -> None:
        if result.returncode not in exit_codes:
            errors = (result.stderr or "").strip()
            details = f": {errors}" if errors else ""
            raise UnexpectedResultError(f"{format_command(words)}: exit code {result.returncode}{details}")


def _environment() -> dict[str, str]:
    """Return this process's environment without the variables that point git or batchhook elsewhere.

    The demo may be started inside a git hook, for instance, where git's variables name another repository and
    another author.
    """
    variables = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_INHERITED) or not name.startswith(("GIT_", "BATCHHOOK_"))
    }
    # `require_engine` looked into this Python, not into the first one on the path.
    return variables | GIT_ENVIRONMENT | {"BATCHHOOK_PYTHON": sys.executable}
