"""Copies of a suite's repository, to make histories in."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine.suites import Cache

LIMIT = 1800.0
"""Seconds that anything may take that is timed."""


@dataclass(frozen=True, slots=True)
class Timed:
    """A command that was timed."""

    seconds: float
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Clone:
    """A repository with a work tree, and without hooks, remotes or whatever else the first one had.

    Attributes:
        folder: its top.
        environment: what runs the project's tests there, as a user's shell would.
        plain: the same without the project's folders on the import path.
    """

    folder: Path
    environment: Mapping[str, str]
    plain: Mapping[str, str]

    @classmethod
    def of(cls, origin: Path, folder: Path, cache: Cache) -> Clone:
        """Make one, in the place of what is in the folder."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "clone", "--quiet", origin, folder], env=cache.environment, check=True)
        clone = cls(folder, cache.in_folder(folder), cache.environment)
        clone.git("remote", "remove", "origin")
        clone.git("config", "gc.auto", "0")
        return clone

    def time(self, *command: str | Path, own: bool = False) -> Timed:
        """Run a command, whether or not it fails, and time it.

        Args:
            command: what to run.
            own: whether it is the project's, and finds its folders on the import path.
        """
        environment = self.environment if own else self.plain
        begun = time.perf_counter()
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=LIMIT,
        )
        seconds = time.perf_counter() - begun
        return Timed(seconds, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    def run(self, *command: str | Path) -> str:
        """Run a command; what it printed.

        Raises:
            RuntimeError: it failed.
        """
        done = subprocess.run(command, cwd=self.folder, env=self.plain, check=False, capture_output=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.decode('utf-8', 'replace')}")
        return done.stdout.decode("utf-8", "replace").strip()

    def git(self, *words: str) -> str:
        """Run git; what it printed.

        Raises:
            RuntimeError: it failed.
        """
        return self.run("git", *words)

    def checkout(self, commit: str) -> None:
        """Hold exactly a commit's files."""
        self.git("checkout", "--quiet", "--force", commit)
        self.git("clean", "--quiet", "-ffdx")

    def write(self, edits: Mapping[str, bytes]) -> None:
        """Give files new contents, and tell git of all."""
        for path, text in edits.items():
            (self.folder / path).write_bytes(text)
        self.git("add", "--all", "--force", "--", *edits)

    def commit(self, subject: str) -> None:
        """Commit what git was told of."""
        self.git("commit", "--quiet", "--message", subject)

    def remove(self) -> None:
        """Take it away."""
        shutil.rmtree(self.folder, ignore_errors=True)
