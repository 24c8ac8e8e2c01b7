"""Cost of commands and of the hook after few batches and after very many.

    python -m benchmarks.history [--batches N] [--few N] [--tests N] [--rounds N] [--cache DIR]

Two repositories with real commits (fast-import), pins and backups, and a database that this script fills as hooks, runs
and searches would: 5 changes per batch, 500 tests per run, every fourth batch with 20 failing tests, their tracebacks,
probes, culprits and evidence. Every command is a process of its own, timed from the outside. The two repositories take
turns, so that other load on the machine affects both alike. Medians are compared: of wall time, and of CPU time, which
other load disturbs less.
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
from benchmarks.commit_cost import create_environment, scratch_folder
from benchmarks.history import files, repository, rows
from benchmarks.history.repository import SIZE, History

WITHOUT = "git commit without hooks"
TIGHT, LOOSE = 1.2, 2.0
"""Growth allowed after very many batches: of the hook and `status`, and of everything else."""


@dataclass(frozen=True)
class Action:
    """An action that is timed in both repositories.

    Attributes:
        name: label in the table.
        run: performs it in a repository.
        goal: allowed growth.
    """

    name: str
    run: Callable[[History], None]
    goal: float = LOOSE


def build(history: History) -> History:
    """Create the repository, unless it is cached."""
    mark = history.folder / ".git" / "benchmark.json"
    if not mark.exists():
        if history.folder.exists():
            sys.exit(f"{history.folder} is incomplete: delete it first")
        started = time.monotonic()
        repository.create(history)
        commits = repository.commit(history)
        files.write_journal(history, commits)
        outcomes = rows.write(history, commits)
        files.write_pins(history, commits)
        files.write_backups(history, commits)
        history.batchhook("status")  # writes the count that the hook continues
        mark.write_text(json.dumps({"outcomes": outcomes, "seconds": time.monotonic() - started}))
    created = json.loads(mark.read_text())
    print(f"{history.batches:,} batches, {created['outcomes']:,} outcomes: created in {created['seconds']:.0f} s")
    return history


def command(*arguments: str) -> Callable[[History], None]:
    """Return a function that runs a batchhook command in a repository."""

    def run(history: History) -> None:
        history.batchhook(*arguments)

    return run


def analyze(history: History) -> None:
    """Analyze the last batch with failing tests."""
    output = history.batchhook("analyze", str(history.batches // rows.EVERY * rows.EVERY))
    if "broke" not in output:
        sys.exit(f"analyze shows no culprits:\n{output}")


def export(history: History) -> None:
    """Export everything."""
    history.batchhook("export", str(history.folder.with_name(f"{history.folder.name}-export")))


def list_actions() -> list[Action]:
    """Return all actions except commits."""
    return [
        Action("status", command("status"), TIGHT),
        Action("log", command("log")),
        Action("show LATEST", lambda each: command("show", str(each.batches))(each)),
        Action("analyze LATEST", analyze),
        Action("prune --keep 50 --dry-run", command("prune", "--keep", "50", "--dry-run"), float("inf")),
        Action("export", export),
    ]


@dataclass(frozen=True)
class Cost:
    """Cost of an action in seconds: wall time, and CPU time of its processes."""

    wall: float
    cpu: float


def measure_cost(act: Callable[[History], object], history: History) -> Cost:
    """Perform an action, and return its cost."""
    cpu, started = _cpu_time(), time.perf_counter()
    act(history)
    return Cost(time.perf_counter() - started, _cpu_time() - cpu)


def _cpu_time() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def take_turns(act: Callable[[History], None], pair: Sequence[History], rounds: int) -> list[list[Cost]]:
    """Return the costs in each repository; without the first round."""
    costs: list[list[Cost]] = [[] for _ in pair]
    for each in range(rounds + 1):
        for index in (0, 1) if each % 2 else (1, 0):
            cost = measure_cost(act, pair[index])
            if each:
                costs[index].append(cost)
    return costs


def commit(history: History, *options: str) -> Cost:
    """Make a commit; return the cost of `git commit`."""
    (history.folder / "counted.txt").write_text(f"{time.time_ns()}\n")
    history.run("git", "add", "counted.txt")
    return measure_cost(lambda each: each.run("git", *options, "commit", "--quiet", "--message", "Count"), history)


def measure_commits(pair: Sequence[History], rounds: int) -> dict[str, list[list[Cost]]]:
    """Return the costs of `git commit` in each repository: without hooks, with hooks, and if it fills a batch."""
    kinds = (WITHOUT, "git commit, counted", "git commit, fills a batch")
    costs: dict[str, list[list[Cost]]] = {kind: [[] for _ in pair] for kind in kinds}
    for history in pair:
        fill_up(history)
    for each in range(rounds):
        for place in range(SIZE):
            for index in (0, 1) if each % 2 else (1, 0):
                kind = kinds[2] if place == SIZE - 1 else kinds[1]
                costs[kind][index].append(commit(pair[index]))
        for history in pair:
            finish_batches(history)
    for each in range(rounds * 2):
        for index in (0, 1) if each % 2 else (1, 0):
            costs[kinds[0]][index].append(commit(pair[index], "-c", f"core.hooksPath={os.devnull}"))
    return costs


def fill_up(history: History) -> None:
    """Fill the open batch, which may hold changes of an earlier measurement."""
    history.batchhook("status")
    changes = json.loads(history.batchhook("--json", "status"))["open"]["changes"]
    for _ in range(-len(changes) % SIZE):
        commit(history)
    finish_batches(history)


def finish_batches(history: History) -> None:
    """Mark sealed batches as finished, as the runner would: it is not measured."""
    database = Database(history.state.database)
    database.connection.execute("UPDATE batches SET status = 'finished', finalized = 1 WHERE status = 'sealed'")
    database.close()
    history.state.waiting.unlink(missing_ok=True)


def show(name: str, costs: Sequence[Sequence[Cost]], goal: float) -> None:
    """Print one line of the table."""
    few, many = (statistics.median(cost.wall for cost in each) * 1000 for each in costs)
    cpu = [statistics.median(cost.cpu for cost in each) for each in costs]
    growth = many / few
    result = "" if goal == float("inf") else f"{'met' if growth <= goal else 'MISSED'} (at most {goal:g})"
    print(f"{name:<28}{few:>9.1f} ms{many:>9.1f} ms{growth:>8.2f}{cpu[1] / cpu[0]:>8.2f}  {result}")


def show_sizes(history: History) -> None:
    """Print the disk space of a batch."""
    state = history.state
    stored = sum(path.stat().st_size for path in state.backups.rglob("*") if path.is_file())
    packed = (history.folder / ".git" / "packed-refs").stat().st_size
    outcomes = json.loads((history.folder / ".git" / "benchmark.json").read_text())["outcomes"]
    database = state.database.stat().st_size
    sizes = {
        "database": f"{database / history.batches / 1e3:.1f} kB",
        "backups": f"{stored / history.batches / 1e3:.1f} kB",
        "pins": f"{packed / history.batches:.0f} bytes",
        "journal": f"{state.journal.stat().st_size / history.batches:.0f} bytes",
    }
    parts = ", ".join(f"{name} {size}" for name, size in sizes.items())
    print(f"{history.batches:,} batches on disk: {(database + stored + packed) / 1e6:,.1f} MB; per batch: {parts};")
    print(f"  the database has {database / outcomes:.1f} bytes per outcome, including texts.")


def measure(pair: Sequence[History], rounds: int) -> None:
    """Measure all actions, and print the results."""
    few, many = (f"{history.batches:,}" for history in pair)
    print(f"\nload {os.getloadavg()[0]:.1f}\n{'':<28}{few:>12}{many:>12}{'growth':>8}{'(CPU)':>8}")
    for action in list_actions():
        show(action.name, take_turns(action.run, pair, rounds), action.goal)
    for kind, costs in measure_commits(pair, rounds).items():
        show(kind, costs, float("inf") if kind == WITHOUT else TIGHT)
    print()
    for history in pair:
        show_sizes(history)


def main() -> None:
    """Parse the command line, create the repositories, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=10_000, metavar="N", help="batches of the long history (10000)")
    parser.add_argument("--few", type=int, default=100, metavar="N", help="batches of the short history (100)")
    parser.add_argument("--tests", type=int, default=500, metavar="N", help="tests per run (500)")
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="rounds (15)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep the repositories there")
    options = parser.parse_args()
    with scratch_folder() as scratch:
        variables = {"BATCHHOOK_NO_RUNNER": "1", "BATCHHOOK_WAIT": "0", "COLUMNS": "80"}
        environment = create_environment(scratch) | variables
        folder = (options.cache or scratch).resolve()
        pair = [
            build(History(folder / f"{batches}-batches-of-{options.tests}", batches, options.tests, environment))
            for batches in (options.few, options.batches)
        ]
        measure(pair, options.rounds)


if __name__ == "__main__":
    main()
