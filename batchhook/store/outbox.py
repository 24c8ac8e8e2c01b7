"""Rows about what plug-ins and others are still to be told.

Batches and operations carry a mark, set in the transaction that makes the event. Changes of open batches are derived
from the graph, so of these it is noted which were told; with the batch, these notes go.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Sequence
from enum import IntFlag

from batchhook.core.metrics import Metric, Metrics
from batchhook.store.database import Database

_MOST_NOTED = 2000
"""Changes that are noted as told; more than that only where many were told of and then taken back."""


class Untold(IntFlag):
    """Of what of a batch somebody is to be told."""

    SEALED = 1
    RUN = 2
    END = 4


def plugins(database: Database) -> tuple[str, ...]:
    """Names of the plug-ins that were there when somebody looked last."""
    return tuple(database.fact("plugins").split("\n")) if database.fact("plugins") else ()


def set_plugins(database: Database, names: Sequence[str]) -> None:
    """Remember which plug-ins there are. The first ones are told of batches that the runner is not done with."""
    if tuple(names) == plugins(database):
        return
    with database.transaction() as connection:
        if not plugins(database):
            query = "UPDATE batches SET untold = untold | 1 WHERE status <> 'open' AND announced = 0"
            connection.execute(query)
        database.set_fact("plugins", "\n".join(names))


def is_news(database: Database, open_changes: Iterable[str] = ()) -> bool:
    """Whether somebody is to be told of something; ``open_changes`` are the open batch's. Quick: hooks ask."""
    query = "SELECT 1 FROM batches WHERE untold <> 0 UNION ALL SELECT 1 FROM operations WHERE untold <> 0 LIMIT 1"
    if database.row(query) is not None:
        return True
    return bool(database.fact("plugins")) and bool(not_told(database, open_changes))


def untold_batches(database: Database) -> list[tuple[int, Untold]]:
    """Batches of which something is to be told, oldest first."""
    rows = database.rows("SELECT id, untold FROM batches WHERE untold <> 0 ORDER BY id")
    return [(row["id"], Untold(row["untold"])) for row in rows]


def mark_batch(database: Database, batch: int, untold: Untold) -> None:
    """Note that somebody is to be told of something."""
    with database.transaction() as connection:
        connection.execute("UPDATE batches SET untold = untold | ? WHERE id = ?", (int(untold), batch))


def told_batch(database: Database, batch: int, told: Untold) -> None:
    """Note that all were told of something; with a batch's being full, that was said of its changes."""
    with database.transaction() as connection:
        connection.execute("UPDATE batches SET untold = untold & ~ ? WHERE id = ?", (int(told), batch))
        if told is Untold.SEALED:
            query = "DELETE FROM told_changes WHERE oid IN (SELECT oid FROM changes WHERE batch_id = ?)"
            connection.execute(query, (batch,))


def not_told(database: Database, oids: Iterable[str]) -> list[str]:
    """Those among changes of which nobody was told yet, in their order."""
    query = "SELECT 1 FROM told_changes WHERE oid = ?"
    return [oid for oid in oids if database.row(query, oid) is None]


def told_changes(database: Database, oids: Collection[str]) -> None:
    """Note that all were told of changes."""
    with database.transaction() as connection:
        now = time.time()
        connection.executemany("INSERT OR REPLACE INTO told_changes VALUES (?, ?)", [(oid, now) for oid in oids])
        connection.execute(
            "DELETE FROM told_changes WHERE oid NOT IN (SELECT oid FROM told_changes ORDER BY told_at DESC LIMIT ?)",
            (_MOST_NOTED,),
        )


def untold_operations(database: Database) -> list[int]:
    """Operations of which somebody is to be told, oldest first."""
    return [row["id"] for row in database.rows("SELECT id FROM operations WHERE untold <> 0 ORDER BY id")]


def mark_operation(database: Database, operation: int, *, untold: bool) -> None:
    """Note whether somebody is to be told of an operation."""
    with database.transaction() as connection:
        connection.execute("UPDATE operations SET untold = ? WHERE id = ?", (untold, operation))


def put_metrics(database: Database, batch: int, metrics: Metrics) -> None:
    """Store what plug-ins added to a batch's analysis, in the place of what they had added."""
    rows = [
        (batch, plugin, name, json.dumps(value)) for plugin, these in metrics.items() for name, value in these.items()
    ]
    with database.transaction() as connection:
        connection.execute("DELETE FROM metrics WHERE batch_id = ?", (batch,))
        connection.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?)", rows)


def metrics(database: Database, batch: int) -> dict[str, dict[str, Metric]]:
    """What plug-ins added to a batch's analysis, by plug-in and name."""
    found: dict[str, dict[str, Metric]] = {}
    for row in database.rows("SELECT * FROM metrics WHERE batch_id = ? ORDER BY plugin, name", batch):
        found.setdefault(row["plugin"], {})[row["name"]] = json.loads(row["value"])
    return found
