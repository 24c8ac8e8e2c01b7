"""Does batchhook find what broke the tests of real projects, and how long does it take?

    python -m benchmarks.culprits.planted [--suites A,B] [--seeds N] [--commits 5,20]

Faults are planted into histories of the projects that benchmarks/engine has: mistakes in their own functions, among
harmless edits; in some of them tests flake. What batchhook says is compared with what the suite does at each commit.
What it takes, from the commit that fills the batch to the last culprit, is compared with two rivals: `python -m
unittest`, then `git bisect run` with the whole suite for each culprit (A), or with each failing test by itself (B).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from batchhook.store import locks
from benchmarks.culprits.clone import Clone
from benchmarks.culprits.histories import History, Impossible, Truth, make, truth
from benchmarks.culprits.judging import Tally, judge
from benchmarks.culprits.ours import BEFORE_FLAKY, Ours, fill, lead_up
from benchmarks.culprits.outcomes import Outcomes, Trials
from benchmarks.culprits.rivals import MOST_BISECTED, Rivals, compete
from benchmarks.engine.suites import SUITES, Cache, Suite

QUICK = "defusedxml,cssselect,pyflakes,Markdown"
AIM_A, AIM_B = 0.25, 1.0

console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)


@dataclass(frozen=True, slots=True)
class Searched:
    """One history, searched by all."""

    history: History
    truth: Truth
    ours: Ours
    rivals: Rivals | None
    tally: Tally


@dataclass(frozen=True, slots=True)
class Bench:
    """Where histories of one suite are made and searched.

    Attributes:
        before: runs of the suite that batchhook has seen before a history begins.
        with_rivals: whether they take part.
        keep: whether the repositories are left where they are, for somebody to look at.
        flaky: how many tests flake in each history; None: none, one or two.
    """

    suite: Suite
    cache: Cache
    outcomes: Outcomes
    trials: Trials
    before: int
    with_rivals: bool
    keep: bool
    flaky: int | None

    def search(self, size: int, seed: int) -> Searched:
        """Make a history and let everybody search it; who begins changes with the seed.

        Raises:
            Impossible: there is no such history in this project.
        """
        history = make(self.suite, self.trials, size, seed, self.flaky)
        theirs, hooked = (self._clone(f"{size}-{seed}-{name}") for name in ("rivals", "batchhook"))
        history.begin(theirs)
        for number in range(1, size + 1):
            theirs.commit(history.write(theirs, number))
        what = truth(history, theirs, self.outcomes, self.trials.limit)
        lead_up(history, hooked, self.before)
        if seed % 2:
            ours = fill(history, hooked)
        rivals = compete(self.suite, self.cache, theirs, what) if self.with_rivals else None
        if not seed % 2:
            ours = fill(history, hooked)
        if not self.keep:
            theirs.remove()
            hooked.remove()
        return Searched(history, what, ours, rivals, judge(ours, what))

    def _clone(self, name: str) -> Clone:
        place = self.cache.folder / "planted" / self.suite.name / name
        return Clone.of(self.cache.repository(self.suite), place, self.cache)


# --- what is printed --------------------------------------------------------------------------------------------------


def ratios(searched: Searched) -> tuple[float, float] | None:
    """Our time as a share of A's and of B's."""
    ours, rivals = searched.ours.phases.whole, searched.rivals
    return (ours / rivals.with_suite, ours / rivals.with_tests) if rivals else None


def show_one(size: int, one: Searched) -> None:
    """Say how one history went: in short, and whatever was amiss."""
    console.print(f"  {size} commits, seed {one.history.seed}: {one.ours.phases}", markup=False)
    lines = list(one.tally.names)
    if lines:
        lines += [f"planted: {step.fault}" for step in one.history.steps if step.fault]
    if one.ours.amiss:
        lines.append(f"batchhook's log: {one.ours.amiss[-2000:]}")
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
    "visits",
    "run s",
    "ours s",
    "A s",
    "B s",
    "to A",
    "to B",
)


def table_of(suite: Suite, size: int, all_: Sequence[Searched]) -> Table:
    """The figures of one suite's histories of one length."""
    table = Table(title=f"{suite.name} ({suite.sdist}), {size} commits", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for one in all_:
        table.add_row(*_row(one))
    pairs = [pair for pair in map(ratios, all_) if pair]
    if pairs:
        medians = [f"{statistics.median(values):.2f}" for values in zip(*pairs, strict=True)]
        table.add_section()
        table.add_row("median", *[""] * (len(HEADINGS) - 1 - len(medians)), *medians)
    return table


def _row(one: Searched) -> Iterator[str]:
    tally, ours, rivals = one.tally, one.ours, one.rivals
    yield from (str(one.history.seed), f"{tally.culprits}")
    yield from map(str, (tally.tests, tally.right, tally.undecided, tally.wrong))
    yield from map(str, (tally.flaky, tally.flaky_right, tally.blamed, tally.rightly, ours.visits))
    yield from (f"{ours.phases.run:.2f}", f"{ours.phases.whole:.2f}")
    if rivals:
        taken = "*" if rivals.bisected < rivals.failing else ""
        yield from (f"{rivals.with_suite:.2f}", f"{rivals.with_tests:.2f}{taken}")
        yield from (f"{ratio:.2f}" for ratio in ratios(one) or ())


def show_accuracy(size: int, all_: Sequence[Searched]) -> None:
    """Say how right batchhook was in all histories of one length."""
    tally = Tally()
    for one in all_:
        tally.add(one.tally)
    steady = tally.wrong - (tally.flaky - tally.flaky_right - tally.flaky_undecided)
    console.print(
        f"\n[bold]{size} commits[/], {len(all_)} histories\n"
        f"  broken tests   {_share(tally.right, tally.tests)} right, {tally.undecided} undecided, {steady} wrong\n"
        f"  flaky tests    {_share(tally.flaky_right, tally.flaky)} called flaky, {tally.flaky_undecided} undecided\n"
        f"  blamed changes {_share(tally.rightly, tally.blamed)} broke a test\n"
        f"  culprits       {_share(tally.found, tally.culprits)} found\n"
        f"  not judged     {tally.unclear} tests whose truth is unclear"
    )
    for mistake, times in tally.mistakes.most_common():
        console.print(f"  {times:4} x {mistake}")
    rivals = [one.rivals for one in all_ if one.rivals]
    if rivals:
        right, bisected = sum(one.right for one in rivals), sum(one.bisected for one in rivals)
        console.print(f"  B, by the way  {_share(right, bisected)} of its bisections named the right change")


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole} ({part / whole:.1%})" if whole else "0/0"


def numbers_of(suite: Suite, size: int, one: Searched) -> dict[str, Any]:
    """Everything about one history, for a file."""
    return {
        "suite": suite.name,
        "commits": size,
        "seed": one.history.seed,
        "faults": [str(step.fault) if step.fault else None for step in one.history.steps],
        "flaky": one.history.flaky,
        "seconds": one.ours.phases.whole,
        "phases": asdict(one.ours.phases),
        "visits": one.ours.visits,
        "rivals": asdict(one.rivals) if one.rivals else None,
        "tally": asdict(one.tally),
        "amiss": one.ours.amiss,
    }


# --- the command line -------------------------------------------------------------------------------------------------


def chosen(names: str, parser: argparse.ArgumentParser) -> list[Suite]:
    """The suites of a list of names. Those of CPython's own tests have no sources that could be broken."""
    able = {suite.name: suite for suite in SUITES if suite.sdist}
    wanted = [name for name in names.split(",") if name]
    unknown = [name for name in wanted if name not in able]
    if unknown:
        parser.error(f"there is no suite {', '.join(unknown)}; there are {', '.join(able)}")
    return [able[name] for name in wanted]


def search_all(bench: Bench, sizes: Sequence[int], seeds: int) -> Iterator[tuple[int, Searched]]:
    """Search all histories of one suite."""
    console.print(f"[bold]{bench.suite.name}[/]")
    for size in sizes:
        of_size = []
        for seed in range(1, seeds + 1):
            try:
                one = bench.search(size, seed)
            except Impossible as error:
                console.print(f"  {size} commits, seed {seed}: left out: {error}", markup=False)
                continue
            show_one(size, one)
            of_size.append(one)
            yield size, one
        if of_size:
            console.print(table_of(bench.suite, size, of_size))


def search_suite(
    suite: Suite, cache: Cache, sizes: Sequence[int], given: argparse.Namespace
) -> list[tuple[Suite, int, Searched]]:
    """Search all histories of one suite, as the command line has it; none where it cannot take part."""
    trouble = cache.prepare(suite)
    if trouble:
        console.print(f"{suite.name} does not take part: {trouble}", markup=False)
        return []
    outcomes = Outcomes(suite, cache)
    trials = Trials(suite, cache, outcomes)
    bench = Bench(suite, cache, outcomes, trials, given.before, not given.no_rivals, given.keep, given.flaky)
    return [(suite, size, one) for size, one in search_all(bench, sizes, given.seeds)]


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.culprits.planted",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--suites", default=QUICK, metavar="A,B", help=f"these ({QUICK})")
    parser.add_argument("--seeds", type=int, default=2, metavar="N", help="histories of each length (2)")
    parser.add_argument("--commits", default="5,20", metavar="N,M", help="how long the histories are (5,20)")
    parser.add_argument("--before", type=int, default=1, metavar="N", help="runs that batchhook has seen before (1)")
    parser.add_argument("--flaky", type=int, metavar="N", help="tests that flake in each history (0 to 2, by the seed)")
    parser.add_argument("--no-rivals", action="store_true", help="only how right it is")
    parser.add_argument("--keep", action="store_true", help="leave the repositories in the cache")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="what the tests' venv is made with")
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/batchhook-benchmarks"), metavar="FOLDER")
    given = parser.parse_args()
    cache, sizes = Cache(given.cache, given.python), [int(size) for size in given.commits.split(",")]
    console.print(
        f"Before a history begins, batchhook has run the suite {given.before} times, and {BEFORE_FLAKY} at least where "
        f"tests flake. `run s` is a part of `ours s`.\n"
        f"`*`: {MOST_BISECTED} of the failing tests were bisected, the rest are taken to need as long. "
        f"The aim: at most {AIM_A} of A, at most {AIM_B} of B. Load: {os.getloadavg()[0]:.1f}."
    )
    cache.folder.mkdir(parents=True, exist_ok=True)
    with locks.try_lock(cache.folder / "planted.lock") as mine:
        if not mine:
            parser.error(f"somebody is at work in {cache.folder}")
        found = [each for suite in chosen(given.suites, parser) for each in search_suite(suite, cache, sizes, given)]
    for size in sizes:
        show_accuracy(size, [one for _, its, one in found if its == size])
    if given.json:
        given.json.write_text(json.dumps([numbers_of(*each) for each in found], indent=1) + "\n")


if __name__ == "__main__":
    main()
