"""Rows about recorded changes, and about commits that repeat them."""

from __future__ import annotations

import sqlite3
from collections.abc import Set as AbstractSet

from batchhook.core.timeline import Echo, Recording
from batchhook.store.codecs import COMMIT, commit_from_columns, commit_to_columns, to_column
from batchhook.store.database import Database


def add(database: Database, branch: int, top: str, recording: Recording) -> None:
    """Remember a snapshot as a step of a branch's line; inside a transaction.

    Args:
        database: of the repository.
        branch: its id.
        top: the work tree.
        recording: the snapshot; with ``is_record``, a change.
    """
    values = ", ".join("?" * 13)
    database.connection.execute(
        f"INSERT INTO records (id, branch_id, top, made_on, counts, {COMMIT}) VALUES ({values})",  # noqa: S608 - our own words
        (
            recording.number,
            branch,
            to_column(top),
            recording.made_on,
            recording.change.is_record,
            *commit_to_columns(recording.change),
        ),
    )


def number_of(database: Database, branch: int, oid: str) -> int:
    """The number of a snapshot; 0 where it is none."""
    row = database.row("SELECT max(id) AS id FROM records WHERE branch_id = ? AND oid = ?", branch, oid)
    return 0 if row is None or row["id"] is None else int(row["id"])


def are_there(database: Database, branch: int) -> bool:
    """Whether anything was ever recorded on a branch."""
    return database.row("SELECT 1 FROM records WHERE branch_id = ?", branch) is not None


def since_sealed(database: Database, branch: int) -> list[Recording]:
    """The latest recording of a branch that is in a full batch, and all after it, in order."""
    query = (
        "SELECT id FROM records WHERE branch_id = ?1 AND EXISTS (SELECT 1 FROM commits WHERE branch_id = ?1"
        " AND commits.oid = records.oid AND sealed) ORDER BY id DESC LIMIT 1"
    )
    sealed = database.row(query, branch)
    first = 0 if sealed is None else int(sealed["id"])
    rows = database.rows("SELECT * FROM records WHERE branch_id = ? AND id >= ? ORDER BY id", branch, first)
    return [_recording(row) for row in rows]


def with_tree(database: Database, branch: int, tree: str) -> list[tuple[int, str]]:
    """Numbers of a branch's recordings that hold just this tree, each with the commit that it was made on."""
    rows = database.rows("SELECT id, made_on FROM records WHERE branch_id = ? AND tree = ? ORDER BY id", branch, tree)
    return [(row["id"], row["made_on"]) for row in rows]


def latest(database: Database, top: str) -> Recording | None:
    """The latest recording of a work tree, on whatever branch."""
    row = database.row("SELECT * FROM records WHERE top = ? ORDER BY id DESC LIMIT 1", to_column(top))
    return None if row is None else _recording(row)


def add_echo(database: Database, branch: int, oid: str, echo: Echo) -> None:
    """Remember that a commit repeats what was recorded; inside a transaction."""
    database.connection.execute(
        "INSERT OR REPLACE INTO recorded_commits VALUES (?, ?, ?, ?)", (branch, oid, echo.number, echo.whole)
    )


def echo(database: Database, branch: int, oid: str) -> Echo | None:
    """What a commit of a branch repeats; None where it holds something new, as far as known."""
    row = database.row("SELECT * FROM recorded_commits WHERE branch_id = ? AND oid = ?", branch, oid)
    return None if row is None else Echo(row["record_id"], bool(row["whole"]))


def echoes(database: Database, branch: int, oids: AbstractSet[str]) -> frozenset[str]:
    """Those of these commits that repeat what was recorded."""
    return frozenset(oid for oid in oids if echo(database, branch, oid) is not None)


def _recording(row: sqlite3.Row) -> Recording:
    return Recording(row["id"], row["made_on"], commit_from_columns(row, is_record=bool(row["counts"])))
