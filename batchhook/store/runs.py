"""Rows about runs and what each test did in them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace

from batchhook.core.changes import BatchStatus
from batchhook.core.results import Company, Outcome, Run, SuiteOutcome, TestResult, Totals
from batchhook.core.sanitize import encodable
from batchhook.core.verdict import Verdict
from batchhook.store import test_stats
from batchhook.store.database import Database

_MICROSECONDS = 1e6


def add(database: Database, run: Run) -> int:
    """Store a run with all its results, whole or not at all.

    Returns:
        the run's number.
    """
    results = tuple(map(_storable, run.outcome.results))
    with database.transaction() as connection:
        before = _latest(database, run.tree, run.suite)
        number = _add_run(database, run)
        names = {(result.test_id, result.module) for result in results}
        connection.executemany("INSERT OR IGNORE INTO tests (name, module) VALUES (?, ?)", sorted(names))
        _add_results(database, number, results)
        connection.executemany(
            "INSERT OR IGNORE INTO absences SELECT ?, id, ? FROM tests WHERE name = ?",
            [(number, False, encodable(name)) for name in run.outcome.absent]
            + [(number, True, encodable(name)) for name in run.outcome.untestable],
        )
        earlier = results_of(database, before) if before else ()
        test_stats.learn(database, results, earlier, of_a_visit=run.is_visit)
    return number


def _add_results(database: Database, run: int, results: Sequence[TestResult]) -> None:
    words = {row["word"]: row["id"] for row in database.rows("SELECT id, word FROM words")}
    connection = database.connection
    connection.executemany(
        "INSERT INTO outcomes SELECT ?, ?, id, ?, ?, ?, ? FROM tests WHERE name = ? AND module = ?",
        [_row(run, position, result, words) for position, result in enumerate(results, start=1)],
    )
    texts = ((position, _texts(result)) for position, result in enumerate(results, start=1))
    connection.executemany(
        "INSERT INTO texts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(run, position, *said) for position, said in texts if any(said)],
    )
    query = "UPDATE tests SET last_run = ? WHERE id IN (SELECT test_id FROM outcomes WHERE run_id = ?)"
    connection.execute(query, (run, run))


def _add_run(database: Database, run: Run) -> int:
    suite = described(run.suite)
    database.connection.execute("INSERT OR IGNORE INTO suites (description) VALUES (?)", (suite,))
    outcome, totals = run.outcome, run.outcome.totals
    broken, hint = encodable(outcome.broken), encodable(outcome.hint)
    cursor = database.connection.execute(
        "INSERT INTO runs (tree, suite_id, started_at, duration, broken, hint, complete, visit,"
        " tests, passed, failed, errored, skipped)"
        " SELECT ?, id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM suites WHERE description = ?",
        (
            *(run.tree, run.started_at, outcome.duration, broken, hint, outcome.complete, run.is_visit),
            *(totals.tests, totals.passed, totals.failed, totals.errored, totals.skipped),
            suite,
        ),
    )
    return int(cursor.lastrowid or 0)


def _latest(database: Database, tree: str, suite: Mapping[str, object], *, complete: bool = False) -> int:
    """Number of the latest run of a suite on a tree in which it could run; 0 for none."""
    row = database.row(
        "SELECT coalesce(max(runs.id), 0) AS id FROM runs JOIN suites ON suites.id = suite_id"
        " WHERE tree = ? AND description = ? AND broken = '' AND complete >= ?",
        tree,
        described(suite),
        complete,
    )
    return 0 if row is None else int(row["id"])


def described(suite: Mapping[str, object]) -> str:
    """A suite's description as the database holds it: equal for equal ones."""
    return json.dumps(suite, sort_keys=True)


def _row(run: int, position: int, result: TestResult, words: Mapping[str, int]) -> tuple[object, ...]:
    return (
        run,
        position,
        words[result.outcome.value],
        round(result.duration * _MICROSECONDS),
        words[result.seen_in.value],
        words[result.first_outcome.value] if result.first_outcome else None,
        result.test_id,
        result.module,
    )


def _texts(result: TestResult) -> tuple[object, ...]:
    """What is said of a result, in the order of the table; of most there is nothing to say."""
    said = (result.error_type, result.message, result.location, result.traceback)
    return (*said, result.subtests_failed, result.note)


def _storable(result: TestResult) -> TestResult:
    """A result whose texts SQLite can hold: a test's message may hold lone surrogates."""
    return replace(
        result,
        test_id=encodable(result.test_id),
        module=encodable(result.module),
        error_type=encodable(result.error_type),
        message=encodable(result.message),
        location=encodable(result.location),
        traceback=encodable(result.traceback),
        note=encodable(result.note),
    )


def finish_batch(database: Database, batch: int, run: Run, verdict: Verdict, *, searching: bool = False) -> None:
    """Store a batch's verdict, and its run if it is a new one, unless another runner was faster: a batch has one run.

    With ``searching``, what broke it is still to be found out; else whether something became slower is next.

    Raises:
        StoreError: nothing was stored, and the batch waits for its run as before.
    """
    with database.transaction() as connection:
        status = BatchStatus.SEARCHING if searching else BatchStatus.MEASURING
        query = "SELECT 1 FROM batches WHERE id = ? AND run_id IS NULL"
        if database.row(query, batch) is None:
            return
        connection.execute(
            "UPDATE batches SET status = ?, run_id = ?, verdict = ?, remembered = ?, untold = untold |"
            " 2 * ((SELECT 1 FROM facts WHERE name = 'plugins' AND value <> '') IS NOT NULL) WHERE id = ?",
            (status.value, run.id or add(database, run), verdict.value, bool(run.id), batch),
        )


def of_batch(database: Database, batch: int) -> tuple[Run, Verdict] | None:
    """A batch's run and verdict, if it has been run."""
    row = database.row("SELECT run_id, verdict FROM batches WHERE id = ? AND run_id IS NOT NULL", batch)
    return None if row is None else (get(database, row["run_id"]), Verdict(row["verdict"]))


def is_remembered(database: Database, batch: int) -> bool:
    """Whether a batch's run was made for somebody else, on the same tree and suite."""
    row = database.row("SELECT remembered FROM batches WHERE id = ?", batch)
    return row is not None and bool(row["remembered"])


def remembered(database: Database, tree: str, suite: Mapping[str, object]) -> Run | None:
    """The latest run of this suite on this tree in which every test had its turn, if there is one."""
    number = _latest(database, tree, suite, complete=True)
    return get(database, number) if number else None


def get(database: Database, number: int) -> Run:
    """A stored run."""
    query = "SELECT runs.*, description FROM runs JOIN suites ON suites.id = suite_id WHERE runs.id = ?"
    (row,) = database.rows(query, number)
    results = results_of(database, number)
    outcome = SuiteOutcome(results, row["duration"], row["broken"], row["hint"], bool(row["complete"]))
    return Run(row["tree"], json.loads(row["description"]), row["started_at"], outcome, number)


def totals(database: Database, batch: int) -> tuple[Verdict, Totals] | None:
    """A batch's verdict and how many tests ended how, if it has been run; without reading any test's part."""
    row = database.row(
        "SELECT verdict, tests, passed, failed, errored, skipped, duration"
        " FROM batches JOIN runs ON runs.id = run_id WHERE batches.id = ?",
        batch,
    )
    if row is None:
        return None
    verdict, *counts = row
    return Verdict(verdict), Totals(*counts)


def results_of(database: Database, run: int) -> tuple[TestResult, ...]:
    """What each test did in a run, in the order in which they ended."""
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
        seen_in=Company(row["seen_in"]),
        first_outcome=Outcome(row["first_outcome"]) if row["first_outcome"] else None,
        note=row["note"],
    )
