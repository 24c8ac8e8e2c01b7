"""Removing rows: batches with everything that belongs to them, and runs that are no longer needed.

What belongs to what is read from the schema. A row whose foreign key is part of its own primary key (or a change of a
batch) is removed along with the row it refers to; any other foreign key is a use, which keeps that row.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from batchhook.core.operations import ids_needing_snapshots, root_rollbacks
from batchhook.core.retention import PruneCandidate, RollbackEvent
from batchhook.store import critical_failures, operations
from batchhook.store.database import Database

_BATCHES_PER_SLICE = 50
_RUNS_PER_SLICE = 5  # each may have very many outcomes


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A column that refers to another table.

    Attributes:
        is_part: its rows belong to the row they refer to.
    """

    table: str
    column: str
    is_part: bool


@dataclass(frozen=True, slots=True)
class DatabaseUsage:
    """Rows in the database, and the bytes they take (an estimate). Open batches are not counted."""

    batches: int
    runs: int
    outcomes: int
    size: int


def load_batches(database: Database) -> tuple[PruneCandidate, ...]:
    """Return all sealed batches, oldest first."""
    unresolved = frozenset(critical_failures.list_unresolved(database).values())
    rows = database.rows(
        "SELECT batches.id, name, opened_at, sealed_at, finalized = 0 OR batches.id IN"
        " (SELECT batch_id FROM events JOIN event_readers ON events.id > position) AS queued, run_id"
        " FROM batches JOIN branches ON branches.id = branch_id WHERE status <> 'open' ORDER BY batches.id"
    )
    return tuple(
        PruneCandidate(
            id=row["id"],
            branch=row["name"],
            opened_at=row["opened_at"],
            sealed_at=row["sealed_at"],
            is_queued=bool(row["queued"]),
            has_run=row["run_id"] is not None,
            is_unacknowledged=row["id"] in unresolved,
        )
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class _Operation:
    """A stored operation; an undo or a redo has the batches of the rollback that it is about."""

    id: int
    batches: tuple[int, ...]
    is_needed: bool
    started_at: float


def load_operations(database: Database) -> tuple[RollbackEvent, ...]:
    """Return all operations, one event for each batch that an operation is about."""
    return tuple(
        RollbackEvent(batch, operation.is_needed, operation.started_at)
        for operation in _load_operations(database)
        for batch in operation.batches or (0,)
    )


def _load_operations(database: Database) -> list[_Operation]:
    stored = operations.list_all(database)
    query = "SELECT operation_id AS id FROM events JOIN event_readers ON events.id > position"
    pending = {row["id"] for row in database.rows(query)}
    needed = ids_needing_snapshots(stored) | pending
    roots, batches = root_rollbacks(stored), {operation.id: operation.selection.batches for operation in stored}
    return [
        _Operation(operation.id, batches.get(roots[operation.id], ()), operation.id in needed, operation.started_at)
        for operation in stored
    ]


def estimate_removal(database: Database, expired: Sequence[int], cutoff: float) -> DatabaseUsage:
    """Return what removing some batches would free, with the runs older than a time that are then unneeded."""
    used = {row["run_id"] for row in database.rows("SELECT id, run_id FROM batches") if row["id"] not in set(expired)}
    query = f"SELECT id, tests FROM runs WHERE {_unneeded(database, ignored_table='batches')}"
    runs = [row for row in database.rows(query, cutoff) if row["id"] not in used]
    outcomes = sum(row["tests"] for row in runs)
    usage = measure_usage(database)
    part, total = (outcomes, usage.outcomes) if usage.outcomes else (len(expired), usage.batches)
    return DatabaseUsage(len(expired), len(runs), outcomes, round(usage.size * part / total) if total else 0)


def measure_usage(database: Database) -> DatabaseUsage:
    """Return what the database holds now."""
    (row,) = database.rows(
        "SELECT (SELECT count(*) FROM batches WHERE status <> 'open') AS batches, count(*) AS runs,"
        " coalesce(sum(tests), 0) AS outcomes FROM runs"
    )
    pages, free, page_size = (
        database.rows(f"PRAGMA {name}")[0][0] for name in ("page_count", "freelist_count", "page_size")
    )
    return DatabaseUsage(row["batches"], row["runs"], row["outcomes"], (pages - free) * page_size)


def remove_batches(database: Database, expired: Sequence[int], seconds: float) -> int:
    """Remove batches and mark them as pruned, each completely or not at all.

    Args:
        database: in a transaction.
        expired: their numbers.
        seconds: about how long to go on, as other writers wait.

    Returns:
        how many of them were removed.
    """
    parts = list(_list_parts(database, "batches"))
    query = "SELECT coalesce(max(id), 0) AS last FROM"
    for table in ("batches", "operations"):
        last = max(database.rows(f"{query} {table}")[0]["last"], int(database.metadata(f"{table}_issued", "0")))
        database.set_metadata(f"{table}_issued", str(last))
    return _in_slices(expired, _BATCHES_PER_SLICE, seconds, lambda slice_: _remove_batches(database, parts, slice_))


def _remove_batches(database: Database, parts: Sequence[ForeignKey], numbers: Sequence[int]) -> None:
    keys = [(number,) for number in numbers]
    connection = database.connection
    connection.executemany(
        "INSERT OR IGNORE INTO pruned_batches SELECT branch_id, id, ? FROM batches WHERE id = ?",
        [(time.time(), number) for number in numbers],
    )
    query = "DELETE FROM file_edits WHERE change_id IN (SELECT id FROM changes WHERE batch_id = ?)"
    connection.executemany(query, keys)
    for part in parts:
        connection.executemany(f"DELETE FROM {part.table} WHERE {part.column} = ?", keys)
    undos_first = reversed(_load_operations(database))
    removed = [(operation.id,) for operation in undos_first if not set(numbers).isdisjoint(operation.batches)]
    connection.executemany("DELETE FROM operations WHERE id = ?", removed)
    connection.executemany("DELETE FROM batches WHERE id = ?", keys)


def remove_runs(database: Database, cutoff: float, seconds: float) -> bool:
    """Remove the unneeded runs that are older than a time; inside a transaction.

    Args:
        database: in a transaction.
        cutoff: seconds since the epoch.
        seconds: about how long to go on, as other writers wait.

    Returns:
        whether all of them were removed.
    """
    connection = database.connection
    current = "SELECT coalesce(max(id), 0) FROM baselines"
    connection.execute(f"DELETE FROM baselines WHERE set_at < ? AND id <> ({current})", (cutoff,))
    unneeded = [row["id"] for row in database.rows(f"SELECT id FROM runs WHERE {_unneeded(database)}", cutoff)]
    parts = list(_list_parts(database, "runs"))

    def remove(numbers: Sequence[int]) -> None:
        keys = [(number,) for number in numbers]
        for part in parts:
            connection.executemany(f"DELETE FROM {part.table} WHERE {part.column} = ?", keys)
        connection.executemany("DELETE FROM runs WHERE id = ?", keys)

    return _in_slices(unneeded, _RUNS_PER_SLICE, seconds, remove) == len(unneeded)


def remove_orphans(database: Database) -> None:
    """Remove suites without a run, and tests that no row refers to."""
    # Checking the foreign keys row by row would read all outcomes for each test.
    database.connection.execute("PRAGMA foreign_keys = OFF")
    try:
        with database.transaction() as connection:
            connection.execute("DELETE FROM suites WHERE id NOT IN (SELECT suite_id FROM runs)")
            candidates = "SELECT id FROM tests WHERE last_run NOT IN (SELECT id FROM runs)"
            if database.row(candidates) is not None:
                referenced = " UNION ".join(
                    f"SELECT {key.column} FROM {key.table}" for key in list_foreign_keys(database, "tests")
                )
                connection.execute(f"DELETE FROM tests WHERE id IN ({candidates}) AND id NOT IN ({referenced})")
    finally:
        database.connection.execute("PRAGMA foreign_keys = ON")


def list_pruned(database: Database) -> frozenset[int]:
    """Return the numbers of all batches that were pruned."""
    return frozenset(row["batch_id"] for row in database.rows("SELECT batch_id FROM pruned_batches"))


def find_orphan_records(database: Database, numbers: Iterable[int], expired: Sequence[int]) -> frozenset[int]:
    """Return the records whose batch was pruned, or is about to be, and that are not the latest of their branch."""
    query = (
        "SELECT is_change, EXISTS (SELECT 1 FROM commits WHERE commits.branch_id = records.branch_id"
        " AND commits.oid = records.oid AND sealed) AS sealed,"
        " (SELECT max(batch_id) FROM changes WHERE changes.oid = records.oid) AS batch"
        " FROM records WHERE id = ? AND id <"
        " (SELECT max(id) FROM records AS any WHERE any.branch_id = records.branch_id)"
    )
    rows = {number: database.row(query, number) for number in numbers}
    return frozenset(
        number
        for number, row in rows.items()
        if row is not None
        and (not row["is_change"] or (row["sealed"] and (row["batch"] is None or row["batch"] in expired)))
    )


def find_pruned_operations(database: Database, expired: Sequence[int]) -> frozenset[int]:
    """Return the operations that were pruned, and those that will be along with some batches."""
    stored = _load_operations(database)
    first, last = (
        int(database.metadata("operations_reserved", "0")) + 1,
        int(database.metadata("operations_issued", "0")),
    )
    pruned = frozenset(range(first, last + 1)).difference(operation.id for operation in stored)
    return pruned | {operation.id for operation in stored if not set(expired).isdisjoint(operation.batches)}


def _list_parts(database: Database, target: str, column: str = "id") -> Iterator[ForeignKey]:
    """Yield the foreign keys of all rows that belong to a table's rows, each after those of its own parts.

    Args:
        database: of the repository.
        target: the table.
        column: the one referred to, which holds the number of what is removed.
    """
    for key in list_foreign_keys(database, target, column):
        if key.is_part:
            yield from _list_parts(database, key.table, key.column)
            yield key


def list_foreign_keys(database: Database, target: str, column: str = "id") -> Iterator[ForeignKey]:
    """Yield all columns that refer to a column of a table, in other tables and in the table itself."""
    tables = [row["name"] for row in database.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        primary_key = {row["name"] for row in database.rows(f"PRAGMA table_info({table})") if row["pk"]}
        for row in database.rows(f"PRAGMA foreign_key_list({table})"):
            if (row["table"], row["to"] or column) == (target, column):
                yield ForeignKey(table, row["from"], is_part=row["from"] in primary_key or table == "changes")


def _unneeded(database: Database, ignored_table: str = "") -> str:
    """Return the SQL condition for unneeded runs that are older than a time (its one parameter).

    Needed are the runs of batches and of the baseline, the latest complete one, and those of the trees of a batch in
    the queue.

    Args:
        database: of the repository.
        ignored_table: its uses of runs do not count.
    """
    clauses = [
        "started_at < ?",
        "id <> (SELECT coalesce(max(id), 0) FROM runs WHERE is_complete AND broken_reason = '')",
    ]
    uses = [key for key in list_foreign_keys(database, "runs") if not key.is_part and key.table != ignored_table]
    clauses += [f"id NOT IN (SELECT {use.column} FROM {use.table} WHERE {use.column} IS NOT NULL)" for use in uses]
    queued = "FROM changes JOIN batches ON batches.id = batch_id WHERE status <> 'open' AND finalized = 0"
    clauses.append(f"tree NOT IN (SELECT tree {queued} UNION SELECT base_tree {queued})")
    return " AND ".join(clauses)


def _in_slices(numbers: Sequence[int], size: int, seconds: float, remove: Callable[[Sequence[int]], None]) -> int:
    """Call ``remove`` with slice after slice until all are removed or the time is up; return how many were removed."""
    end = time.monotonic() + seconds
    for start in range(0, len(numbers), size):
        remove(numbers[start : start + size])
        if time.monotonic() >= end:
            return min(start + size, len(numbers))
    return len(numbers)
