"""What a commit costs: without hooks, with a minimal one, with ours, with prek's and pre-commit's doing nothing.

Every commit is a real `git commit` in a scratch repository, with hooks written by the real installers. The contenders
take turns, so that whatever else the machine does meanwhile strikes them all alike; medians are compared.
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
AIM = 2.0
FEW, MANY = 100, 100_000
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
    """A repository to commit in; ``options`` are git's; a commit that does not say ``must_say`` did not do its work."""

    name: str
    folder: Path
    environment: dict[str, str]
    options: tuple[str, ...] = ()
    must_say: str = ""
    seconds: list[float] = field(default_factory=list)

    def run(self, *command: str | Path, text: str | None = None) -> str:
        """Run a command in the repository; what it printed. One that fails ends the benchmark."""
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
        """Make one commit; how many seconds `git commit` took, from the outside."""
        (self.folder / "counted.txt").write_text(f"{time.time_ns()}\n")
        self.run("git", "add", "counted.txt")
        begun = time.perf_counter()
        said = self.run("git", *self.options, "commit", "--quiet", "--message", "Count")
        seconds = time.perf_counter() - begun
        if self.must_say not in said:
            sys.exit(f"{self.name} said {said!r} instead of {self.must_say!r}: nothing was measured")
        return seconds

    @property
    def median(self) -> float:
        """Seconds that a commit took."""
        return statistics.median(self.seconds)


def added_by(contender: Contender, none: Contender) -> list[float]:
    """Seconds that it took more than a commit without hooks in the same round, sorted."""
    return sorted(mine - bare for mine, bare in zip(contender.seconds, none.seconds, strict=True))


def begin(contender: Contender, name: str = "readme.txt", text: str = "") -> Contender:
    """Make the repository, with one commit that has this file."""
    contender.folder.mkdir()
    contender.run("git", "init", "--quiet")
    (contender.folder / "counted.txt").write_text("nothing yet\n")
    (contender.folder / name).write_text(text)
    contender.run("git", "add", "--all")
    contender.run("git", "commit", "--quiet", "--message", "Begin")
    return contender


def install_ours(contender: Contender) -> None:
    """Write the native hooks."""
    contender.run(sys.executable, "-m", "batchhook", "install")


def contenders(scratch: Path, environment: dict[str, str]) -> list[Contender]:
    """All that take part, installed."""

    def new(name: str) -> Contender:
        return Contender(name, scratch / name.replace(" ", "-"), environment)

    none, minimal, two = (begin(new(name)) for name in ("no hook", "minimal shell hook", "minimal, two hooks"))
    for contender, name in ((minimal, "post-commit"), (two, "pre-commit"), (two, "post-commit")):
        hook = contender.folder / ".git" / "hooks" / name
        hook.write_text(MINIMAL)
        hook.chmod(0o755)
    ours = begin(new("batchhook"), ".batchhook.toml", NEVER_FULL)
    install_ours(ours)
    ours.must_say = "batchhook: batch 1, "
    found = [none, minimal, ours, two]
    for program in ("prek", "pre-commit"):
        if (BIN / program).exists():
            framework = begin(new(f"{program} no-op"), ".pre-commit-config.yaml", NO_OP)
            framework.run(BIN / program, "install")
            found.append(framework)
        else:
            print(f"{program} is not installed here and does not take part.")
    return found


def take_turns(them: Sequence[Contender], rounds: int) -> None:
    """Let each commit once a round; the first rounds do not count."""
    for each in range(WARM_UP + rounds):
        for contender in them if each % 2 else them[::-1]:  # nobody always comes after the one that heats the machine
            seconds = contender.commit()
            if each >= WARM_UP:
                contender.seconds.append(seconds)


def with_history(contender: Contender, changes: int) -> Contender:
    """A repository in which so many changes were made, batched, tested and recorded already."""
    begin(contender, ".batchhook.toml", NEVER_FULL)
    base = contender.run("git", "rev-parse", "HEAD").strip()
    stream = "".join(
        f"commit refs/heads/main\ncommitter A Benchmark <benchmark@example.com> {1_600_000_000 + 60 * number} +0000\n"
        f"data 5\nCount{f'{chr(10)}from {base}' if number == 0 else ''}\nM 644 inline counted.txt\n"
        f"data {len(str(number))}\n{number}\n"
        for number in range(changes)
    )
    install_ours(contender)
    contender.run("git", "fast-import", "--quiet", text=stream)
    contender.run("git", "reset", "--quiet", "--hard")
    listed = contender.run("git", "log", "--reverse", "--format=%H %T %P", f"{base}..HEAD").splitlines()
    record(contender, [(line.split()[0], line.split()[1], line.split()[2]) for line in listed])
    return contender


def record(contender: Contender, commits: Sequence[tuple[str, str, str]]) -> None:
    """Fill database, journal and refs as commits, batches and runs would have."""
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


def growth(scratch: Path, environment: dict[str, str], rounds: int) -> None:
    """Ours, after few and after many recorded changes, on the ordinary path and on the one that asks Python."""
    print(
        f"\nDoes it grow? Repositories with {FEW:,} and {MANY:,} recorded changes: as many real commits (fast-import), "
        f"batches of {BATCH},\na row in the database for each commit, change and file edit, a line in the journal, "
        "two refs for each batch (packed),\nwritten by this script. The same repository without its hooks is what "
        "`added` is measured against.\n"
    )
    found: dict[int, tuple[Contender, Contender, Contender]] = {}
    for changes in (FEW, MANY):
        ours = with_history(Contender(f"batchhook, {changes:,}", scratch / f"history-{changes}", environment), changes)
        bare = Contender("no hook", ours.folder, environment, ("-c", f"core.hooksPath={os.devnull}"))
        python = Contender("Python", ours.folder, environment | {"BATCHHOOK_BATCH_SIZE": "1000000"})
        ours.must_say = python.must_say = f"batchhook: batch {changes // BATCH + 1}, "
        # A commit without hooks is met by the next that has them, by way of Python; so the kinds stay apart.
        take_turns([ours], 1)
        found[changes] = ours, bare, python
    take_turns([each[0] for each in found.values()], rounds)
    take_turns([each[2] for each in found.values()], max(rounds // 3, 1))
    take_turns([each[1] for each in found.values()], rounds)
    print(f"{'recorded changes':<20}{'no hook':>10}{'batchhook':>12}{'added':>10}{'asks Python':>14}{'added':>10}")
    added = []
    for changes, (ours, bare, python) in found.items():
        added.append(((ours.median - bare.median) * 1000, (python.median - bare.median) * 1000))
        print(
            f"{changes:<20,}{bare.median * 1000:>7.1f} ms{ours.median * 1000:>9.1f} ms{added[-1][0]:>7.1f} ms"
            f"{python.median * 1000:>11.1f} ms{added[-1][1]:>7.1f} ms"
        )
    print(
        f"\nGrowth from {FEW:,} to {MANY:,}: {added[1][0] - added[0][0]:+.1f} ms on the ordinary path, "
        f"{added[1][1] - added[0][1]:+.1f} ms where Python is asked."
    )


def report(them: Sequence[Contender]) -> None:
    """Print the table; the first two contenders are what the others are measured against."""
    none, minimal, ours = them[:3]
    print(f"{'':<22}{'median':>10}{'fastest':>11}{'added':>11}{'added / added by the minimal shell hook':>42}")
    unit = statistics.median(added_by(minimal, none))
    for contender in them:
        added = statistics.median(added_by(contender, none))
        ratio = "" if contender is none else f"{added / unit:.2f}" if unit > 0 else "not measurable"
        print(
            f"{contender.name:<22}{contender.median * 1000:>7.1f} ms{min(contender.seconds) * 1000:>8.1f} ms"
            f"{added * 1000:>8.1f} ms{ratio:>42}"
        )
    differences = added_by(minimal, none)
    quarter = len(differences) // 4
    if differences[-1 - quarter] - differences[quarter] > unit:
        print("\nToo noisy to compare: the middle half of the minimal hook's figures is wider than their median.")
    else:
        met = "met" if statistics.median(added_by(ours, none)) / unit <= AIM else "missed"
        print(f"\nThe aim, at most {AIM:g} times what the minimal shell hook adds, is {met}.")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for the length of a block."""
    folder = Path(tempfile.mkdtemp(prefix="batchhook-benchmark-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def environment_in(scratch: Path) -> dict[str, str]:
    """A home of its own, nothing of the caller's repository, hooks or settings."""
    strange = ("GIT_", "PRE_COMMIT", "PREK_", "BATCHHOOK_", "XDG_", "PYTHON")
    (scratch / "home").mkdir()
    (scratch / "home" / ".gitconfig").write_text(GIT_CONFIG)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
    return kept | {"HOME": str(scratch / "home"), "GIT_CONFIG_NOSYSTEM": "1"}


def main() -> None:
    """Run it all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30, metavar="N", help="commits of each contender (30)")
    rounds = max(parser.parse_args().rounds, 1)
    with scratch_folder() as scratch:
        environment = environment_in(scratch)
        them = contenders(scratch, environment)
        print(f"Medians of {rounds} commits each, in turns; `added` round by round; load: {os.getloadavg()[0]:.1f}\n")
        take_turns(them, rounds)
        report(them)
        growth(scratch, environment, rounds)


if __name__ == "__main__":
    main()
