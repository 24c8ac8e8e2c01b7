"""Rows about batches that failed critically: how they were resolved, and what the setting auto_rollback did."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from batchhook.core.events import EventKind
from batchhook.core.operations import rolled_back_batches
from batchhook.core.sanitize import escape_surrogates
from batchhook.core.verdict import Verdict
from batchhook.lazy import LazyModule
from batchhook.store import events, operations
from batchhook.store.database import Database

if TYPE_CHECKING:
    from batchhook.core import rollback
else:
    rollback = LazyModule("batchhook.core.rollback")


class Resolution(str, Enum):
    """A response to a critical failure, other than a rollback (see the operations)."""

    ACKNOWLEDGED = "acknowledged"
    FIXED = "fixed"


def resolve(database: Database, batch: int, resolution: Resolution) -> None:
    """Store how a batch was resolved; the first resolution stays."""
    with database.transaction() as connection:
        query = "UPDATE batches SET resolution = ? WHERE id = ? AND resolution = ''"
        if connection.execute(query, (resolution.value, batch)).rowcount:
            events.append(database, EventKind.BATCH_RESOLVED, batch=batch)


def list_unresolved(database: Database) -> dict[str, int]:
    """Return the branches whose latest batch with a run failed critically and is unresolved, with that batch's number.

    Batches in which only known failures occurred are passed over: they neither resolve nor repeat it.
    A batch counts as rolled back if any of its changes were, as long as the rollback is not undone.
    """
    query = (
        "SELECT branches.name, batches.id FROM branches JOIN batches ON batches.id ="
        " (SELECT max(batches.id) FROM batches JOIN runs ON runs.id = run_id WHERE branch_id = branches.id"
        " AND NOT (verdict = ? OR (verdict = ? AND runs.failed + runs.errored > 0)))"
        " WHERE verdict = ? AND resolution = ''"
    )
    verdicts = (Verdict.KNOWN_FAILURES.value, Verdict.REGRESSED.value, Verdict.CRITICAL.value)
    critical = {row["name"]: row["id"] for row in database.rows(query, *verdicts)}
    rolled_back = rolled_back_batches(operations.list_all(database)) if critical else frozenset()
    return {branch: batch for branch, batch in critical.items() if batch not in rolled_back}


def save_auto_rollback(database: Database, batch: int, result: rollback.AutoRollbackResult) -> None:
    """Store the result of a batch's automatic rollback; the first one stays."""
    with database.transaction() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO auto_rollbacks VALUES (?, ?, ?, ?, ?)",
            (
                batch,
                result.status.value,
                " ".join(result.changes),
                escape_surrogates(result.reason),
                result.operation or None,
            ),
        )


def load_auto_rollback(database: Database, batch: int) -> rollback.AutoRollbackResult | None:
    """Return the result of a batch's automatic rollback; None if none was attempted."""
    row = database.row("SELECT * FROM auto_rollbacks WHERE batch_id = ?", batch)
    if row is None:
        return None
    changes = tuple(row["changes"].split())
    return rollback.AutoRollbackResult(
        rollback.AutoRollbackStatus(row["status"]), changes, row["reason"], row["operation_id"] or 0
    )
