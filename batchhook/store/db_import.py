"""Copying the database of a shadow repository to the git repository that its folder has become."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from batchhook.errors import StoreError
from batchhook.store import branches
from batchhook.store.database import Database


def copy_database(source: Database, target: Path) -> None:
    """Copy a database as it is at one moment.

    Args:
        source: the database; writers wait.
        target: a file that does not exist.

    Raises:
        StoreError: the copy cannot be written.
    """
    try:
        with closing(sqlite3.connect(target)) as connection:
            source.connection.backup(connection)
    except sqlite3.Error as error:
        raise StoreError(f"the database cannot be copied: {error}", "nothing was lost; try again") from error


def is_copy(database: Database, other: Database) -> bool:
    """Return whether one database is a copy of the other."""
    return database.metadata("database_id") == other.metadata("database_id")


def attach_to_branch(database: Database, old: str, new: str, head: str, existing: Iterable[str]) -> None:
    """Continue on a git branch what was counted without git.

    Args:
        database: the copy.
        old: full name of the shadow repository's only branch.
        new: full name of the branch that is checked out.
        head: its commit, on which all records are placed; empty before the first.
        existing: commits that the repository has already; they do not count.
    """
    with database.transaction() as connection:
        connection.execute("UPDATE branches SET name = ?, start = ?, tip = ? WHERE name = ?", (new, head, head, old))
        connection.execute("UPDATE operations SET branch = ? WHERE branch = ?", (new, old))
        connection.execute("UPDATE records SET head = ? WHERE head = ''", (head,))
        branches.add_anchors(database, existing)
        database.set_metadata("journal_offset", "0")  # the new repository has a journal of its own


def count_batches_and_records(database: Database) -> tuple[int, int]:
    """Return the numbers of sealed batches and of recorded changes."""
    row = database.row(
        "SELECT (SELECT count(*) FROM batches WHERE status <> 'open') AS batches,"
        " (SELECT count(*) FROM records WHERE is_change) AS records"
    )
    return (0, 0) if row is None else (int(row["batches"]), int(row["records"]))
