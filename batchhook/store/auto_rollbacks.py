"""Rows about ways back that were looked for by themselves."""

from __future__ import annotations

from batchhook.core.rollback import WayBack, WayBackStatus
from batchhook.core.sanitize import encodable
from batchhook.store.database import Database


def put(database: Database, batch: int, way: WayBack) -> None:
    """Write down what became of a batch's way back; the first answer stays."""
    with database.transaction() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO ways_back VALUES (?, ?, ?, ?, ?)",
            (batch, way.status.value, " ".join(way.changes), encodable(way.reason), way.operation or None),
        )


def of_batch(database: Database, batch: int) -> WayBack | None:
    """What became of a batch's way back; None where none was looked for."""
    row = database.row("SELECT * FROM ways_back WHERE batch_id = ?", batch)
    if row is None:
        return None
    changes = tuple(row["changes"].split())
    return WayBack(WayBackStatus(row["status"]), changes, row["reason"], row["operation_id"] or 0)
