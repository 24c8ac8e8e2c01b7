"""The stream of what happens in a repository: written in the transaction that causes it, and read by all.

Each reader goes on where it was. One that must miss nothing keeps its position in the database (``join``); one that
only shows what goes on keeps it to itself.
"""

from __future__ import annotations

import time

from batchhook.core.events import EventKind, RepositoryEvent
from batchhook.store.database import Database

MAX_EVENTS = 10_000
"""Events that are kept; a batch has about five."""
_TRIM_EVERY = 100
DISPATCHER = "dispatcher"
"""Name of the reader that delivers events to plug-ins and notifications."""


def append(database: Database, kind: EventKind, *, batch: int = 0, operation: int = 0) -> None:
    """Append an event; inside the transaction that causes it."""
    cursor = database.connection.execute(
        "INSERT INTO events (at, kind, batch_id, operation_id) VALUES (?, ?, ?, ?)",
        (time.time(), kind.value, batch, operation),
    )
    number = int(cursor.lastrowid or 0)
    if number % _TRIM_EVERY == 0:
        database.connection.execute("DELETE FROM events WHERE id <= ?", (number - MAX_EVENTS,))


def latest(database: Database) -> int:
    """Return the id of the latest event; 0 if there was none."""
    row = database.row("SELECT max(id) AS id FROM events")
    return 0 if row is None else int(row["id"] or 0)


def read(database: Database, after: int, limit: int = 1000) -> list[RepositoryEvent]:
    """Return the events after one, in order, at most so many."""
    rows = database.rows("SELECT * FROM events WHERE id > ? ORDER BY id LIMIT ?", after, limit)
    known = {kind.value: kind for kind in EventKind}  # a later batchhook may have written others
    return [
        RepositoryEvent(row["id"], row["at"], known[row["kind"]], row["batch_id"], row["operation_id"])
        for row in rows
        if row["kind"] in known
    ]


def join(database: Database, reader: str) -> None:
    """Let a reader miss nothing from now on, nor of the batches that the runner has not finished yet."""
    query = "SELECT min(id) AS id FROM events WHERE batch_id IN (SELECT id FROM batches WHERE finalized = 0)"
    with database.transaction() as connection:
        row = database.row(query)
        position = row["id"] - 1 if row is not None and row["id"] else latest(database)
        connection.execute("INSERT OR IGNORE INTO event_readers VALUES (?, ?)", (reader, position))


def leave(database: Database, reader: str) -> None:
    """Forget a reader."""
    with database.transaction() as connection:
        connection.execute("DELETE FROM event_readers WHERE name = ?", (reader,))


def unread(database: Database, reader: str) -> list[RepositoryEvent]:
    """Return the events that a reader has not handled; none if it is not known."""
    row = database.row("SELECT position FROM event_readers WHERE name = ?", reader)
    return [] if row is None else read(database, row["position"])


def has_unread(database: Database, reader: str) -> bool:
    """Return whether there are events that a reader has not handled; hooks call this, so it is quick."""
    query = "SELECT 1 FROM event_readers WHERE name = ? AND position < (SELECT max(id) FROM events)"
    return database.row(query, reader) is not None


def advance(database: Database, reader: str, event: int) -> None:
    """Store that a reader has handled all events up to one."""
    with database.transaction() as connection:
        query = "UPDATE event_readers SET position = ? WHERE name = ? AND position < ?"
        connection.execute(query, (event, reader, event))
