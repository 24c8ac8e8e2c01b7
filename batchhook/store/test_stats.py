"""What all runs together tell about each test; kept up to date with every run that is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from batchhook.core.results import Company, Outcome, TestResult
from batchhook.core.test_stats import History
from batchhook.store.database import Database

_NEEDS_ALL = 2
_LEVELS = {Company.STRANGERS: 0, Company.CLASS: 1, Company.SUITE: _NEEDS_ALL}
"""How much company a test needs, as the database has it."""
_LATELY = 20
"""So many complete runs back a test must have been seen, else it may be gone."""


def learn(
    database: Database, results: Sequence[TestResult], before: Sequence[TestResult], *, of_a_visit: bool = False
) -> None:
    """Take up the results of a run that has just been stored.

    Args:
        database: in a transaction.
        results: all of them, their texts fit for the database.
        before: those of the last run of the same suite on the same tree; none where there was none.
        of_a_visit: whether they are of a state that may be long gone: they do not say how tests behave now.
    """
    failed_before = {(result.test_id, result.module): result.outcome.is_failure for result in before}
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
    if not of_a_visit:
        _learn_how_it_is_now(database, results)


def _learn_how_it_is_now(database: Database, results: Sequence[TestResult]) -> None:
    side_by_side = any(result.seen_in is Company.STRANGERS for result in results)
    database.connection.executemany(
        "UPDATE tests SET duration = ?1, failing = ?2, proven = proven OR ?3,"
        # Whether what needs no order needs its class, it did not show.
        " unsteady = max(?4, CASE WHEN unsteady = 2 AND ?5 THEN 0 ELSE unsteady END)"
        " WHERE name = ?6 AND module = ?7",
        [
            (
                result.duration,
                result.outcome.is_failure,
                _is_proven(result, side_by_side=side_by_side),
                _LEVELS[result.seen_in] if result.needs_company else 0,
                _needs_no_order(result),
                result.test_id,
                result.module,
            )
            for result in results
            if result.outcome is not Outcome.SKIPPED
        ],
    )


def _passed_among_strangers(result: TestResult) -> bool:
    return result.seen_in is Company.STRANGERS and not result.outcome.is_failure


def _needs_no_order(result: TestResult) -> bool:
    """Whether a test passes without those before it, or fails with them: it may be flaky, and no order helps it."""
    fails_in_order = result.seen_in is Company.SUITE and result.outcome.is_failure
    return fails_in_order or _passed_among_strangers(result)


def _is_proven(result: TestResult, *, side_by_side: bool) -> bool:
    """Whether a test behaves among strangers as it does in unittest's order, for all that this run shows.

    One that fails in both may need the order once it is mended. To look each time would cost a run in unittest's order
    for every batch for as long as anything is broken.
    """
    fails_in_both = side_by_side and result.seen_in is Company.SUITE and result.outcome.is_failure
    return fails_in_both or _passed_among_strangers(result)


def _has_flipped(result: TestResult, failed_before: bool | None) -> bool:  # noqa: FBT001 - a value, not a switch
    """Whether a test both failed and did not on one tree."""
    return result.needs_company or failed_before is (not result.outcome.is_failure)


def load(database: Database) -> History:
    """What is known of all tests; of those that have not been seen lately, neither that they fail nor need an order."""
    marked = database.rows(
        "SELECT name, failing, unsteady FROM tests WHERE (failing OR unsteady = ?) AND last_run >="
        " (SELECT coalesce(min(id), 0) FROM (SELECT id FROM runs WHERE complete ORDER BY id DESC LIMIT ?))",
        _NEEDS_ALL,
        _LATELY,
    )
    rows = database.rows("SELECT name, duration, unsteady, proven FROM tests")
    return History(
        durations={row["name"]: row["duration"] for row in rows if row["duration"]},
        failing=frozenset(row["name"] for row in marked if row["failing"]),
        unsteady=frozenset(row["name"] for row in rows if row["unsteady"]),
        ordered=frozenset(row["name"] for row in marked if row["unsteady"] == _NEEDS_ALL),
        proven=frozenset(row["name"] for row in rows if row["proven"]),
    )


def flips(database: Database, tests: Iterable[str]) -> dict[str, int]:
    """How often these tests both failed and did not on one tree, by id; those that never did are left out."""
    wanted = frozenset(tests)
    rows = database.rows("SELECT name, flips FROM tests WHERE flips > 0")
    return {row["name"]: row["flips"] for row in rows if row["name"] in wanted}
