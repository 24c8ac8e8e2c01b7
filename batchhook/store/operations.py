"""Rows about operations: rollbacks and undos, written down before they act."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from enum import Enum

from batchhook.store.batches import from_column, to_column
from batchhook.store.database import Database


class OperationStatus(str, Enum):
    """How far an operation came."""

    INTENT = "intent"
    """Written down; it may have been interrupted anywhere from there."""

    DONE = "done"
    FAILED = "failed"
    """Refused by git before anything was changed."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One rollback or undo.

    Attributes:
        id: 1, 2, 3 … for the repository.
        kind: ``rollback`` or ``undo``.
        batch: the batch that was rolled back; 0 for an undo.
        undoes: the operation that was taken back; 0 for a rollback.
        top: the work tree in which it acted.
        changes: names of the batch's changes that were taken out; empty for all of them.
        before, after: commits that hold all that was there, and all that it leaves (``git/snapshot.py``).
        started_at: seconds since the epoch.
    """

    id: int
    kind: str
    batch: int
    undoes: int
    status: OperationStatus
    top: str
    before: str
    after: str
    started_at: float
    changes: tuple[str, ...] = ()


def next_id(database: Database) -> int:
    """The number that the next operation will have."""
    return database.next_id("operations")


def intend(database: Database, operation: Operation) -> None:
    """Write an operation down before it acts."""
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO operations (id, kind, batch_id, undoes, status, top, before, after, started_at, changes)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                operation.id,
                operation.kind,
                operation.batch or None,
                operation.undoes or None,
                operation.status.value,
                to_column(operation.top),
                operation.before,
                operation.after,
                operation.started_at,
                " ".join(operation.changes),
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


def to_undo(database: Database, top: str) -> Operation | None:
    """The latest operation in a work tree that can be taken back: no undo, and not undone yet."""
    row = database.row(
        "SELECT * FROM operations WHERE top = ? AND kind <> 'undo' AND status <> 'failed' AND id NOT IN"
        " (SELECT undoes FROM operations WHERE undoes IS NOT NULL AND status = 'done') ORDER BY id DESC LIMIT 1",
        to_column(top),
    )
    return None if row is None else _operation(row)


def _operation(row: sqlite3.Row) -> Operation:
    return Operation(
        id=row["id"],
        kind=row["kind"],
        batch=row["batch_id"] or 0,
        undoes=row["undoes"] or 0,
        status=OperationStatus(row["status"]),
        top=from_column(row["top"]),
        before=row["before"],
        after=row["after"],
        started_at=row["started_at"],
        changes=tuple(row["changes"].split()),
    )
