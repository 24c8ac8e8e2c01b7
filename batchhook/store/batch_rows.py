"""Queries for lists of batches: a few statements for a whole page, however long the history is."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence

from batchhook.core.batch import BatchQuota, BatchStatus
from batchhook.core.operations import BatchRollback
from batchhook.core.results import Totals
from batchhook.core.settings import BatchUnit
from batchhook.core.verdict import Verdict
from batchhook.core.views.batch_rows import BatchRow, ChangeCell
from batchhook.store.database import Database

MAX_CELLS = 24
"""Changes of a batch that a list shows."""
_SELECT = (
    "SELECT batches.*, branches.name AS branch, runs.tests, runs.passed, runs.failed, runs.errored, runs.skipped,"
    " runs.duration, runs.not_run, runs.deselected"
    " FROM batches JOIN branches ON branches.id = branch_id LEFT JOIN runs ON runs.id = run_id"
)
_TOTALS = ("tests", "passed", "failed", "errored", "skipped", "duration", "not_run", "deselected")


def count(database: Database, *, sealed_only: bool = False) -> int:
    """Return the number of batches; with ``sealed_only``, without open ones."""
    row = database.row(f"SELECT count(*) AS number FROM batches {_where(sealed_only=sealed_only)}")  # noqa: S608 - ours
    return 0 if row is None else int(row["number"])


def list_latest(
    database: Database,
    limit: int,
    rollbacks: Mapping[int, BatchRollback],
    *,
    offset: int = 0,
    sealed_only: bool = False,
) -> tuple[BatchRow, ...]:
    """Return batches, newest first, with their first changes.

    Args:
        database: of the repository.
        limit: number of batches.
        rollbacks: in effect, by batch.
        offset: number of batches to pass over.
        sealed_only: without open ones.
    """
    where = _where(sealed_only=sealed_only)
    numbers = database.rows(f"SELECT id FROM batches {where} ORDER BY id DESC LIMIT ? OFFSET ?", limit, offset)  # noqa: S608 - ours
    rows = [row for number in numbers for row in database.rows(f"{_SELECT} WHERE batches.id = ?", number["id"])]
    return _complete(database, rows, rollbacks)


def load(database: Database, number: int, rollbacks: Mapping[int, BatchRollback]) -> BatchRow | None:
    """Return one batch as lists show it; None if there is none of this number."""
    rows = _complete(database, database.rows(f"{_SELECT} WHERE batches.id = ?", number), rollbacks)
    return rows[0] if rows else None


def find_neighbours(database: Database, number: int) -> tuple[int, int]:
    """Return the numbers of the sealed batches just before and after one, on any branch; 0 for none."""
    earlier = database.row("SELECT max(id) AS id FROM batches WHERE id < ? AND status <> 'open'", number)
    later = database.row("SELECT min(id) AS id FROM batches WHERE id > ? AND status <> 'open'", number)
    return tuple(int(row["id"] or 0) if row else 0 for row in (earlier, later))  # type: ignore[return-value]


def _where(*, sealed_only: bool) -> str:
    return "WHERE status <> 'open'" if sealed_only else ""


def _complete(
    database: Database, rows: Sequence[sqlite3.Row], rollbacks: Mapping[int, BatchRollback]
) -> tuple[BatchRow, ...]:
    numbers = json.dumps([row["id"] for row in rows])
    culprits = _list_culprits(database, numbers)
    cells: defaultdict[int, list[ChangeCell]] = defaultdict(list)
    query = (
        "SELECT batch_id, oid, subject, recorded FROM changes WHERE batch_id IN (SELECT value FROM json_each(?))"
        " AND position <= ? ORDER BY batch_id, position"
    )
    for row in database.rows(query, numbers, MAX_CELLS):
        is_culprit = row["oid"] in culprits[row["batch_id"]]
        cells[row["batch_id"]].append(ChangeCell(row["oid"], row["subject"], bool(row["recorded"]), is_culprit))
    query = (
        "SELECT batch_id, max(position) AS number FROM changes WHERE batch_id IN (SELECT value FROM json_each(?))"
        " GROUP BY batch_id"
    )
    counts = {row["batch_id"]: row["number"] for row in database.rows(query, numbers)}
    return tuple(
        BatchRow(
            number=row["id"],
            branch=row["branch"],
            quota=BatchQuota(row["size"], BatchUnit(row["unit"])),
            status=BatchStatus(row["status"]),
            filled=row["filled"],
            sealed_at=row["sealed_at"],
            base=row["base"],
            head=row["head"],
            verdict=Verdict(row["verdict"]) if row["verdict"] else None,
            totals=Totals(*(row[name] for name in _TOTALS)) if row["tests"] is not None else None,
            changes=tuple(cells[row["id"]]),
            change_count=counts.get(row["id"], 0),
            rollback=rollbacks.get(row["id"]),
        )
        for row in rows
    )


def _list_culprits(database: Database, numbers: str) -> defaultdict[int, set[str]]:
    """Return the culprits of each batch; ``numbers`` is a JSON list."""
    query = (
        "SELECT DISTINCT attributions.batch_id, oid FROM attributions JOIN search_revisions ON"
        " search_revisions.batch_id = attributions.batch_id AND position = first_suspect"
        " WHERE attributions.batch_id IN (SELECT value FROM json_each(?)) AND kind IN ('culprit', 'introduced failing')"
    )
    culprits: defaultdict[int, set[str]] = defaultdict(set)
    for row in database.rows(query, numbers):
        culprits[row["batch_id"]].add(row["oid"])
    return culprits
