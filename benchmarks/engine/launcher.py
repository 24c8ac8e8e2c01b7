"""Run batchhook's engine on the suite in the working directory; print totals, or write all results to a file."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

from batchhook.core.results import IsolationLevel, SuiteResult
from batchhook.core.test_stats import TestStats
from batchhook.engines.pytest.engine import PytestEngine
from batchhook.engines.unittest.engine import UnittestEngine
from batchhook.execution.runner import run_suite
from batchhook.execution.spec import ConfiguredEngine, SuiteSpec


def load_stats(file: Path | None) -> TestStats:
    """Return the statistics that earlier runs left, if any."""
    if file is None or not file.exists():
        return TestStats()
    known = json.loads(file.read_text())
    return TestStats(
        durations=known["durations"],
        last_failed=frozenset(known["failing"]),
        order_dependent=frozenset(known["ordered"]),
        isolation_verified=frozenset(known["durations"]),
    )


def save_stats(file: Path, outcome: SuiteResult) -> None:
    """Save what batchhook's database would hold after a run."""
    known = {
        "durations": {result.test_id: result.duration for result in outcome.results},
        "failing": [result.test_id for result in outcome.results if result.outcome.is_failure],
        "ordered": sorted(
            load_stats(file).order_dependent.union(
                result.test_id
                for result in outcome.results
                if result.is_parallel_only and result.isolation is IsolationLevel.SUITE
            )
        ),
    }
    file.write_text(json.dumps(known))


def main() -> None:
    """Run the suite once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", type=Path, required=True, help="the interpreter that runs the tests")
    parser.add_argument("--jobs", type=int, default=1, help="processes that run tests; 0 for one per CPU (1)")
    parser.add_argument("--engine", default="unittest", choices=("unittest", "pytest"), help="the test framework")
    parser.add_argument("-s", dest="start_dir", default=".", help="as unittest's")
    parser.add_argument("-t", dest="top_level_dir", default="", help="as unittest's")
    parser.add_argument("--results", type=Path, help="write every test's result to this file")
    parser.add_argument("--history", type=Path, help="keep the tests' statistics in this file, for the next run")
    options = parser.parse_args()
    engine: ConfiguredEngine = UnittestEngine(options.start_dir, top_level_dir=options.top_level_dir)
    if options.engine == "pytest":
        engine = PytestEngine(options.start_dir)
    with tempfile.TemporaryDirectory(prefix="batchhook-benchmark-") as scratch:
        outcome = run_suite(
            SuiteSpec(
                interpreter=options.python,
                root=Path.cwd(),
                environment=dict(os.environ),
                scratch=Path(scratch),
                engine=engine,
                jobs=options.jobs or os.cpu_count() or 1,
                stats=load_stats(options.history),
            )
        )
    if options.history:
        save_stats(options.history, outcome)
    totals = outcome.totals
    counts = {"tests": totals.tests, "failed": totals.failures, "skipped": totals.skipped}
    print(json.dumps({"broken": outcome.broken_reason, "totals": counts}))
    if options.results:
        rows = [[each.test_id, each.outcome.value, each.message, each.duration] for each in outcome.results]
        options.results.write_text(json.dumps({"broken": outcome.broken_reason, "results": rows}))


if __name__ == "__main__":
    main()
