"""Rows about operations: rollbacks, undos and redos, written as intents before they act."""

from __future__ import annotations

import json
import sqlite3
import time
from typing import TYPE_CHECKING

from batchhook.core.events import EventKind
from batchhook.core.operations import Operation, OperationKind, OperationStatus
from batchhook.lazy import LazyModule
from batchhook.store import events
from batchhook.store.codecs import decode_path, encode_path
from batchhook.store.database import Database

if TYPE_CHECKING:
    from batchhook.core import rollback
else:
    rollback = LazyModule("batchhook.core.rollback")


def next_id(database: Database) -> int:
    """Return the number that the next operation will have."""
    return database.next_id("operations")


def save_intent(database: Database, operation: Operation) -> None:
    """Store an operation before it acts."""
    selection = operation.selection
    batch = selection.batches[0] if selection.batches and operation.kind is OperationKind.ROLLBACK else None
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO operations (id, kind, batch_id, undoes, mode, batches, changes, paths, branch, head, stash,"
            " empty_dirs, status, worktree, before, after, started_at)"
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
                json.dumps(operation.empty_dirs),
                operation.status.value,
                encode_path(operation.worktree),
                operation.before,
                operation.after,
                operation.started_at,
            ),
        )


def mark_ended(database: Database, operation: int, status: OperationStatus) -> None:
    """Store how an operation ended."""
    with database.transaction() as connection:
        query = "UPDATE operations SET status = ?, ended_at = ? WHERE id = ?"
        connection.execute(query, (status.value, time.time(), operation))
        events.append(database, EventKind.OPERATION_ENDED, operation=operation)


def list_latest(database: Database, limit: int = 100) -> list[Operation]:
    """Return the latest operations, newest first."""
    return [_operation(row) for row in database.rows("SELECT * FROM operations ORDER BY id DESC LIMIT ?", limit)]


def load(database: Database, number: int) -> Operation:
    """Return an operation, which must exist."""
    (row,) = database.rows("SELECT * FROM operations WHERE id = ?", number)
    return _operation(row)


def list_all(database: Database) -> list[Operation]:
    """Return the operations of all work trees, oldest first."""
    return [_operation(row) for row in database.rows("SELECT * FROM operations ORDER BY id")]


def _operation(row: sqlite3.Row) -> Operation:
    return Operation(
        id=row["id"],
        kind=OperationKind(row["kind"]),
        mode=rollback.RollbackMode(row["mode"]),
        selection=rollback.Selection(
            batches=tuple(map(int, str(row["batches"]).split())),
            changes=tuple(row["changes"].split()),
            paths=tuple(json.loads(row["paths"])),
        ),
        undoes=row["undoes"] or 0,
        branch=row["branch"],
        head=row["head"],
        stash=row["stash"],
        empty_dirs=tuple(json.loads(row["empty_dirs"])),
        status=OperationStatus(row["status"]),
        worktree=decode_path(row["worktree"]),
        before=row["before"],
        after=row["after"],
        started_at=row["started_at"],
    )
