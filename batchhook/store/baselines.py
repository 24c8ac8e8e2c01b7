"""Rows about baselines: runs that later ones are compared with."""

from __future__ import annotations

import time
from dataclasses import dataclass

from batchhook.core.events import EventKind
from batchhook.store import events
from batchhook.store.database import Database


@dataclass(frozen=True, slots=True)
class Baseline:
    """A run that later ones are compared with.

    Attributes:
        run: its number.
        oid: the commit that was tested.
        set_at: seconds since the epoch.
        forced: set although tests failed.
    """

    run: int
    oid: str
    set_at: float
    forced: bool


def save(database: Database, run: int, oid: str, *, forced: bool) -> Baseline:
    """Make a stored run the baseline."""
    baseline = Baseline(run, oid, time.time(), forced)
    with database.transaction() as connection:
        query = "INSERT INTO baselines (run_id, oid, set_at, forced) VALUES (?, ?, ?, ?)"
        connection.execute(query, (run, oid, baseline.set_at, forced))
        events.append(database, EventKind.BASELINE_SET)
    return baseline


def load(database: Database) -> Baseline | None:
    """Return the baseline, if one was set."""
    row = database.row("SELECT * FROM baselines ORDER BY id DESC LIMIT 1")
    return None if row is None else Baseline(row["run_id"], row["oid"], row["set_at"], bool(row["forced"]))
