"""Rows about batches: their changes, the files that these touched, and the metrics that plug-ins added."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence

from batchhook.core.batch import Batch, BatchQuota, BatchStatus
from batchhook.core.commit import EditStatus, FileEdit
from batchhook.core.events import EventKind
from batchhook.core.ledger import BatchSlice
from batchhook.core.metrics import Metric, Metrics
from batchhook.core.settings import BatchUnit
from batchhook.errors import NoSuchBatchError
from batchhook.store import branches, events
from batchhook.store.branches import Branch
from batchhook.store.codecs import COMMIT_COLUMNS, decode_commit, decode_path, encode_commit, encode_path
from batchhook.store.database import Database

_SELECT = "SELECT batches.*, branches.name AS branch FROM batches JOIN branches ON branches.id = branch_id"


def next_id(database: Database) -> int:
    """Return the number that the next batch will have."""
    return database.next_id("batches")


def find_open(database: Database, branch: Branch) -> int | None:
    """Return the number of a branch's open batch, if it has one."""
    row = database.row("SELECT id FROM batches WHERE branch_id = ? AND status = 'open'", branch.id)
    return None if row is None else int(row["id"])


def ensure_open(database: Database, branch: Branch, size: int) -> int:
    """Return the number of a branch's open batch, and open one if there is none; inside a transaction."""
    number = find_open(database, branch)
    if number is not None:
        database.connection.execute("UPDATE batches SET size = ? WHERE id = ?", (size, number))
        return number
    number = next_id(database)
    database.connection.execute(
        "INSERT INTO batches (id, branch_id, size, status, opened_at) VALUES (?, ?, ?, 'open', ?)",
        (number, branch.id, size, time.time()),
    )
    return number


def close_open(database: Database, branch: Branch) -> None:
    """Delete the open batch of a branch, if it has one; inside a transaction. Its number is not given out again."""
    number = find_open(database, branch)
    if number is None:
        return
    last = max(number, int(database.metadata("batches_issued", "0")))
    database.set_metadata("batches_issued", str(last))
    database.set_metadata(f"closed_batch:{number}", branch.name)
    database.connection.execute("DELETE FROM batches WHERE id = ?", (number,))


def read_last_head(database: Database, branch: Branch, before: int = 1 << 62) -> str:
    """Return the head of a branch's latest sealed batch before a number; empty if it has none."""
    query = "SELECT head FROM batches WHERE branch_id = ? AND status <> 'open' AND id < ? ORDER BY id DESC LIMIT 1"
    row = database.row(query, branch.id, before)
    return "" if row is None else str(row["head"])


def seal(database: Database, branch: Branch, part: BatchSlice, quota: BatchQuota) -> int:
    """Seal a branch's open batch with these changes, which queues its run; inside a transaction.

    Returns:
        the batch's number.
    """
    changes, batch = part.changes, ensure_open(database, branch, quota.size)
    database.connection.execute(
        "UPDATE batches SET status = 'sealed', base = ?, head = ?, sealed_at = ?, unit = ?, filled = ? WHERE id = ?",
        (changes[0].predecessor, changes[-1].oid, time.time(), quota.unit.value, part.weight, batch),
    )
    values = ", ".join("?" * 12)
    database.connection.executemany(
        f"INSERT INTO changes (batch_id, position, recorded, follows, {COMMIT_COLUMNS}) VALUES ({values})",  # noqa: S608 - ours
        [
            (batch, position, change.is_recorded, change.preceding_record, *encode_commit(change))
            for position, change in enumerate(changes, start=1)
        ],
    )
    branches.mark_sealed(database, branch, (change.oid for change in changes))
    events.append(database, EventKind.BATCH_SEALED, batch=batch)
    return batch


def load(database: Database, number: int) -> Batch:
    """Return a batch with its changes; an open one comes without, as these are derived.

    Raises:
        NoSuchBatchError: no batch has this number, or it was pruned.
    """
    row = database.row(f"{_SELECT} WHERE batches.id = ?", number)
    if row is None:
        pruned = database.row("SELECT pruned_at FROM pruned_batches WHERE batch_id = ?", number)
        date = "" if pruned is None else time.strftime("%Y-%m-%d", time.localtime(pruned["pruned_at"]))
        message = f"batch {number} was pruned on {date}" if date else f"there is no batch {number}"
        closed = database.metadata(f"closed_batch:{number}").removeprefix("refs/heads/")
        if closed:
            message = f"batch {number} was the open batch of {closed}, which does not exist any more"
        raise NoSuchBatchError(message, "list the batches: batchhook log")
    return _batch(database, row)


def list_latest(database: Database, limit: int, *, sealed_only: bool = False) -> list[Batch]:
    """Return the latest batches, newest first; with ``sealed_only``, without open ones."""
    where = "WHERE status <> 'open'" if sealed_only else ""
    rows = database.rows(f"{_SELECT} {where} ORDER BY batches.id DESC LIMIT ?", limit)
    return [_batch(database, row) for row in rows]


def list_for_branch(database: Database, branch: str, first: int = 0, last: int = 1 << 62) -> list[Batch]:
    """Return the batches of a branch from one number to another, in order."""
    query = f"{_SELECT} WHERE branches.name = ? AND batches.id BETWEEN ? AND ? ORDER BY batches.id"
    return [_batch(database, row) for row in database.rows(query, branch, first, last)]


def list_with_change(database: Database, oid: str) -> list[Batch]:
    """Return the sealed batches that hold a change, oldest first; at most one per branch."""
    holding = "SELECT batch_id FROM changes WHERE oid = ?"
    rows = database.rows(f"{_SELECT} WHERE batches.id IN ({holding}) ORDER BY batches.id", oid)
    return [_batch(database, row) for row in rows]


def list_pruned_between(database: Database, first: int, last: int) -> list[int]:
    """Return the numbers of the batches that were pruned between two batches of one branch."""
    query = (
        "SELECT batch_id FROM pruned_batches WHERE branch_id = (SELECT branch_id FROM batches WHERE id = ?1)"
        " AND batch_id BETWEEN ?1 AND ?2 ORDER BY batch_id"
    )
    return [row["batch_id"] for row in database.rows(query, first, last)]


def list_queued(database: Database) -> list[Batch]:
    """Return the runner's queue: sealed batches that are not finalized, oldest first."""
    query = f"{_SELECT} WHERE status <> 'open' AND finalized = 0 ORDER BY batches.id"
    return [_batch(database, row) for row in database.rows(query)]


def list_unfinished(database: Database) -> list[Batch]:
    """Return the sealed batches whose results are not complete, oldest first."""
    return [batch for batch in list_queued(database) if batch.status is not BatchStatus.FINISHED]


def find_previous_finished(database: Database, number: int) -> int:
    """Return the latest batch with a run before this one on its branch; 0 if there is none, or one was pruned since."""
    row = database.row(
        "SELECT id FROM batches WHERE id < ?1 AND run_id IS NOT NULL"
        " AND branch_id = (SELECT branch_id FROM batches WHERE id = ?1) ORDER BY id DESC LIMIT 1",
        number,
    )
    previous = 0 if row is None else int(row["id"])
    pruned = database.row(
        "SELECT 1 FROM pruned_batches WHERE branch_id = (SELECT branch_id FROM batches WHERE id = ?1)"
        " AND batch_id > ?2 AND batch_id < ?1",
        number,
        previous,
    )
    return previous if pruned is None else 0


def find_previous_tested(database: Database, number: int) -> tuple[int, int]:
    """Return the latest batch before this one on its branch whose suite could run, and its run; zeros if none."""
    row = database.row(
        "SELECT batches.id, run_id FROM batches JOIN runs ON runs.id = run_id JOIN suites ON suites.id = suite_id"
        " WHERE batches.id < ?1 AND branch_id = (SELECT branch_id FROM batches WHERE id = ?1) AND fingerprint != '{}'"
        " ORDER BY batches.id DESC LIMIT 1",
        number,
    )
    return (0, 0) if row is None else (int(row["id"]), int(row["run_id"]))


def set_status(database: Database, number: int, status: BatchStatus) -> None:
    """Set the status of a batch."""
    with database.transaction() as connection:
        connection.execute("UPDATE batches SET status = ? WHERE id = ?", (status.value, number))


def finish(database: Database, number: int) -> None:
    """Store that all is known about a batch."""
    with database.transaction():
        set_status(database, number, BatchStatus.FINISHED)
        events.append(database, EventKind.BATCH_FINISHED, batch=number)


def mark_finalized(database: Database, number: int) -> None:
    """Take a batch off the runner's queue: its result has been reported."""
    with database.transaction() as connection:
        connection.execute("UPDATE batches SET finalized = 1 WHERE id = ?", (number,))


def _batch(database: Database, row: sqlite3.Row) -> Batch:
    changes = database.rows("SELECT * FROM changes WHERE batch_id = ? ORDER BY position", row["id"])
    return Batch(
        id=row["id"],
        branch=row["branch"],
        quota=BatchQuota(row["size"], BatchUnit(row["unit"])),
        status=BatchStatus(row["status"]),
        base=row["base"],
        head=row["head"],
        changes=tuple(
            decode_commit(change, is_recorded=bool(change["recorded"]), preceding_record=change["follows"])
            for change in changes
        ),
        opened_at=row["opened_at"],
        sealed_at=row["sealed_at"],
        filled=row["filled"],
    )


def save_edits(database: Database, batch: int, edits: Mapping[str, Sequence[FileEdit]]) -> None:
    """Store the files that a batch's changes touched, unless they are stored already.

    Args:
        database: of the repository.
        batch: its number.
        edits: by commit.
    """
    with database.transaction() as connection:
        for oid, files in edits.items():
            row = database.row("SELECT id FROM changes WHERE batch_id = ? AND oid = ?", batch, oid)
            if row is None:
                continue
            connection.executemany(
                "INSERT OR IGNORE INTO file_edits VALUES (?, ?, ?, ?, ?)",
                [(row["id"], encode_path(edit.path), edit.status.value, edit.mode, edit.sha256) for edit in files],
            )


def load_edits(database: Database, batch: int) -> dict[str, tuple[FileEdit, ...]]:
    """Return the files that a batch's changes touched, by commit; empty before the runner has stored them."""
    query = "SELECT oid, file_edits.* FROM file_edits JOIN changes ON changes.id = change_id WHERE batch_id = ?"
    edits: dict[str, list[FileEdit]] = {}
    for row in database.rows(f"{query} ORDER BY position, path", batch):
        edit = FileEdit(decode_path(row["path"]), EditStatus(row["status"]), row["mode"], row["sha256"])
        edits.setdefault(row["oid"], []).append(edit)
    return {oid: tuple(files) for oid, files in edits.items()}


def save_metrics(database: Database, batch: int, metrics: Metrics) -> None:
    """Store the metrics that plug-ins added to a batch's analysis, in place of earlier ones."""
    rows = [
        (batch, plugin, name, json.dumps(value)) for plugin, named in metrics.items() for name, value in named.items()
    ]
    with database.transaction() as connection:
        connection.execute("DELETE FROM metrics WHERE batch_id = ?", (batch,))
        connection.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?)", rows)


def load_metrics(database: Database, batch: int) -> dict[str, dict[str, Metric]]:
    """Return the metrics that plug-ins added to a batch's analysis, by plug-in and name."""
    metrics: dict[str, dict[str, Metric]] = {}
    for row in database.rows("SELECT * FROM metrics WHERE batch_id = ? ORDER BY plugin, name", batch):
        metrics.setdefault(row["plugin"], {})[row["name"]] = json.loads(row["value"])
    return metrics
