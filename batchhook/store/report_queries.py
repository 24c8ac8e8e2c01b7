"""Reading many batches and runs at once, for the files that tell of all of them; no test's traceback is read."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence

from batchhook.core.results import FAILURES, Outcome, TestResult, Totals
from batchhook.core.summaries import BatchRecord, PastRun, RunRecord
from batchhook.core.verdict import Verdict
from batchhook.store import batches
from batchhook.store.database import Database


def number_of_edits(database: Database) -> int:
    """How many file edits there are in all full batches."""
    return _number(database, "SELECT count(*) AS number FROM file_edits")


def number_of_batches(database: Database) -> int:
    """How many full batches there are."""
    return _number(database, "SELECT count(*) AS number FROM batches WHERE status <> 'open'")


def number_of_runs(database: Database) -> int:
    """How many runs there are, without those that a search made."""
    return _number(database, "SELECT count(*) AS number FROM runs WHERE NOT visit")


def _number(database: Database, query: str) -> int:
    row = database.row(query)
    return 0 if row is None else int(row["number"])


def latest_batches(database: Database, most: int) -> list[BatchRecord]:
    """The latest full batches, oldest first."""
    found = batches.latest(database, most, full=True)
    rows = database.rows("SELECT id, verdict FROM batches WHERE status <> 'open' ORDER BY id DESC LIMIT ?", most)
    verdicts = {row["id"]: Verdict(row["verdict"]) for row in rows if row["verdict"]}
    return [BatchRecord(batch, batches.edits(database, batch.id), verdicts.get(batch.id)) for batch in reversed(found)]


def latest_runs(database: Database, most: int, most_failures: int) -> list[RunRecord]:
    """The latest runs, oldest first, each with so many of its failing tests; without those that a search made."""
    rows = database.rows("SELECT * FROM runs WHERE NOT visit ORDER BY id DESC LIMIT ?", most)
    owners = _owners(database, min((row["id"] for row in rows), default=0))
    return [
        RunRecord(
            id=row["id"],
            tree=row["tree"],
            started_at=row["started_at"],
            broken=row["broken"],
            complete=bool(row["complete"]),
            totals=_totals(row),
            failures=_failing(database, row["id"], most_failures),
            batches=tuple(number for number, _, _ in owners[row["id"]]),
            head=owners[row["id"]][-1][1] if owners[row["id"]] else "",
            verdict=owners[row["id"]][-1][2] if owners[row["id"]] else None,
        )
        for row in reversed(rows)
    ]


def _owners(database: Database, first_run: int) -> defaultdict[int, list[tuple[int, str, Verdict]]]:
    """Number, head and verdict of the batches that each run is of, by the run's number."""
    owners: defaultdict[int, list[tuple[int, str, Verdict]]] = defaultdict(list)
    query = "SELECT id, head, run_id, verdict FROM batches WHERE run_id >= ? ORDER BY id"
    for row in database.rows(query, first_run):
        owners[row["run_id"]].append((row["id"], row["head"], Verdict(row["verdict"])))
    return owners


def _totals(row: sqlite3.Row) -> Totals:
    return Totals(row["tests"], row["passed"], row["failed"], row["errored"], row["skipped"], row["duration"])


def _failing(database: Database, run: int, most: int) -> tuple[TestResult, ...]:
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
        for row in database.rows(query, run, *(outcome.value for outcome in FAILURES), most)
    )


def past_runs(database: Database, number: int, most: int) -> list[PastRun]:
    """The runs of a batch and of those before it on its branch, oldest first; without those that could not run."""
    rows = database.rows(
        "SELECT batches.id AS batch, verdict, runs.* FROM batches JOIN runs ON runs.id = run_id"
        " WHERE batches.id <= ?1 AND branch_id = (SELECT branch_id FROM batches WHERE id = ?1) AND broken = ''"
        " ORDER BY batches.id DESC LIMIT ?2",
        number,
        most,
    )
    found = []
    for row in reversed(rows):
        totals = _totals(row)
        verdict, started_at = Verdict(row["verdict"]), row["started_at"]
        found.append(PastRun(row["batch"], verdict, started_at, totals.duration, totals.tests, totals.failures))
    return found


def with_run(database: Database, most: int) -> Sequence[int]:
    """Numbers of the latest batches that have a run, newest first."""
    query = "SELECT id FROM batches WHERE run_id IS NOT NULL ORDER BY id DESC LIMIT ?"
    return [row["id"] for row in database.rows(query, most)]
