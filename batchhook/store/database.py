"""The SQLite database: opening it, transactions, and readable errors."""

from __future__ import annotations

import os
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from batchhook.errors import StoreError, UsageError
from batchhook.store.schema import SCHEMA_VERSION, migrate

_MIN_FREE_BYTES = 1 << 16
"""With less, SQLite cannot even create the memory that processes share (32 KiB, https://sqlite.org/walformat.html)."""

NumberedTable = Literal["batches", "operations", "records"]
"""A table whose ids are shown to users, or occur in names of refs and folders: they are never given out twice."""


class Database:
    """A connection to ``state.db``; one per thread.

    Args:
        path: the file.
        create: create the file if it is missing.
        timeout: seconds to wait for another process's write.
        is_read_only: whether nothing can be written by this connection; the file must be of this version.

    Raises:
        StoreError: the file is missing, damaged, newer than this batchhook, locked, or cannot be written.
    """

    def __init__(self, path: Path, *, create: bool = False, timeout: float = 10.0, is_read_only: bool = False) -> None:
        if not create and not path.exists():
            raise StoreError("batchhook is not installed in this repository", "batchhook install")
        self.path = path
        with self._translated_errors():
            address = _read_only_address(path) if is_read_only else os.fspath(path)
            self.connection = sqlite3.connect(address, timeout=timeout, isolation_level=None, uri=is_read_only)
            self.connection.row_factory = sqlite3.Row
            if self.connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
                migrate(self.connection)
            self.connection.execute("PRAGMA foreign_keys = ON")
            # A write survives the death of our processes at any moment; writes lost in a power cut are re-derived.
            self.connection.execute("PRAGMA synchronous = NORMAL")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Apply all writes inside the block, or none, with no other writer in between. Nested ones join the outer one.

        Raises:
            StoreError: another process has been writing for longer than the timeout, or the disk is full or broken.
        """
        if self.connection.in_transaction:
            yield self.connection
            return
        with self._translated_errors():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
            except BaseException:
                self.connection.rollback()
                raise
            self.connection.commit()

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """Return all rows of a query.

        Raises:
            UsageError: a value is a larger number than a database holds; ``row`` likewise.
        """
        with self._translated_errors():
            return self.connection.execute(query, values).fetchall()

    def row(self, query: str, *values: object) -> sqlite3.Row | None:
        """Return the first row of a query, if there is one."""
        with self._translated_errors():
            row: sqlite3.Row | None = self.connection.execute(query, values).fetchone()
            return row

    def metadata(self, name: str, default: str = "") -> str:
        """Return a value from the metadata table; the default if there is none."""
        row = self.row("SELECT value FROM metadata WHERE name = ?", name)
        return default if row is None else str(row["value"])

    def set_metadata(self, name: str, value: str) -> None:
        """Store a value in the metadata table; to be called inside a transaction."""
        self.connection.execute("INSERT OR REPLACE INTO metadata VALUES (?, ?)", (name, value))

    def next_id(self, table: NumberedTable) -> int:
        """Return the number for the next row of a table, higher than any that was ever given out.

        ``<table>_reserved`` covers a database that has been deleted: its refs and backups still exist and must not be
        overwritten. ``<table>_issued`` covers rows that were pruned.
        """
        row = self.row(f"SELECT coalesce(max(id), 0) AS last FROM {table}")  # noqa: S608 - NumberedTable allows three literals
        last = 0 if row is None else int(row["last"])
        return max(last, *(int(self.metadata(f"{table}_{kind}", "0")) for kind in ("reserved", "issued"))) + 1

    def is_intact(self) -> bool:
        """Return whether SQLite's quick check finds no damage.

        Raises:
            StoreError: the file is too damaged to be checked, or cannot be read.
        """
        row = self.row("PRAGMA quick_check")
        return row is not None and row[0] == "ok"

    def vacuum(self) -> None:
        """Return the space of deleted rows to the disk; other writers wait.

        Raises:
            StoreError: the database is in use, or the disk has no space for a second copy; nothing was lost.
        """
        with self._translated_errors():
            self.connection.execute("VACUUM")
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _translate(error, self.path) from error
        except OverflowError as error:
            raise UsageError("a number is too large", "to see which there are: batchhook log") from error


def _read_only_address(path: Path) -> str:
    """Return the address by which SQLite opens a database for reading.

    Its memory that is shared with writers is a file beside the database. Where that can be neither made nor found,
    SQLite refuses, unless it is told that there are no writers; there are none while the log is missing, too
    (https://www.sqlite.org/wal.html#read_only_databases).
    """
    from urllib.parse import quote  # noqa: PLC0415 - hooks load this module, and never need it

    has_log = path.with_name(f"{path.name}-wal").exists()
    mode = "mode=ro" if has_log or os.access(path.parent, os.W_OK) else "mode=ro&immutable=1"
    return f"file:{quote(os.fspath(path))}?{mode}"


def _is_disk_full(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize < _MIN_FREE_BYTES


def _translate(error: sqlite3.Error, path: Path) -> StoreError:
    message = str(error)
    if "locked" in message:
        return StoreError("another batchhook is writing to the database", "try again in a moment")
    if "full" in message or ("I/O" in message and _is_disk_full(path.parent)):  # -wal and -shm cannot be created
        return StoreError("the disk is full: nothing was stored", "free some space, then: batchhook status")
    if "readonly" in message or "unable to open" in message:
        return StoreError(f"no permission to write {path}", "check who owns the folder")
    if isinstance(error, sqlite3.DatabaseError) and ("not a database" in message or "malformed" in message):
        file, away = shlex.quote(str(path)), shlex.quote(f"{path}.damaged")
        return StoreError(
            f"the database is damaged ({message}): {path}",
            f"move it away and start over: mv {file} {away} && rm -f {file}-* && batchhook install; "
            "commits, backups and refs are intact",
        )
    return StoreError(f"database error: {message}", "batchhook doctor")
