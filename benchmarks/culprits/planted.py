"""Accuracy and duration of the culprit search, in histories of real projects with planted faults.

    python -m benchmarks.culprits.planted [--engine pytest] [--suites A,B] [--seeds N] [--commits 5,20]
    python -m benchmarks.culprits.planted --project FOLDER --replay [--engine pytest]

The projects are those of benchmarks/engine. A history consists of harmless edits, or with `--replay` of the project's
own latest changes, a few of them with a mistake in one of the project's functions; in some histories tests are flaky.
batchhook's attributions are compared with the suite's outcomes at each commit. Its time, from the commit that fills the
batch to the last culprit, is compared with two rivals: the whole suite under its framework, then `git bisect run` with
the whole suite for each culprit (A), or with each failing test on its own (B).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from batchhook.store import locks
from benchmarks.culprits.clone import Clone
from benchmarks.culprits.histories import (
    History,
    ImpossibleHistoryError,
    Truth,
    create_history,
    find_truth,
    replay_history,
)
from benchmarks.culprits.judging import Tally, judge
from benchmarks.culprits.ours import BEFORE_FLAKY, Ours, fill, lead_up
from benchmarks.culprits.outcomes import Outcomes, Trials
from benchmarks.culprits.replay import Replay
from benchmarks.culprits.rivals import MOST_BISECTED, Rivals, compete
from benchmarks.engine.cache import Cache, add_arguments, add_engine_arguments, open_cache, prepare_suites
from benchmarks.engine.suites import PYTEST, UNITTEST, Suite

QUICK = {UNITTEST: "defusedxml,cssselect,pyflakes,Markdown", PYTEST: "itsdangerous,click,attrs"}
GOAL_A, GOAL_B = 0.25, 1.0

console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)


@dataclass(frozen=True, slots=True)
class Searched:
    """One history, and the results of all searches in it."""

    history: History
    truth: Truth
    ours: Ours
    rivals: Rivals | None
    tally: Tally


@dataclass(frozen=True, slots=True)
class Bench:
    """Creates and searches the histories of one suite.

    Attributes:
        before: runs of the suite before a history begins.
        with_rivals: whether to measure the rivals, too.
        keep: whether to keep the repositories.
        flaky: number of flaky tests in each history; None for 0 to 2, by the seed.
        replay: whether to replay the project's own changes.
    """

    suite: Suite
    cache: Cache
    outcomes: Outcomes
    trials: Trials
    before: int
    with_rivals: bool
    keep: bool
    flaky: int | None
    replay: bool

    def search(self, size: int, seed: int) -> Searched:
        """Create a history and run all searches in it, in an order that depends on the seed.

        Raises:
            ImpossibleHistoryError: the project allows no such history.
        """
        history = self._draw(size, seed)
        theirs, hooked = (self._clone(f"{size}-{seed}-{name}") for name in ("rivals", "batchhook"))
        history.begin(theirs)
        for number in range(1, len(history.steps) + 1):
            theirs.commit(history.write(theirs, number))
        truth = find_truth(history, theirs, self.outcomes)
        lead_up(history, hooked, self.before)
        if seed % 2:
            ours = fill(history, hooked)
        rivals = compete(self.suite, self.cache, theirs, truth) if self.with_rivals else None
        if not seed % 2:
            ours = fill(history, hooked)
        if not self.keep:
            theirs.remove()
            hooked.remove()
        return Searched(history, truth, ours, rivals, judge(ours, truth))

    def _draw(self, size: int, seed: int) -> History:
        if self.replay and self.suite.folder:
            replay = Replay(self.suite.folder, size)
            return replay_history(replay, self.suite, self.trials, seed, self.flaky)
        return create_history(self.suite, self.trials, size, seed, self.flaky)

    def _clone(self, name: str) -> Clone:
        folder = self.cache.folder / "planted" / self.suite.name / name
        return Clone.create(self.cache.repository(self.suite), folder, self.cache)


# --- output -----------------------------------------------------------------------------------------------------------


def ratios(searched: Searched) -> tuple[float, float] | None:
    """Return batchhook's time divided by A's and by B's."""
    ours, rivals = searched.ours.phases.whole, searched.rivals
    return (ours / rivals.with_suite, ours / rivals.with_tests) if rivals else None


def show_history(size: int, searched: Searched) -> None:
    """Print one line for a history, its mistakes, and what batchhook logged."""
    console.print(f"  {size} commits, seed {searched.history.seed}: {searched.ours.phases}", markup=False)
    lines = list(searched.tally.names)
    if lines:
        lines += [f"planted: {step.fault}" for step in searched.history.steps if step.fault]
    if searched.ours.errors:
        lines.append(f"batchhook's log: {searched.ours.errors[-2000:]}")
    for line in lines:
        console.print(f"      {line}", markup=False)


HEADINGS = (
    "seed",
    "faults",
    "tests",
    "right",
    "unsure",
    "wrong",
    "flaky",
    "right",
    "blamed",
    "right",
    "probes",
    "run s",
    "ours s",
    "A s",
    "B s",
    "to A",
    "to B",
)


def make_table(suite: Suite, size: int, results: Sequence[Searched]) -> Table:
    """Return the table of one suite's histories of one length."""
    table = Table(title=f"{suite.name} ({suite.sdist or suite.folder}), {size} commits", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for searched in results:
        table.add_row(*_row(searched))
    pairs = [pair for pair in map(ratios, results) if pair]
    if pairs:
        medians = [f"{statistics.median(values):.2f}" for values in zip(*pairs, strict=True)]
        table.add_section()
        table.add_row("median", *[""] * (len(HEADINGS) - 1 - len(medians)), *medians)
    return table


def _row(searched: Searched) -> Iterator[str]:
    tally, ours, rivals = searched.tally, searched.ours, searched.rivals
    yield from (str(searched.history.seed), f"{tally.culprits}")
    yield from map(str, (tally.tests, tally.right, tally.undecided, tally.wrong))
    yield from map(str, (tally.flaky, tally.flaky_right, tally.blamed, tally.blamed_rightly, ours.probes))
    yield from (f"{ours.phases.run:.2f}", f"{ours.phases.whole:.2f}")
    if rivals:
        mark = "*" if rivals.bisected < rivals.failing else ""
        yield from (f"{rivals.with_suite:.2f}", f"{rivals.with_tests:.2f}{mark}")
        yield from (f"{ratio:.2f}" for ratio in ratios(searched) or ())


def show_accuracy(size: int, results: Sequence[Searched]) -> None:
    """Print batchhook's accuracy in all histories of one length."""
    tally = Tally()
    for searched in results:
        tally.add(searched.tally)
    steady = tally.wrong - (tally.flaky - tally.flaky_right - tally.flaky_undecided)
    console.print(
        f"\n[bold]{size} commits[/], {len(results)} histories\n"
        f"  broken tests   {_share(tally.right, tally.tests)} right, {tally.undecided} undecided, {steady} wrong\n"
        f"  flaky tests    {_share(tally.flaky_right, tally.flaky)} called flaky, {tally.flaky_undecided} undecided\n"
        f"  blamed changes {_share(tally.blamed_rightly, tally.blamed)} broke a test\n"
        f"  culprits       {_share(tally.found, tally.culprits)} found\n"
        f"  not judged     {tally.unclear} tests without a clear truth"
    )
    for mistake, count in tally.mistakes.most_common():
        console.print(f"  {count:4} x {mistake}")
    rivals = [searched.rivals for searched in results if searched.rivals]
    if rivals:
        right, bisected = sum(each.right for each in rivals), sum(each.bisected for each in rivals)
        console.print(f"  B              {_share(right, bisected)} of its bisections named the right change")


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole} ({part / whole:.1%})" if whole else "0/0"


def make_document(suite: Suite, size: int, searched: Searched) -> dict[str, Any]:
    """Return all numbers of one history as a JSON document."""
    return {
        "suite": suite.name,
        "commits": size,
        "seed": searched.history.seed,
        "faults": [str(step.fault) if step.fault else None for step in searched.history.steps],
        "flaky": searched.history.flaky,
        "seconds": searched.ours.phases.whole,
        "phases": asdict(searched.ours.phases),
        "probes": searched.ours.probes,
        "rivals": asdict(searched.rivals) if searched.rivals else None,
        "tally": vars(searched.tally),  # asdict() cannot copy counters
        "errors": searched.ours.errors,
    }


# --- command line -----------------------------------------------------------------------------------------------------


def search_all(bench: Bench, sizes: Sequence[int], seeds: int) -> Iterator[tuple[int, Searched]]:
    """Search all histories of one suite; yield each one's length and results, and print the tables."""
    console.print(f"[bold]{bench.suite.name}[/]")
    for size in sizes:
        results = []
        for seed in range(1, seeds + 1):
            try:
                searched = bench.search(size, seed)
            except ImpossibleHistoryError as error:
                console.print(f"  {size} commits, seed {seed}: left out: {error}", markup=False)
                continue
            show_history(size, searched)
            results.append(searched)
            yield size, searched
        if results:
            console.print(make_table(bench.suite, size, results))


def search_suite(suite: Suite, cache: Cache, options: argparse.Namespace) -> list[tuple[Suite, int, Searched]]:
    """Search all histories of one suite."""
    outcomes = Outcomes(suite, cache)
    trials = Trials(suite, cache, outcomes)
    bench = Bench(
        suite,
        cache,
        outcomes,
        trials,
        before=options.before,
        with_rivals=not options.no_rivals,
        keep=options.keep,
        flaky=options.flaky,
        replay=options.replay,
    )
    sizes = parse_sizes(options)
    return [(suite, size, searched) for size, searched in search_all(bench, sizes, options.seeds)]


def parse_sizes(options: argparse.Namespace) -> list[int]:
    """Return the lengths of histories."""
    return [int(size) for size in options.commits.split(",")]


def main() -> None:
    """Parse the command line, search, and print the results."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.culprits.planted",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=2, metavar="N", help="histories of each length (2)")
    parser.add_argument("--commits", default="5,20", metavar="N,M", help="lengths of the histories (5,20)")
    parser.add_argument("--before", type=int, default=1, metavar="N", help="runs of the suite before each history (1)")
    parser.add_argument("--flaky", type=int, metavar="N", help="flaky tests in each history (0 to 2, by the seed)")
    parser.add_argument("--no-rivals", action="store_true", help="measure accuracy only")
    parser.add_argument("--keep", action="store_true", help="leave the repositories in the cache")
    parser.add_argument("--replay", action="store_true", help="use the latest commits of the repository at --project")
    add_arguments(parser)
    add_engine_arguments(parser)
    options = parser.parse_args()
    if options.replay and not options.project:
        parser.error("--replay needs --project")
    options.suites = options.suites or QUICK[options.engine]
    cache = open_cache(options)
    console.print(
        f"batchhook has run the suite {options.before} times before each history ({BEFORE_FLAKY} times if tests are "
        f"flaky). `ours s` includes `run s`.\n"
        f"`*`: {MOST_BISECTED} of the failing tests were bisected, and the rest extrapolated. "
        f"The goal: at most {GOAL_A} of A, at most {GOAL_B} of B. Load: {os.getloadavg()[0]:.1f}."
    )
    with locks.try_lock(cache.folder / "planted.lock") as is_locked:
        if not is_locked:
            parser.error(f"another benchmark uses {cache.folder}")
        results = [
            result
            for suite in prepare_suites(parser, options, cache, with_sources=True)
            for result in search_suite(suite, cache, options)
        ]
    for size in parse_sizes(options):
        show_accuracy(size, [searched for _, length, searched in results if length == size])
    if options.json:
        options.json.write_text(json.dumps([make_document(*result) for result in results], indent=1) + "\n")


if __name__ == "__main__":
    main()
