"""Rows about runs, and the result of each test in them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from batchhook.core.batch import BatchStatus
from batchhook.core.events import EventKind
from batchhook.core.results import IsolationLevel, Outcome, Run, SuiteResult, TestResult, Totals, UnrunTests
from batchhook.core.sanitize import escape_surrogates
from batchhook.core.verdict import Verdict
from batchhook.store import coverage, events, test_stats
from batchhook.store.database import Database

_MICROSECONDS = 1e6


def add(database: Database, run: Run) -> int:
    """Store a run with all its results in one transaction.

    Returns:
        the run's number.
    """
    results = tuple(map(_escape_texts, run.result.results))
    with database.transaction() as connection:
        # A test that needs others, or that others disturb, ends differently in a part of the suite without being flaky.
        previous = _find_latest(database, run.tree, run.suite, is_complete=run.result.is_complete)
        number = _add_run(database, run)
        names = {(result.test_id, result.module) for result in results}
        connection.executemany("INSERT OR IGNORE INTO tests (name, module) VALUES (?, ?)", sorted(names))
        _add_results(database, number, results)
        connection.executemany(
            "INSERT OR IGNORE INTO missing_tests SELECT ?, id, ? FROM tests WHERE name = ?",
            [(number, False, escape_surrogates(name)) for name in run.result.absent]
            + [(number, True, escape_surrogates(name)) for name in run.result.untestable],
        )
        if run.result.coverage is not None:
            coverage.add(database, number, run.result.coverage)
        previous_results = load_results(database, previous) if previous else ()
        test_stats.update(database, results, previous_results, is_probe=run.is_probe)
    return number


def _add_run(database: Database, run: Run) -> int:
    fingerprint = encode_fingerprint(run.suite)
    database.connection.execute("INSERT OR IGNORE INTO suites (fingerprint) VALUES (?)", (fingerprint,))
    result, totals = run.result, run.result.totals
    broken_reason, hint = escape_surrogates(result.broken_reason), escape_surrogates(result.hint)
    cursor = database.connection.execute(
        "INSERT INTO runs (tree, suite_id, started_at, duration, broken_reason, hint, has_no_tests, is_complete,"
        " is_probe, tests, passed, failed, errored, skipped, deselected, not_run, unrun_files, unrun_examples)"
        " SELECT ?, id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM suites WHERE fingerprint = ?",
        (
            *(run.tree, run.started_at, result.duration, broken_reason, hint, result.has_no_tests, result.is_complete),
            *(run.is_probe, totals.tests, totals.passed, totals.failed, totals.errored, totals.skipped),
            result.deselected,
            *_unrun_columns(result.unrun),
            fingerprint,
        ),
    )
    return int(cursor.lastrowid or 0)


def _unrun_columns(unrun: UnrunTests | None) -> tuple[int, int, str]:
    if unrun is None:
        return 0, 0, ""
    examples = (escape_surrogates(path) for path in unrun.examples if "\n" not in path)
    return unrun.tests, unrun.files, "\n".join(examples)


def _load_unrun(row: sqlite3.Row) -> UnrunTests | None:
    examples = tuple(row["unrun_examples"].split("\n"))
    return UnrunTests(row["not_run"], row["unrun_files"], examples) if row["not_run"] else None


def _add_results(database: Database, run: int, results: Sequence[TestResult]) -> None:
    connection, strings = database.connection, _intern(database, [*Outcome, *IsolationLevel])
    connection.executemany(
        "INSERT INTO outcomes SELECT ?, ?, id, ?, ?, ?, ? FROM tests WHERE name = ? AND module = ?",
        [
            (
                run,
                position,
                strings[result.outcome.value],
                round(result.duration * _MICROSECONDS),
                strings[result.isolation.value],
                strings[result.first_outcome.value] if result.first_outcome else None,
                result.test_id,
                result.module,
            )
            for position, result in enumerate(results, start=1)
        ],
    )
    details = ((position, _details(result)) for position, result in enumerate(results, start=1))
    connection.executemany(
        "INSERT INTO outcome_details VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(run, position, *columns) for position, columns in details if any(columns)],
    )
    query = "UPDATE tests SET last_run = ? WHERE id IN (SELECT test_id FROM outcomes WHERE run_id = ?)"
    connection.execute(query, (run, run))


def _intern(database: Database, names: Iterable[Enum]) -> dict[str, int]:
    """Return the id of each stored string, after adding the values that are missing."""
    query = "INSERT OR IGNORE INTO strings (value) VALUES (?)"
    database.connection.executemany(query, [(name.value,) for name in names])
    return {row["value"]: row["id"] for row in database.rows("SELECT id, value FROM strings")}


def _details(result: TestResult) -> tuple[object, ...]:
    """Return the columns of ``outcome_details``; all are empty for most results."""
    texts = (result.error_type, result.message, result.location, result.traceback)
    return (*texts, result.subtests_failed, result.note)


def _escape_texts(result: TestResult) -> TestResult:
    """Escape lone surrogates, which a test's message may contain and SQLite cannot store."""
    return replace(
        result,
        test_id=escape_surrogates(result.test_id),
        module=escape_surrogates(result.module),
        error_type=escape_surrogates(result.error_type),
        message=escape_surrogates(result.message),
        location=escape_surrogates(result.location),
        traceback=escape_surrogates(result.traceback),
        note=escape_surrogates(result.note),
    )


def _find_latest(database: Database, tree: str, suite: Mapping[str, object], *, is_complete: bool) -> int:
    """Return the number of the latest run of a suite, or of parts of it, on a tree that was not broken; 0 for none."""
    row = database.row(
        "SELECT coalesce(max(runs.id), 0) AS id FROM runs JOIN suites ON suites.id = suite_id"
        " WHERE tree = ? AND fingerprint = ? AND broken_reason = '' AND is_complete = ?",
        tree,
        encode_fingerprint(suite),
        is_complete,
    )
    return 0 if row is None else int(row["id"])


def encode_fingerprint(suite: Mapping[str, object]) -> str:
    """Return a suite's fingerprint as it is stored: equal text for equal fingerprints."""
    return json.dumps(suite, sort_keys=True)


def finish_batch(database: Database, batch: int, run: Run, verdict: Verdict, *, searching: bool = False) -> None:
    """Store a batch's verdict, and its run if that is new, unless another runner was faster: a batch has one run.

    Args:
        database: of the repository.
        batch: its number.
        run: its run; with an id, one that was made earlier for the same tree and suite.
        verdict: of the run.
        searching: a search for culprits is next; otherwise slowdowns are measured next.

    Raises:
        StoreError: nothing was stored, and the batch still waits for its run.
    """
    with database.transaction() as connection:
        if database.row("SELECT 1 FROM batches WHERE id = ? AND run_id IS NULL", batch) is None:
            return
        status = BatchStatus.SEARCHING if searching else BatchStatus.MEASURING
        connection.execute(
            "UPDATE batches SET status = ?, run_id = ?, verdict = ?, reused_run = ? WHERE id = ?",
            (status.value, run.id or add(database, run), verdict.value, bool(run.id), batch),
        )
        events.append(database, EventKind.RUN_FINISHED, batch=batch)


def load_for_batch(database: Database, batch: int) -> tuple[Run, Verdict] | None:
    """Return a batch's run and verdict, if it has been run."""
    row = database.row("SELECT run_id, verdict FROM batches WHERE id = ? AND run_id IS NOT NULL", batch)
    return None if row is None else (load(database, row["run_id"]), Verdict(row["verdict"]))


def is_reused(database: Database, batch: int) -> bool:
    """Return whether a batch's run had been made earlier, for the same tree and suite."""
    row = database.row("SELECT reused_run FROM batches WHERE id = ?", batch)
    return row is not None and bool(row["reused_run"])


def find_reusable(database: Database, tree: str, suite: Mapping[str, object]) -> Run | None:
    """Return the latest complete run of a suite on a tree, if there is one."""
    number = _find_latest(database, tree, suite, is_complete=True)
    return load(database, number) if number else None


def load(database: Database, number: int) -> Run:
    """Return a run, which must exist."""
    query = "SELECT runs.*, fingerprint FROM runs JOIN suites ON suites.id = suite_id WHERE runs.id = ?"
    (row,) = database.rows(query, number)
    results = load_results(database, number)
    result = SuiteResult(
        results,
        row["duration"],
        row["broken_reason"],
        row["hint"],
        bool(row["is_complete"]),
        has_no_tests=bool(row["has_no_tests"]),
        unrun=_load_unrun(row),
        deselected=row["deselected"],
    )
    return Run(row["tree"], json.loads(row["fingerprint"]), row["started_at"], result, number)


@dataclass(frozen=True, slots=True)
class RunHead:
    """A run without the result of any test."""

    tree: str
    suite: Mapping[str, object]
    started_at: float
    totals: Totals


def load_head(database: Database, number: int) -> RunHead:
    """Return what is known of a run, which must exist, without reading any test's result."""
    query = "SELECT runs.*, fingerprint FROM runs JOIN suites ON suites.id = suite_id WHERE runs.id = ?"
    (row,) = database.rows(query, number)
    columns = ("tests", "passed", "failed", "errored", "skipped", "duration", "not_run", "deselected")
    totals = Totals(*(row[name] for name in columns))
    return RunHead(row["tree"], json.loads(row["fingerprint"]), row["started_at"], totals)


def load_suite(database: Database, number: int) -> Mapping[str, object]:
    """Return the fingerprint of the suite of a run; empty if there is no such run."""
    row = database.row("SELECT fingerprint FROM runs JOIN suites ON suites.id = suite_id WHERE runs.id = ?", number)
    suite: Mapping[str, object] = {} if row is None else json.loads(row["fingerprint"])
    return suite


def load_totals(database: Database, batch: int) -> tuple[Verdict, Totals] | None:
    """Return a batch's verdict and totals, if it has been run, without reading any test's result."""
    row = database.row(
        "SELECT verdict, tests, passed, failed, errored, skipped, duration, not_run, deselected"
        " FROM batches JOIN runs ON runs.id = run_id WHERE batches.id = ?",
        batch,
    )
    if row is None:
        return None
    verdict, *counts = row
    return Verdict(verdict), Totals(*counts)


def load_results(database: Database, run: int) -> tuple[TestResult, ...]:
    """Return the results of a run, in the order in which the tests ended."""
    query = "SELECT * FROM results JOIN tests ON tests.id = test_id WHERE run_id = ? ORDER BY position"
    return tuple(result_of(row) for row in database.rows(query, run))


def result_of(row: sqlite3.Row) -> TestResult:
    """Return a row of the view ``results``, joined with its test."""
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
        isolation=IsolationLevel(row["isolation"]),
        first_outcome=Outcome(row["first_outcome"]) if row["first_outcome"] else None,
        note=row["note"],
    )
