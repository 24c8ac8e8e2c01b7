"""Cost of a commit: without hooks, with a minimal hook, with batchhook, and with no-op hooks of prek and pre-commit.

Every commit is a real `git commit` in a scratch repository, with hooks written by the real installers. The contenders
take turns, so that other load on the machine affects all of them alike; medians are compared.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from batchhook.store.codecs import COMMIT_COLUMNS
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir

BIN = Path(sys.executable).parent
WARM_UP = 3
"""Rounds that are not counted, at most."""
GOAL = 2.0
BATCH = 5
NEVER_FULL = "batch_size = 1000000\n"

GIT_CONFIG = """\
[user]
    name = A Benchmark
    email = benchmark@example.com
[init]
    defaultBranch = main
[commit]
    gpgSign = false
[gc]
    auto = 0
"""

MINIMAL = """\
#!/bin/sh
echo committed >>.git/commits-seen
"""

NO_OP = """\
default_install_hook_types: [pre-commit, post-commit]
repos:
  - repo: local
    hooks:
      - id: nothing
        name: nothing
        entry: "true"
        language: system
        stages: [pre-commit, post-commit]
        always_run: true
        pass_filenames: false
"""


@dataclass
class Contender:
    """A repository to commit in.

    Attributes:
        name: label in the table.
        folder: work tree.
        environment: environment of all commands.
        options: options of git.
        expected: output that every commit must contain.
        seconds: durations of the commits.
    """

    name: str
    folder: Path
    environment: dict[str, str]
    options: tuple[str, ...] = ()
    expected: str = ""
    seconds: list[float] = field(default_factory=list)

    def run(self, *command: str | Path, text: str | None = None) -> str:
        """Run a command in the repository, and return its output; exit if it fails."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"{command} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def commit(self) -> float:
        """Make one commit; return the wall time of `git commit` in seconds."""
        (self.folder / "counted.txt").write_text(f"{time.time_ns()}\n")
        self.run("git", "add", "counted.txt")
        begun = time.perf_counter()
        output = self.run("git", *self.options, "commit", "--quiet", "--message", "Count")
        seconds = time.perf_counter() - begun
        if self.expected not in output:
            sys.exit(f"{self.name} printed {output!r} instead of {self.expected!r}")
        return seconds

    @property
    def median(self) -> float:
        """Median duration of a commit, in seconds."""
        return statistics.median(self.seconds)


def added_seconds(contender: Contender, none: Contender) -> list[float]:
    """Return the seconds added to a commit without hooks in the same round, sorted."""
    return sorted(hooked - bare for hooked, bare in zip(contender.seconds, none.seconds, strict=True))


def create(contender: Contender, name: str = "readme.txt", text: str = "") -> Contender:
    """Create the repository, with this file in its first commit."""
    contender.folder.mkdir()
    contender.run("git", "init", "--quiet")
    (contender.folder / "counted.txt").write_text("nothing yet\n")
    (contender.folder / name).write_text(text)
    contender.run("git", "add", "--all")
    contender.run("git", "commit", "--quiet", "--message", "Begin")
    return contender


def install_batchhook(contender: Contender) -> None:
    """Install batchhook's native hooks."""
    contender.run(sys.executable, "-m", "batchhook", "install")


def create_contenders(scratch: Path, environment: dict[str, str]) -> list[Contender]:
    """Return all contenders, with their hooks installed."""

    def new(name: str) -> Contender:
        return Contender(name, scratch / name.replace(" ", "-"), environment)

    none, minimal, two = (create(new(name)) for name in ("no hook", "minimal shell hook", "minimal, two hooks"))
    for contender, name in ((minimal, "post-commit"), (two, "pre-commit"), (two, "post-commit")):
        hook = contender.folder / ".git" / "hooks" / name
        hook.write_text(MINIMAL)
        hook.chmod(0o755)
    ours = create(new("batchhook"), ".batchhook.toml", NEVER_FULL)
    install_batchhook(ours)
    ours.expected = "batchhook: batch 1, "
    contenders = [none, minimal, ours, two]
    for program in ("prek", "pre-commit"):
        if (BIN / program).exists():
            framework = create(new(f"{program} no-op"), ".pre-commit-config.yaml", NO_OP)
            framework.run(BIN / program, "install")
            contenders.append(framework)
        else:
            print(f"{program} is not installed, and left out.")
    return contenders


def take_turns(contenders: Sequence[Contender], rounds: int) -> None:
    """Let each contender commit once per round; the first rounds are not counted."""
    warm_up = min(WARM_UP, rounds)
    for each in range(warm_up + rounds):
        for contender in contenders if each % 2 else contenders[::-1]:  # none always follows the one that heats the CPU
            seconds = contender.commit()
            if each >= warm_up:
                contender.seconds.append(seconds)


def create_with_history(contender: Contender, changes: int) -> Contender:
    """Create a repository with this many changes in tested batches."""
    create(contender, ".batchhook.toml", NEVER_FULL)
    base = contender.run("git", "rev-parse", "HEAD").strip()
    stream = "".join(
        f"commit refs/heads/main\ncommitter A Benchmark <benchmark@example.com> {1_600_000_000 + 60 * number} +0000\n"
        f"data 5\nCount{f'{chr(10)}from {base}' if number == 0 else ''}\nM 644 inline counted.txt\n"
        f"data {len(str(number))}\n{number}\n"
        for number in range(changes)
    )
    install_batchhook(contender)
    contender.run("git", "fast-import", "--quiet", text=stream)
    contender.run("git", "reset", "--quiet", "--hard")
    listed = contender.run("git", "log", "--reverse", "--format=%H %T %P", f"{base}..HEAD").splitlines()
    fill_database(contender, [(line.split()[0], line.split()[1], line.split()[2]) for line in listed])
    return contender


def fill_database(contender: Contender, commits: Sequence[tuple[str, str, str]]) -> None:
    """Write the rows, journal and refs that commits, batches and runs would have left."""
    git_dir = contender.folder / ".git"
    state = StateDir.for_repository(git_dir)
    with state.journal.open("a", encoding="utf-8") as journal:
        journal.writelines(f"commit refs/heads/main {oid}\n" for oid, _, _ in commits)
    batches = [commits[first : first + BATCH] for first in range(0, len(commits), BATCH)]
    now = time.time()
    database = Database(state.database)
    with database.transaction() as connection:
        connection.execute("INSERT INTO branches VALUES (1, 'refs/heads/main', ?, ?)", (commits[0][2], commits[-1][0]))
        connection.executemany("INSERT INTO commits VALUES (1, ?, 1, 1)", [(oid,) for oid, _, _ in commits])
        connection.executemany(
            "INSERT INTO batches (id, branch_id, size, status, base, head, opened_at, sealed_at, verdict, finalized)"
            " VALUES (?, 1, ?, 'finished', ?, ?, ?, ?, 'passed', 1)",
            [(number, BATCH, part[0][2], part[-1][0], now, now) for number, part in enumerate(batches, 1)],
        )
        connection.executemany(
            f"INSERT INTO changes (id, batch_id, position, {COMMIT_COLUMNS})"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 'A Benchmark', 0, 0, 'Count')",
            [
                (1 + index, 1 + index // BATCH, 1 + index % BATCH, oid, tree, parent, commits[index - 1][1])
                for index, (oid, tree, parent) in enumerate(commits)
            ],
        )
        connection.executemany(
            "INSERT INTO file_edits VALUES (?, 'counted.txt', 'modified', '100644', ?)",
            [(1 + index, f"{index:064x}") for index in range(len(commits))],
        )
        database.set_metadata("journal_offset", str(state.journal.stat().st_size))
    database.close()
    refs = "".join(
        f"create refs/batchhook/batches/{number}/base {part[0][2]}\n"
        f"create refs/batchhook/batches/{number}/head {part[-1][0]}\n"
        for number, part in enumerate(batches, 1)
    )
    contender.run("git", "update-ref", "--stdin", text=refs)
    contender.run("git", "pack-refs", "--all")


def measure_growth(scratch: Path, environment: dict[str, str], rounds: int, few: int, many: int) -> None:
    """Measure batchhook after few and many recorded changes, both in sh alone and with Python."""
    print(
        f"\nGrowth: repositories with {few:,} and {many:,} recorded changes, in batches of {BATCH}. Real commits "
        "(fast-import), and\nrows, journal lines and packed refs written by this script. `added` is relative to the "
        "same repository without its hooks.\n"
    )
    measured: dict[int, tuple[Contender, Contender, Contender]] = {}
    for changes in (few, many):
        ours = create_with_history(
            Contender(f"batchhook, {changes:,}", scratch / f"history-{changes}", environment), changes
        )
        bare = Contender("no hook", ours.folder, environment, ("-c", f"core.hooksPath={os.devnull}"))
        python = Contender("Python", ours.folder, environment | {"BATCHHOOK_BATCH_SIZE": "1000000"})
        ours.expected = python.expected = f"batchhook: batch {changes // BATCH + 1}, "
        # After a commit without hooks, the next hook needs Python; so each kind is measured separately.
        take_turns([ours], 1)
        measured[changes] = ours, bare, python
    take_turns([each[0] for each in measured.values()], rounds)
    take_turns([each[2] for each in measured.values()], max(rounds // 3, 1))
    take_turns([each[1] for each in measured.values()], rounds)
    print(f"{'recorded changes':<20}{'no hook':>10}{'batchhook':>12}{'added':>10}{'with Python':>14}{'added':>10}")
    added = []
    for changes, (ours, bare, python) in measured.items():
        added.append(((ours.median - bare.median) * 1000, (python.median - bare.median) * 1000))
        print(
            f"{changes:<20,}{bare.median * 1000:>7.1f} ms{ours.median * 1000:>9.1f} ms{added[-1][0]:>7.1f} ms"
            f"{python.median * 1000:>11.1f} ms{added[-1][1]:>7.1f} ms"
        )
    print(
        f"\nGrowth from {few:,} to {many:,}: {added[1][0] - added[0][0]:+.1f} ms in sh alone, "
        f"{added[1][1] - added[0][1]:+.1f} ms with Python."
    )


def report(contenders: Sequence[Contender]) -> None:
    """Print the table; the first two contenders are the baselines."""
    none, minimal, ours = contenders[:3]
    print(f"{'':<22}{'median':>10}{'fastest':>11}{'added':>11}{'added / added by the minimal shell hook':>42}")
    unit = statistics.median(added_seconds(minimal, none))
    for contender in contenders:
        added = statistics.median(added_seconds(contender, none))
        ratio = "" if contender is none else f"{added / unit:.2f}" if unit > 0 else "not measurable"
        print(
            f"{contender.name:<22}{contender.median * 1000:>7.1f} ms{min(contender.seconds) * 1000:>8.1f} ms"
            f"{added * 1000:>8.1f} ms{ratio:>42}"
        )
    differences = added_seconds(minimal, none)
    quarter = len(differences) // 4
    if differences[-1 - quarter] - differences[quarter] > unit:
        print("\nToo noisy to compare: the interquartile range of the minimal hook exceeds its median.")
    else:
        result = "met" if statistics.median(added_seconds(ours, none)) / unit <= GOAL else "missed"
        print(f"\nThe goal, at most {GOAL:g} times what the minimal shell hook adds, is {result}.")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Create a temporary folder, and delete it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="batchhook-benchmark-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def create_environment(scratch: Path) -> dict[str, str]:
    """Return an environment with a home of its own, and nothing of the caller's repository, hooks or settings."""
    scrubbed = ("GIT_", "PRE_COMMIT", "PREK_", "BATCHHOOK_", "XDG_", "PYTHON")
    (scratch / "home").mkdir()
    (scratch / "trees").mkdir()
    (scratch / "home" / ".gitconfig").write_text(GIT_CONFIG)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(scrubbed)}
    places = {"HOME": str(scratch / "home"), "BATCHHOOK_WORKTREES": str(scratch / "trees")}
    return kept | places | {"GIT_CONFIG_NOSYSTEM": "1"}


def main() -> None:
    """Parse the command line, measure, and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30, metavar="N", help="commits of each contender (30)")
    parser.add_argument(
        "--changes",
        type=int,
        nargs=2,
        default=(100, 100_000),
        metavar=("FEW", "MANY"),
        help="recorded changes (100 100000)",
    )
    options = parser.parse_args()
    rounds = max(options.rounds, 1)
    with scratch_folder() as scratch:
        environment = create_environment(scratch)
        contenders = create_contenders(scratch, environment)
        print(f"Medians of {rounds} commits each, taking turns; `added` is per round; load: {os.getloadavg()[0]:.1f}\n")
        take_turns(contenders, rounds)
        report(contenders)
        measure_growth(scratch, environment, rounds, *options.changes)


if __name__ == "__main__":
    main()
