"""Does it stay quick? The same commands after few batches and after very many.

    python -m benchmarks.history [--batches N] [--few N] [--tests N] [--rounds N] [--cache DIR]

Two repositories with real commits (fast-import), pins and backups, and a database that this script fills as hooks, runs
and searches would have: 5 changes a batch, 500 tests a run, every fourth batch with 20 failing tests, their tracebacks,
visits, culprits and evidence. Every command is a process of its own, timed from the outside; the two repositories take
turns, so that whatever else the machine does strikes both alike. Medians are compared: of the time that passed, and of
that which processors spent, which other work disturbs less.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from batchhook.store.database import Database
from benchmarks.commit_cost import environment_in, scratch_folder
from benchmarks.history import files, repository, rows
from benchmarks.history.repository import SIZE, History

WITHOUT = "git commit without hooks"
TIGHT, LOOSE = 1.2, 2.0
"""How much longer it may take after very many batches: the hook and `status`; everything else."""


@dataclass(frozen=True)
class Question:
    """Something that is timed in both repositories.

    Attributes:
        name: what people call it.
        ask: does it, in a repository.
        aim: the growth that is to be met.
    """

    name: str
    ask: Callable[[History], None]
    aim: float = LOOSE


def build(history: History) -> History:
    """Make the repository, unless it is there."""
    mark = history.folder / ".git" / "made.json"
    if not mark.exists():
        if history.folder.exists():
            sys.exit(f"{history.folder} is half made: remove it first")
        begun = time.monotonic()
        repository.begin(history)
        commits = repository.commit(history)
        files.write_journal(history, commits)
        outcomes = rows.write(history, commits)
        files.write_pins(history, commits)
        files.write_backups(history, commits)
        history.batchhook("status")  # writes the count, for the hook to go on from
        mark.write_text(json.dumps({"outcomes": outcomes, "seconds": time.monotonic() - begun}))
    made = json.loads(mark.read_text())
    print(f"{history.batches:,} batches, {made['outcomes']:,} outcomes: made in {made['seconds']:.0f} s")
    return history


def command(*arguments: str) -> Callable[[History], None]:
    """A command of ours."""

    def ask(history: History) -> None:
        history.batchhook(*arguments)

    return ask


def analyze(history: History) -> None:
    """The last made batch with failing tests."""
    said = history.batchhook("analyze", str(history.batches // rows.EVERY * rows.EVERY))
    if "broke" not in said:
        sys.exit(f"analyze said nothing of culprits:\n{said}")


def export(history: History) -> None:
    """Everything as files."""
    history.batchhook("export", str(history.folder.with_name(f"{history.folder.name}-export")))


def questions(history: History) -> list[Question]:
    """All that is asked, but for the hook."""
    found = [
        Question("status", command("status"), TIGHT),
        Question("log", command("log")),
        Question("show LATEST", lambda each: command("show", str(each.batches))(each)),
        Question("analyze LATEST", analyze),
        Question("prune --keep 50 --dry-run", command("prune", "--keep", "50", "--dry-run"), float("inf")),
    ]
    if "export" in history.batchhook("--help"):
        return [*found, Question("export", export)]
    print("export is not there yet, and not measured.")
    return found


@dataclass(frozen=True)
class Took:
    """Seconds that something took: by the clock, and of processors in its processes."""

    clock: float
    processors: float


def timed(ask: Callable[[History], object], history: History) -> Took:
    """How long it takes."""
    spent, begun = _spent(), time.perf_counter()
    ask(history)
    return Took(time.perf_counter() - begun, _spent() - spent)


def _spent() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def in_turns(ask: Callable[[History], None], pair: Sequence[History], rounds: int) -> list[list[Took]]:
    """How long it took in each round, in each repository; the first round does not count."""
    found: list[list[Took]] = [[] for _ in pair]
    for each in range(rounds + 1):
        for index in (0, 1) if each % 2 else (1, 0):
            took = timed(ask, pair[index])
            if each:
                found[index].append(took)
    return found


def committing(history: History, *options: str) -> Took:
    """Make a commit; how long `git commit` took."""
    (history.folder / "counted.txt").write_text(f"{time.time_ns()}\n")
    history.run("git", "add", "counted.txt")
    return timed(lambda each: each.run("git", *options, "commit", "--quiet", "--message", "Count"), history)


def hooks(pair: Sequence[History], rounds: int) -> dict[str, list[list[Took]]]:
    """What `git commit` takes, in each repository: without hooks, with ours, and where it fills a batch."""
    kinds = (WITHOUT, "git commit, counted", "git commit, fills a batch")
    found: dict[str, list[list[Took]]] = {kind: [[] for _ in pair] for kind in kinds}
    for history in pair:
        fill_up(history)
    for each in range(rounds):
        for place in range(SIZE):
            for index in (0, 1) if each % 2 else (1, 0):
                kind = kinds[2] if place == SIZE - 1 else kinds[1]
                found[kind][index].append(committing(pair[index]))
        for history in pair:
            settle(history)
    for each in range(rounds * 2):
        for index in (0, 1) if each % 2 else (1, 0):
            found[kinds[0]][index].append(committing(pair[index], "-c", f"core.hooksPath={os.devnull}"))
    return found


def fill_up(history: History) -> None:
    """Bring the open batch to its end, whatever an earlier measuring left in it."""
    history.batchhook("status")
    left = json.loads(history.batchhook("--json", "status"))["open"]["changes"]
    for _ in range(-len(left) % SIZE):
        committing(history)
    settle(history)


def settle(history: History) -> None:
    """As if the runner had been here: it is not to be measured."""
    database = Database(history.state.database)
    database.connection.execute("UPDATE batches SET status = 'finished', finalized = 1 WHERE status = 'sealed'")
    database.close()
    history.state.waiting.unlink(missing_ok=True)


def show(name: str, times: Sequence[Sequence[Took]], aim: float) -> None:
    """One line of the table."""
    few, many = (statistics.median(took.clock for took in each) * 1000 for each in times)
    work = [statistics.median(took.processors for took in each) for each in times]
    growth = many / few
    verdict = "" if aim == float("inf") else f"{'met' if growth <= aim else 'MISSED'} (at most {aim:g})"
    print(f"{name:<28}{few:>9.1f} ms{many:>9.1f} ms{growth:>8.2f}{work[1] / work[0]:>8.2f}  {verdict}")


def sizes(history: History) -> None:
    """What a batch takes on the disk."""
    state = history.state
    stored = sum(path.stat().st_size for path in state.backups.rglob("*") if path.is_file())
    packed = (history.folder / ".git" / "packed-refs").stat().st_size
    outcomes = json.loads((history.folder / ".git" / "made.json").read_text())["outcomes"]
    database = state.database.stat().st_size
    each = {
        "database": f"{database / history.batches / 1e3:.1f} kB",
        "backups": f"{stored / history.batches / 1e3:.1f} kB",
        "pins": f"{packed / history.batches:.0f} bytes",
        "journal": f"{state.journal.stat().st_size / history.batches:.0f} bytes",
    }
    said = ", ".join(f"{name} {size}" for name, size in each.items())
    print(f"{history.batches:,} batches, on the disk: {(database + stored + packed) / 1e6:,.1f} MB; of each: {said};")
    print(f"  the database holds {database / outcomes:.1f} bytes for each outcome, texts and all else included.")


def measure(pair: Sequence[History], rounds: int) -> None:
    """Ask everything, and print what it took."""
    asked = questions(pair[1])
    few, many = (f"{history.batches:,}" for history in pair)
    print(f"\nload {os.getloadavg()[0]:.1f}\n{'':<28}{few:>12}{many:>12}{'growth':>8}{'(work)':>8}")
    for question in asked:
        show(question.name, in_turns(question.ask, pair, rounds), question.aim)
    for kind, times in hooks(pair, rounds).items():
        show(kind, times, float("inf") if kind == WITHOUT else TIGHT)
    print()
    for history in pair:
        sizes(history)


def main() -> None:
    """Run it all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=10_000, metavar="N", help="of the long history (10000)")
    parser.add_argument("--few", type=int, default=100, metavar="N", help="of the short one (100)")
    parser.add_argument("--tests", type=int, default=500, metavar="N", help="of the suite (500)")
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="how often each is asked (15)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep the repositories there, for the next time")
    asked = parser.parse_args()
    with scratch_folder() as scratch:
        variables = {"BATCHHOOK_NO_RUNNER": "1", "BATCHHOOK_WAIT": "0", "COLUMNS": "80"}
        environment = environment_in(scratch) | variables
        place = (asked.cache or scratch).resolve()
        pair = [
            build(History(place / f"{batches}-batches-of-{asked.tests}", batches, asked.tests, environment))
            for batches in (asked.few, asked.batches)
        ]
        measure(pair, asked.rounds)


if __name__ == "__main__":
    main()
