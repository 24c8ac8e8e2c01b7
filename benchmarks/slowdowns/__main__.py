"""Does batchhook tell what became slower from what only seems so?

    python -m benchmarks.slowdowns [--suites A,B] [--tests N] [--trials N] [--modes quiet,busy] [--cache FOLDER]

Tests of the real projects that benchmarks/engine has are lengthened: each one's own body runs so many times that it
takes 25 ms and more. In each trial some of them take 1.3, 1.5 or 2 times as long, by running it more often; the others
do not. What batchhook says (history, then interleaved measurements) is compared with the truth, and with the rule that
the document it grew from has: slower is what takes more than 1.5 times as long as in the baseline's single run. Both
see the same runs. `quiet`: nothing else runs. `busy`: one busy process for each processor, all of the time.
`changing`: it gets busy after the history and the baseline were made.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field, fields
from pathlib import Path

from rich.console import Console
from rich.table import Table

from batchhook.store import locks
from benchmarks.engine.suites import SUITES, Cache
from benchmarks.slowdowns.field import Field, Trial, prepared
from benchmarks.slowdowns.load import load, processors

QUICK = "pyflakes,Markdown,mock"
TIMES = (1.3, 1.5, 2.0)
RULE = 1.5
"""How many times as long as the baseline's single timing a test takes that the rival rule calls slower."""
MOST_ALARMS, LEAST_HITS = 0.001, 0.9
"""The aim: of tests that take as long as ever, and of those that take twice as long."""

console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)


@dataclass(slots=True)
class Tally:
    """What was said of tests, by how many times as long they take in truth; 1 for as long as ever.

    Attributes:
        tests: how many there were.
        ours: how many batchhook called slower.
        unclear: of how many it could not tell.
        rule: how many the rule of a single timing called slower.
        modules: how many modules batchhook called slower in which nothing was planted.
        suspects: how many tests and modules were measured.
        seconds: that this took.
    """

    tests: Counter[float] = field(default_factory=Counter)
    ours: Counter[float] = field(default_factory=Counter)
    unclear: Counter[float] = field(default_factory=Counter)
    rule: Counter[float] = field(default_factory=Counter)
    modules: int = 0
    suspects: int = 0
    seconds: float = 0.0

    def add(self, trial: Trial, baseline: dict[str, float]) -> None:
        """Count a trial in."""
        slower = {found.name for found in trial.found if found.is_confirmed}
        unclear = {found.name for found in trial.found if found.is_inconclusive}
        for name in trial.tests:
            times = trial.slower.get(name, 1.0)
            self.tests[times] += 1
            self.ours[times] += name in slower
            self.unclear[times] += name in unclear
            self.rule[times] += trial.timed[name] > RULE * baseline[name]
        whole = (found.name for found in trial.found if found.is_module and found.is_confirmed)
        self.modules += sum(not any(name.startswith(f"{module}.") for name in trial.slower) for module in whole)
        self.suspects += trial.suspects
        self.seconds += trial.seconds


def show(mode: str, tally: Tally) -> None:
    """Print what was said in one mode."""
    table = Table(title=f"{mode}: {tally.suspects} suspects, measured in {tally.seconds:.0f} s", title_justify="left")
    table.add_column("takes")
    for heading in ("tests", "batchhook: slower", "can't tell", f"single timing > {RULE}"):
        table.add_column(heading, justify="right")
    for times in (1.0, *TIMES):
        label = "as long as ever" if times == 1.0 else f"{times} times as long"
        shares = (_share(counts[times], tally.tests[times]) for counts in (tally.ours, tally.unclear, tally.rule))
        table.add_row(label, str(tally.tests[times]), *shares)
    console.print(table)


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.2%})" if whole else "0"


def verdict(tally: Tally) -> bool:
    """Say whether the aim is met, in all modes together."""
    alarms, hits = (tally.ours[times] / max(1, tally.tests[times]) for times in (1.0, 2.0))
    rule_alarms, rule_hits = (tally.rule[times] / max(1, tally.tests[times]) for times in (1.0, 2.0))
    console.print(
        f"\nFalse alarms: {alarms:.3%} of {tally.tests[1.0]} (aim: under {MOST_ALARMS:.1%}); a single timing: "
        f"{rule_alarms:.3%}.\nDoublings found: {hits:.1%} of {tally.tests[2.0]} (aim: over {LEAST_HITS:.0%}); "
        f"a single timing: {rule_hits:.1%}.\nModules that were called slower and have no such test: {tally.modules}."
    )
    return alarms < MOST_ALARMS and hits > LEAST_HITS


def try_mode(place: Field, mode: str, given: argparse.Namespace, tallies: list[Tally]) -> None:
    """Make the trials of one suite in one mode."""
    busy = processors()
    with load(busy) if mode == "busy" else nullcontext():
        place.look_back(given.before)
    with load(busy) if mode != "quiet" else nullcontext():
        for seed in range(1, given.trials + 1):
            trial = place.trial(dict.fromkeys(TIMES, given.share), seed)
            for tally in tallies:
                tally.add(trial, place.baseline)
            _tell(place, mode, seed, trial)


def _tell(place: Field, mode: str, seed: int, trial: Trial) -> None:
    console.print(f"  {mode} {seed}: {trial.suspects} suspects, {trial.seconds:.1f} s", markup=False)
    for found in trial.found:
        truth = trial.slower.get(found.name, 1.0)
        is_false = found.is_confirmed and truth == 1.0 and not found.is_module
        if is_false or (found.is_inconclusive and truth in {1.0, 2.0}):
            said = f"{found.comparison.conclusion.value}, {found.comparison.ratio:.2f} times; in truth {truth}"
            console.print(f"      {found.name}: {said}", markup=False)
    missed = [name for name, times in trial.slower.items() if times == max(TIMES) and name not in _named(trial)]
    for name in missed:
        seconds = trial.timed.get(name, 0.0)
        console.print(f"      missed: {name}: {place.baseline.get(name, 0.0):.4f} -> {seconds:.4f} s", markup=False)


def _named(trial: Trial) -> set[str]:
    return {found.name for found in trial.found if found.is_confirmed or found.is_inconclusive}


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.slowdowns",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--suites", default=QUICK, metavar="A,B", help=f"these ({QUICK})")
    parser.add_argument("--tests", type=int, default=200, metavar="N", help="tests that take part, in all (200)")
    parser.add_argument("--trials", type=int, default=4, metavar="N", help="trials in each mode (4)")
    parser.add_argument("--before", type=int, default=5, metavar="N", help="runs that history has (5)")
    parser.add_argument("--share", type=float, default=0.05, help="of tests for each slowdown, 0 to 0.3 (0.05)")
    parser.add_argument("--modes", default="quiet,busy", metavar="A,B", help="quiet, busy, changing (quiet,busy)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="what the tests' venv is made with")
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/batchhook-benchmarks"), metavar="FOLDER")
    given = parser.parse_args()
    wanted, modes = given.suites.split(","), given.modes.split(",")
    suites = [suite for suite in SUITES if suite.name in wanted and suite.sdist]
    if len(suites) != len(wanted) or not {"quiet", "busy", "changing"}.issuperset(modes):
        parser.error(f"there is no such suite or mode; there are {', '.join(suite.name for suite in SUITES)}")
    cache = Cache(given.cache, given.python)
    cache.folder.mkdir(parents=True, exist_ok=True)
    begun, whole, by_mode = time.monotonic(), Tally(), {mode: Tally() for mode in modes}
    console.print(f"{given.tests} tests, {given.trials} trials in each mode. Load: {os.getloadavg()[0]:.1f}.")
    with locks.try_lock(cache.folder / "slowdowns.lock") as mine:
        if not mine:
            parser.error(f"somebody is at work in {cache.folder}")
        for number, suite in enumerate(suites):
            trouble = cache.prepare(suite)
            if trouble:
                console.print(f"{suite.name} does not take part: {trouble}", markup=False)
                continue
            share = given.tests * (number + 1) // len(suites) - given.tests * number // len(suites)
            with prepared(suite, cache, share, seed=number) as place:
                console.print(f"[bold]{suite.name}[/]: {len(place.tests)} tests")
                for mode in modes:
                    try_mode(place, mode, given, [by_mode[mode], whole])
    for mode, tally in by_mode.items():
        show(mode, tally)
    met = verdict(whole)
    console.print(f"{'The aim is met' if met else 'THE AIM IS NOT MET'}; {time.monotonic() - begun:.0f} s in all.")
    if given.json:
        given.json.write_text(json.dumps({mode: _plain(tally) for mode, tally in by_mode.items()}, indent=1) + "\n")


def _plain(tally: Tally) -> dict[str, object]:
    """Its numbers, as JSON can hold them."""
    values = {each.name: getattr(tally, each.name) for each in fields(tally)}
    return {name: dict(value) if isinstance(value, Counter) else value for name, value in values.items()}


if __name__ == "__main__":
    main()
