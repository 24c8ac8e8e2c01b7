"""Rows about what plug-ins and notifications get: the installed plug-ins, and the changes that they know.

Events of batches and operations come from the stream (``store/events.py``). Changes of open batches are derived from
the commit graph, so the delivered ones are listed until their batch's sealing has been delivered.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence

from batchhook.store import events
from batchhook.store.database import Database

_MAX_DELIVERED_CHANGES = 2000
"""Delivered changes that are kept. There can be more only if many were delivered and then removed from their branch."""


def load_plugins(database: Database) -> tuple[str, ...]:
    """Return the names of the plug-ins that were installed at the last check."""
    names = database.metadata("plugins")
    return tuple(names.split("\n")) if names else ()


def save_plugins(database: Database, names: Sequence[str]) -> None:
    """Store which plug-ins are installed."""
    if tuple(names) != load_plugins(database):
        with database.transaction():
            database.set_metadata("plugins", "\n".join(names))


def has_pending(database: Database, open_changes: Iterable[str] = ()) -> bool:
    """Return whether anything awaits delivery; hooks call this, so it is quick.

    Args:
        database: of the repository.
        open_changes: commits of the open batch.
    """
    if events.has_unread(database, events.DISPATCHER):
        return True
    return bool(database.metadata("plugins")) and bool(filter_undelivered(database, open_changes))


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


def forget_changes(database: Database, batch: int) -> None:
    """Delete the delivered changes of a batch whose sealing has been delivered: they need not be listed any more."""
    with database.transaction() as connection:
        query = "DELETE FROM delivered_changes WHERE oid IN (SELECT oid FROM changes WHERE batch_id = ?)"
        connection.execute(query, (batch,))
