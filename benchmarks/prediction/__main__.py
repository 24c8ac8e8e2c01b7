"""Predictions against simple rules, on histories of real projects with planted mistakes.

    python -m benchmarks.prediction FOLDER… [--until REV,…] [--changes 320] [--python PYTHON] [--cache FOLDER]

Each folder is a clone of a project that pytest tests. Its latest changes to Python files are made one after the other,
some with a mistake in the lines that they touch, which a later change fixes; the whole suite runs after each. What
batchhook would have stored is then evaluated as `batchhook risk --evaluate` does it. The outcomes are cached.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from batchhook.core.prediction.evaluation import Evaluation, evaluate
from batchhook.predict.fitting import fit
from batchhook.report.console import risk
from batchhook.store import tested_batches
from benchmarks.prediction.planting import ProjectHistory
from benchmarks.prediction.simulation import affected_by, churn_of, open_database, store_history
from benchmarks.prediction.suite_runs import Step, load_steps

console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)


def evaluate_steps(steps: list[Step], size: int, seed: int, *, with_map: bool) -> tuple[Evaluation, float]:
    """Store a history as batchhook would, and evaluate predictions on it; return the seconds that this took, too."""
    with TemporaryDirectory() as folder:
        database = open_database(Path(folder))
        store_history(database, steps, size, seed)
        batches = tested_batches.load(database, lambda _: churn_of(steps), len(steps))
        database.close()
    begun = time.perf_counter()
    return evaluate(batches, affected_by(steps) if with_map else {}, fit), time.perf_counter() - begun


def show(name: str, steps: list[Step], evaluation: Evaluation, seconds: float, *, with_map: bool) -> None:
    """Print the figures of one history."""
    tests = sum(len(step.seconds) for step in steps) / max(1, len(steps))
    console.print(
        f"\n[bold]{name}[/], {'with' if with_map else 'without'} a map: {len(steps)} changes, {tests:.0f} tests on "
        f"average, {sum(bool(step.planted) for step in steps)} planted mistakes; evaluated in {seconds:.1f} s"
    )
    for block in risk.evaluation(evaluation):
        console.print(block)


def main() -> None:
    """Parse the command line, test the histories, and print the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.prediction",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="clones of projects")
    parser.add_argument("--until", default="", metavar="REV,REV", help="last change of each project (HEAD)")
    parser.add_argument("--changes", type=int, default=320, metavar="N", help="changes of each project, at most (320)")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="Python with what the tests need")
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/batchhook-benchmarks/prediction"))
    parser.add_argument("--size", type=int, default=5, metavar="N", help="changes in a batch (5)")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers")
    options = parser.parse_args()
    ends = dict(enumerate(options.until.split(",") if options.until else ()))
    numbers = []
    for place, folder in enumerate(options.folders):
        history = ProjectHistory(folder.resolve(), options.changes, ends.get(place) or "HEAD")
        cache = options.cache.expanduser() / folder.resolve().name
        steps = load_steps(cache, history, options.python, options.seed)
        for with_map in (True, False):
            evaluation, seconds = evaluate_steps(steps, options.size, options.seed, with_map=with_map)
            show(folder.resolve().name, steps, evaluation, seconds, with_map=with_map)
            numbers.append({"project": folder.resolve().name, "with_map": with_map, **asdict(evaluation)})
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=2))


if __name__ == "__main__":
    main()
