"""How long tests took in earlier runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from batchhook.core.perf.screening import MOST_RUNS, EarlierRun, Key, Past
from batchhook.core.results import Company, Outcome
from batchhook.store.database import Database

_LOOKED_AT = 3 * MOST_RUNS
"""Runs that are looked at to find enough that are alike: it takes no longer for a longer history."""
_DECISIVE = ("python", "start_dir", "pattern", "top_level_dir", "isolation")
"""What of a suite's description decides how long its tests take. The rest changes often, and rarely matters: what
seems slower for its sake is measured, and found to be alike."""


def past(database: Database, suite: Mapping[str, object], before: int, without: Iterable[str] = ()) -> Past:
    """What is known of how long tests take, by the latest complete runs of a suite.

    Args:
        database: of the repository.
        suite: its description.
        before: number of the run that is to be judged; earlier ones count.
        without: trees that do not count: those that are to be judged.
    """
    query = (
        "SELECT runs.id, tree, description FROM runs JOIN suites ON suites.id = suite_id"
        " WHERE runs.id < ? AND complete AND NOT visit AND broken = '' ORDER BY runs.id DESC LIMIT ?"
    )
    trees, wanted = frozenset(without), _decisive(suite)
    numbers = [
        int(row["id"])
        for row in database.rows(query, before, _LOOKED_AT)
        if row["tree"] not in trees and _decisive(json.loads(row["description"])) == wanted
    ][:MOST_RUNS]
    runs = [EarlierRun(number, _seconds(database, number)) for number in numbers]
    oldest = min(numbers, default=before)
    return Past(
        runs, _measured(database, oldest, before, modules=False), _measured(database, oldest, before, modules=True)
    )


def _decisive(suite: Mapping[str, object]) -> list[object]:
    return [suite.get(name) for name in _DECISIVE]


def _seconds(database: Database, run: int) -> dict[Key, float]:
    query = "SELECT name, module, seen_in, results.duration FROM results JOIN tests ON tests.id = test_id"
    rows = database.rows(f"{query} WHERE run_id = ? AND outcome = ?", run, Outcome.PASSED.value)
    return {Key(row["name"], row["module"], Company(row["seen_in"])): row["duration"] for row in rows}


def _measured(database: Database, oldest: int, before: int, *, modules: bool) -> dict[str, int]:
    """The latest run in which each test, or module, seemed slower and was measured for it."""
    query = (
        "SELECT name, max(run_id) AS run FROM slowdowns JOIN batches ON batches.id = batch_id"
        " WHERE measured AND module = ? AND run_id >= ? AND run_id < ? GROUP BY name"
    )
    return {row["name"]: int(row["run"]) for row in database.rows(query, modules, oldest, before)}
