"""Rows about events that await delivery to plug-ins and notifications.

Batches and operations carry their pending events, set in the transaction that causes them. Changes of open batches are
derived from the commit graph, so the delivered ones are listed until their batch's sealing has been delivered.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from enum import IntFlag

from batchhook.store.database import Database

_MAX_DELIVERED_CHANGES = 2000
"""Delivered changes that are kept. There can be more only if many were delivered and then removed from their branch."""


class PendingEvents(IntFlag):
    """Events of a batch that await delivery."""

    SEALED = 1
    RUN = 2
    END = 4


def load_plugins(database: Database) -> tuple[str, ...]:
    """Return the names of the plug-ins that were installed at the last check."""
    names = database.metadata("plugins")
    return tuple(names.split("\n")) if names else ()


def save_plugins(database: Database, names: Sequence[str]) -> None:
    """Store which plug-ins are installed. If there were none before, the queued batches are delivered to them."""
    if tuple(names) == load_plugins(database):
        return
    with database.transaction() as connection:
        if not load_plugins(database):
            connection.execute(
                "UPDATE batches SET pending_events = pending_events | ? WHERE status <> 'open' AND finalized = 0",
                (int(PendingEvents.SEALED),),
            )
        database.set_metadata("plugins", "\n".join(names))


def for_plugins(database: Database, event: PendingEvents) -> int:
    """Return the bit of an event that only plug-ins receive; 0 if none are installed."""
    return int(event) if load_plugins(database) else 0


def has_pending(database: Database, open_changes: Iterable[str] = ()) -> bool:
    """Return whether any event awaits delivery; hooks call this, so it is quick.

    Args:
        database: of the repository.
        open_changes: commits of the open batch.
    """
    query = (
        "SELECT 1 FROM batches WHERE pending_events <> 0 UNION ALL SELECT 1 FROM operations WHERE pending <> 0 LIMIT 1"
    )
    if database.row(query) is not None:
        return True
    return bool(database.metadata("plugins")) and bool(filter_undelivered(database, open_changes))


def list_pending_batches(database: Database) -> list[tuple[int, PendingEvents]]:
    """Return the batches with pending events, oldest first."""
    rows = database.rows("SELECT id, pending_events FROM batches WHERE pending_events <> 0 ORDER BY id")
    return [(row["id"], PendingEvents(row["pending_events"])) for row in rows]


def add_pending(database: Database, batch: int, events: PendingEvents) -> None:
    """Add pending events to a batch."""
    with database.transaction() as connection:
        query = "UPDATE batches SET pending_events = pending_events | ? WHERE id = ?"
        connection.execute(query, (int(events), batch))


def mark_delivered(database: Database, batch: int, events: PendingEvents) -> None:
    """Remove pending events from a batch. Once its sealing is delivered, its changes need not be listed any more."""
    with database.transaction() as connection:
        query = "UPDATE batches SET pending_events = pending_events & ~ ? WHERE id = ?"
        connection.execute(query, (int(events), batch))
        if events is PendingEvents.SEALED:
            query = "DELETE FROM delivered_changes WHERE oid IN (SELECT oid FROM changes WHERE batch_id = ?)"
            connection.execute(query, (batch,))


def filter_undelivered(database: Database, oids: Iterable[str]) -> list[str]:
    """Return the changes that have not been delivered, in their order."""
    query = "SELECT 1 FROM delivered_changes WHERE oid = ?"
    return [oid for oid in oids if database.row(query, oid) is None]


def mark_changes_delivered(database: Database, oids: Collection[str]) -> None:
    """Store that changes have been delivered."""
    with database.transaction() as connection:
        now = time.time()
        connection.executemany("INSERT OR REPLACE INTO delivered_changes VALUES (?, ?)", [(oid, now) for oid in oids])
        connection.execute(
            "DELETE FROM delivered_changes WHERE oid NOT IN"
            " (SELECT oid FROM delivered_changes ORDER BY delivered_at DESC LIMIT ?)",
            (_MAX_DELIVERED_CHANGES,),
        )


def list_pending_operations(database: Database) -> list[int]:
    """Return the operations that await delivery, oldest first."""
    return [row["id"] for row in database.rows("SELECT id FROM operations WHERE pending <> 0 ORDER BY id")]


def set_operation_pending(database: Database, operation: int, *, pending: bool) -> None:
    """Store whether an operation awaits delivery."""
    with database.transaction() as connection:
        connection.execute("UPDATE operations SET pending = ? WHERE id = ?", (pending, operation))
