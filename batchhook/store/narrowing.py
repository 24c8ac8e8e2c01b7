"""Queries about a search for culprits that is under way: what its probes have shown of each change."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence

from batchhook.core.commit import Commit
from batchhook.core.results import FAILURES, Outcome
from batchhook.core.views.overview import NarrowingStep
from batchhook.store.database import Database

_MAX_RUNS = 12
"""Runs that are read of each tree."""


def load(database: Database, batch: int, changes: Sequence[Commit]) -> tuple[NarrowingStep, ...]:
    """Return the base of a batch and its changes with what is known of the failing tests there; empty without a run.

    Args:
        database: of the repository.
        batch: its number.
        changes: its changes, oldest first.
    """
    run = database.row("SELECT run_id, suite_id FROM batches JOIN runs ON runs.id = run_id WHERE batches.id = ?", batch)
    if run is None or not changes:
        return ()
    strings = {
        row["id"]: Outcome(row["value"]) for row in database.rows("SELECT * FROM strings") if _is_outcome(row[1])
    }
    failures = json.dumps([number for number, outcome in strings.items() if outcome in FAILURES])
    query = "SELECT DISTINCT test_id FROM outcomes WHERE run_id = ? AND outcome IN (SELECT value FROM json_each(?))"
    tests = [row["test_id"] for row in database.rows(query, run["run_id"], failures)]
    places = [("", "", changes[0].base_tree)] + [(change.oid, change.subject, change.tree) for change in changes]
    steps = []
    for position, (oid, subject, tree) in enumerate(places):
        passed, failed = _count(database, (tree, run["suite_id"]), tests, strings)
        if position == len(places) - 1:
            passed, failed = passed - failed, frozenset(tests)
        steps.append(NarrowingStep(oid, subject, len(passed - failed), len(failed), len(tests)))
    return tuple(steps)


def _is_outcome(word: str) -> bool:
    return word in {outcome.value for outcome in Outcome}


def _count(
    database: Database, place: tuple[str, int], tests: Sequence[int], strings: dict[int, Outcome]
) -> tuple[frozenset[int], frozenset[int]]:
    """Return the tests that were seen passing, and failing, on a tree, by a suite."""
    query = "SELECT id FROM runs WHERE tree = ? AND suite_id = ? ORDER BY id DESC LIMIT ?"
    observed: defaultdict[bool, set[int]] = defaultdict(set)
    outcome_query = (
        "SELECT test_id, outcome FROM outcomes WHERE run_id = ? AND test_id IN (SELECT value FROM json_each(?))"
    )
    for run in database.rows(query, *place, _MAX_RUNS):
        for row in database.rows(outcome_query, run["id"], json.dumps(list(tests))):
            outcome = strings[row["outcome"]]
            if outcome is not Outcome.SKIPPED:
                observed[outcome.is_failure].add(row["test_id"])
    return frozenset(observed[False]), frozenset(observed[True])
