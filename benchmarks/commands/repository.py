"""The repository of a project, driven as its user would: real commits with batchhook's hooks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.commands.project import Edit

LIMIT = 900
"""Seconds that a command, or a batch's run with its search, may take."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository.

    Attributes:
        folder: its work tree.
        environment: of all commands.
    """

    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def create(cls, folder: Path, files: Mapping[str, str], environment: Mapping[str, str]) -> Repository:
        """Create a repository without commits; replaces the folder."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        repository = cls(folder, environment)
        for path, text in files.items():
            repository.write(path, text)
        repository.run(["git", "init", "--quiet"])
        return repository

    def write(self, path: str, text: str) -> None:
        """Write a file of the work tree."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def edit(self, edit: Edit) -> None:
        """Replace a text of a file.

        Raises:
            ValueError: the file does not have it exactly once.
        """
        text = (self.folder / edit.path).read_text()
        if text.count(edit.old) != 1:
            raise ValueError(f"{edit.path} has {edit.old!r} {text.count(edit.old)} times")
        self.write(edit.path, text.replace(edit.old, edit.new))

    def run(self, words: Sequence[str], *codes: int, **variables: str) -> str:
        """Run a command; return its output, with errors.

        Args:
            words: of the command.
            codes: the exit codes that are expected; 0 if none is given.
            variables: additional ones of its environment.

        Raises:
            RuntimeError: it ended with another one.
        """
        done = self._start(words, variables)
        output = (done.stdout + done.stderr).decode("utf-8", "replace")
        if done.returncode not in (codes or (0,)):
            raise RuntimeError(f"{' '.join(words)} ended with exit code {done.returncode}:\n{output}")
        return output

    def batchhook(self, *words: str, **variables: str) -> str:
        """Run batchhook; return its output. Failing tests and broken suites are no error."""
        return self.run([sys.executable, "-m", "batchhook", *words], 0, 1, 3, **variables)

    def json(self, *words: str, **variables: str) -> Any:  # noqa: ANN401 - as json.loads
        """Run batchhook; return the document that it prints.

        Raises:
            RuntimeError: it printed none.
        """
        done = self._start([sys.executable, "-m", "batchhook", "--json", *words], variables)
        try:
            return json.loads(done.stdout)
        except ValueError as error:
            output = (done.stdout + done.stderr).decode("utf-8", "replace")
            raise RuntimeError(f"batchhook --json {' '.join(words)} printed no document:\n{output}") from error

    def _start(self, words: Sequence[str], variables: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            words,
            cwd=self.folder,
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT,
            check=False,
        )

    def commit(self, subject: str) -> str:
        """Commit everything, through the hooks; return the commit."""
        self.run(["git", "add", "--all"])
        self.run(["git", "commit", "--quiet", "--message", subject])
        return self.run(["git", "rev-parse", "HEAD"]).strip()

    def close(self) -> None:
        """Delete the repository and its private work trees."""
        self.batchhook("uninstall")
        shutil.rmtree(self.folder, ignore_errors=True)


def make_environment(scratch: Path) -> dict[str, str]:
    """Return the environment of all commands: without the user's settings for git, and with private work trees."""
    worktrees = scratch / "worktrees"
    worktrees.mkdir(parents=True, exist_ok=True)
    person = {"NAME": "A Benchmark", "EMAIL": "benchmark@example.com"}
    own = {
        **{f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "BATCHHOOK_WORKTREES": str(worktrees),
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
        "NO_COLOR": "1",
        "COLUMNS": "80",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "BATCHHOOK_", "PYTEST_"))}
    return kept | own
