"""Rows about slowdowns: what seemed slower in a batch's run, and what was measured."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence

from batchhook.core.changes import BatchStatus
from batchhook.core.perf.significance import Judgement, Ruling
from batchhook.core.perf.slowdown import Slowdown, Timings
from batchhook.core.sanitize import encodable
from batchhook.core.verdict import Verdict, with_slowdowns
from batchhook.store.database import Database


def finish(database: Database, batch: int, found: Sequence[Slowdown]) -> None:
    """Store what was found out, whole or not at all, with the verdict that it makes, and let the batch be closed.

    A second time changes nothing.

    Raises:
        StoreError: nothing was stored; all is measured again by the next runner.
    """
    with database.transaction() as connection:
        row = database.row("SELECT status, verdict FROM batches WHERE id = ?", batch)
        if row is None or row["status"] != BatchStatus.MEASURING.value:
            return
        for each in found:
            _add(database, batch, each)
        verdict = with_slowdowns(Verdict(row["verdict"]), confirmed=any(each.is_confirmed for each in found))
        query = "UPDATE batches SET status = ?, verdict = ? WHERE id = ?"
        connection.execute(query, (BatchStatus.CLOSING.value, verdict.value, batch))


def _add(database: Database, batch: int, found: Slowdown) -> None:
    name, judgement = encodable(found.name), found.judgement
    database.connection.execute(
        "INSERT OR IGNORE INTO slowdowns VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            batch,
            name,
            found.is_module,
            judgement.ruling.value,
            judgement.before,
            judgement.now,
            judgement.p,
            " ".join(found.suspects),
            encodable(found.reason),
            bool(found.evidence),
        ),
    )
    if judgement.ruling is Ruling.ALIKE:
        return  # nobody will ask
    database.connection.executemany(
        "INSERT OR IGNORE INTO timings VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (batch, name, found.is_module, position, timings.state, _text(timings.base), _text(timings.there))
            for position, timings in enumerate(found.evidence, start=1)
        ],
    )


def of_batch(database: Database, batch: int) -> tuple[Slowdown, ...]:
    """What is slower in a batch, the worst first, and what may be; without what only seemed so."""
    evidence: defaultdict[tuple[str, bool], list[Timings]] = defaultdict(list)
    for row in database.rows("SELECT * FROM timings WHERE batch_id = ? ORDER BY position", batch):
        timings = Timings(row["oid"], _seconds(row["base"]), _seconds(row["there"]))
        evidence[row["name"], bool(row["module"])].append(timings)
    query = "SELECT * FROM slowdowns WHERE batch_id = ? AND ruling != ?"
    found = [
        _slowdown(row, evidence[row["name"], bool(row["module"])])
        for row in database.rows(query, batch, Ruling.ALIKE.value)
    ]
    return tuple(sorted(found, key=lambda each: (not each.is_confirmed, -each.judgement.ratio, each.name)))


def _slowdown(row: sqlite3.Row, evidence: Iterable[Timings]) -> Slowdown:
    return Slowdown(
        name=row["name"],
        judgement=Judgement(Ruling(row["ruling"]), row["before"], row["now"], row["p"]),
        is_module=bool(row["module"]),
        suspects=tuple(row["suspects"].split()),
        evidence=tuple(evidence),
        reason=row["reason"],
    )


def _text(seconds: Iterable[float]) -> str:
    return " ".join(f"{each:.6f}" for each in seconds)


def _seconds(text: str) -> tuple[float, ...]:
    return tuple(map(float, text.split()))
