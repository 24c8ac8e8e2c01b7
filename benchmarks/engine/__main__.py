"""Correctness and cost of batchhook's test engine, on the suites of well-known projects.

    python -m benchmarks.engine check     compares the outcome of every test with unittest's
    python -m benchmarks.engine time      compares wall time and memory with those of other runners

Run it from the top of the repository, with a Python in which batchhook is installed. The first run downloads the other
runners (requirements/rivals.txt) and the suites (suites.py) into a cache.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.engine.measure import Measured, measure
from benchmarks.engine.runners import HERE, Counts, Runner, runners
from benchmarks.engine.suites import Cache, Suite, add_arguments, open_cache, prepare_suites

LIMIT = 900.0
"""Seconds after which a runner is killed."""
MOST_SHOWN = 10
"""Differing tests shown of each suite."""

console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)


# --- check ------------------------------------------------------------------------------------------------------------


def check(suites: Sequence[Suite], cache: Cache, jobs: int) -> list[dict[str, Any]]:
    """Compare the engine with unittest, test by test; return the numbers as JSON documents."""
    numbers = []
    for suite in suites:
        expected, seconds = run_unittest(suite, cache)
        console.print(f"[bold]{suite.name}[/]: {len(expected)} results, {seconds:.1f} s with plain unittest")
        document: dict[str, Any] = {"suite": suite.name, "results": len(expected), "seconds": seconds}
        for processes in (1, jobs):
            broken, rows, seconds = run_engine(suite, cache, processes)
            actual = [(name, outcome, reason if outcome == "skipped" else "") for name, outcome, reason, _ in rows]
            differing = differences(expected, actual)
            document[f"jobs={processes}"] = {"seconds": seconds, "broken": broken, "differing": differing}
            verdict = f"{len(differing)} differ" if differing else "equal"
            if processes == 1 and not differing and [row[0] for row in expected] != [row[0] for row in actual]:
                verdict = "equal, in another order"
            console.print(f"    jobs={processes}: {'BROKEN: ' + broken if broken else verdict}, {seconds:.1f} s")
            for line in differing[:MOST_SHOWN]:
                console.print(f"        {line}", markup=False)
            if processes == 1 and rows:
                document["spread"] = spread(rows)
                console.print(f"    {document['spread']}", markup=False)
        numbers.append(document)
    return numbers


def run_unittest(suite: Suite, cache: Cache) -> tuple[list[tuple[str, str, str]], float]:
    """Return unittest's own id, outcome and reason for each test, in its order; and the seconds that it took."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "results.json"
        command: list[str | Path] = [cache.python, HERE / "oracle.py", file, *suite.discovery]
        done = measure(command, cache.root(suite), cache.project_environment(suite), LIMIT)
        if not file.exists():
            sys.exit(f"unittest cannot run {suite.name}:\n{done.stderr[-2000:]}")
        rows = json.loads(file.read_text())
    return [(row[0], row[1], row[2] if row[1] == "skipped" else "") for row in rows], done.seconds


def run_engine(suite: Suite, cache: Cache, jobs: int) -> tuple[str, list[tuple[str, str, str, float]], float]:
    """Return the error; id, outcome, message and seconds of each test; and the seconds that the run took."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "results.json"
        options = ("--python", cache.python, "--jobs", str(jobs), "--results", file)
        command: list[str | Path] = [sys.executable, HERE / "launcher.py", *options, *suite.discovery]
        done = measure(command, cache.root(suite), cache.environment, LIMIT)
        if not file.exists():
            return f"the launcher failed: {done.stderr.strip()[-500:]}", [], done.seconds
        document = json.loads(file.read_text())
    return document["broken"], [tuple(row) for row in document["results"]], done.seconds


def differences(expected: Sequence[tuple[str, str, str]], actual: Sequence[tuple[str, str, str]]) -> list[str]:
    """Return a line for each test that differs; tests with the same id are distinguished by their outcomes only."""
    missing, extra = (Counter(expected) - Counter(actual)), (Counter(actual) - Counter(expected))
    lines: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for side, rows in enumerate((missing, extra)):
        for name, outcome, reason in rows.elements():
            lines[name][side].append(f"{outcome} ({reason})" if reason else outcome)
    return [
        f"{name}: unittest {', '.join(theirs) or 'none'}; batchhook {', '.join(ours) or 'none'}"
        for name, (theirs, ours) in sorted(lines.items())
    ]


def spread(rows: Sequence[tuple[str, str, str, float]]) -> str:
    """Describe how the tests' time is distributed; the largest part limits what running in parallel can gain."""
    total = sum(row[3] for row in rows) or 1e-9
    classes: defaultdict[str, float] = defaultdict(float)
    modules: defaultdict[str, float] = defaultdict(float)
    for name, _, _, seconds in rows:
        classes[name.rpartition(".")[0]] += seconds
        modules[name.rpartition(".")[0].rpartition(".")[0]] += seconds
    largest, longest = max(classes, key=lambda name: classes[name]), max(rows, key=lambda row: row[3])
    return (
        f"{len(classes)} classes, {total:.2f} s in tests: largest module {max(modules.values()) / total:.0%}, "
        f"largest class {classes[largest] / total:.0%} ({largest}), "
        f"longest test {longest[3] / total:.0%} ({longest[0]})"
    )


# --- time -------------------------------------------------------------------------------------------------------------


@dataclass
class Timed:
    """The runs of one suite by one runner."""

    runner: Runner
    runs: list[Measured] = field(default_factory=list)
    counts: Counts | None = None

    def run(self, suite: Suite, cache: Cache) -> None:
        """Run the suite, unless this runner has failed to before."""
        if self.runs and self.counts is None:
            return
        folder, environment = self.runner.folder(suite, cache), self.runner.environment(suite, cache)
        done = measure(self.runner.command(suite), folder, environment, LIMIT)
        self.runs.append(done)
        counts = self.runner.read(done) if done.has_ended else None
        self.counts = counts if counts and counts.tests else None

    @property
    def seconds(self) -> float:
        """Median wall time."""
        return statistics.median(run.seconds for run in self.runs)

    @property
    def megabytes(self) -> float:
        """Median peak memory."""
        return statistics.median(run.megabytes for run in self.runs)


def time_runners(suite: Suite, cache: Cache, jobs: int, rounds: int) -> list[Timed]:
    """Let each runner run the suite once per round."""
    all_timed = [Timed(runner) for runner in runners(cache, jobs)]
    for timed in all_timed:
        if timed.runner.warm_up:
            timed.run(suite, cache)
            timed.runs.clear()
    for each in range(rounds):
        for timed in all_timed[::-1] if each % 2 else all_timed:  # no runner always follows the one that heats the CPU
            timed.run(suite, cache)
    return all_timed


def make_table(suite: Suite, all_timed: Sequence[Timed]) -> Table:
    """Return the table of one suite; the first runner is the baseline."""
    table = Table(title=f"{suite.name} ({suite.sdist or suite.folder or 'CPython'})", title_justify="left")
    table.add_column("")
    for heading in ("median s", "ratio", "peak MB", "tests", "failed", "skipped", "counts"):
        table.add_column(heading, justify="right")
    plain = all_timed[0]
    for timed in all_timed:
        counts = timed.counts
        if counts is None:
            table.add_row(timed.runner.name, *["–"] * 7)  # noqa: RUF001 - a dash in an empty cell
            continue
        table.add_row(
            timed.runner.name,
            f"{timed.seconds:.2f}",
            f"{timed.seconds / plain.seconds:.2f}",
            f"{timed.megabytes:.0f}",
            *(str(number) for number in (counts.tests, counts.failed, counts.skipped)),
            "" if counts == plain.counts else "differ",
        )
    return table


def compare(suites: Sequence[Suite], cache: Cache, jobs: int, rounds: int) -> list[dict[str, Any]]:
    """Time all runners on all suites; return the numbers as JSON documents."""
    console.print(
        f"{rounds} rounds, runners taking turns; {jobs} processes for parallel ones; load: {os.getloadavg()[0]:.1f}.\n"
        "`ratio` is relative to unittest; `peak MB` is for all processes of a runner together.\n"
        "`counts` marks runners with other numbers of tests, failures or skips than unittest."
    )
    numbers = []
    for suite in suites:
        all_timed = time_runners(suite, cache, jobs, rounds)
        console.print(make_table(suite, all_timed))
        for timed in all_timed:
            if timed.counts is None:
                output = (timed.runs[-1].stderr + timed.runs[-1].stdout).strip()[-300:]
                console.print(f"{timed.runner.name} cannot run it: ... {output}", markup=False)
        numbers += [
            {
                "suite": suite.name,
                "runner": timed.runner.name,
                "seconds": [run.seconds for run in timed.runs],
                "megabytes": [run.megabytes for run in timed.runs],
                "counts": asdict(timed.counts) if timed.counts else None,
            }
            for timed in all_timed
        ]
    return numbers


# --- command line -----------------------------------------------------------------------------------------------------


def main() -> None:
    """Parse the command line, and check or time the suites."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engine", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("check", "time"))
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="runs of each runner (3)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (one per CPU)")
    add_arguments(parser)
    options = parser.parse_args()
    cache = open_cache(options)
    suites = list(prepare_suites(parser, options, cache))
    if options.command == "check":
        numbers = check(suites, cache, options.jobs)
    else:
        numbers = compare(suites, cache, options.jobs, max(options.rounds, 1))
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=1) + "\n")


if __name__ == "__main__":
    main()
