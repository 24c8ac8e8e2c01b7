"""What was ever seen of a test in a tree: read from all runs of the same suite there, whoever made them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Set as AbstractSet

from batchhook.core.culprits.attribution import Sight
from batchhook.core.ids import FAILED_IMPORT, is_fixture, is_inside, owner
from batchhook.core.outcomes import Outcome
from batchhook.store.database import Database

MOST_RUNS = 20
"""Runs of one tree that are looked at, the latest ones: more would tell nothing new."""


def sight_of(outcome: Outcome) -> Sight:
    """What an outcome shows of a test."""
    if outcome is Outcome.SKIPPED:
        return Sight.SKIPPED
    return Sight.FAILED if outcome.is_failure else Sight.PASSED


def in_tree(
    database: Database, tree: str, suite: Mapping[str, object], tests: AbstractSet[str], without: int = 0
) -> Iterator[tuple[str, Sight]]:
    """What was seen of some tests in a tree: each time that they ran, and whether they are there at all.

    Args:
        database: of the repository.
        tree: its name.
        suite: the description of the suite that was run.
        tests: their ids.
        without: number of a run that is not to be looked at; 0 for none.
    """
    for run in _runs(database, tree, suite):
        if run["id"] == without:
            continue
        names = "SELECT name, outcome FROM results JOIN tests ON tests.id = test_id WHERE run_id = ?"
        outcomes = [(row["name"], Outcome(row["outcome"])) for row in database.rows(names, run["id"])]
        yield from ((name, sight_of(outcome)) for name, outcome in _worst(outcomes).items() if name in tests)
        if run["complete"]:
            yield from _not_there(outcomes, tests)
        else:
            yield from _missed(database, run["id"], tests)


def tests_of(database: Database, tree: str, suite: Mapping[str, object]) -> frozenset[str]:
    """Ids of the tests that there are in a tree, by the latest run of all; none where there was no such run."""
    complete = next((run["id"] for run in _runs(database, tree, suite) if run["complete"]), 0)
    query = "SELECT name FROM results JOIN tests ON tests.id = test_id WHERE run_id = ?"
    return frozenset(row["name"] for row in database.rows(query, complete))


def _runs(database: Database, tree: str, suite: Mapping[str, object]) -> list[sqlite3.Row]:
    query = (
        "SELECT runs.id, complete FROM runs JOIN suites ON suites.id = suite_id"
        " WHERE tree = ? AND description = ? AND broken = '' ORDER BY runs.id DESC LIMIT ?"
    )
    return database.rows(query, tree, json.dumps(suite, sort_keys=True), MOST_RUNS)


def _worst(outcomes: list[tuple[str, Outcome]]) -> dict[str, Outcome]:
    """Each test's outcome; of several with one id, a failing one."""
    found: dict[str, Outcome] = {}
    for name, outcome in outcomes:
        if outcome.is_failure or name not in found:
            found[name] = outcome
    return found


def _not_there(outcomes: list[tuple[str, Outcome]], tests: AbstractSet[str]) -> Iterator[tuple[str, Sight]]:
    """What a run of all tests says of those of which it has no result."""
    there = {name for name, _ in outcomes}
    broken = [name.removeprefix(FAILED_IMPORT) for name in there if name.startswith(FAILED_IMPORT)]
    fixtures = [name for name in there if is_fixture(name)]
    for name in tests - there:
        if any(is_inside(name, module) for module in (*broken, *map(owner, fixtures))):
            yield name, Sight.UNTESTABLE
        elif owner(name) == name:
            yield name, Sight.ABSENT
        elif any(is_inside(other, owner(name)) for other in there):  # imports and fixtures that do well say nothing
            yield name, Sight.PASSED


def _missed(database: Database, run: int, tests: AbstractSet[str]) -> Iterator[tuple[str, Sight]]:
    query = "SELECT name, untestable FROM absences JOIN tests ON tests.id = test_id WHERE run_id = ?"
    for row in database.rows(query, run):
        if row["name"] in tests:
            yield row["name"], Sight.UNTESTABLE if row["untestable"] else Sight.ABSENT
