"""Rows about recorded changes, and about commits that duplicate them."""

from __future__ import annotations

import sqlite3
from collections.abc import Set as AbstractSet

from batchhook.core.timeline import DuplicateCommit, Recording
from batchhook.store.codecs import COMMIT_COLUMNS, decode_commit, encode_commit, encode_path
from batchhook.store.database import Database


def add(database: Database, branch: int, worktree: str, recording: Recording) -> None:
    """Add a snapshot to a branch's timeline; inside a transaction.

    Args:
        database: of the repository.
        branch: its id.
        worktree: path of the work tree.
        recording: the snapshot; a change if its ``is_recorded`` is set, otherwise the result of a rollback.
    """
    values = ", ".join("?" * 13)
    database.connection.execute(
        f"INSERT INTO records (id, branch_id, worktree, head, is_change, {COMMIT_COLUMNS}) VALUES ({values})",  # noqa: S608 - ours
        (
            recording.number,
            branch,
            encode_path(worktree),
            recording.head,
            recording.change.is_recorded,
            *encode_commit(recording.change),
        ),
    )


def find_number(database: Database, branch: int, oid: str) -> int:
    """Return the number of a snapshot; 0 if the commit is none."""
    row = database.row("SELECT max(id) AS id FROM records WHERE branch_id = ? AND oid = ?", branch, oid)
    return 0 if row is None or row["id"] is None else int(row["id"])


def has_any(database: Database, branch: int) -> bool:
    """Return whether anything was ever recorded on a branch."""
    return database.row("SELECT 1 FROM records WHERE branch_id = ?", branch) is not None


def list_since_sealed(database: Database, branch: int) -> list[Recording]:
    """Return the latest recording of a branch that is in a sealed batch, and all later ones, in order."""
    query = (
        "SELECT id FROM records WHERE branch_id = ?1 AND EXISTS (SELECT 1 FROM commits WHERE branch_id = ?1"
        " AND commits.oid = records.oid AND sealed) ORDER BY id DESC LIMIT 1"
    )
    sealed = database.row(query, branch)
    first = 0 if sealed is None else int(sealed["id"])
    rows = database.rows("SELECT * FROM records WHERE branch_id = ? AND id >= ? ORDER BY id", branch, first)
    return [_recording(row) for row in rows]


def list_with_tree(database: Database, branch: int, tree: str) -> list[tuple[int, str]]:
    """Return the number of each of a branch's recordings of this tree, with the commit at HEAD."""
    rows = database.rows("SELECT id, head FROM records WHERE branch_id = ? AND tree = ? ORDER BY id", branch, tree)
    return [(row["id"], row["head"]) for row in rows]


def load_latest(database: Database, worktree: str) -> Recording | None:
    """Return the latest recording of a work tree, on any branch."""
    row = database.row("SELECT * FROM records WHERE worktree = ? ORDER BY id DESC LIMIT 1", encode_path(worktree))
    return None if row is None else _recording(row)


def add_duplicate(database: Database, branch: int, oid: str, duplicate: DuplicateCommit) -> None:
    """Store that a commit duplicates a recording; inside a transaction."""
    database.connection.execute(
        "INSERT OR REPLACE INTO duplicate_commits VALUES (?, ?, ?, ?)",
        (branch, oid, duplicate.recording, duplicate.is_exact),
    )


def find_duplicate(database: Database, branch: int, oid: str) -> DuplicateCommit | None:
    """Return what a commit of a branch duplicates; None if nothing is stored."""
    row = database.row("SELECT * FROM duplicate_commits WHERE branch_id = ? AND oid = ?", branch, oid)
    return None if row is None else DuplicateCommit(row["record_id"], bool(row["is_exact"]))


def filter_duplicates(database: Database, branch: int, oids: AbstractSet[str]) -> frozenset[str]:
    """Return the commits that duplicate recordings."""
    return frozenset(oid for oid in oids if find_duplicate(database, branch, oid) is not None)


def _recording(row: sqlite3.Row) -> Recording:
    return Recording(row["id"], row["head"], decode_commit(row, is_recorded=bool(row["is_change"])))
