"""A real repository, driven as its user would, and a small project to put into it."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batchhook.store.state_dir import StateDir
from tests import forking, hostile

EPOCH = 1_700_000_000

TESTS = """\
import unittest

import calculator


class CalculatorTest(unittest.TestCase):
    def test_add(self):
        self.assertEqual(calculator.add(1, 2), 3)

    def test_subtract(self):
        self.assertEqual(calculator.subtract(3, 2), 1)
"""

CALCULATOR = """\
def add(a, b):
    return a + b


def subtract(a, b):
    return a - b
"""


class Repository:
    """A real repository, driven as its user would."""

    def __init__(self, top: Path, clock: Iterator[int] | None = None) -> None:
        self.top = top
        self.python = sys.executable
        self._clock = clock or itertools.count(EPOCH, 60)

    def git(self, *arguments: str, check: bool = True, **variables: str) -> str:
        """Run git, and return its output. Each call is a minute later than the previous one."""
        return self.git_both(*arguments, check=check, **variables).stdout.strip()

    def tick(self) -> int:
        """Advance the clock by a minute; return the time in seconds."""
        return next(self._clock)

    def git_both(self, *arguments: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
        date = f"{self.tick()} +0000"
        dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        return subprocess.run(
            ["git", *arguments],
            cwd=self.top,
            env=hostile.variables_for(arguments, {**os.environ, **dates, **variables}),
            capture_output=True,
            text=True,
            check=check,
        )

    def write(self, path: str, text: str) -> None:
        file = self.top / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def read(self, path: str) -> str:
        return (self.top / path).read_text()

    def commit(self, subject: str, *options: str, **files: str) -> str:
        """Commit files (``a__py`` for ``a.py``), or one file that differs each time; return the hooks' output."""
        for name, text in (files or {f"{subject}__txt": f"{subject} {self.tick()}"}).items():
            self.write(name.replace("__", "."), text)
        self.git("add", "--all")
        return self.git_both("commit", "--quiet", "-m", subject, *options).stderr.strip()

    def head(self, revision: str = "HEAD") -> str:
        return self.git("rev-parse", revision)

    def run(self, *arguments: str, stdin: str | None = "", **variables: str) -> subprocess.CompletedProcess[str]:
        """Run batchhook as a process; ``None`` closes its standard input."""
        environment = {**os.environ, **variables}
        is_default = not any(name.startswith(("PYTHON", "LC_", "LANG")) for name in variables)
        given = None if stdin is None else stdin.encode()
        if self.python == sys.executable and is_default and not forking.UNFORKED:
            done = forking.run(arguments, self.top, environment, given)
        else:
            done = subprocess.run(
                [self.python, "-m", "batchhook", *arguments],
                cwd=self.top,
                env=environment,
                input=given,
                capture_output=True,
                check=False,
                preexec_fn=(lambda: os.close(0)) if given is None else None,
            )
        output, errors = (stream.decode("utf-8", "replace") for stream in (done.stdout, done.stderr))
        return subprocess.CompletedProcess(arguments, done.returncode, output, errors)

    def batchhook(self, *arguments: str, code: int = 0, stdin: str = "", **variables: str) -> str:
        """Run batchhook as a process that must exit with this code, and return its output."""
        done = self.run(*arguments, stdin=stdin, **variables)
        assert done.returncode == code, f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout if code in {0, 1} else done.stdout + done.stderr

    def json(self, *arguments: str, code: int = 0) -> Any:  # noqa: ANN401 - as json.loads
        return json.loads(self.batchhook("--json", *arguments, code=code))

    def await_runs(self) -> None:
        """Wait until nothing is under way; unlike after ``wait``, no result counts as seen."""
        while self.json("status")["under_way"]:
            time.sleep(0.1)

    def worktree(self, number: int = 1) -> Path:
        """Return a private work tree, whether or not it exists."""
        root = StateDir.for_repository(self.top / ".git").worktrees_below(Path(os.environ["BATCHHOOK_WORKTREES"]))
        return root / str(number) / self.top.name

    def open(self) -> tuple[int, list[str]]:
        """Return the number of the open batch, and its subjects."""
        batch = self.json("status")["open"]
        return batch["id"], [change["summary"] for change in batch["changes"]]


def other_python(version: str) -> Path:
    """Return a Python of that version (``3.8``) that really starts; skip the test if there is none."""
    shim = Path(shutil.which(f"python{version}") or "nowhere")
    installed = sorted(shim.parent.parent.glob(f"versions/{version}.*/bin/{shim.name}"))  # pyenv's shims may not start
    for path in [shim, *installed] if shim.is_absolute() else []:
        if subprocess.run([path, "-c", "print(1)"], capture_output=True, check=False).returncode == 0:
            return path
    pytest.skip(f"no Python {version} here")
