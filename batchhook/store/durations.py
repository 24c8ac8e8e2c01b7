"""Durations of tests in earlier runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from batchhook.core.perf.screening import MAX_RUNS, RunDurations, TimingHistory, TimingKey
from batchhook.core.results import IsolationLevel, Outcome
from batchhook.store.database import Database

_MAX_RUNS_READ = 3 * MAX_RUNS
"""Runs that are read to find enough comparable ones, so that the time does not grow with the history."""

_MAX_PASSES_READ = 10
"""Runs that are read to find out how long a test takes when it passes."""

_DECISIVE = ("python", "engine", "start_dir", "pattern", "top_level_dir", "isolation")
"""Keys of a suite's fingerprint that decide how long its tests take. The others change often and rarely matter: a
slowdown that they seem to cause is measured, and dismissed."""


def load(
    database: Database, suite: Mapping[str, object], before_run: int, exclude_trees: Iterable[str] = ()
) -> TimingHistory:
    """Return the durations of a suite's tests in its latest complete runs.

    Args:
        database: of the repository.
        suite: its fingerprint.
        before_run: number of the run to be judged; only earlier ones count.
        exclude_trees: trees whose runs do not count, since they are being judged.
    """
    query = (
        "SELECT runs.id, tree, fingerprint FROM runs JOIN suites ON suites.id = suite_id"
        " WHERE runs.id < ? AND is_complete AND NOT is_probe AND broken_reason = '' ORDER BY runs.id DESC LIMIT ?"
    )
    trees, decisive = frozenset(exclude_trees), _decisive(suite)
    numbers = [
        int(row["id"])
        for row in database.rows(query, before_run, _MAX_RUNS_READ)
        if row["tree"] not in trees and _decisive(json.loads(row["fingerprint"])) == decisive
    ][:MAX_RUNS]
    oldest = min(numbers, default=before_run)
    return TimingHistory(
        [RunDurations(number, _load_run(database, number)) for number in numbers],
        _last_measured(database, oldest, before_run, modules=False),
        _last_measured(database, oldest, before_run, modules=True),
    )


def load_passes(database: Database, tests: Iterable[str]) -> dict[str, float]:
    """Return the longest duration of each test in the latest runs in which it passed; those without one are left out.

    Args:
        database: of the repository.
        tests: their ids.
    """
    query = (
        "SELECT name, max(results.duration) AS seconds FROM results JOIN tests ON tests.id = test_id"
        " WHERE run_id IN (SELECT id FROM runs WHERE is_complete AND NOT is_probe ORDER BY id DESC LIMIT ?)"
        " AND name IN (SELECT value FROM json_each(?)) AND outcome = ? AND results.duration > 0 GROUP BY name"
    )
    rows = database.rows(query, _MAX_PASSES_READ, json.dumps(list(tests)), Outcome.PASSED.value)
    return {row["name"]: row["seconds"] for row in rows}


def _decisive(suite: Mapping[str, object]) -> list[object]:
    return [suite.get(name) for name in _DECISIVE]


def _load_run(database: Database, run: int) -> dict[TimingKey, float]:
    query = "SELECT name, module, isolation, results.duration FROM results JOIN tests ON tests.id = test_id"
    rows = database.rows(f"{query} WHERE run_id = ? AND outcome = ?", run, Outcome.PASSED.value)
    return {TimingKey(row["name"], row["module"], IsolationLevel(row["isolation"])): row["duration"] for row in rows}


def _last_measured(database: Database, oldest: int, before: int, *, modules: bool) -> dict[str, int]:
    """Return the latest run in which each test, or module, seemed slower and was measured."""
    query = (
        "SELECT name, max(run_id) AS run FROM slowdowns JOIN batches ON batches.id = batch_id"
        " WHERE measured AND module = ? AND run_id >= ? AND run_id < ? GROUP BY name"
    )
    return {row["name"]: int(row["run"]) for row in database.rows(query, modules, oldest, before)}
