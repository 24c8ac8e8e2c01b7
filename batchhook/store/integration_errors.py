"""Rows about what went wrong with plug-ins and notifications, until it goes well again."""

from __future__ import annotations

import time
from dataclasses import dataclass

from batchhook.core.sanitize import encodable
from batchhook.store import outbox
from batchhook.store.database import Database

_PREFIX = "plug-in "


@dataclass(frozen=True, slots=True)
class Trouble:
    """What last went wrong.

    Attributes:
        name: the plug-in's, or where a notification was to go.
        event: of what it was to be told.
        problem: one line.
        times: how often, in a row.
        at: seconds since the epoch.
    """

    name: str
    event: str
    problem: str
    times: int
    at: float


def note(database: Database, name: str, event: str, problem: str) -> None:
    """Note how it went: what was the matter, or, with an empty problem, that it went well."""
    storable = encodable(problem)
    with database.transaction() as connection:
        if not problem:
            connection.execute("DELETE FROM troubles WHERE name = ? AND event = ?", (name, event))
            return
        connection.execute(
            "INSERT INTO troubles VALUES (?, ?, ?, 1, ?) ON CONFLICT DO UPDATE"
            " SET problem = excluded.problem, times = times + 1, at = excluded.at",
            (name, event, storable, time.time()),
        )


def all_of(database: Database, name: str | None = None) -> tuple[Trouble, ...]:
    """What is the matter at present, or what of it with one of a name."""
    rows = database.rows("SELECT * FROM troubles WHERE ?1 IS NULL OR name = ?1 ORDER BY name, event", name)
    return tuple(Trouble(row["name"], row["event"], row["problem"], row["times"], row["at"]) for row in rows)


def of_plugin(name: str) -> str:
    """What a plug-in is called here."""
    return f"{_PREFIX}{name}"


def standing(database: Database) -> tuple[str, ...]:
    """What is the matter with plug-ins that are there, and with notifications; each in a line, and once."""
    there = {of_plugin(name) for name in outbox.plugins(database)}
    known = (one for one in all_of(database) if one.name in there or not one.name.startswith(_PREFIX))
    return tuple(dict.fromkeys(f"{one.name}: {one.problem}" for one in known))
