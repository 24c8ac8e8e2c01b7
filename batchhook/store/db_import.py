"""Taking a database along from a repository without git, of a folder that has become a git repository."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from batchhook.errors import StoreError
from batchhook.store import branches
from batchhook.store.database import Database


def copy(source: Database, target: Path) -> None:
    """Copy a database as it is at one moment, whole.

    Args:
        source: nobody writes to it for long.
        target: a file that is not there yet.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        with closing(sqlite3.connect(target)) as made:
            source.connection.backup(made)
    except sqlite3.Error as error:
        raise StoreError(f"the database cannot be copied: {error}", "nothing was lost; try again") from error


def are_one(one: Database, other: Database) -> bool:
    """Whether one is a copy of the other."""
    return one.fact("created_at") == other.fact("created_at")


def settle(database: Database, old: str, new: str, head: str, before: Iterable[str]) -> None:
    """Have what was counted without git go on on a branch.

    Args:
        database: the copy.
        old: the full name of the only branch that there was.
        new: what is checked out.
        head: the commit that it is at, on which all that was recorded stands from now on; empty before the first.
        before: commits that are there already; they are nobody's changes.
    """
    with database.transaction() as connection:
        connection.execute("UPDATE branches SET name = ?, start = ?, tip = ? WHERE name = ?", (new, head, head, old))
        connection.execute("UPDATE operations SET branch = ? WHERE branch = ?", (new, old))
        connection.execute("UPDATE records SET made_on = ? WHERE made_on = ''", (head,))
        branches.add_anchors(database, before)
        database.set_fact("journal_offset", "0")  # the journal begins anew


def totals(database: Database) -> tuple[int, int]:
    """How many full batches there are, and how many recorded changes."""
    found = database.row(
        "SELECT (SELECT count(*) FROM batches WHERE status <> 'open') AS batches,"
        " (SELECT count(*) FROM records WHERE counts) AS records"
    )
    return (0, 0) if found is None else (int(found["batches"]), int(found["records"]))
