"""A real repository, driven as its user would, and a small project to put into it."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import forking

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
        """Run git; gives what it printed. Each call is a minute later than the one before."""
        return self.git_both(*arguments, check=check, **variables).stdout.strip()

    def git_both(self, *arguments: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
        date = f"{next(self._clock)} +0000"
        dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        return subprocess.run(
            ["git", *arguments],
            cwd=self.top,
            env={**os.environ, **dates, **variables},
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
        """Commit files (``a__py`` for ``a.py``), or one file that differs each time; gives what the hooks said."""
        for name, text in (files or {f"{subject}__txt": f"{subject} {next(self._clock)}"}).items():
            self.write(name.replace("__", "."), text)
        self.git("add", "--all")
        return self.git_both("commit", "--quiet", "-m", subject, *options).stderr.strip()

    def head(self, revision: str = "HEAD") -> str:
        return self.git("rev-parse", revision)

    def batchhook(self, *arguments: str, code: int = 0, stdin: str = "", **variables: str) -> str:
        """Run batchhook as a process; gives what it printed."""
        environment = {**os.environ, **variables}
        if self.python == sys.executable and not any(name.startswith(("PYTHON", "LC_", "LANG")) for name in variables):
            done = forking.run(arguments, self.top, environment, stdin.encode())
        else:
            command = [self.python, "-m", "batchhook", *arguments]
            done = subprocess.run(
                command, cwd=self.top, env=environment, input=stdin.encode(), capture_output=True, check=False
            )
        said, complained = (stream.decode("utf-8", "replace") for stream in (done.stdout, done.stderr))
        assert done.returncode == code, f"{arguments} ended with {done.returncode}:\n{said}\n{complained}"
        return said if code in {0, 1} else said + complained

    def json(self, *arguments: str, code: int = 0) -> Any:  # noqa: ANN401 - as json.loads
        return json.loads(self.batchhook("--json", *arguments, code=code))

    def open(self) -> tuple[int, list[str]]:
        """Number and subjects of the open batch."""
        found = self.json("status")["open"]
        return found["id"], [change["summary"] for change in found["changes"]]


def other_python(version: str) -> Path:
    """A Python of that version (``3.8``) that really starts; skips the test where there is none."""
    shim = Path(shutil.which(f"python{version}") or "nowhere")
    installed = sorted(shim.parent.parent.glob(f"versions/{version}.*/bin/{shim.name}"))  # pyenv's shims may not start
    for path in [shim, *installed] if shim.is_absolute() else []:
        if subprocess.run([path, "-c", "print(1)"], capture_output=True, check=False).returncode == 0:
            return path
    pytest.skip(f"no Python {version} here")
