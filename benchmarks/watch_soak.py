"""Does `batchhook watch` see every change, and none that was not made? And what does it cost?

    python -m benchmarks.watch_soak [REPOSITORY] [--minutes 10] [--settle 0.3] [--poll 0] [--tests] [--seed 1]
        [--only "edit,switch and back"]

A copy of a repository (this one, unless another is named) is watched, while this script does what people and programs
do: it edits, saves by rename, as vim does, several files at once, moves, deletes folders and brings them back, writes
what git ignores, commits, switches branches, rebases, stashes, and makes hundreds of files at once. Of each it is known
which files have changed with it, and each is waited for: one change with exactly these files, or none.

Latency is the time from the end of the last write to the moment in which the change's line was read, less the settle
time. With --tests, full batches are run meanwhile.
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

AIM = 100
"""Milliseconds."""
_PATIENCE = 20.0
_IDLE = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")

Expected = frozenset[str] | None
"""The files that have changed; None where no change is to come of it."""


class Watched:
    """The process that watches, and what it has said."""

    def __init__(self, top: Path, arguments: list[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "batchhook", "--json", "watch", *arguments],
            cwd=top,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: list[tuple[float, dict[str, Any]]] = []
        self.came = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if not line.startswith("{") or not line.endswith("}\n"):  # an error, told in several lines
                print(line, end="")
                continue
            with self.came:
                self.lines.append((time.monotonic(), json.loads(line)))
                self.came.notify_all()

    def wait(self, since: int, events: tuple[str, ...], seconds: float) -> tuple[float, dict[str, Any]] | None:
        """The first line of such an event, and when it came; None where none did."""
        until = time.monotonic() + seconds
        with self.came:
            while True:
                found = next((line for line in self.lines[since:] if line[1]["event"] in events), None)
                left = until - time.monotonic()
                if found or left <= 0:
                    return found
                self.came.wait(left)

    def memory(self, name: str = "VmRSS") -> float:
        """MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(f"{name}:"))

    def processor(self) -> float:
        """Seconds of processor time, with those of its children that have ended."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICKS


@dataclass
class Tally:
    """What came of all that was done."""

    done: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)


class People:
    """What people and programs do to files.

    Args:
        top: the work tree.
        chance: decides.
    """

    def __init__(self, top: Path, chance: random.Random) -> None:
        self.top, self.chance, self.count = top, chance, 0
        self.acts: dict[str, Callable[[], Expected]] = {
            "edit": self.edit,
            "save by rename": self.save_by_rename,
            "save as vim does": self.save_as_vim,
            "several files": self.several,
            "saves in a row": self.in_a_row,
            "new folder": self.new_folder,
            "delete a file": self.delete,
            "move a file": self.move,
            "delete a folder": self.delete_folder,
            "touch, same content": self.touch,
            "ignored files": self.ignored,
            "commit": self.commit,
            "switch and back": self.switch,
            "rebase": self.rebase,
            "stash and pop": self.stash,
            "hundreds of files": self.hundreds,
        }

    def git(self, *arguments: str) -> str:
        """Run git; gives what it printed."""
        done = subprocess.run(["git", *arguments], cwd=self.top, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"git {arguments}: {done.stderr}"
        return done.stdout

    def files(self) -> list[str]:
        """Paths of the files that git knows and that are there."""
        return [path for path in self.git("ls-files", "-z").split("\0") if path and (self.top / path).is_file()]

    def some(self, number: int = 1) -> list[str]:
        """Some of them, by chance."""
        return self.chance.sample(self.files(), number)

    def text(self) -> str:
        """A line that was never written before."""
        self.count += 1
        return f"# {self.count} {self.chance.random()}\n"

    def append(self, path: str) -> None:
        """Add such a line to a file."""
        with (self.top / path).open("a", encoding="utf-8") as file:
            file.write(self.text())

    def edit(self) -> Expected:
        """One file is saved."""
        (path,) = self.some()
        self.append(path)
        return frozenset({path})

    def save_by_rename(self) -> Expected:
        """A new file takes the place of the old one."""
        (path,) = self.some()
        file = self.top / path
        new = file.with_name(f".{file.name}.new")
        new.write_bytes(file.read_bytes() + self.text().encode())
        new.replace(file)
        return frozenset({path})

    def save_as_vim(self) -> Expected:
        """A probe, the old file moved aside, the new one written, the old one removed."""
        (path,) = self.some()
        file, old = self.top / path, self.top / f"{path}~"
        content = file.read_bytes()
        (file.parent / "4913").touch()
        (file.parent / "4913").unlink()
        file.rename(old)
        file.write_bytes(content + self.text().encode())
        old.unlink()
        return frozenset({path})

    def several(self) -> Expected:
        """Five files at once."""
        paths = self.some(5)
        for path in paths:
            self.append(path)
        return frozenset(paths)

    def in_a_row(self) -> Expected:
        """Three saves, each before the one before it has settled."""
        paths = self.some(3)
        for path in paths:
            self.append(path)
            time.sleep(0.05)
        return frozenset(paths)

    def new_folder(self) -> Expected:
        """Folders in folders, with files in them at once."""
        folder = f"soak/{self.count}/deep/er"
        (self.top / folder).mkdir(parents=True)
        paths = [f"{folder}/a.py", f"{folder}/b.py", f"soak/{self.count}/c.py"]
        for path in paths:
            (self.top / path).write_text(self.text(), encoding="utf-8")
        return frozenset(paths)

    def delete(self) -> Expected:
        """One file goes."""
        (path,) = self.some()
        (self.top / path).unlink()
        return frozenset({path})

    def move(self) -> Expected:
        """One file has another name."""
        (path,) = self.some()
        new = f"{path}.moved{self.count}"
        self.text()
        (self.top / path).rename(self.top / new)
        return frozenset({path, new})

    def delete_folder(self) -> Expected:
        """A folder goes and comes back at once, with all but one file of it."""
        folders = {str(PurePosixPath(path).parent) for path in self.files() if "/" in path}
        folder = self.chance.choice(sorted(folders))
        inside = [path for path in self.files() if path.startswith(f"{folder}/")]
        kept = self.top.parent / "kept"
        shutil.copytree(self.top / folder, kept, symlinks=True)
        shutil.rmtree(self.top / folder)
        time.sleep(0.02)
        shutil.copytree(kept, self.top / folder, symlinks=True)
        shutil.rmtree(kept)
        gone = self.chance.choice(inside)
        (self.top / gone).unlink()
        return frozenset({gone})

    def touch(self) -> Expected:
        """Files are written, and hold what they held."""
        for path in self.some(3):
            file = self.top / path
            file.write_bytes(file.read_bytes())
        return None

    def ignored(self) -> Expected:
        """Files that git ignores, in a new folder."""
        for number in range(20):
            file = self.top / f"soak-ignored/{self.count}/{number}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.text(), encoding="utf-8")
        return None

    def commit(self) -> Expected:
        """All that was recorded is committed: no new change."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", f"soak {self.count}")
        return None

    def switch(self) -> Expected:
        """To another branch, and back at once or after a while."""
        self.commit()
        self.git("switch", "--quiet", "other")
        time.sleep(self.chance.choice([0.0, 0.1, 0.6]))
        self.git("switch", "--quiet", "main")
        return None

    def rebase(self) -> Expected:
        """A branch of one commit is rebased onto main, and left: HEAD and files end where they were."""
        self.commit()
        self.git("switch", "--quiet", "topic")
        self.git("rebase", "--quiet", "main")
        self.git("switch", "--quiet", "main")
        return None

    def stash(self) -> Expected:
        """Work is put aside and taken back at once."""
        (path,) = self.some()
        self.append(path)
        self.git("stash", "push", "--quiet")
        self.git("stash", "pop", "--quiet")
        return None if self.git("status", "--porcelain") == "" else frozenset({path})

    def hundreds(self) -> Expected:
        """500 files in 20 new folders."""
        paths = [f"soak/many{self.count}/{number % 20}/{number}.txt" for number in range(500)]
        for path in paths:
            file = self.top / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.text(), encoding="utf-8")
        return frozenset(paths)


def prepare(origin: Path, folder: Path) -> Path:
    """A copy with batchhook installed, an ignore rule, and two more branches."""
    top = folder / "project"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", origin, top], check=True)
    people = People(top, random.Random(0))
    for name, value in {"user.name": "Soak", "user.email": "soak@localhost", "commit.gpgSign": "false"}.items():
        people.git("config", name, value)
    people.git("checkout", "--quiet", "-B", "main")
    for exclude in ("soak-ignored/", "__pycache__/"):
        with (top / ".git/info/exclude").open("a", encoding="utf-8") as file:
            file.write(f"{exclude}\n")
    for branch in ("other", "topic"):
        people.git("switch", "--quiet", "--create", branch, "main")
        (top / f"{branch}.txt").write_text(people.text(), encoding="utf-8")
        people.commit()
    people.git("switch", "--quiet", "main")
    subprocess.run([sys.executable, "-m", "batchhook", "install"], cwd=top, check=True, stdout=subprocess.DEVNULL)
    return top


@dataclass(frozen=True, slots=True)
class Done:
    """Something that was done.

    Attributes:
        name: what.
        since: lines that were there before.
        at: when it had been done.
        expected: the files that have changed with it.
    """

    name: str
    since: int
    at: float
    expected: frozenset[str]


def soak(watched: Watched, people: People, seconds: float, settle: float, tally: Tally) -> None:
    """Do one thing after the other, and see what comes of it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and watched.process.poll() is None:
        name = people.chance.choice(sorted(people.acts))
        since = len(watched.lines)
        expected = people.acts[name]()
        at = time.monotonic()
        tally.done[name] += 1
        if expected is not None:
            _see(watched, Done(name, since, at, expected), settle, tally)
        time.sleep(settle + 0.7 + people.chance.random() * 0.5)
        come = [line for _, line in watched.lines[since:] if line["event"] == "recorded"]
        more = come if expected is None else come[1:]
        tally.invented += [f"{name}: {line['change']['summary']}" for line in more]


def _see(watched: Watched, done: Done, settle: float, tally: Tally) -> None:
    found = watched.wait(done.since, ("recorded",), _PATIENCE)
    if found is None:
        tally.missed.append(f"{done.name}: {sorted(done.expected)[:3]}")
        return
    come = {file["path"] for file in found[1]["change"]["files"]}
    if come != done.expected:
        tally.wrong.append(f"{done.name}: {len(come)} files {sorted(come ^ done.expected)[:3]}")
    tally.latencies.append((found[0] - done.at - settle) * 1000)


def print_tally(console: Console, tally: Tally, facts: dict[str, str]) -> None:
    """The table."""
    table = Table("what", "value", show_header=False)
    for name, value in facts.items():
        table.add_row(name, value)
    table.add_section()
    table.add_row("things done", f"{tally.done.total()}")
    for name, number in sorted(tally.done.items()):
        table.add_row(f"  {name}", str(number))
    table.add_section()
    for name, found in (("missed", tally.missed), ("invented", tally.invented), ("other files", tally.wrong)):
        table.add_row(f"changes {name} (aim: none)", str(len(found)))
        for one in found[:10]:
            table.add_row("", one)
    if len(tally.latencies) > 1:
        marks = statistics.quantiles(tally.latencies, n=20)
        table.add_row(
            f"latency after the settle time (aim: < {AIM} ms)",
            f"median {statistics.median(tally.latencies):.0f} ms, p95 {marks[-1]:.0f} ms, "
            f"max {max(tally.latencies):.0f} ms ({len(tally.latencies)} changes)",
        )
    console.print(table)


def main() -> None:
    """Prepare, watch, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", nargs="?", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--idle", type=float, default=_IDLE, help="seconds for which processor time is measured")
    parser.add_argument("--settle", type=float, default=0.3)
    parser.add_argument("--poll", type=float, default=0.0)
    parser.add_argument("--tests", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="some of the acts, between commas")
    said = parser.parse_args()
    if not said.tests:
        os.environ["BATCHHOOK_NO_RUNNER"] = "1"
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="batchhook-soak-") as folder:
        top = prepare(said.repository.resolve(), Path(folder))
        people = People(top, random.Random(said.seed))
        if said.only:
            people.acts = {name: people.acts[name] for name in said.only.split(",")}
        watched = Watched(top, ["--settle", str(said.settle), "--poll", str(said.poll)])
        assert watched.wait(0, ("began",), _PATIENCE), "it did not begin"
        time.sleep(2)
        facts = {"repository": said.repository.resolve().name, "files": str(len(people.files()))}
        facts["memory at the start"] = f"{watched.memory():.1f} MiB"
        before = watched.processor()
        time.sleep(said.idle)
        facts["processor time when idle"] = f"{(watched.processor() - before) / said.idle:.2%} of one processor"
        try:
            soak(watched, people, said.minutes * 60, said.settle, tally)
            facts["memory at the end"] = f"{watched.memory():.1f} MiB (most: {watched.memory('VmHWM'):.1f} MiB)"
        except FileNotFoundError:
            facts["it ended by itself"] = f"exit code {watched.process.wait()}"
        if watched.process.poll() is None:
            watched.process.send_signal(signal.SIGTERM)
            facts["exit code after SIGTERM"] = str(watched.process.wait(_PATIENCE))
        told = Counter(line["event"] for _, line in watched.lines)
        facts["lines"] = ", ".join(f"{number} {name}" for name, number in told.most_common())
        troubles = {line["message"] for _, line in watched.lines if line["event"] in {"trouble", "polling"}}
        facts["told"] = "\n".join(sorted(troubles)) or "no trouble"
    print_tally(Console(width=None if sys.stdout.isatty() else 120, highlight=False), tally, facts)


if __name__ == "__main__":
    main()
