"""What paths and commits are in columns."""

from __future__ import annotations

import os
import sqlite3

from batchhook.core.changes import Commit

COMMIT = "oid, tree, parents, base_tree, author, authored_at, committed_at, subject"
"""The columns of a commit, in the order of ``commit_to_columns``."""


def to_column(path: str) -> str | bytes:
    """A path as the database holds it: text, or its bytes where it is not UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def from_column(column: str | bytes) -> str:
    """The path that a column holds."""
    return os.fsdecode(column)


def commit_to_columns(commit: Commit) -> tuple[object, ...]:
    """What the columns of a commit hold."""
    return (
        commit.oid,
        commit.tree,
        " ".join(commit.parents),
        commit.base_tree,
        commit.author,
        commit.authored_at,
        commit.committed_at,
        commit.subject,
    )


def commit_from_columns(row: sqlite3.Row, *, is_record: bool, follows: str = "") -> Commit:
    """The commit that a row holds."""
    return Commit(
        oid=row["oid"],
        tree=row["tree"],
        parents=tuple(row["parents"].split()),
        base_tree=row["base_tree"],
        author=row["author"],
        authored_at=row["authored_at"],
        committed_at=row["committed_at"],
        subject=row["subject"],
        is_record=is_record,
        follows=follows,
    )
