"""Clones of a suite's repository, to commit histories in."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine.cache import Cache

LIMIT = 1800.0
"""Time limit of a command, in seconds."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Output and duration of a command."""

    seconds: float
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Clone:
    """A repository with a work tree, without the original's hooks and remotes.

    Attributes:
        folder: top of its work tree.
        environment: for the project's tests, as in a user's shell.
        plain: the same without the project's folders on the import path.
    """

    folder: Path
    environment: Mapping[str, str]
    plain: Mapping[str, str]

    @classmethod
    def create(cls, origin: Path, folder: Path, cache: Cache) -> Clone:
        """Clone a repository; replaces the folder."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "clone", "--quiet", origin, folder], env=cache.environment, check=True)
        clone = cls(folder, cache.environment_in(folder), cache.environment)
        clone.git("remote", "remove", "origin")
        clone.git("config", "gc.auto", "0")
        return clone

    def time(self, *command: str | Path, own: bool = False) -> Timed:
        """Run a command and time it; it may fail.

        Args:
            command: command line.
            own: whether it is the project's own, with its folders on the import path.
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
        """Run a command; return its output.

        Raises:
            RuntimeError: it failed.
        """
        done = subprocess.run(command, cwd=self.folder, env=self.plain, check=False, capture_output=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.decode('utf-8', 'replace')}")
        return done.stdout.decode("utf-8", "replace").strip()

    def git(self, *words: str) -> str:
        """Run git; return its output.

        Raises:
            RuntimeError: it failed.
        """
        return self.run("git", *words)

    def checkout(self, commit: str) -> None:
        """Check out a commit, and delete all other files."""
        self.git("checkout", "--quiet", "--force", commit)
        self.git("clean", "--quiet", "-ffdx")

    def write(self, edits: Mapping[str, bytes | None]) -> None:
        """Write files, delete those without content, and update the index."""
        for path, text in edits.items():
            file = self.folder / path
            if text is None:
                file.unlink()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(text)
        self.git("add", "--all", "--force", "--", *edits)

    def commit(self, subject: str) -> None:
        """Commit the index."""
        self.git("commit", "--quiet", "--message", subject)

    def remove(self) -> None:
        """Delete the clone."""
        shutil.rmtree(self.folder, ignore_errors=True)
