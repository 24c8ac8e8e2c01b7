"""A newcomer with a home of their own, a repository with a suite in it, and this repository as others clone it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from batchhook.store import locks
from batchhook.store.state_dir import StateDir

HERE = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PATIENCE = 60.0

GIT_CONFIG = """\
[user]
    name = A Newcomer
    email = newcomer@example.com
[init]
    defaultBranch = main
[safe]
    directory = *
"""

# The suite writes that it began, and under which Python, and then runs until it may end.
SUITE = """\
import os, pathlib, sys, time, unittest

from code_of_ours import ANSWER

class Slow(unittest.TestCase):
    def test_takes_its_time(self):
        scene = pathlib.Path(os.environ["SCENE"])
        (scene / "began").write_text(sys.prefix)
        until = time.monotonic() + 60
        while not (scene / "go on").exists() and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(1)

    def test_answer(self):
        self.assertEqual(ANSWER, 42)

    def test_is_no_hook(self):
        for name in ("PRE_COMMIT", "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
            self.assertNotIn(name, os.environ)
"""


def environment_of(home: Path) -> dict[str, str]:
    """A newcomer's environment, without variables of the developer, of Git or of a framework."""
    strange = ("GIT_", "PRE_COMMIT", "PREK_", "BATCHHOOK_", "XDG_", "VIRTUAL_ENV", "CONDA_", "PYTHON", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
    # Another home would hide how pip reaches the packages.
    of_pip = [Path("~/.config/pip/pip.conf").expanduser(), Path("~/.pip/pip.conf").expanduser()]
    return {
        **dict([("PIP_CONFIG_FILE", str(path)) for path in of_pip if path.is_file()][:1]),
        **kept,
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PIP_NO_COMPILE": "1",  # most of what is installed is never imported
        "PATH": os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)]),
    }


@dataclass(frozen=True)
class User:
    """A user who works in a repository."""

    folder: Path
    scene: Path
    environment: dict[str, str]

    def run(self, *command: str | Path, **variables: str) -> str:
        """Run a command as typed at a shell; return both output streams."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def commit(self, number: int, **variables: str) -> str:
        """Make a commit that changes something, and leave other files alone."""
        self.write("counted.txt", f"{number}\n")
        self.run("git", "add", "counted.txt")
        return self.run("git", "commit", "--message", f"Count to {number}", **variables)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def batchhook(self, *arguments: str) -> dict[str, Any]:
        """The JSON document of a command."""
        done = subprocess.run(
            [sys.executable, "-m", "batchhook", "--json", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        document: dict[str, Any] = json.loads(done.stdout)
        assert "error" not in document, document
        return document

    def suite_began(self) -> str:
        """Wait until the suite is at work; the prefix of its Python."""
        began = self.scene / "began"
        self.until(lambda: began.exists() and bool(began.read_text("utf-8")))
        return began.read_text("utf-8")

    def let_suite_end(self) -> None:
        (self.scene / "go on").touch()

    def verdict_of(self, batch: int) -> str | None:
        """The verdict in the log; reading it there does not mark it as seen."""
        entries = {entry["batch"]["id"]: entry for entry in self.batchhook("log")["batches"]}
        verdict: str | None = entries[batch]["verdict"]
        return verdict

    @staticmethod
    def until(holds: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < until, "waited in vain"
            time.sleep(0.05)


@pytest.fixture(scope="session")
def share(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Return a function that builds a folder once for all of pytest's workers."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent

    def share(name: str, build: Callable[[Path], object]) -> Path:
        folder, is_ready = root / f"shared-{name}", root / f"shared-{name}.ready"
        with (root / f"shared-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not is_ready.exists():
                folder.mkdir()
                build(folder)
                is_ready.touch()
        return folder

    return share


@pytest.fixture(scope="session")
def newcomers_home(share: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """One for all tests: pre-commit, prek and pip keep in it what they built and downloaded."""
    return share("home", lambda home: (home / ".gitconfig").write_text(GIT_CONFIG, "utf-8"))


@pytest.fixture(scope="session")
def newcomers_environment(newcomers_home: Path) -> dict[str, str]:
    return environment_of(newcomers_home)


@pytest.fixture(scope="session")
def our_repository(
    share: Callable[[str, Callable[[Path], object]], Path], newcomers_environment: dict[str, str]
) -> tuple[Path, str]:
    """This repository as others clone it, with what is not committed yet; and its commit."""

    def publish(folder: Path) -> None:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=HERE,
            env=newcomers_environment,
            capture_output=True,
            check=True,
        )
        for name in filter(None, os.fsdecode(listed.stdout).split("\0")):
            if (HERE / name).is_file():  # else it is deleted, and that is not committed yet
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(HERE / name, folder / name)
        publisher = User(folder, folder, newcomers_environment)
        publisher.run("git", "init", "--quiet")
        publisher.run("git", "add", "--all")
        publisher.run("git", "commit", "--quiet", "--message", "Publish")

    folder = share("batchhook", publish)
    return folder, User(folder, folder, newcomers_environment).run("git", "rev-parse", "HEAD").strip()


@pytest.fixture
def user(tmp_path: Path, newcomers_environment: dict[str, str]) -> Iterator[User]:
    """A newcomer in a repository with a suite and one commit, made before batchhook came."""
    folder, scene = tmp_path / "project", tmp_path / "scene"
    folder.mkdir()
    scene.mkdir()
    (tmp_path / "trees").mkdir()
    places = {"SCENE": str(scene), "BATCHHOOK_WORKTREES": str(tmp_path / "trees")}
    newcomer = User(folder, scene, newcomers_environment | places)
    newcomer.write("code_of_ours.py", "ANSWER = 42\n")
    newcomer.write("tests/__init__.py", "")
    newcomer.write("tests/test_slow.py", SUITE)
    newcomer.write(".gitignore", ".venv/\n__pycache__/\n")
    newcomer.run("git", "init", "--quiet")
    newcomer.run("git", "add", "--all")
    newcomer.run("git", "commit", "--quiet", "--message", "Begin")
    yield newcomer
    newcomer.let_suite_end()
    runner = StateDir.for_repository(folder / ".git").runner_lock
    newcomer.until(lambda: not (runner.exists() and locks.is_locked(runner)))
