"""Queries over many batches and runs, for the reports that cover all of them; tracebacks are not read."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence

from batchhook.core.results import FAILURES, Outcome, TestResult, Totals
from batchhook.core.summaries import BatchSummary, RunPoint, RunSummary
from batchhook.core.verdict import Verdict
from batchhook.store import batches
from batchhook.store.database import Database


def count_edits(database: Database) -> int:
    """Return the number of file edits in all sealed batches."""
    return _count(database, "SELECT count(*) AS number FROM file_edits")


def count_batches(database: Database) -> int:
    """Return the number of sealed batches."""
    return _count(database, "SELECT count(*) AS number FROM batches WHERE status <> 'open'")


def count_runs(database: Database) -> int:
    """Return the number of runs, without probes."""
    return _count(database, "SELECT count(*) AS number FROM runs WHERE NOT is_probe")


def _count(database: Database, query: str) -> int:
    row = database.row(query)
    return 0 if row is None else int(row["number"])


def load_latest_batches(database: Database, limit: int) -> list[BatchSummary]:
    """Return the latest sealed batches, oldest first."""
    latest = batches.list_latest(database, limit, sealed_only=True)
    rows = database.rows("SELECT id, verdict FROM batches WHERE status <> 'open' ORDER BY id DESC LIMIT ?", limit)
    verdicts = {row["id"]: Verdict(row["verdict"]) for row in rows if row["verdict"]}
    return [
        BatchSummary(batch, batches.load_edits(database, batch.id), verdicts.get(batch.id))
        for batch in reversed(latest)
    ]


def load_latest_runs(database: Database, limit: int, max_failures: int) -> list[RunSummary]:
    """Return the latest runs without probes, oldest first, each with its first failing tests."""
    rows = database.rows("SELECT * FROM runs WHERE NOT is_probe ORDER BY id DESC LIMIT ?", limit)
    owners = _load_owners(database, min((row["id"] for row in rows), default=0))
    return [
        RunSummary(
            id=row["id"],
            tree=row["tree"],
            started_at=row["started_at"],
            broken_reason=row["broken_reason"],
            is_complete=bool(row["is_complete"]),
            totals=_totals(row),
            failures=_load_failures(database, row["id"], max_failures),
            batches=tuple(number for number, _, _ in owners[row["id"]]),
            head=owners[row["id"]][-1][1] if owners[row["id"]] else "",
            verdict=owners[row["id"]][-1][2] if owners[row["id"]] else None,
        )
        for row in reversed(rows)
    ]


def _load_owners(database: Database, first_run: int) -> defaultdict[int, list[tuple[int, str, Verdict]]]:
    """Return number, head and verdict of the batches that share a run, by the run's number."""
    owners: defaultdict[int, list[tuple[int, str, Verdict]]] = defaultdict(list)
    query = "SELECT id, head, run_id, verdict FROM batches WHERE run_id >= ? ORDER BY id"
    for row in database.rows(query, first_run):
        owners[row["run_id"]].append((row["id"], row["head"], Verdict(row["verdict"])))
    return owners


def _totals(row: sqlite3.Row) -> Totals:
    columns = ("tests", "passed", "failed", "errored", "skipped", "duration", "not_run", "deselected")
    return Totals(*(row[name] for name in columns))


def _load_failures(database: Database, run: int, limit: int) -> tuple[TestResult, ...]:
    query = (
        "SELECT name, module, outcome, results.duration, error_type, message, location"
        " FROM results JOIN tests ON tests.id = test_id WHERE run_id = ? AND outcome IN (?, ?, ?, ?, ?)"
        " ORDER BY position LIMIT ?"
    )
    return tuple(
        TestResult(
            test_id=row["name"],
            module=row["module"],
            outcome=Outcome(row["outcome"]),
            duration=row["duration"],
            error_type=row["error_type"],
            message=row["message"],
            location=row["location"],
        )
        for row in database.rows(query, run, *(outcome.value for outcome in FAILURES), limit)
    )


def load_run_history(database: Database, number: int, limit: int) -> list[RunPoint]:
    """Return the runs of a batch and of those before it on its branch, oldest first, without broken ones."""
    rows = database.rows(
        "SELECT batches.id AS batch, verdict, runs.* FROM batches JOIN runs ON runs.id = run_id"
        " WHERE batches.id <= ?1 AND branch_id = (SELECT branch_id FROM batches WHERE id = ?1) AND broken_reason = ''"
        " ORDER BY batches.id DESC LIMIT ?2",
        number,
        limit,
    )
    points = []
    for row in reversed(rows):
        verdict, totals = Verdict(row["verdict"]), _totals(row)
        points.append(
            RunPoint(row["batch"], verdict, row["started_at"], totals.duration, totals.tests, totals.failures)
        )
    return points


def list_batches_with_run(database: Database, limit: int) -> Sequence[int]:
    """Return the numbers of the latest batches that have a run, newest first."""
    query = "SELECT id FROM batches WHERE run_id IS NOT NULL ORDER BY id DESC LIMIT ?"
    return [row["id"] for row in database.rows(query, limit)]
