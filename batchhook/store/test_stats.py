"""Statistics of each test over all runs, updated with every run that is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from batchhook.core.results import IsolationLevel, Outcome, TestResult
from batchhook.core.test_stats import TestStats
from batchhook.store.database import Database

_NEEDS_SUITE = 2
_ORDER_DEPENDENCE = {IsolationLevel.PARALLEL: 0, IsolationLevel.CLASS: 1, IsolationLevel.SUITE: _NEEDS_SUITE}
"""Column ``order_dependence`` of a test that passed only at this level."""

_RECENT_RUNS = 20
"""A test that occurs in none of the latest complete runs may have been deleted."""


def update(
    database: Database, results: Sequence[TestResult], previous: Sequence[TestResult], *, is_probe: bool = False
) -> None:
    """Update the statistics with the results of a run that has just been stored.

    Args:
        database: in a transaction.
        results: of the run, with texts that the database can store.
        previous: results of the run before it of the same suite, or of a part if this is one, on the same tree.
        is_probe: the results may be those of an old revision, so they do not say how tests behave now.
    """
    failed_before = {(result.test_id, result.module): result.outcome.is_failure for result in previous}
    database.connection.executemany(
        "UPDATE tests SET flips = flips + ?, passes = passes + ? WHERE name = ? AND module = ?",
        [
            (
                _has_flipped(result, failed_before.get((result.test_id, result.module))),
                not result.outcome.is_failure,
                result.test_id,
                result.module,
            )
            for result in results
            if result.outcome is not Outcome.SKIPPED
        ],
    )
    if not is_probe:
        _update_current_behaviour(database, results)


def _update_current_behaviour(database: Database, results: Sequence[TestResult]) -> None:
    has_parallel = any(result.isolation is IsolationLevel.PARALLEL for result in results)
    database.connection.executemany(
        "UPDATE tests SET duration = ?1, last_failed = ?2, isolation_verified = isolation_verified OR ?3,"
        # Independence of the suite's order does not show whether a test needs those of its class, so 1 stays.
        " order_dependence = max(?4, CASE WHEN order_dependence = 2 AND ?5 THEN 0 ELSE order_dependence END)"
        " WHERE name = ?6 AND module = ?7",
        [
            (
                result.duration,
                result.outcome.is_failure,
                _is_isolation_verified(result, has_parallel=has_parallel),
                _ORDER_DEPENDENCE[result.isolation] if result.is_parallel_only else 0,
                _is_order_independent(result),
                result.test_id,
                result.module,
            )
            for result in results
            if result.outcome is not Outcome.SKIPPED
        ],
    )


def _passed_in_parallel(result: TestResult) -> bool:
    return result.isolation is IsolationLevel.PARALLEL and not result.outcome.is_failure


def _failed_in_order(result: TestResult) -> bool:
    return result.isolation is IsolationLevel.SUITE and result.outcome.is_failure


def _is_order_independent(result: TestResult) -> bool:
    """Return whether a test passed without those before it, or failed with them: it may be flaky, but not for order."""
    return _failed_in_order(result) or _passed_in_parallel(result)


def _is_isolation_verified(result: TestResult, *, has_parallel: bool) -> bool:
    """Return whether a test behaved in parallel as it does in unittest's order, judging by this run.

    One that fails in both may turn out to depend on the order once it is fixed. Checking that each time would cost a
    run in unittest's order for every batch while anything is broken.
    """
    return (has_parallel and _failed_in_order(result)) or _passed_in_parallel(result)


def _has_flipped(result: TestResult, failed_before: bool | None) -> bool:  # noqa: FBT001 - a value, not a switch
    """Return whether a test both passed and failed on one tree, for no other reason than the tests before it."""
    is_order_dependent = result.isolation is IsolationLevel.SUITE
    return (result.is_parallel_only and not is_order_dependent) or failed_before is (not result.outcome.is_failure)


def load(database: Database) -> TestStats:
    """Return the statistics of all tests. Those not seen recently count neither as failing nor as order dependent."""
    recent = database.rows(
        "SELECT name, last_failed, order_dependence FROM tests"
        " WHERE (last_failed OR order_dependence = ?) AND last_run >="
        " (SELECT coalesce(min(id), 0) FROM (SELECT id FROM runs WHERE is_complete ORDER BY id DESC LIMIT ?))",
        _NEEDS_SUITE,
        _RECENT_RUNS,
    )
    rows = database.rows("SELECT name, duration, order_dependence, isolation_verified FROM tests")
    return TestStats(
        durations={row["name"]: row["duration"] for row in rows if row["duration"]},
        last_failed=frozenset(row["name"] for row in recent if row["last_failed"]),
        parallel_only=frozenset(row["name"] for row in rows if row["order_dependence"]),
        order_dependent=frozenset(row["name"] for row in recent if row["order_dependence"] == _NEEDS_SUITE),
        isolation_verified=frozenset(row["name"] for row in rows if row["isolation_verified"]),
    )


def list_flaky(database: Database, tests: Iterable[str]) -> frozenset[str]:
    """Return the ids of those tests that both passed and failed on one tree, or failed without a culprit."""
    rows = database.rows("SELECT name FROM tests WHERE flips > 0 OR flakes > 0")
    return frozenset(row["name"] for row in rows) & frozenset(tests)


def load_flips(database: Database, tests: Iterable[str]) -> dict[str, int]:
    """Return how often tests both passed and failed on one tree, by id; those that never did are left out."""
    wanted = frozenset(tests)
    rows = database.rows("SELECT name, flips FROM tests WHERE flips > 0")
    return {row["name"]: row["flips"] for row in rows if row["name"] in wanted}
