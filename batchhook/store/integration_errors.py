"""Rows about the last error of each plug-in and notification; a delivery that succeeds deletes it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from batchhook.core.sanitize import escape_surrogates
from batchhook.store import deliveries
from batchhook.store.database import Database

_PLUGIN_PREFIX = "plug-in "


@dataclass(frozen=True, slots=True)
class IntegrationError:
    """The last error of a plug-in or a notification.

    Attributes:
        name: of the plug-in (see ``plugin_key``) or of the notification's target.
        event: the one that could not be delivered.
        message: one line.
        count: failures in a row.
        at: seconds since the epoch.
    """

    name: str
    event: str
    message: str
    count: int
    at: float


def record(database: Database, name: str, event: str, message: str) -> None:
    """Store the result of a delivery: its error message, empty for success."""
    with database.transaction() as connection:
        if not message:
            connection.execute("DELETE FROM integration_errors WHERE name = ? AND event = ?", (name, event))
            return
        connection.execute(
            "INSERT INTO integration_errors VALUES (?, ?, ?, 1, ?) ON CONFLICT DO UPDATE"
            " SET message = excluded.message, count = count + 1, at = excluded.at",
            (name, event, escape_surrogates(message), time.time()),
        )


def list_all(database: Database, name: str | None = None) -> tuple[IntegrationError, ...]:
    """Return all errors, or those of one name."""
    rows = database.rows("SELECT * FROM integration_errors WHERE ?1 IS NULL OR name = ?1 ORDER BY name, event", name)
    return tuple(IntegrationError(row["name"], row["event"], row["message"], row["count"], row["at"]) for row in rows)


def plugin_key(name: str) -> str:
    """Return the name under which a plug-in's errors are stored."""
    return f"{_PLUGIN_PREFIX}{name}"


def list_current(database: Database) -> tuple[str, ...]:
    """Return one line for each distinct error of notifications and of installed plug-ins."""
    installed = {plugin_key(name) for name in deliveries.load_plugins(database)}
    errors = list_all(database)
    current = (error for error in errors if error.name in installed or not error.name.startswith(_PLUGIN_PREFIX))
    return tuple(dict.fromkeys(f"{error.name}: {error.message}" for error in current))
