"""Making a repository with a long history: real commits, and around them what hooks and runs leave behind."""

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
"""When the first commit was made, and seconds from one to the next."""
_AUTHOR = "A Benchmark <benchmark@example.com>"


@dataclass(frozen=True)
class Commit:
    """A commit, the file that it changed, and that file's content before and after."""

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
    """A repository to be made, or made.

    Attributes:
        folder: its work tree.
        batches: how many it holds.
        tests: how many tests its suite has.
        environment: of all commands that run in it.
    """

    folder: Path
    batches: int
    tests: int
    environment: dict[str, str] = field(repr=False)

    @property
    def state(self) -> StateDir:
        """Its state folder."""
        return StateDir.for_repository(self.folder / ".git")

    def run(self, *command: str | Path, text: bytes = b"") -> str:
        """Run a command in the repository; what it printed. One that could not do its work ends the benchmark."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, input=text, capture_output=True, check=False
        )
        said = (done.stdout + done.stderr).decode()
        if done.returncode not in {0, 1}:
            sys.exit(f"{command} ended with {done.returncode}:\n{said}")
        return said

    def batchhook(self, *arguments: str) -> str:
        """Run batchhook as a process; what it printed."""
        return self.run(sys.executable, "-m", "batchhook", *arguments)


def begin(history: History) -> None:
    """Make the repository, with a first commit and our hooks."""
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
    """About 3 kB of source that is never the same."""
    module = number % MODULES
    lines = (f"    def test_{line:02}(self): self.assertLess({line}, {version + line})\n" for line in range(50))
    return f"import unittest\n\n\nclass Test{module}(unittest.TestCase):\n{''.join(lines)}".encode()
