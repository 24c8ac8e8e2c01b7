"""Correctness and cost of batchhook's test engine, on the suites of well-known projects.

    python -m benchmarks.engine check     compares the outcome of every test with that under its own framework
    python -m benchmarks.engine time      compares wall time and memory with those of other runners

The suites are those of unittest, or with `--engine pytest` those of pytest, under the version that `--pytest` names.
Run it from the top of the repository, with a Python in which batchhook is installed. The first run downloads the suites
(suites.py), and what they and the other runners need (requirements/rivals.txt, pytest-suites.txt), into a cache.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.engine.cache import Cache, add_arguments, add_engine_arguments, open_cache, prepare_suites
from benchmarks.engine.check import LIMIT, check_suite
from benchmarks.engine.measure import Measured, measure
from benchmarks.engine.runners import Counts, Runner, runners
from benchmarks.engine.suites import Suite

console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)


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
    all_timed = [Timed(runner) for runner in runners(suite.engine, cache, jobs)]
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


def compare_fastest(all_timed: Sequence[Timed]) -> str:
    """Compare batchhook with the fastest other runner that has the same counts, and is not the plain framework."""
    plain, ours = all_timed[0], all_timed[-1]
    rivals = [timed for timed in all_timed[1:] if not timed.runner.batchhook and timed.counts == plain.counts]
    if ours.counts is None or not rivals:
        return ""
    fastest, leanest = min(rivals, key=lambda timed: timed.seconds), min(rivals, key=lambda timed: timed.megabytes)
    return (
        f"{ours.runner.name}: {ours.seconds / fastest.seconds:.2f} of {fastest.runner.name}, the fastest with the same "
        f"counts; {1000 * (ours.seconds - plain.seconds):+.0f} ms beside plain; "
        f"{ours.megabytes / leanest.megabytes:.2f} of the memory of {leanest.runner.name}"
    )


def compare(suites: Sequence[Suite], cache: Cache, jobs: int, rounds: int) -> list[dict[str, Any]]:
    """Time all runners on all suites; return the numbers as JSON documents."""
    console.print(
        f"{rounds} rounds, runners taking turns; {jobs} processes for parallel ones; load: {os.getloadavg()[0]:.1f}.\n"
        "`ratio` is relative to the plain framework; `peak MB` is for all processes of a runner together.\n"
        "`counts` marks runners with other numbers of tests, failures or skips than that."
    )
    numbers = []
    for suite in suites:
        all_timed = time_runners(suite, cache, jobs, rounds)
        console.print(make_table(suite, all_timed))
        console.print(compare_fastest(all_timed), markup=False)
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


def main() -> int:
    """Parse the command line, and check or time the suites; return 1 if a check fails."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engine", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("check", "time"))
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="runs of each runner (3)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (one per CPU)")
    add_arguments(parser)
    add_engine_arguments(parser)
    options = parser.parse_args()
    cache = open_cache(options)
    suites = list(prepare_suites(parser, options, cache))
    if options.command == "check":
        numbers = [check_suite(suite, cache, options.jobs, console) for suite in suites]
    else:
        numbers = compare(suites, cache, options.jobs, max(options.rounds, 1))
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=1) + "\n")
    return 0 if all(each.get("is_equal", True) for each in numbers) else 1


if __name__ == "__main__":
    sys.exit(main())
