"""Queries about tests: all of them with their statistics, and one through the latest runs.

The statistics are columns of the tests, and outcomes are read run by run: the time grows with the number of tests, and
does not with that of runs.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from batchhook.core.culprits.attribution import AttributionKind
from batchhook.core.perf.significance import Conclusion, TimingComparison
from batchhook.core.perf.slowdown import Slowdown
from batchhook.core.results import IsolationLevel, Outcome, TestResult
from batchhook.core.views.tests import TestCause, TestOrder, TestPoint, TestRow
from batchhook.store import runs
from batchhook.store.database import Database

MAX_POINTS = 60
"""Runs in the history of a test."""
_DRIFT_RUNS, _DRIFT_SAMPLE = 30, 3
"""Drift: the latest three of so many runs, and the first three."""
_UNEXPLAINED = "max(flips, flakes)"
_ORDERS = {
    TestOrder.FLAKY: f"{_UNEXPLAINED} * duration DESC, {_UNEXPLAINED} DESC, breaks DESC, name",
    TestOrder.SLOWEST: "duration DESC, name",
    TestOrder.BROKEN: "breaks DESC, last_failed DESC, name",
    TestOrder.NAME: "name",
}
_WHOLE = "is_complete AND NOT is_probe AND broken_reason = ''"


def list_rows(
    database: Database, query: str, order: TestOrder, limit: int, offset: int = 0
) -> tuple[tuple[TestRow, ...], int]:
    """Return tests in an order, and how many match.

    Args:
        database: of the repository.
        query: text that the id contains, in upper or lower case; empty for all.
        order: of the tests.
        limit: number of tests.
        offset: number of tests to pass over.
    """
    latest = _latest_run(database)
    where = r"WHERE name LIKE ? ESCAPE '\'"
    pattern = f"%{query.replace(chr(92), chr(92) * 2).replace('%', chr(92) + '%').replace('_', chr(92) + '_')}%"
    if order is TestOrder.DRIFTING:
        rows = database.rows(f"SELECT * FROM tests {where}", pattern)  # noqa: S608 - ours
        drifts = _load_drifts(database)
        drifting = (
            _row(row, latest, drifts.get(row["id"]))
            for row in rows
            if drifts.get(row["id"]) and row["last_run"] >= latest
        )
        ordered = sorted(drifting, key=lambda test: (-test.drift_ratio, test.name))
        return tuple(ordered[offset : offset + limit]), len(ordered)
    counted = database.row(f"SELECT count(*) AS number FROM tests {where}", pattern)  # noqa: S608 - ours
    rows = database.rows(
        f"SELECT * FROM tests {where} ORDER BY {_ORDERS[order]} LIMIT ? OFFSET ?",  # noqa: S608 - ours
        pattern,
        limit,
        offset,
    )
    return tuple(_row(row, latest) for row in rows), int(counted["number"]) if counted else 0


def list_flaky(database: Database, limit: int) -> tuple[TestRow, ...]:
    """Return the tests that lost most time by failing for no reason."""
    query = f"SELECT * FROM tests WHERE flips > 0 OR flakes > 0 ORDER BY {_ORDERS[TestOrder.FLAKY]} LIMIT ?"  # noqa: S608 - ours
    latest = _latest_run(database)
    return tuple(_row(row, latest) for row in database.rows(query, limit))


def count_kinds(database: Database) -> tuple[int, int, int, int]:
    """Return the number of all tests, and of those ever flaky, ever broken by a change, and failing now."""
    row = database.row(
        "SELECT count(*), total(flips > 0 OR flakes > 0), total(breaks > 0), total(last_failed) FROM tests"
    )
    return (0, 0, 0, 0) if row is None else tuple(map(int, row))  # type: ignore[return-value]


def _row(row: sqlite3.Row, latest: int, drift: tuple[float, float] | None = None) -> TestRow:
    return TestRow(
        name=row["name"],
        module=row["module"],
        duration=row["duration"],
        last_failed=bool(row["last_failed"]),
        flips=row["flips"],
        flakes=row["flakes"],
        breaks=row["breaks"],
        passes=row["passes"],
        is_current=row["last_run"] >= latest,
        drift=drift,
    )


def _latest_run(database: Database) -> int:
    row = database.row(f"SELECT max(id) AS id FROM runs WHERE {_WHOLE}")  # noqa: S608 - ours
    return int(row["id"] or 0) if row else 0


def _load_drifts(database: Database) -> dict[int, tuple[float, float]]:
    """Return the seconds of passing tests some runs ago and now, by row; medians of three runs."""
    query = f"SELECT id FROM runs WHERE {_WHOLE} ORDER BY id DESC LIMIT ?"  # noqa: S608 - ours
    numbers = [row["id"] for row in database.rows(query, _DRIFT_RUNS)]
    size = min(_DRIFT_SAMPLE, len(numbers) // 2)
    before, now = (_load_seconds(database, part) for part in (numbers[len(numbers) - size :], numbers[:size]))
    return {test: (median(before[test]), median(now[test])) for test in before.keys() & now.keys()}


def _load_seconds(database: Database, numbers: Sequence[int]) -> dict[int, list[float]]:
    seconds: defaultdict[int, list[float]] = defaultdict(list)
    query = "SELECT test_id, microseconds FROM outcomes WHERE run_id = ? AND outcome = 0 AND microseconds > 0"
    for number in numbers:
        for row in database.rows(query, number):
            seconds[row["test_id"]].append(row["microseconds"] / 1e6)
    return seconds


def find(database: Database, name: str) -> tuple[TestRow, tuple[int, ...], int, bool] | None:
    """Return a test with its statistics, its rows, its order dependence, and whether its isolation is verified.

    Of several rows of one id, in modules that it had one after the other, the latest counts. None if there is none.
    """
    rows = database.rows("SELECT * FROM tests WHERE name = ? ORDER BY last_run DESC", name)
    if not rows:
        return None
    row = _row(rows[0], _latest_run(database))
    for other in rows[1:]:
        row = replace(
            row,
            flips=row.flips + other["flips"],
            flakes=row.flakes + other["flakes"],
            breaks=row.breaks + other["breaks"],
            passes=row.passes + other["passes"],
        )
    return row, tuple(each["id"] for each in rows), rows[0]["order_dependence"], bool(rows[0]["isolation_verified"])


def load_points(database: Database, tests: Sequence[int], limit: int = MAX_POINTS) -> tuple[TestPoint, ...]:
    """Return how a test ended in the latest runs of the whole suite, oldest first; ``tests`` are its rows."""
    batch = "(SELECT max(batches.id) FROM batches WHERE run_id = runs.id)"
    query = f"SELECT id, tree, started_at, {batch} AS batch FROM runs WHERE {_WHOLE} ORDER BY id DESC LIMIT ?"  # noqa: S608 - ours
    strings = {row["id"]: row["value"] for row in database.rows("SELECT * FROM strings")}
    wanted = json.dumps(list(tests))
    points = []
    for run in database.rows(query, limit):
        head = database.row("SELECT head FROM batches WHERE id = ?", run["batch"]) if run["batch"] else None
        outcome_query = (
            "SELECT outcome, microseconds, isolation, first_outcome FROM outcomes WHERE run_id = ?"
            " AND test_id IN (SELECT value FROM json_each(?))"
        )
        results = [
            TestPoint(
                run["id"],
                run["batch"] or 0,
                head["head"] if head else run["tree"],
                run["started_at"],
                Outcome(strings[row["outcome"]]),
                row["microseconds"] / 1e6,
                IsolationLevel(strings[row["isolation"]]),
                Outcome(strings[row["first_outcome"]]) if row["first_outcome"] is not None else None,
            )
            for row in database.rows(outcome_query, run["id"], wanted)
        ]
        failed = [point for point in results if point.outcome and point.outcome.is_failure]
        absent = TestPoint(run["id"], run["batch"] or 0, head["head"] if head else run["tree"], run["started_at"], None)
        points.append((failed or results or [absent])[0])
    return tuple(reversed(points))


def load_failure(database: Database, run: int, tests: Sequence[int]) -> TestResult | None:
    """Return the failing result of a test in a run, with its texts."""
    query = (
        "SELECT * FROM results JOIN tests ON tests.id = test_id WHERE run_id = ?"
        " AND test_id IN (SELECT value FROM json_each(?))"
    )
    results = (runs.result_of(row) for row in database.rows(query, run, json.dumps(list(tests))))
    return next((result for result in results if result.outcome.is_failure), None)


def load_causes(database: Database, tests: Sequence[int], limit: int) -> tuple[TestCause, ...]:
    """Return the causes of a test's failures, the latest first."""
    query = (
        "SELECT attributions.*, search_revisions.oid, changes.subject FROM"
        " (SELECT * FROM attributions WHERE test_id = ? ORDER BY batch_id DESC LIMIT ?) AS attributions"
        " LEFT JOIN search_revisions ON search_revisions.batch_id = attributions.batch_id"
        " AND search_revisions.position = first_suspect AND kind IN (?, ?)"
        " LEFT JOIN changes ON changes.batch_id = attributions.batch_id AND changes.oid = search_revisions.oid"
    )
    kinds = (AttributionKind.CULPRIT.value, AttributionKind.INTRODUCED.value)
    causes = [
        TestCause(
            row["batch_id"],
            AttributionKind(row["kind"]),
            row["confidence"],
            row["reason"],
            row["oid"] or "",
            row["subject"] or "",
        )
        for test in tests
        for row in database.rows(query, test, limit, *kinds)
    ]
    return tuple(sorted(causes, key=lambda cause: -cause.batch)[:limit])


def load_slowdowns(database: Database, name: str, limit: int) -> tuple[tuple[int, Slowdown], ...]:
    """Return the slowdowns of a test that were measured or suspected, each with its batch, the latest first."""
    # The sign keeps SQLite from walking along all batches to spare itself the sorting.
    query = (
        "SELECT * FROM slowdowns WHERE name = ? AND module = 0 AND conclusion IN (?, ?) ORDER BY +batch_id DESC LIMIT ?"
    )
    conclusions = (Conclusion.SLOWER.value, Conclusion.INCONCLUSIVE.value)
    return tuple(
        (
            row["batch_id"],
            Slowdown(
                name,
                TimingComparison(Conclusion(row["conclusion"]), row["before"], row["after"], row["p_value"]),
                suspects=tuple(row["suspects"].split()),
                reason=row["reason"],
            ),
        )
        for row in database.rows(query, name, *conclusions, limit)
    )
