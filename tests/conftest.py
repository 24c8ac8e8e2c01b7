"""What all tests share: real repositories with a pinned identity, a pinned clock and a home of their own."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batchhook.git.environment import scrubbed

EPOCH = 1_700_000_000

_GITCONFIG = """\
[user]
    name = Ada
    email = ada@example.org
[init]
    defaultBranch = main
[commit]
    gpgSign = false
[advice]
    detachedHead = false
"""


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the developer's home, and none inherits the repository that a hook runs for."""
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text(_GITCONFIG)
    inherited = scrubbed(os.environ)
    for name in set(os.environ) - set(inherited):
        monkeypatch.delenv(name)
    for name in [name for name in os.environ if name.startswith(("BATCHHOOK", "PRE_COMMIT"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
    monkeypatch.setenv("BATCHHOOK_WAIT", "0")


class Repository:
    """A real repository, driven as its user would."""

    def __init__(self, top: Path, clock: Iterator[int] | None = None) -> None:
        self.top = top
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
        done = subprocess.run(
            [sys.executable, "-m", "batchhook", *arguments],
            cwd=self.top,
            env={**os.environ, **variables},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout if code in {0, 1} else done.stdout + done.stderr

    def json(self, *arguments: str, code: int = 0) -> Any:  # noqa: ANN401 - as json.loads
        return json.loads(self.batchhook("--json", *arguments, code=code))

    def open(self) -> tuple[int, list[str]]:
        """Number and subjects of the open batch."""
        found = self.json("status")["open"]
        return found["id"], [change["summary"] for change in found["changes"]]


@pytest.fixture
def bare_repository(tmp_path: Path) -> Repository:
    """A repository without a commit and without hooks."""
    top = tmp_path / "project"
    top.mkdir()
    repository = Repository(top)
    repository.git("init", "--quiet")
    return repository


@pytest.fixture
def repository(bare_repository: Repository) -> Repository:
    """A repository with a first commit, in which batchhook is installed."""
    bare_repository.commit("first", README__md="hello\n")
    bare_repository.batchhook("install")
    return bare_repository


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


@pytest.fixture
def project(bare_repository: Repository) -> Repository:
    """A repository with code and tests, in which batchhook is installed."""
    bare_repository.commit("first", calculator__py=CALCULATOR, test_calculator__py=TESTS)
    bare_repository.batchhook("install")
    return bare_repository
