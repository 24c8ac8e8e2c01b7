"""Accuracy of slowdown detection: real slowdowns against noise.

    python -m benchmarks.slowdowns [--suites A,B] [--tests N] [--trials N] [--modes quiet,busy] [--cache FOLDER]

The tests are those of the projects in benchmarks/engine, lengthened: the body of each runs so often that it takes 25 ms
or more. In each trial some of them take 1.3, 1.5 or 2 times as long, by running their bodies more often. batchhook's
result (history, then interleaved measurements) is compared with the truth, and with the rule of docs/origin.md: a test
is slower if it takes more than 1.5 times as long as in the baseline's single run. Both see the same runs. `quiet`:
nothing else runs. `busy`: one busy process per CPU all the time. `changing`: busy after the history and the baseline.
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

from rich.console import Console
from rich.table import Table

from batchhook.store import locks
from benchmarks.engine.cache import add_arguments, open_cache, prepare_suites
from benchmarks.slowdowns.bench import Bench, Trial, prepare
from benchmarks.slowdowns.load import cpu_count, load

MODES = ("quiet", "busy", "changing")
QUICK = "pyflakes,Markdown,mock"
TIMES = (1.3, 1.5, 2.0)
RULE = 1.5
"""Ratio to the baseline's single timing from which the simple rule calls a test slower."""
MOST_ALARMS, LEAST_HITS = 0.001, 0.9
"""The goal: shares of unchanged tests, and of those that take twice as long, that may or must be called slower."""

console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)


@dataclass(slots=True)
class Tally:
    """Results by true ratio (1 for unchanged tests).

    Attributes:
        tests: number of tests.
        ours: tests that batchhook called slower.
        unclear: tests for which batchhook was inconclusive.
        rule: tests that the rule of a single timing called slower.
        modules: modules called slower by batchhook without a planted slowdown.
        suspects: measured tests and modules.
        seconds: duration of the measurements.
    """

    tests: Counter[float] = field(default_factory=Counter)
    ours: Counter[float] = field(default_factory=Counter)
    unclear: Counter[float] = field(default_factory=Counter)
    rule: Counter[float] = field(default_factory=Counter)
    modules: int = 0
    suspects: int = 0
    seconds: float = 0.0

    def add(self, trial: Trial, baseline: dict[str, float]) -> None:
        """Add a trial."""
        slower = {slowdown.name for slowdown in trial.slowdowns if slowdown.is_confirmed}
        unclear = {slowdown.name for slowdown in trial.slowdowns if slowdown.is_inconclusive}
        for name in trial.tests:
            times = trial.slower.get(name, 1.0)
            self.tests[times] += 1
            self.ours[times] += name in slower
            self.unclear[times] += name in unclear
            self.rule[times] += trial.timed[name] > RULE * baseline[name]
        modules = (each.name for each in trial.slowdowns if each.is_module and each.is_confirmed)
        self.modules += sum(not any(name.startswith(f"{module}.") for name in trial.slower) for module in modules)
        self.suspects += trial.suspects
        self.seconds += trial.seconds


def show(mode: str, tally: Tally) -> None:
    """Print the table of one mode."""
    table = Table(title=f"{mode}: {tally.suspects} suspects, measured in {tally.seconds:.0f} s", title_justify="left")
    table.add_column("takes")
    for heading in ("tests", "batchhook: slower", "inconclusive", f"single timing > {RULE}"):
        table.add_column(heading, justify="right")
    for times in (1.0, *TIMES):
        label = "unchanged" if times == 1.0 else f"{times} times as long"
        shares = (_share(counts[times], tally.tests[times]) for counts in (tally.ours, tally.unclear, tally.rule))
        table.add_row(label, str(tally.tests[times]), *shares)
    console.print(table)


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.2%})" if whole else "0"


def show_summary(tally: Tally) -> bool:
    """Print the results of all modes; return whether the goal is met."""
    alarms, hits = (tally.ours[times] / max(1, tally.tests[times]) for times in (1.0, 2.0))
    rule_alarms, rule_hits = (tally.rule[times] / max(1, tally.tests[times]) for times in (1.0, 2.0))
    console.print(
        f"\nFalse alarms: {alarms:.3%} of {tally.tests[1.0]} (goal: under {MOST_ALARMS:.1%}); a single timing: "
        f"{rule_alarms:.3%}.\nDoublings found: {hits:.1%} of {tally.tests[2.0]} (goal: over {LEAST_HITS:.0%}); "
        f"a single timing: {rule_hits:.1%}.\nModules called slower without such a test: {tally.modules}."
    )
    return alarms < MOST_ALARMS and hits > LEAST_HITS


def run_trials(bench: Bench, mode: str, options: argparse.Namespace, tallies: list[Tally]) -> None:
    """Run the trials of one suite in one mode."""
    busy = cpu_count()
    with load(busy) if mode == "busy" else nullcontext():
        bench.run_baseline(options.before)
    with load(busy) if mode != "quiet" else nullcontext():
        for seed in range(1, options.trials + 1):
            trial = bench.run_trial(dict.fromkeys(TIMES, options.share), seed)
            for tally in tallies:
                tally.add(trial, bench.baseline)
            _show_trial(bench, mode, seed, trial)


def _show_trial(bench: Bench, mode: str, seed: int, trial: Trial) -> None:
    console.print(f"  {mode} {seed}: {trial.suspects} suspects, {trial.seconds:.1f} s", markup=False)
    for slowdown in trial.slowdowns:
        truth, comparison = trial.slower.get(slowdown.name, 1.0), slowdown.comparison
        is_false = slowdown.is_confirmed and truth == 1.0 and not slowdown.is_module
        if is_false or (slowdown.is_inconclusive and truth in {1.0, 2.0}):
            message = f"{comparison.conclusion.value}, {comparison.ratio:.2f} times; in truth {truth}"
            console.print(f"      {slowdown.name}: {message}", markup=False)
    missed = [name for name, times in trial.slower.items() if times == max(TIMES) and name not in _reported(trial)]
    for name in missed:
        seconds = trial.timed.get(name, 0.0)
        console.print(f"      missed: {name}: {bench.baseline.get(name, 0.0):.4f} -> {seconds:.4f} s", markup=False)


def _reported(trial: Trial) -> set[str]:
    return {each.name for each in trial.slowdowns if each.is_confirmed or each.is_inconclusive}


def main() -> None:
    """Parse the command line, run all trials, and print the results."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.slowdowns",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--tests", type=int, default=200, metavar="N", help="tests that take part, in total (200)")
    parser.add_argument("--trials", type=int, default=4, metavar="N", help="trials in each mode (4)")
    parser.add_argument("--before", type=int, default=5, metavar="N", help="runs before the trials (5)")
    parser.add_argument("--share", type=float, default=0.05, help="of tests for each slowdown, 0 to 0.3 (0.05)")
    parser.add_argument("--modes", default="quiet,busy", metavar="A,B", help="quiet, busy, changing (quiet,busy)")
    add_arguments(parser, QUICK)
    options = parser.parse_args()
    modes = options.modes.split(",")
    if unknown := set(modes).difference(MODES):
        parser.error(f"unknown mode {', '.join(sorted(unknown))}; known modes: {', '.join(MODES)}")
    cache = open_cache(options)
    started, total, by_mode = time.monotonic(), Tally(), {mode: Tally() for mode in modes}
    console.print(f"{options.tests} tests, {options.trials} trials in each mode. Load: {os.getloadavg()[0]:.1f}.")
    with locks.try_lock(cache.folder / "slowdowns.lock") as is_locked:
        if not is_locked:
            parser.error(f"another benchmark uses {cache.folder}")
        suites = list(prepare_suites(parser, options, cache, with_sources=True))
        for number, suite in enumerate(suites):
            share = options.tests * (number + 1) // len(suites) - options.tests * number // len(suites)
            with prepare(suite, cache, share, seed=number) as bench:
                console.print(f"[bold]{suite.name}[/]: {len(bench.tests)} tests")
                for mode in modes:
                    run_trials(bench, mode, options, [by_mode[mode], total])
    for mode, tally in by_mode.items():
        show(mode, tally)
    is_met = show_summary(total)
    console.print(f"The goal is {'met' if is_met else 'MISSED'}; {time.monotonic() - started:.0f} s in total.")
    if options.json:
        options.json.write_text(json.dumps({mode: _to_json(tally) for mode, tally in by_mode.items()}, indent=1) + "\n")


def _to_json(tally: Tally) -> dict[str, object]:
    """Return the tally as a JSON document."""
    values = {each.name: getattr(tally, each.name) for each in fields(tally)}
    return {name: dict(value) if isinstance(value, Counter) else value for name, value in values.items()}


if __name__ == "__main__":
    main()
