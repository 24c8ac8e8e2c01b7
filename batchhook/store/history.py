"""What all runs together tell about each test; kept up to date with every run that is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from batchhook.core.history import History
from batchhook.core.outcomes import Outcome, TestResult
from batchhook.store.database import Database


def learn(database: Database, results: Sequence[TestResult], before: Sequence[TestResult]) -> None:
    """Take up the results of a run that has just been stored.

    Args:
        database: in a transaction.
        results: all of them, their texts fit for the database.
        before: those of the last run of the same suite on the same tree; none where there was none.
    """
    failed_before = {(result.test_id, result.module): result.outcome.is_failure for result in before}
    database.connection.executemany(
        "UPDATE tests SET duration = ?, failing = ?, unsteady = unsteady OR ?, flips = flips + ?"
        " WHERE name = ? AND module = ?",
        [
            (
                result.duration,
                result.outcome.is_failure,
                _is_unsteady(result),
                _has_flipped(result, failed_before.get((result.test_id, result.module))),
                result.test_id,
                result.module,
            )
            for result in results
            if result.outcome is not Outcome.SKIPPED
        ],
    )


def _is_unsteady(result: TestResult) -> bool:
    first = result.first_outcome
    return first is not None and first.is_failure and not result.outcome.is_failure


def _has_flipped(result: TestResult, failed_before: bool | None) -> bool:  # noqa: FBT001 - a value, not a switch
    """Whether a test both failed and did not on one tree."""
    return _is_unsteady(result) or failed_before is (not result.outcome.is_failure)


def load(database: Database) -> History:
    """What is known of all tests."""
    rows = database.rows("SELECT name, duration, failing, unsteady FROM tests")
    return History(
        durations={row["name"]: row["duration"] for row in rows},
        failing=frozenset(row["name"] for row in rows if row["failing"]),
        unsteady=frozenset(row["name"] for row in rows if row["unsteady"]),
    )


def flips(database: Database, tests: Iterable[str]) -> dict[str, int]:
    """How often these tests both failed and did not on one tree, by id; those that never did are left out."""
    wanted = frozenset(tests)
    rows = database.rows("SELECT name, flips FROM tests WHERE flips > 0")
    return {row["name"]: row["flips"] for row in rows if row["name"] in wanted}
