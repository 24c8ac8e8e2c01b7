"""Real test tools, in small projects, through git's hooks: culprits, counts, and cost.

    python -m benchmarks.commands [--tools node,jest,...] [--rounds N] [--json FILE]

Each project is committed, `batchhook install` has to find the tool's preset by itself (but for pytest and unittest,
which are set), and two batches of five commits follow. In the first, two commits break a function each, and one adds a
test that fails half of the time; in the second, a file does not compile, or cannot be loaded. Checked are the culprit
of each failing test, that no innocent change is named, and that the numbers of tests are those of the tool's own
summary. Then the command by hand, the same through the engine, and `batchhook test --fresh` take turns.

Run it from the top of the repository, with a Python in which batchhook is installed. jest and vitest are fetched by
npm. A tool that is not installed is shown as such. The exit code is 1 if a culprit or a number is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.commands import compiled, java, javascript, python, scripts
from benchmarks.commands.cost import MOST_MILLISECONDS, MOST_PERCENT, Cost, measure_cost
from benchmarks.commands.project import Counts, Project
from benchmarks.commands.repository import Repository, make_environment
from benchmarks.commands.trial import Trial, create, run_trial

PROJECTS = {
    each.tool: each
    for each in (*javascript.PROJECTS, *compiled.PROJECTS, *java.PROJECTS, *scripts.PROJECTS, *python.PROJECTS)
}
console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)


def try_tool(project: Project, scratch: Path, rounds: int) -> Trial:
    """Try a tool in a repository of its own, and remove that."""
    environment = make_environment(scratch)
    trial = Trial(project, project.find_version(environment))
    if not trial.version:
        return trial
    repository = Repository.create(scratch / project.tool, project.files, environment)
    try:
        create(trial, repository)
        if rounds:
            trial.cost = measure_cost(project, repository, rounds)
        run_trial(trial, repository)
    except (RuntimeError, ValueError, OSError) as error:
        trial.wrong.append(str(error))
    finally:
        repository.close()
    return trial


def make_table(trials: Sequence[Trial]) -> Table:
    """Return the table of what was found."""
    table = Table(title="Culprits and counts", title_justify="left")
    for heading in ("tool", "version"):
        table.add_column(heading)
    for heading in ("right", "wrong"):
        table.add_column(heading, justify="right")
    for heading in ("test by chance", "tests, failed, skipped", "by its own summary"):
        table.add_column(heading)
    for trial in trials:
        if not trial.version:
            table.add_row(trial.project.tool, "not installed", *["–"] * 5)  # noqa: RUF001 - a dash in an empty cell
            continue
        table.add_row(
            trial.project.tool,
            trial.version,
            f"{trial.right} of {trial.expected}",
            str(len(trial.wrong)),
            trial.coin or "passed",
            _show(trial.counts),
            _show(trial.by_hand),
        )
    return table


def make_cost_table(costs: dict[str, Cost]) -> Table:
    """Return the table of durations."""
    table = Table(title="Median of one run", title_justify="left")
    table.add_column("tool")
    for heading in ("by hand s", "engine s", "added ms", "ratio", "goal", "batchhook test s", "ratio"):
        table.add_column(heading, justify="right")
    for tool, cost in costs.items():
        by_hand, engine, test = map(statistics.median, (cost.by_hand, cost.engine, cost.test))
        table.add_row(
            tool,
            f"{by_hand:.2f}",
            f"{engine:.2f}",
            f"{1000 * cost.added:+.0f}",
            f"{1 + cost.added / by_hand:.3f}",
            "met" if cost.is_within_goal else "missed",
            f"{test:.2f}",
            f"{test / by_hand:.2f}",
        )
    return table


def _show(counts: Counts | None) -> str:
    return ", ".join(map(str, asdict(counts).values())) if counts is not None else "?"


def _document(trial: Trial) -> dict[str, object]:
    return {
        "tool": trial.project.tool,
        "version": trial.version,
        "right": trial.right,
        "expected": trial.expected,
        "wrong": trial.wrong,
        "coin": trial.coin,
        "counts": asdict(trial.counts) if trial.counts else None,
        "by_hand": asdict(trial.by_hand) if trial.by_hand else None,
        "cost": asdict(trial.cost) if trial.cost else None,
    }


def main() -> int:
    """Parse the command line, and try the tools; return 1 if something is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.commands", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tools", default=",".join(PROJECTS), help="names of presets, with commas between them (all)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="timed runs in each way (5); 0 for none")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there")
    options = parser.parse_args()
    names = options.tools.split(",")
    unknown = sorted(set(names) - set(PROJECTS))
    if unknown:
        parser.error(f"there is no project for {', '.join(unknown)}; there are {', '.join(PROJECTS)}")
    trials = []
    with tempfile.TemporaryDirectory(dir="/var/tmp" if os.access("/var/tmp", os.W_OK) else None) as scratch:
        for name in names:
            trial = try_tool(PROJECTS[name], Path(scratch).resolve(), options.rounds)
            trials.append(trial)
            for line in trial.wrong:
                console.print(f"{name}: {line}", markup=False)
    console.print(make_table(trials))
    costs = {trial.project.tool: trial.cost for trial in trials if trial.cost is not None}
    if costs:
        console.print(
            f"{options.rounds} rounds, all three taking turns; load: {os.getloadavg()[0]:.1f}. The engine may add "
            f"{MOST_MILLISECONDS} ms or {MOST_PERCENT} %."
        )
        console.print(make_cost_table(costs))
    if options.json:
        options.json.write_text(json.dumps([_document(trial) for trial in trials], indent=1) + "\n")
    return 1 if any(trial.wrong for trial in trials) else 0


if __name__ == "__main__":
    sys.exit(main())
