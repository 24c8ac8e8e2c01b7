"""Observations of tests in a tree, read from all runs of the same suite on it, whatever they were made for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Set as AbstractSet
from dataclasses import dataclass

from batchhook.core.culprits.attribution import ProbeOutcome
from batchhook.core.results import Outcome, TestResult
from batchhook.core.test_ids import is_fixture, is_inside, is_unloaded_module, owner, split_suite
from batchhook.store import runs
from batchhook.store.database import Database

_MAX_RUNS = 20
"""Runs of one tree that are read, the latest ones: more add no information."""


def classify_outcome(outcome: Outcome) -> ProbeOutcome:
    """Return the observation that an outcome amounts to."""
    if outcome is Outcome.SKIPPED:
        return ProbeOutcome.SKIPPED
    return ProbeOutcome.FAILED if outcome.is_failure else ProbeOutcome.PASSED


@dataclass(frozen=True, slots=True)
class RunFilter:
    """The runs of one suite that observations are read from.

    Attributes:
        suite: its fingerprint.
        exclude_run: number of a run to leave out; 0 for none.
        after_run: only runs with a higher number count; 0 for all.
    """

    suite: Mapping[str, object]
    exclude_run: int = 0
    after_run: int = 0


def latest_run_id(database: Database) -> int:
    """Return the number of the latest run; 0 if there is none."""
    row = database.row("SELECT coalesce(max(id), 0) AS id FROM runs")
    return 0 if row is None else int(row["id"])


def list_observations(
    database: Database, tree: str, run_filter: RunFilter, tests: AbstractSet[str]
) -> Iterator[tuple[str, ProbeOutcome]]:
    """Yield the observations of some tests in a tree, latest run first: one for each run that shows anything of a test.

    Args:
        database: of the repository.
        tree: its object id.
        run_filter: the runs to read.
        tests: their ids.
    """
    for run in _list_runs(database, tree, run_filter):
        query = "SELECT name, outcome FROM results JOIN tests ON tests.id = test_id WHERE run_id = ?"
        outcomes = [(row["name"], Outcome(row["outcome"])) for row in database.rows(query, run["id"])]
        yield from ((name, classify_outcome(outcome)) for name, outcome in _worst(outcomes).items() if name in tests)
        if run["is_complete"]:
            yield from _without_result({name for name, _ in outcomes}, tests)
        else:
            yield from _missing(database, run["id"], tests)


def find_failures(
    database: Database, tree: str, run_filter: RunFilter, tests: AbstractSet[str]
) -> dict[str, TestResult]:
    """Return the latest failure of each of some tests in a tree; those that never failed there are left out."""
    failures: dict[str, TestResult] = {}
    for run in _list_runs(database, tree, run_filter):
        for result in runs.load_results(database, run["id"]):
            if result.outcome.is_failure and result.test_id in tests:
                failures.setdefault(result.test_id, result)
    return failures


def list_tests(database: Database, tree: str, run_filter: RunFilter) -> frozenset[str]:
    """Return the ids of all tests in a tree, from its latest complete run; empty if there is none."""
    complete = next((run["id"] for run in _list_runs(database, tree, run_filter) if run["is_complete"]), 0)
    return _list_names(database, complete)


def list_known_tests(database: Database, tree: str, run_filter: RunFilter) -> frozenset[str]:
    """Return the ids of all tests in a tree if they are known, otherwise of those that probes have run there."""
    names = (_list_names(database, run["id"]) for run in _list_runs(database, tree, run_filter))
    return list_tests(database, tree, run_filter) or frozenset().union(*names)


def _list_names(database: Database, run: int) -> frozenset[str]:
    query = "SELECT name FROM results JOIN tests ON tests.id = test_id WHERE run_id = ?"
    return frozenset(row["name"] for row in database.rows(query, run))


def _list_runs(database: Database, tree: str, run_filter: RunFilter) -> list[sqlite3.Row]:
    return database.rows(
        "SELECT runs.id, is_complete FROM runs JOIN suites ON suites.id = suite_id"
        " WHERE tree = ? AND fingerprint = ? AND broken_reason = '' AND runs.id != ? AND runs.id > ?"
        " ORDER BY runs.id DESC LIMIT ?",
        tree,
        runs.encode_fingerprint(run_filter.suite),
        run_filter.exclude_run,
        run_filter.after_run,
        _MAX_RUNS,
    )


def _worst(outcomes: list[tuple[str, Outcome]]) -> dict[str, Outcome]:
    """Return each test's outcome; if an id occurs more than once, a failing one."""
    worst: dict[str, Outcome] = {}
    for name, outcome in outcomes:
        if outcome.is_failure or name not in worst:
            worst[name] = outcome
    return worst


def _without_result(names: AbstractSet[str], tests: AbstractSet[str]) -> Iterator[tuple[str, ProbeOutcome]]:
    """Yield what a complete run with results under these names shows of the tests that have none."""
    suites = {split_suite(name)[0] for name in names}
    blocked = [owner(name) for name in names if is_fixture(name) or is_unloaded_module(name)]
    for name in tests - names:
        if any(is_inside(name, module) for module in blocked):
            yield name, ProbeOutcome.UNTESTABLE
        elif not (is_fixture(name) or is_unloaded_module(name)):
            if split_suite(name)[0] in suites:  # otherwise the suite did not run
                yield name, ProbeOutcome.ABSENT
        elif any(is_inside(other, owner(name)) for other in names):  # imports and fixtures that succeed report nothing
            yield name, ProbeOutcome.PASSED


def _missing(database: Database, run: int, tests: AbstractSet[str]) -> Iterator[tuple[str, ProbeOutcome]]:
    query = "SELECT name, untestable FROM missing_tests JOIN tests ON tests.id = test_id WHERE run_id = ?"
    for row in database.rows(query, run):
        if row["name"] in tests:
            yield row["name"], ProbeOutcome.UNTESTABLE if row["untestable"] else ProbeOutcome.ABSENT
