"""Rows about batches, their changes and the files that these touched."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence

from batchhook.core.changes import Batch, BatchStatus, EditStatus, FileEdit, Fill
from batchhook.core.ledger import Part
from batchhook.core.settings import Unit
from batchhook.errors import NoSuchBatchError
from batchhook.store import branches
from batchhook.store.branches import Branch
from batchhook.store.codecs import COMMIT, commit_from_columns, commit_to_columns, from_column, to_column
from batchhook.store.database import Database

_SELECT = "SELECT batches.*, branches.name AS branch FROM batches JOIN branches ON branches.id = branch_id"


def next_id(database: Database) -> int:
    """The number that the next batch will have."""
    return database.next_id("batches")


def open_id(database: Database, branch: Branch) -> int | None:
    """The number of a branch's open batch, if it has one already."""
    row = database.row("SELECT id FROM batches WHERE branch_id = ? AND status = 'open'", branch.id)
    return None if row is None else int(row["id"])


def ensure_open(database: Database, branch: Branch, size: int) -> int:
    """The number of a branch's open batch, taken now where it has none."""
    found = open_id(database, branch)
    if found is not None:
        database.connection.execute("UPDATE batches SET size = ? WHERE id = ?", (size, found))
        return found
    number = next_id(database)
    database.connection.execute(
        "INSERT INTO batches (id, branch_id, size, status, opened_at) VALUES (?, ?, ?, 'open', ?)",
        (number, branch.id, size, time.time()),
    )
    return number


def last_head(database: Database, branch: Branch) -> str:
    """The head of a branch's latest sealed batch; empty where it has none."""
    query = "SELECT head FROM batches WHERE branch_id = ? AND status <> 'open' ORDER BY id DESC LIMIT 1"
    row = database.row(query, branch.id)
    return "" if row is None else str(row["head"])


def seal(database: Database, branch: Branch, part: Part, fill: Fill) -> int:
    """Close a branch's open batch over these changes and queue its run.

    Returns:
        the batch's number.
    """
    changes, batch = part.changes, ensure_open(database, branch, fill.size)
    database.connection.execute(
        "UPDATE batches SET status = 'sealed', base = ?, head = ?, sealed_at = ?, unit = ?, filled = ?,"
        " untold = (SELECT 1 FROM facts WHERE name = 'plugins' AND value <> '') IS NOT NULL WHERE id = ?",
        (changes[0].before, changes[-1].oid, time.time(), fill.unit.value, part.weight, batch),
    )
    values = ", ".join("?" * 12)
    database.connection.executemany(
        f"INSERT INTO changes (batch_id, position, recorded, follows, {COMMIT}) VALUES ({values})",  # noqa: S608 - ours
        [
            (batch, position, change.is_record, change.follows, *commit_to_columns(change))
            for position, change in enumerate(changes, start=1)
        ],
    )
    branches.seal(database, branch, (change.oid for change in changes))
    return batch


def get(database: Database, number: int) -> Batch:
    """A batch with its changes; an open one comes without, since these are derived.

    Raises:
        NoSuchBatchError: no batch has this number, or it was pruned.
    """
    row = database.row(f"{_SELECT} WHERE batches.id = ?", number)
    if row is None:
        gone = database.row("SELECT pruned_at FROM pruned WHERE batch_id = ?", number)
        when = "" if gone is None else time.strftime("%Y-%m-%d", time.localtime(gone["pruned_at"]))
        what = f"batch {number} was pruned on {when}" if when else f"there is no batch {number}"
        raise NoSuchBatchError(what, "batchhook log shows those that there are")
    return _batch(database, row)


def latest(database: Database, most: int, *, full: bool = False) -> list[Batch]:
    """The latest batches, newest first; with ``full``, only those that are not open any more."""
    where = "WHERE status <> 'open'" if full else ""
    rows = database.rows(f"{_SELECT} {where} ORDER BY batches.id DESC LIMIT ?", most)
    return [_batch(database, row) for row in rows]


def of_branch(database: Database, branch: str, first: int = 0, last: int = 1 << 62) -> list[Batch]:
    """The batches of a branch from one number to another, in order."""
    query = f"{_SELECT} WHERE branches.name = ? AND batches.id BETWEEN ? AND ? ORDER BY batches.id"
    return [_batch(database, row) for row in database.rows(query, branch, first, last)]


def with_change(database: Database, oid: str) -> list[Batch]:
    """Full batches that hold a change, oldest first: one at most for each branch."""
    holding = "SELECT batch_id FROM changes WHERE oid = ?"
    rows = database.rows(f"{_SELECT} WHERE batches.id IN ({holding}) ORDER BY batches.id", oid)
    return [_batch(database, row) for row in rows]


def pruned_between(database: Database, first: int, last: int) -> list[int]:
    """Numbers of the batches between two of one branch that were pruned from it."""
    query = (
        "SELECT batch_id FROM pruned WHERE branch_id = (SELECT branch_id FROM batches WHERE id = ?1)"
        " AND batch_id BETWEEN ?1 AND ?2 ORDER BY batch_id"
    )
    return [row["batch_id"] for row in database.rows(query, first, last)]


def queued(database: Database) -> list[Batch]:
    """Full batches with something left to do for the runner, oldest first: its queue."""
    query = f"{_SELECT} WHERE status <> 'open' AND announced = 0 ORDER BY batches.id"
    return [_batch(database, row) for row in database.rows(query)]


def unfinished(database: Database) -> list[Batch]:
    """Full batches about which not everything is known, oldest first."""
    return [batch for batch in queued(database) if batch.status is not BatchStatus.FINISHED]


def previous_finished(database: Database, number: int) -> int:
    """The latest batch before this one on its branch that has a run; 0 where there is none, or it was pruned."""
    row = database.row(
        "SELECT id FROM batches WHERE id < ?1 AND run_id IS NOT NULL"
        " AND branch_id = (SELECT branch_id FROM batches WHERE id = ?1) ORDER BY id DESC LIMIT 1",
        number,
    )
    before = 0 if row is None else int(row["id"])
    gone = database.row(
        "SELECT 1 FROM pruned WHERE branch_id = (SELECT branch_id FROM batches WHERE id = ?1)"
        " AND batch_id > ?2 AND batch_id < ?1",
        number,
        before,
    )
    return before if gone is None else 0


def mark(database: Database, number: int, status: BatchStatus) -> None:
    """Move a batch on its way."""
    with database.transaction() as connection:
        connection.execute("UPDATE batches SET status = ? WHERE id = ?", (status.value, number))


def set_announced(database: Database, number: int) -> None:
    """Note that those who asked for it have been told of a batch's end; the runner is done with it."""
    with database.transaction() as connection:
        connection.execute("UPDATE batches SET announced = 1 WHERE id = ?", (number,))


def _batch(database: Database, row: sqlite3.Row) -> Batch:
    changes = database.rows("SELECT * FROM changes WHERE batch_id = ? ORDER BY position", row["id"])
    return Batch(
        id=row["id"],
        branch=row["branch"],
        fill=Fill(row["size"], Unit(row["unit"])),
        status=BatchStatus(row["status"]),
        base=row["base"],
        head=row["head"],
        changes=tuple(
            commit_from_columns(change, is_record=bool(change["recorded"]), follows=change["follows"])
            for change in changes
        ),
        opened_at=row["opened_at"],
        sealed_at=row["sealed_at"],
        filled=row["filled"],
    )


def add_edits(database: Database, batch: int, edits: Mapping[str, Sequence[FileEdit]]) -> None:
    """Store the files that a batch's changes touched; a second time changes nothing.

    Args:
        database: of the repository.
        batch: its number.
        edits: commit name -> its file edits.
    """
    with database.transaction() as connection:
        for oid, files in edits.items():
            row = database.row("SELECT id FROM changes WHERE batch_id = ? AND oid = ?", batch, oid)
            if row is None:
                continue
            connection.executemany(
                "INSERT OR IGNORE INTO file_edits VALUES (?, ?, ?, ?, ?)",
                [(row["id"], to_column(edit.path), edit.status.value, edit.mode, edit.sha256) for edit in files],
            )


def edits(database: Database, batch: int) -> dict[str, tuple[FileEdit, ...]]:
    """The files that a batch's changes touched, by commit name; empty before the runner came to it."""
    query = "SELECT oid, file_edits.* FROM file_edits JOIN changes ON changes.id = change_id WHERE batch_id = ?"
    found: dict[str, list[FileEdit]] = {}
    for row in database.rows(f"{query} ORDER BY position, path", batch):
        edit = FileEdit(from_column(row["path"]), EditStatus(row["status"]), row["mode"], row["sha256"])
        found.setdefault(row["oid"], []).append(edit)
    return {oid: tuple(files) for oid, files in found.items()}
