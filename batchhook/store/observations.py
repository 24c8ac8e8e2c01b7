"""What was ever seen of a test in a tree: read from all runs of the same suite there, whoever made them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Set as AbstractSet
from dataclasses import dataclass

from batchhook.core.culprits.attribution import Sight
from batchhook.core.results import Outcome, TestResult
from batchhook.core.unittest_ids import FAILED_IMPORT, is_fixture, is_inside, owner
from batchhook.store import runs
from batchhook.store.database import Database

MOST_RUNS = 20
"""Runs of one tree that are looked at, the latest ones: more would tell nothing new."""


def sight_of(outcome: Outcome) -> Sight:
    """What an outcome shows of a test."""
    if outcome is Outcome.SKIPPED:
        return Sight.SKIPPED
    return Sight.FAILED if outcome.is_failure else Sight.PASSED


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of one suite, as far as they are to be looked at.

    Attributes:
        suite: its description.
        without: number of a run that is left out; 0 for none.
        after: number of the run after which those begin that are looked at; 0 for all.
    """

    suite: Mapping[str, object]
    without: int = 0
    after: int = 0


def latest(database: Database) -> int:
    """Number of the latest run of all; 0 for none."""
    row = database.row("SELECT coalesce(max(id), 0) AS id FROM runs")
    return 0 if row is None else int(row["id"])


def in_tree(database: Database, tree: str, these: Runs, tests: AbstractSet[str]) -> Iterator[tuple[str, Sight]]:
    """What was seen of some tests in a tree: each time that they ran, and whether they are there at all.

    Args:
        database: of the repository.
        tree: its name.
        these: the runs that are looked at.
        tests: their ids.
    """
    for run in _runs(database, tree, these):
        names = "SELECT name, outcome FROM results JOIN tests ON tests.id = test_id WHERE run_id = ?"
        outcomes = [(row["name"], Outcome(row["outcome"])) for row in database.rows(names, run["id"])]
        yield from ((name, sight_of(outcome)) for name, outcome in _worst(outcomes).items() if name in tests)
        if run["complete"]:
            yield from _not_there(outcomes, tests)
        else:
            yield from _missed(database, run["id"], tests)


def failures_in(database: Database, tree: str, these: Runs, tests: AbstractSet[str]) -> dict[str, TestResult]:
    """How some tests failed in a tree, when they did so the last time; those that never did are left out."""
    found: dict[str, TestResult] = {}
    for run in _runs(database, tree, these):
        for result in runs.results_of(database, run["id"]):
            if result.outcome.is_failure and result.test_id in tests:
                found.setdefault(result.test_id, result)
    return found


def tests_of(database: Database, tree: str, these: Runs) -> frozenset[str]:
    """Ids of the tests that there are in a tree, by the latest run of all; none where there was no such run."""
    complete = next((run["id"] for run in _runs(database, tree, these) if run["complete"]), 0)
    return _names_in(database, complete)


def met_in(database: Database, tree: str, these: Runs) -> frozenset[str]:
    """Ids of the tests that are known to be in a tree: of all, or of those that visits were made for."""
    met = (_names_in(database, run["id"]) for run in _runs(database, tree, these))
    return tests_of(database, tree, these) or frozenset().union(*met)


def _names_in(database: Database, run: int) -> frozenset[str]:
    query = "SELECT name FROM results JOIN tests ON tests.id = test_id WHERE run_id = ?"
    return frozenset(row["name"] for row in database.rows(query, run))


def _runs(database: Database, tree: str, these: Runs) -> list[sqlite3.Row]:
    query = (
        "SELECT runs.id, complete FROM runs JOIN suites ON suites.id = suite_id"
        " WHERE tree = ? AND description = ? AND broken = '' AND runs.id != ? AND runs.id > ?"
        " ORDER BY runs.id DESC LIMIT ?"
    )
    return database.rows(query, tree, runs.described(these.suite), these.without, these.after, MOST_RUNS)


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
