"""Creation of a repository with a long history of real commits."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from batchhook.store.state_dir import StateDir

SIZE = 5
"""Changes that fill a batch."""
MODULES = 50
"""Test modules; each commit changes one."""
BEGIN, GAP = 1_600_000_000, 600
"""Time of the first commit, and seconds between two commits."""
_AUTHOR = "A Benchmark <benchmark@example.com>"


@dataclass(frozen=True)
class Commit:
    """A commit, its changed file, and the file's content before and after."""

    oid: str
    tree: str
    parent: str
    base_tree: str
    path: str
    before: bytes
    after: bytes
    subject: str


@dataclass(frozen=True)
class History:
    """A repository with a long history.

    Attributes:
        folder: work tree.
        batches: number of batches.
        tests: number of tests in its suite.
        environment: environment of all commands.
    """

    folder: Path
    batches: int
    tests: int
    environment: dict[str, str] = field(repr=False)

    @property
    def state(self) -> StateDir:
        """The state folder."""
        return StateDir.for_repository(self.folder / ".git")

    def run(self, *command: str | Path, text: bytes = b"") -> str:
        """Run a command in the repository, and return its output; exit if it fails."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, input=text, capture_output=True, check=False
        )
        output = (done.stdout + done.stderr).decode()
        if done.returncode not in {0, 1}:
            sys.exit(f"{command} ended with {done.returncode}:\n{output}")
        return output

    def batchhook(self, *arguments: str) -> str:
        """Run batchhook as a process, and return its output."""
        return self.run(sys.executable, "-m", "batchhook", *arguments)


def create(history: History) -> None:
    """Create the repository, with a first commit and batchhook's hooks."""
    history.folder.mkdir(parents=True)
    history.run("git", "init", "--quiet")
    (history.folder / ".batchhook.toml").write_text(f"batch_size = {SIZE}\n")
    for number in range(MODULES):
        path = history.folder / _path(number)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(_content(number, 0))
    history.run("git", "add", "--all")
    history.run("git", "commit", "--quiet", "--message", "Begin")
    history.batchhook("install")


def commit(history: History) -> list[Commit]:
    """Make all commits at once, without hooks, oldest first."""
    base = history.run("git", "rev-parse", "HEAD").strip().encode()
    number = history.batches * SIZE
    stream = b"".join(
        b"commit refs/heads/main\ncommitter %b %d +0000\ndata %d\n%b%b\nM 644 inline %b\ndata %d\n%b\n"
        % (
            *(_AUTHOR.encode(), BEGIN + GAP * each, len(_subject(each)), _subject(each).encode()),
            b"" if each else b"\nfrom " + base,
            *(_path(each).encode(), len(_content(each, each + 1)), _content(each, each + 1)),
        )
        for each in range(number)
    )
    history.run("git", "fast-import", "--quiet", text=stream)
    history.run("git", "reset", "--quiet", "--hard")
    listed = [line.split() for line in history.run("git", "log", "--reverse", "--format=%H %T").splitlines()]
    return [_commit(each, *listed[each : each + 2]) for each in range(number)]


def _commit(number: int, before: Sequence[str], now: Sequence[str]) -> Commit:
    was = _content(number, number + 1 - MODULES if number >= MODULES else 0)
    oid, tree = now
    parent, base_tree = before
    return Commit(oid, tree, parent, base_tree, _path(number), was, _content(number, number + 1), _subject(number))


def _path(number: int) -> str:
    return f"package/test_module{number % MODULES:02}.py"


def _subject(number: int) -> str:
    return f"Change what module {number % MODULES} does, for the {number}th time"


def _content(number: int, version: int) -> bytes:
    """Return about 3 kB of unique source."""
    module = number % MODULES
    lines = (f"    def test_{line:02}(self): self.assertLess({line}, {version + line})\n" for line in range(50))
    return f"import unittest\n\n\nclass Test{module}(unittest.TestCase):\n{''.join(lines)}".encode()
