"""Is batchhook's engine right, and what does it cost? Suites of well-known projects, run by it and by its rivals.

    python -m benchmarks.engine check     compares every test's outcome with what unittest itself says
    python -m benchmarks.engine time      lets all runners take turns, and compares wall time and memory

Run it from the repository's top, with a Python that has batchhook installed. The first run fetches the rivals
(requirements/rivals.txt) and the suites (suites.py) into a cache.
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
from benchmarks.engine.suites import SUITES, Cache, Suite

LIMIT = 900.0
"""Seconds after which a runner is stopped."""
SHOWN = 10
"""Differing tests that are shown."""

console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)


# --- check ------------------------------------------------------------------------------------------------------------


def check(suites: Sequence[Suite], cache: Cache, jobs: int) -> list[dict[str, Any]]:
    """Compare the engine with unittest, test by test; numbers for a file."""
    numbers = []
    for suite in suites:
        expected, seconds = by_unittest(suite, cache)
        console.print(f"[bold]{suite.name}[/]: {len(expected)} results, {seconds:.1f} s with plain unittest")
        of_suite: dict[str, Any] = {"suite": suite.name, "results": len(expected), "seconds": seconds}
        for processes in (1, jobs):
            broken, rows, seconds = by_engine(suite, cache, processes)
            found = [(name, outcome, reason if outcome == "skipped" else "") for name, outcome, reason, _ in rows]
            differing = differences(expected, found)
            of_suite[f"jobs={processes}"] = {"seconds": seconds, "broken": broken, "differing": differing}
            verdict = f"{len(differing)} differ" if differing else "equal"
            if processes == 1 and not differing and [row[0] for row in expected] != [row[0] for row in found]:
                verdict = "equal, in another order"
            console.print(f"    jobs={processes}: {'BROKEN: ' + broken if broken else verdict}, {seconds:.1f} s")
            for line in differing[:SHOWN]:
                console.print(f"        {line}", markup=False)
            if processes == 1 and rows:
                of_suite["spread"] = spread(rows)
                console.print(f"    {of_suite['spread']}", markup=False)
        numbers.append(of_suite)
    return numbers


def by_unittest(suite: Suite, cache: Cache) -> tuple[list[tuple[str, str, str]], float]:
    """Id, outcome and reason of each test as unittest itself has them, in its order; and the seconds it took."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "results.json"
        command: list[str | Path] = [cache.python, HERE / "oracle.py", file, *suite.discovery]
        done = measure(command, cache.root(suite), cache.of_project(suite), LIMIT)
        if not file.exists():
            sys.exit(f"unittest itself cannot run {suite.name}:\n{done.stderr[-2000:]}")
        rows = json.loads(file.read_text())
    return [(row[0], row[1], row[2] if row[1] == "skipped" else "") for row in rows], done.seconds


def by_engine(suite: Suite, cache: Cache, jobs: int) -> tuple[str, list[tuple[str, str, str, float]], float]:
    """Why the suite is broken; id, outcome, message and seconds of each test; and the seconds it took."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "results.json"
        options = ("--python", cache.python, "--jobs", str(jobs), "--results", file)
        command: list[str | Path] = [sys.executable, HERE / "launcher.py", *options, *suite.discovery]
        done = measure(command, cache.root(suite), cache.environment, LIMIT)
        if not file.exists():
            return f"the launcher failed: {done.stderr.strip()[-500:]}", [], done.seconds
        said = json.loads(file.read_text())
    return said["broken"], [tuple(row) for row in said["results"]], done.seconds


def differences(expected: Sequence[tuple[str, str, str]], found: Sequence[tuple[str, str, str]]) -> list[str]:
    """One line for each test that differs; tests of the same id are told apart by nothing but their outcomes."""
    missing, extra = (Counter(expected) - Counter(found)), (Counter(found) - Counter(expected))
    lines: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for side, rows in enumerate((missing, extra)):
        for name, outcome, reason in rows.elements():
            lines[name][side].append(f"{outcome} ({reason})" if reason else outcome)
    return [
        f"{name}: unittest {', '.join(theirs) or 'has none'}; batchhook {', '.join(ours) or 'has none'}"
        for name, (theirs, ours) in sorted(lines.items())
    ]


def spread(rows: Sequence[tuple[str, str, str, float]]) -> str:
    """Say how the time of the tests spreads: what cannot be cut bounds what running side by side can gain."""
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
    """All runs of one suite by one runner."""

    runner: Runner
    runs: list[Measured] = field(default_factory=list)
    counts: Counts | None = None

    def run(self, suite: Suite, cache: Cache) -> None:
        """Run it once more, unless it has proved unable to."""
        if self.runs and self.counts is None:
            return
        folder, environment = self.runner.folder(suite, cache), self.runner.environment(suite, cache)
        done = measure(self.runner.command(suite), folder, environment, LIMIT)
        self.runs.append(done)
        said = self.runner.read(done) if done.ended else None
        self.counts = said if said and said.tests else None

    @property
    def seconds(self) -> float:
        """The median."""
        return statistics.median(run.seconds for run in self.runs)

    @property
    def megabytes(self) -> float:
        """The median."""
        return statistics.median(run.megabytes for run in self.runs)


def take_turns(suite: Suite, cache: Cache, jobs: int, rounds: int) -> list[Timed]:
    """Let each runner run the suite once a round."""
    them = [Timed(runner) for runner in runners(cache, jobs)]
    for timed in them:
        if timed.runner.warm_up:
            timed.run(suite, cache)
            timed.runs.clear()
    for each in range(rounds):
        for timed in them[::-1] if each % 2 else them:  # nobody always comes after the one that heats the machine
            timed.run(suite, cache)
    return them


def table_of(suite: Suite, them: Sequence[Timed]) -> Table:
    """The figures of one suite."""
    table = Table(title=f"{suite.name} ({suite.sdist or 'CPython'})", title_justify="left")
    table.add_column("")
    for heading in ("median s", "ratio", "peak MB", "tests", "failed", "skipped", "counts"):
        table.add_column(heading, justify="right")
    plain = them[0]
    for timed in them:
        counts = timed.counts
        if counts is None:
            table.add_row(timed.runner.name, *["–"] * 7)  # noqa: RUF001 - a dash for what is not there
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
    """Time all runners on all suites; numbers for a file."""
    console.print(
        f"{rounds} rounds, the runners in turns; {jobs} processes where a runner uses several; load: "
        f"{os.getloadavg()[0]:.1f}.\n`ratio` is to plain unittest. `peak MB` is what all processes of a runner "
        "held together at most.\n`counts` says whose numbers of tests, failures and skips differ from unittest's."
    )
    numbers = []
    for suite in suites:
        them = take_turns(suite, cache, jobs, rounds)
        console.print(table_of(suite, them))
        for timed in them:
            if timed.counts is None:
                said = (timed.runs[-1].stderr + timed.runs[-1].stdout).strip()[-300:]
                console.print(f"{timed.runner.name} cannot run it: ... {said}", markup=False)
        numbers += [
            {
                "suite": suite.name,
                "runner": timed.runner.name,
                "seconds": [run.seconds for run in timed.runs],
                "megabytes": [run.megabytes for run in timed.runs],
                "counts": asdict(timed.counts) if timed.counts else None,
            }
            for timed in them
        ]
    return numbers


# --- the command line -------------------------------------------------------------------------------------------------


def chosen(names: str, parser: argparse.ArgumentParser) -> list[Suite]:
    """The suites of a list of names; all without one."""
    wanted = [name for name in names.split(",") if name]
    unknown = set(wanted) - {suite.name for suite in SUITES}
    if unknown:
        parser.error(f"there is no suite {', '.join(sorted(unknown))}; there are {', '.join(s.name for s in SUITES)}")
    return [suite for suite in SUITES if not wanted or suite.name in wanted]


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engine", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("check", "time"))
    parser.add_argument("--suites", default="", metavar="A,B", help="only these")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="runs of each runner (3)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="(all processors)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="what the tests' venv is made with")
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/batchhook-benchmarks"), metavar="FOLDER")
    given = parser.parse_args()
    cache = Cache(given.cache, given.python)
    suites = []
    for suite in chosen(given.suites, parser):
        trouble = cache.prepare(suite)
        if trouble:
            console.print(f"{suite.name} does not take part: {trouble}", markup=False)
        else:
            suites.append(suite)
    if given.what == "check":
        numbers = check(suites, cache, given.jobs)
    else:
        numbers = compare(suites, cache, given.jobs, max(given.rounds, 1))
    if given.json:
        given.json.write_text(json.dumps(numbers, indent=1) + "\n")


if __name__ == "__main__":
    main()
