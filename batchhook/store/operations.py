"""Rows about operations: rollbacks, undos and redos, written down before they act."""

from __future__ import annotations

import json
import sqlite3
import time

from batchhook.core.operations import Kind, Operation, OperationStatus
from batchhook.core.rollback import Mode, Selection
from batchhook.store.codecs import from_column, to_column
from batchhook.store.database import Database


def next_id(database: Database) -> int:
    """The number that the next operation will have."""
    return database.next_id("operations")


def intend(database: Database, operation: Operation) -> None:
    """Write an operation down before it acts."""
    selection = operation.selection
    batch = selection.batches[0] if selection.batches and operation.kind is Kind.ROLLBACK else None
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO operations (id, kind, batch_id, undoes, mode, batches, changes, paths, branch, head, stash,"
            " folders, status, top, before, after, started_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                operation.id,
                operation.kind.value,
                batch,
                operation.undoes or None,
                operation.mode.value,
                " ".join(map(str, selection.batches)),
                " ".join(selection.changes),
                json.dumps(selection.paths),
                operation.branch,
                operation.head,
                operation.stash,
                json.dumps(operation.folders),
                operation.status.value,
                to_column(operation.top),
                operation.before,
                operation.after,
                operation.started_at,
            ),
        )


def end(database: Database, operation: int, status: OperationStatus) -> None:
    """Write down how an operation ended."""
    with database.transaction() as connection:
        query = "UPDATE operations SET status = ?, ended_at = ? WHERE id = ?"
        connection.execute(query, (status.value, time.time(), operation))


def latest(database: Database, most: int = 100) -> list[Operation]:
    """The latest operations, newest first."""
    return [_operation(row) for row in database.rows("SELECT * FROM operations ORDER BY id DESC LIMIT ?", most)]


def get(database: Database, number: int) -> Operation:
    """An operation."""
    (row,) = database.rows("SELECT * FROM operations WHERE id = ?", number)
    return _operation(row)


def all_of(database: Database) -> list[Operation]:
    """All operations, oldest first; of all work trees."""
    return [_operation(row) for row in database.rows("SELECT * FROM operations ORDER BY id")]


def _operation(row: sqlite3.Row) -> Operation:
    return Operation(
        id=row["id"],
        kind=Kind(row["kind"]),
        mode=Mode(row["mode"]),
        selection=Selection(
            batches=tuple(map(int, str(row["batches"]).split())),
            changes=tuple(row["changes"].split()),
            paths=tuple(json.loads(row["paths"])),
        ),
        undoes=row["undoes"] or 0,
        branch=row["branch"],
        head=row["head"],
        stash=row["stash"],
        folders=tuple(json.loads(row["folders"])),
        status=OperationStatus(row["status"]),
        top=from_column(row["top"]),
        before=row["before"],
        after=row["after"],
        started_at=row["started_at"],
    )
