"""Rows about slowdowns: what seemed slower in a batch's run, and what measuring showed."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence

from batchhook.core.batch import BatchStatus
from batchhook.core.events import EventKind
from batchhook.core.perf.significance import Conclusion, TimingComparison
from batchhook.core.perf.slowdown import Slowdown, Timings
from batchhook.core.sanitize import escape_surrogates
from batchhook.core.verdict import Verdict, with_slowdowns
from batchhook.store import events
from batchhook.store.database import Database


def finish_measuring(database: Database, batch: int, slowdowns: Sequence[Slowdown]) -> None:
    """Store the slowdowns of a batch with the verdict that follows, and move the batch on to closing.

    All in one transaction. Does nothing unless the batch is being measured.

    Raises:
        StoreError: nothing was stored; the next runner measures again.
    """
    with database.transaction() as connection:
        row = database.row("SELECT status, verdict FROM batches WHERE id = ?", batch)
        if row is None or row["status"] != BatchStatus.MEASURING.value:
            return
        for slowdown in slowdowns:
            _add(database, batch, slowdown)
        is_confirmed = any(slowdown.is_confirmed for slowdown in slowdowns)
        verdict = with_slowdowns(Verdict(row["verdict"]), confirmed=is_confirmed)
        query = "UPDATE batches SET status = ?, verdict = ? WHERE id = ?"
        connection.execute(query, (BatchStatus.CLOSING.value, verdict.value, batch))
        events.append(database, EventKind.SLOWDOWNS_MEASURED, batch=batch)


def _add(database: Database, batch: int, slowdown: Slowdown) -> None:
    name, comparison = escape_surrogates(slowdown.name), slowdown.comparison
    database.connection.execute(
        "INSERT OR IGNORE INTO slowdowns VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            batch,
            name,
            slowdown.is_module,
            comparison.conclusion.value,
            comparison.before,
            comparison.now,
            comparison.p_value,
            " ".join(slowdown.suspects),
            escape_surrogates(slowdown.reason),
            bool(slowdown.evidence),
        ),
    )
    if comparison.conclusion is Conclusion.SIMILAR:
        return  # never reported, so its evidence is not needed
    database.connection.executemany(
        "INSERT OR IGNORE INTO timings VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (batch, name, slowdown.is_module, position, timings.oid, _encode(timings.base), _encode(timings.measured))
            for position, timings in enumerate(slowdown.evidence, start=1)
        ],
    )


def load(database: Database, batch: int) -> tuple[Slowdown, ...]:
    """Return the confirmed slowdowns of a batch, then the inconclusive ones, each largest first."""
    evidence: defaultdict[tuple[str, bool], list[Timings]] = defaultdict(list)
    for row in database.rows("SELECT * FROM timings WHERE batch_id = ? ORDER BY position", batch):
        timings = Timings(row["oid"], _decode(row["base"]), _decode(row["measured"]))
        evidence[row["name"], bool(row["module"])].append(timings)
    query = "SELECT * FROM slowdowns WHERE batch_id = ? AND conclusion != ?"
    slowdowns = [
        _slowdown(row, evidence[row["name"], bool(row["module"])])
        for row in database.rows(query, batch, Conclusion.SIMILAR.value)
    ]
    return tuple(sorted(slowdowns, key=lambda each: (not each.is_confirmed, -each.comparison.ratio, each.name)))


def _slowdown(row: sqlite3.Row, evidence: Iterable[Timings]) -> Slowdown:
    return Slowdown(
        name=row["name"],
        comparison=TimingComparison(Conclusion(row["conclusion"]), row["before"], row["after"], row["p_value"]),
        is_module=bool(row["module"]),
        suspects=tuple(row["suspects"].split()),
        evidence=tuple(evidence),
        reason=row["reason"],
    )


def _encode(seconds: Iterable[float]) -> str:
    return " ".join(f"{each:.6f}" for each in seconds)


def _decode(column: str) -> tuple[float, ...]:
    return tuple(map(float, column.split()))
