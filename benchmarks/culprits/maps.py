"""The same histories searched with and without a map of the code that each test runs, and with a wrong one.

    python -m benchmarks.culprits.maps [--engine pytest] [--suites A,B] [--seeds N] [--commits 5,20]

Each history of ``planted`` is committed once for each mode, and its last commit starts the batch's run and search:

off        no map, no runs after commits
map        the map, no runs after commits
each       the map, and the tests that each commit can affect run after it
wrong      as ``map``, but each test has the record of another one

The aim: with the map at most 0.7 of the probes, and nothing named wrongly in any mode.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from enum import Enum

from rich.console import Console
from rich.table import Table

from batchhook.store import locks
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir
from benchmarks.culprits.clone import Clone
from benchmarks.culprits.histories import History, ImpossibleHistoryError, Truth, create_history, find_truth
from benchmarks.culprits.judging import Tally, judge
from benchmarks.culprits.ours import Ours, fill, lead_up
from benchmarks.culprits.outcomes import Outcomes, Trials
from benchmarks.culprits.planted import QUICK, parse_sizes
from benchmarks.engine.cache import Cache, add_arguments, add_engine_arguments, open_cache, prepare_suites
from benchmarks.engine.suites import Suite

LIMIT = 120.0
"""Seconds to wait for a run after a commit."""

console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)


class MapMode(str, Enum):
    """What is known of the code that each test runs."""

    OFF = "off"
    MAP = "map"
    EACH = "each"
    WRONG = "wrong"

    @property
    def environment(self) -> Mapping[str, str]:
        """Settings of batchhook, as environment variables."""
        return {
            "BATCHHOOK_CODE_MAP": "off" if self is MapMode.OFF else "always",
            "BATCHHOOK_EACH_COMMIT": "affected" if self is MapMode.EACH else "off",
        }


@dataclass(frozen=True, slots=True)
class Searched:
    """One history, searched in one mode."""

    size: int
    mode: MapMode
    ours: Ours
    tally: Tally


def search_all(suite: Suite, cache: Cache, options: argparse.Namespace) -> Iterator[Searched]:
    """Search all histories of a suite in all modes, in turns."""
    outcomes = Outcomes(suite, cache)
    trials = Trials(suite, cache, outcomes)
    for size in parse_sizes(options):
        for seed in range(1, options.seeds + 1):
            try:
                history = create_history(suite, trials, size, seed, options.flaky)
            except ImpossibleHistoryError as error:
                console.print(f"  {size} commits, seed {seed}: left out: {error}", markup=False)
                continue
            truth = _find_truth(suite, cache, history, outcomes)
            modes = list(MapMode)
            first = seed % len(modes)
            for mode in (*modes[first:], *modes[:first]):
                searched = _search(suite, cache, history, truth, mode)
                console.print(f"  {size} commits, seed {seed}, {mode.value}: {searched.ours.phases}", markup=False)
                for name in searched.tally.names:
                    console.print(f"      {name}", markup=False)
                yield searched


def _find_truth(suite: Suite, cache: Cache, history: History, outcomes: Outcomes) -> Truth:
    clone = _clone(suite, cache, "truth")
    history.begin(clone)
    for number in range(1, len(history.steps) + 1):
        clone.commit(history.write(clone, number))
    truth = find_truth(history, clone, outcomes)
    clone.remove()
    return truth


def _search(suite: Suite, cache: Cache, history: History, truth: Truth, mode: MapMode) -> Searched:
    clone = _clone(suite, cache, mode.value)
    clone = replace(clone, plain={**clone.plain, **mode.environment})
    state = StateDir(clone.folder / ".git" / "batchhook")

    def settle() -> None:
        """Wait for the run after the commit: a person takes longer until the next one."""
        end = time.monotonic() + LIMIT
        lock = state.commit_run_lock(".git")
        time.sleep(1.5)  # it starts in the background
        while locks.is_locked(lock) and time.monotonic() < end:
            time.sleep(0.1)

    lead_up(history, clone, 1, settle if mode is MapMode.EACH else None)
    if mode is MapMode.WRONG:
        _confuse(state)
    ours = fill(history, clone)
    clone.remove()
    return Searched(len(history.steps), mode, ours, judge(ours, truth))


def _clone(suite: Suite, cache: Cache, name: str) -> Clone:
    return Clone.create(cache.repository(suite), cache.folder / "maps" / suite.name / name, cache)


def _confuse(state: StateDir) -> None:
    """Give each test the record of another one."""
    with closing(Database(state.database)) as database:
        rows = database.rows("SELECT suite_id, test, run_set FROM code_records ORDER BY suite_id, test")
        half = len(rows) // 2
        others = [*rows[half:], *rows[:half]]
        with database.transaction() as connection:
            connection.executemany(
                "UPDATE code_records SET run_set = ? WHERE suite_id = ? AND test = ?",
                [(other["run_set"], row["suite_id"], row["test"]) for row, other in zip(rows, others, strict=True)],
            )


def make_table(results: Sequence[Searched]) -> Table:
    """Return the table of all modes."""
    headings = ("mode", "histories", "right", "unsure", "wrong", "probes", "to off", "search s", "to off", "whole s")
    table = Table()
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "mode" else "right")
    by_mode = {mode: [each for each in results if each.mode is mode] for mode in MapMode}
    without = by_mode[MapMode.OFF]
    for mode, searches in by_mode.items():
        probes, seconds = _probes(searches), _search_seconds(searches)
        table.add_row(
            mode.value,
            str(len(searches)),
            f"{sum(each.tally.right for each in searches)}/{sum(each.tally.tests for each in searches)}",
            str(sum(each.tally.undecided for each in searches)),
            str(sum(each.tally.wrong for each in searches)),
            str(probes),
            f"{probes / max(1, _probes(without)):.2f}",
            f"{seconds:.1f}",
            f"{seconds / (_search_seconds(without) or 1):.2f}",
            f"{statistics.median(each.ours.phases.whole for each in searches):.2f}",
        )
    return table


def _probes(searches: Sequence[Searched]) -> int:
    return sum(each.ours.probes for each in searches)


def _search_seconds(searches: Sequence[Searched]) -> float:
    return sum(each.ours.phases.search for each in searches)


def main() -> None:
    """Parse the command line, search, and print the results."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.culprits.maps",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=2, metavar="N", help="histories of each length (2)")
    parser.add_argument("--commits", default="5,20", metavar="N,M", help="lengths of the histories (5,20)")
    parser.add_argument("--flaky", type=int, metavar="N", default=0, help="flaky tests in each history (0)")
    add_arguments(parser)
    add_engine_arguments(parser)
    options = parser.parse_args()
    options.suites = options.suites or QUICK[options.engine]
    cache = open_cache(options)
    console.print(f"Load: {os.getloadavg()[0]:.1f}.")
    results: list[Searched] = []
    for suite in prepare_suites(parser, options, cache, with_sources=True):
        console.print(f"[bold]{suite.name}[/]")
        results += search_all(suite, cache, options)
    console.print(make_table(results))
    if options.json:
        rows = [
            {
                "mode": each.mode.value,
                "commits": each.size,
                "probes": each.ours.probes,
                "search": each.ours.phases.search,
                "tests": each.tally.tests,
                "right": each.tally.right,
                "wrong": each.tally.wrong,
            }
            for each in results
        ]
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
