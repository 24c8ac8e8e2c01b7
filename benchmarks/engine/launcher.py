"""Runs batchhook's engine on the suite in the working directory; prints totals, or writes all results to a file."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

from batchhook.core.results import IsolationLevel, SuiteResult
from batchhook.core.test_stats import TestStats
from batchhook.execution.runner import run_suite
from batchhook.execution.spec import SuiteSpec


def recalled(file: Path | None) -> TestStats:
    """What the run before told; nothing the first time."""
    if file is None or not file.exists():
        return TestStats()
    known = json.loads(file.read_text())
    return TestStats(
        durations=known["durations"],
        last_failed=frozenset(known["failing"]),
        order_dependent=frozenset(known["ordered"]),
        isolation_verified=frozenset(known["durations"]),
    )


def keep(file: Path, outcome: SuiteResult) -> None:
    """Keep what batchhook's database would keep of a run."""
    known = {
        "durations": {result.test_id: result.duration for result in outcome.results},
        "failing": [result.test_id for result in outcome.results if result.outcome.is_failure],
        "ordered": sorted(
            recalled(file).order_dependent.union(
                result.test_id for result in outcome.results if result.is_parallel_only and result.isolation is IsolationLevel.SUITE
            )
        ),
    }
    file.write_text(json.dumps(known))


def main() -> None:
    """Run the suite once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", type=Path, required=True, help="the interpreter that runs the tests")
    parser.add_argument("--jobs", type=int, default=1, help="processes that run tests; 0 for one each processor (1)")
    parser.add_argument("-s", dest="start_dir", default=".", help="as unittest's")
    parser.add_argument("-t", dest="top_level_dir", default="", help="as unittest's")
    parser.add_argument("--results", type=Path, help="write every test's result here")
    parser.add_argument("--history", type=Path, help="keep here what runs tell about tests, for the next one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="batchhook-benchmark-") as scratch:
        outcome = run_suite(
            SuiteSpec(
                interpreter=given.python,
                root=Path.cwd(),
                environment=dict(os.environ),
                scratch=Path(scratch),
                start_dir=given.start_dir,
                top_level_dir=given.top_level_dir,
                jobs=given.jobs or os.cpu_count() or 1,
                stats=recalled(given.history),
            )
        )
    if given.history:
        keep(given.history, outcome)
    totals = outcome.totals
    counts = {"tests": totals.tests, "failed": totals.failures, "skipped": totals.skipped}
    print(json.dumps({"broken": outcome.broken_reason, "totals": counts}))
    if given.results:
        rows = [[each.test_id, each.outcome.value, each.message, each.duration] for each in outcome.results]
        given.results.write_text(json.dumps({"broken": outcome.broken_reason, "results": rows}))


if __name__ == "__main__":
    main()
