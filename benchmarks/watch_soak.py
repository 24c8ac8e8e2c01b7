"""Completeness and cost of `batchhook watch`: it must record every change, and no other.

    python -m benchmarks.watch_soak [REPOSITORY] [--minutes 10] [--settle 0.3] [--poll 0] [--tests] [--seed 1]
        [--only "edit,switch and back"]

A clone of a repository (by default, this one) is watched while this script edits files as people and programs do: in
place, by rename, as vim does, several at once; it moves files, deletes and restores folders, writes ignored files,
commits, switches branches, rebases, stashes, and creates hundreds of files. After each action it waits for one change
with exactly the expected files, or for none.

Latency is the time from the last write until the change's line was read, minus the settle time. With --tests, the tests
of full batches run at the same time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from rich.console import Console
from rich.table import Table

GOAL = 100
"""Latency in milliseconds."""
_TIMEOUT = 20.0
_IDLE = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")

Expected = frozenset[str] | None
"""The changed files; None if no change must be recorded."""


class WatchProcess:
    """The watching process, and its output."""

    def __init__(self, top: Path, arguments: list[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "batchhook", "--json", "watch", *arguments],
            cwd=top,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: list[tuple[float, dict[str, Any]]] = []
        self.new_line = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if not line.startswith("{") or not line.endswith("}\n"):  # an error in several lines
                print(line, end="")
                continue
            with self.new_line:
                self.lines.append((time.monotonic(), json.loads(line)))
                self.new_line.notify_all()

    def wait(self, since: int, events: tuple[str, ...], seconds: float) -> tuple[float, dict[str, Any]] | None:
        """Wait for one of these events; return when it came and its line, or None."""
        end = time.monotonic() + seconds
        with self.new_line:
            while True:
                line = next((line for line in self.lines[since:] if line[1]["event"] in events), None)
                remaining = end - time.monotonic()
                if line or remaining <= 0:
                    return line
                self.new_line.wait(remaining)

    def memory(self, name: str = "VmRSS") -> float:
        """Return the memory in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(f"{name}:"))

    def cpu_time(self) -> float:
        """Return the CPU time in seconds, including children that have ended."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICKS


@dataclass
class Tally:
    """Results of all actions."""

    actions: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)


class Editor:
    """Actions of people and programs on files.

    Args:
        top: the work tree.
        chance: random generator.
    """

    def __init__(self, top: Path, chance: random.Random) -> None:
        self.top, self.chance, self.count = top, chance, 0
        self.actions: dict[str, Callable[[], Expected]] = {
            "edit": self.edit,
            "save by rename": self.save_by_rename,
            "save as vim does": self.save_as_vim,
            "several files": self.several,
            "saves in a row": self.in_a_row,
            "new folder": self.new_folder,
            "delete a file": self.delete,
            "move a file": self.move,
            "delete a folder": self.delete_folder,
            "touch unchanged": self.touch,
            "ignored files": self.ignored,
            "commit": self.commit,
            "switch and back": self.switch,
            "rebase": self.rebase,
            "stash and pop": self.stash,
            "hundreds of files": self.hundreds,
        }

    def git(self, *arguments: str) -> str:
        """Run git, and return its output."""
        done = subprocess.run(["git", *arguments], cwd=self.top, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"git {arguments}: {done.stderr}"
        return done.stdout

    def files(self) -> list[str]:
        """Return the paths of existing tracked files."""
        return [path for path in self.git("ls-files", "-z").split("\0") if path and (self.top / path).is_file()]

    def sample(self, number: int = 1) -> list[str]:
        """Return the paths of random tracked files."""
        return self.chance.sample(self.files(), number)

    def text(self) -> str:
        """Return a unique line."""
        self.count += 1
        return f"# {self.count} {self.chance.random()}\n"

    def append(self, path: str) -> None:
        """Append a unique line to a file."""
        with (self.top / path).open("a", encoding="utf-8") as file:
            file.write(self.text())

    def edit(self) -> Expected:
        """Save one file."""
        (path,) = self.sample()
        self.append(path)
        return frozenset({path})

    def save_by_rename(self) -> Expected:
        """Replace a file by renaming a new one."""
        (path,) = self.sample()
        file = self.top / path
        new = file.with_name(f".{file.name}.new")
        new.write_bytes(file.read_bytes() + self.text().encode())
        new.replace(file)
        return frozenset({path})

    def save_as_vim(self) -> Expected:
        """Write a probe file, move the old file aside, write the new one, and delete the old one."""
        (path,) = self.sample()
        file, old = self.top / path, self.top / f"{path}~"
        content = file.read_bytes()
        (file.parent / "4913").touch()
        (file.parent / "4913").unlink()
        file.rename(old)
        file.write_bytes(content + self.text().encode())
        old.unlink()
        return frozenset({path})

    def several(self) -> Expected:
        """Save five files at once."""
        paths = self.sample(5)
        for path in paths:
            self.append(path)
        return frozenset(paths)

    def in_a_row(self) -> Expected:
        """Save three files, each before the previous one has settled."""
        paths = self.sample(3)
        for path in paths:
            self.append(path)
            time.sleep(0.05)
        return frozenset(paths)

    def new_folder(self) -> Expected:
        """Create nested folders, and files in them at once."""
        folder = f"soak/{self.count}/deep/er"
        (self.top / folder).mkdir(parents=True)
        paths = [f"{folder}/a.py", f"{folder}/b.py", f"soak/{self.count}/c.py"]
        for path in paths:
            (self.top / path).write_text(self.text(), encoding="utf-8")
        return frozenset(paths)

    def delete(self) -> Expected:
        """Delete one file."""
        (path,) = self.sample()
        (self.top / path).unlink()
        return frozenset({path})

    def move(self) -> Expected:
        """Rename one file."""
        (path,) = self.sample()
        new = f"{path}.moved{self.count}"
        self.text()
        (self.top / path).rename(self.top / new)
        return frozenset({path, new})

    def delete_folder(self) -> Expected:
        """Delete a folder, and restore all but one of its files at once."""
        folders = {str(PurePosixPath(path).parent) for path in self.files() if "/" in path}
        folder = self.chance.choice(sorted(folders))
        inside = [path for path in self.files() if path.startswith(f"{folder}/")]
        copy = self.top.parent / "copy"
        shutil.copytree(self.top / folder, copy, symlinks=True)
        shutil.rmtree(self.top / folder)
        time.sleep(0.02)
        shutil.copytree(copy, self.top / folder, symlinks=True)
        shutil.rmtree(copy)
        deleted = self.chance.choice(inside)
        (self.top / deleted).unlink()
        return frozenset({deleted})

    def touch(self) -> Expected:
        """Write files without changing them."""
        for path in self.sample(3):
            file = self.top / path
            file.write_bytes(file.read_bytes())
        return None

    def ignored(self) -> Expected:
        """Write ignored files to a new folder."""
        for number in range(20):
            file = self.top / f"soak-ignored/{self.count}/{number}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.text(), encoding="utf-8")
        return None

    def commit(self) -> Expected:
        """Commit what was recorded: no new change."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", f"soak {self.count}")
        return None

    def switch(self) -> Expected:
        """Switch to another branch, and back at once or after a while."""
        self.commit()
        self.git("switch", "--quiet", "other")
        time.sleep(self.chance.choice([0.0, 0.1, 0.6]))
        self.git("switch", "--quiet", "main")
        return None

    def rebase(self) -> Expected:
        """Rebase a branch of one commit onto main, and switch back: HEAD and files end where they were."""
        self.commit()
        self.git("switch", "--quiet", "topic")
        self.git("rebase", "--quiet", "main")
        self.git("switch", "--quiet", "main")
        return None

    def stash(self) -> Expected:
        """Stash a file's change, and pop it at once."""
        (path,) = self.sample()
        self.append(path)
        self.git("stash", "push", "--quiet")
        self.git("stash", "pop", "--quiet")
        return None if self.git("status", "--porcelain") == "" else frozenset({path})

    def hundreds(self) -> Expected:
        """Create 500 files in 20 new folders."""
        paths = [f"soak/many{self.count}/{number % 20}/{number}.txt" for number in range(500)]
        for path in paths:
            file = self.top / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.text(), encoding="utf-8")
        return frozenset(paths)


def prepare(origin: Path, folder: Path) -> Path:
    """Clone a repository, with batchhook, an ignore rule and two more branches."""
    top = folder / "project"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", origin, top], check=True)
    editor = Editor(top, random.Random(0))
    for name, value in {"user.name": "Soak", "user.email": "soak@localhost", "commit.gpgSign": "false"}.items():
        editor.git("config", name, value)
    editor.git("checkout", "--quiet", "-B", "main")
    for exclude in ("soak-ignored/", "__pycache__/"):
        with (top / ".git/info/exclude").open("a", encoding="utf-8") as file:
            file.write(f"{exclude}\n")
    for branch in ("other", "topic"):
        editor.git("switch", "--quiet", "--create", branch, "main")
        (top / f"{branch}.txt").write_text(editor.text(), encoding="utf-8")
        editor.commit()
    editor.git("switch", "--quiet", "main")
    subprocess.run([sys.executable, "-m", "batchhook", "install"], cwd=top, check=True, stdout=subprocess.DEVNULL)
    return top


@dataclass(frozen=True, slots=True)
class Action:
    """A completed action.

    Attributes:
        name: its name.
        since: number of lines before it.
        at: time of its end.
        expected: the files that it changed.
    """

    name: str
    since: int
    at: float
    expected: frozenset[str]


def soak(watched: WatchProcess, editor: Editor, seconds: float, settle: float, tally: Tally) -> None:
    """Perform random actions, and compare each one's recorded changes with the expected."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and watched.process.poll() is None:
        name = editor.chance.choice(sorted(editor.actions))
        since = len(watched.lines)
        expected = editor.actions[name]()
        at = time.monotonic()
        tally.actions[name] += 1
        if expected is not None:
            _check(watched, Action(name, since, at, expected), settle, tally)
        time.sleep(settle + 0.7 + editor.chance.random() * 0.5)
        recorded = [line for _, line in watched.lines[since:] if line["event"] == "recorded"]
        unexpected = recorded if expected is None else recorded[1:]
        tally.unexpected += [f"{name}: {line['change']['summary']}" for line in unexpected]


def _check(watched: WatchProcess, action: Action, settle: float, tally: Tally) -> None:
    recorded = watched.wait(action.since, ("recorded",), _TIMEOUT)
    if recorded is None:
        tally.missed.append(f"{action.name}: {sorted(action.expected)[:3]}")
        return
    paths = {file["path"] for file in recorded[1]["change"]["files"]}
    if paths != action.expected:
        tally.wrong.append(f"{action.name}: {len(paths)} files {sorted(paths ^ action.expected)[:3]}")
    tally.latencies.append((recorded[0] - action.at - settle) * 1000)


def print_tally(console: Console, tally: Tally, facts: dict[str, str]) -> None:
    """Print the table."""
    table = Table("what", "value", show_header=False)
    for name, value in facts.items():
        table.add_row(name, value)
    table.add_section()
    table.add_row("actions", f"{tally.actions.total()}")
    for name, number in sorted(tally.actions.items()):
        table.add_row(f"  {name}", str(number))
    table.add_section()
    for name, changes in (("missed", tally.missed), ("unexpected", tally.unexpected), ("other files", tally.wrong)):
        table.add_row(f"changes {name} (goal: none)", str(len(changes)))
        for description in changes[:10]:
            table.add_row("", description)
    if len(tally.latencies) > 1:
        marks = statistics.quantiles(tally.latencies, n=20)
        table.add_row(
            f"latency after the settle time (goal: < {GOAL} ms)",
            f"median {statistics.median(tally.latencies):.0f} ms, p95 {marks[-1]:.0f} ms, "
            f"max {max(tally.latencies):.0f} ms ({len(tally.latencies)} changes)",
        )
    console.print(table)


def main() -> None:
    """Parse the command line, watch a clone, and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", nargs="?", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--idle", type=float, default=_IDLE, help="seconds for which CPU time is measured")
    parser.add_argument("--settle", type=float, default=0.3)
    parser.add_argument("--poll", type=float, default=0.0)
    parser.add_argument("--tests", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="names of the actions to perform, separated by commas")
    options = parser.parse_args()
    if not options.tests:
        os.environ["BATCHHOOK_NO_RUNNER"] = "1"
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="batchhook-soak-") as folder:
        top = prepare(options.repository.resolve(), Path(folder))
        editor = Editor(top, random.Random(options.seed))
        if options.only:
            editor.actions = {name: editor.actions[name] for name in options.only.split(",")}
        watched = WatchProcess(top, ["--settle", str(options.settle), "--poll", str(options.poll)])
        assert watched.wait(0, ("started",), _TIMEOUT), "it did not start"
        time.sleep(2)
        facts = {"repository": options.repository.resolve().name, "files": str(len(editor.files()))}
        facts["memory at the start"] = f"{watched.memory():.1f} MiB"
        before = watched.cpu_time()
        time.sleep(options.idle)
        facts["CPU time when idle"] = f"{(watched.cpu_time() - before) / options.idle:.2%} of one CPU"
        try:
            soak(watched, editor, options.minutes * 60, options.settle, tally)
            facts["memory at the end"] = f"{watched.memory():.1f} MiB (most: {watched.memory('VmHWM'):.1f} MiB)"
        except FileNotFoundError:
            facts["it exited"] = f"exit code {watched.process.wait()}"
        if watched.process.poll() is None:
            watched.process.send_signal(signal.SIGTERM)
            facts["exit code after SIGTERM"] = str(watched.process.wait(_TIMEOUT))
        events = Counter(line["event"] for _, line in watched.lines)
        facts["lines"] = ", ".join(f"{number} {name}" for name, number in events.most_common())
        errors = {line["message"] for _, line in watched.lines if line["event"] in {"error", "polling"}}
        facts["errors"] = "\n".join(sorted(errors)) or "none"
    print_tally(Console(width=None if sys.stdout.isatty() else 120, highlight=False), tally, facts)


if __name__ == "__main__":
    main()
