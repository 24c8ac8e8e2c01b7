"""Rows about runs and what each test did in them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from batchhook.core.changes import BatchStatus
from batchhook.core.outcomes import Outcome, SuiteOutcome, TestResult, Totals, add_up
from batchhook.core.verdicts import Verdict
from batchhook.store.database import Database


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a suite, as stored.

    Attributes:
        tree: name of the tree that was tested.
        suite: what else decided the outcome (interpreter, discovery).
        started_at: seconds since the epoch.
    """

    tree: str
    suite: Mapping[str, object]
    started_at: float
    outcome: SuiteOutcome


def add(database: Database, run: Run) -> int:
    """Store a run with all its results, whole or not at all.

    Returns:
        the run's number.
    """
    with database.transaction() as connection:
        suite = json.dumps(run.suite, sort_keys=True)
        connection.execute("INSERT OR IGNORE INTO suites (description) VALUES (?)", (suite,))
        cursor = connection.execute(
            "INSERT INTO runs (tree, suite_id, started_at, duration, broken, hint)"
            " SELECT ?, id, ?, ?, ?, ? FROM suites WHERE description = ?",
            (run.tree, run.started_at, run.outcome.duration, run.outcome.broken, run.outcome.hint, suite),
        )
        number = int(cursor.lastrowid or 0)
        names = {(_clean(result.test_id), _clean(result.module)) for result in run.outcome.results}
        connection.executemany("INSERT OR IGNORE INTO tests (name, module) VALUES (?, ?)", sorted(names))
        connection.executemany(
            "INSERT INTO results SELECT ?, ?, id, ?, ?, ?, ?, ?, ?, ? FROM tests WHERE name = ? AND module = ?",
            [_row(number, position, result) for position, result in enumerate(run.outcome.results, start=1)],
        )
    return number


def _row(run: int, position: int, result: TestResult) -> tuple[object, ...]:
    texts = (result.error_type, result.message, result.location, result.traceback)
    return (
        run,
        position,
        result.outcome.value,
        result.duration,
        *map(_clean, texts),
        result.subtests_failed,
        _clean(result.test_id),
        _clean(result.module),
    )


def _clean(text: str) -> str:
    """A text that SQLite can hold: a test's message may hold lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode()


def finish_batch(database: Database, batch: int, run: Run, verdict: Verdict) -> None:
    """Store a batch's run and verdict, unless another runner was faster: a batch has one run.

    Raises:
        StoreError: nothing was stored, and the batch waits for its run as before.
    """
    with database.transaction() as connection:
        query = "SELECT 1 FROM batches WHERE id = ? AND run_id IS NULL"
        if database.row(query, batch) is None:
            return
        connection.execute(
            "UPDATE batches SET status = ?, run_id = ?, verdict = ? WHERE id = ?",
            (BatchStatus.FINISHED.value, add(database, run), verdict.value, batch),
        )


def of_batch(database: Database, batch: int) -> tuple[Run, Verdict] | None:
    """A batch's run and verdict, if it has been run."""
    row = database.row(
        "SELECT runs.*, description, verdict FROM batches JOIN runs ON runs.id = run_id"
        " JOIN suites ON suites.id = suite_id WHERE batches.id = ?",
        batch,
    )
    if row is None:
        return None
    outcome = SuiteOutcome(_results(database, row["id"]), row["duration"], row["broken"], row["hint"])
    return Run(row["tree"], json.loads(row["description"]), row["started_at"], outcome), Verdict(row["verdict"])


def last_durations(database: Database) -> dict[str, float]:
    """How long (seconds) each test took in the latest run that ran, by its id."""
    query = "SELECT name, duration FROM results JOIN tests ON tests.id = test_id WHERE run_id ="
    latest = "(SELECT max(id) FROM runs WHERE broken = '')"
    return {row["name"]: row["duration"] for row in database.rows(f"{query} {latest}")}


def totals(database: Database, batch: int) -> tuple[Verdict, Totals] | None:
    """A batch's verdict and how many tests ended how, if it has been run; without reading any test's texts."""
    row = database.row(
        "SELECT run_id, verdict, duration FROM batches JOIN runs ON runs.id = run_id WHERE batches.id = ?", batch
    )
    if row is None:
        return None
    query = "SELECT outcome, count(*) AS tests FROM results WHERE run_id = ? GROUP BY outcome"
    counts = {Outcome(group["outcome"]): int(group["tests"]) for group in database.rows(query, row["run_id"])}
    return Verdict(row["verdict"]), add_up(counts, row["duration"])


def _results(database: Database, run: int) -> tuple[TestResult, ...]:
    query = "SELECT * FROM results JOIN tests ON tests.id = test_id WHERE run_id = ? ORDER BY position"
    return tuple(_result(row) for row in database.rows(query, run))


def _result(row: sqlite3.Row) -> TestResult:
    return TestResult(
        test_id=row["name"],
        module=row["module"],
        outcome=Outcome(row["outcome"]),
        duration=row["duration"],
        error_type=row["error_type"],
        message=row["message"],
        location=row["location"],
        traceback=row["traceback"],
        subtests_failed=row["subtests_failed"],
    )
