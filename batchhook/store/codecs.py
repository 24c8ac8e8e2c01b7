"""Conversion of paths and commits to columns, and back."""

from __future__ import annotations

import os
import sqlite3

from batchhook.core.commit import Commit

COMMIT_COLUMNS = "oid, tree, parents, base_tree, author, authored_at, committed_at, subject"
"""The columns of a commit, in the order of ``encode_commit``."""


def encode_path(path: str) -> str | bytes:
    """Return the column of a path: text, or its bytes if it is not UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def decode_path(column: str | bytes) -> str:
    """Return the path in a column."""
    return os.fsdecode(column)


def encode_commit(commit: Commit) -> tuple[object, ...]:
    """Return the columns of a commit."""
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


def decode_commit(row: sqlite3.Row, *, is_recorded: bool, preceding_record: str = "") -> Commit:
    """Return the commit in a row."""
    return Commit(
        oid=row["oid"],
        tree=row["tree"],
        parents=tuple(row["parents"].split()),
        base_tree=row["base_tree"],
        author=row["author"],
        authored_at=row["authored_at"],
        committed_at=row["committed_at"],
        subject=row["subject"],
        is_recorded=is_recorded,
        preceding_record=preceding_record,
    )
