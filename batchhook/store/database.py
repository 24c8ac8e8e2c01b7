"""Opening the database, and telling its errors in words that help."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from batchhook.errors import StoreError
from batchhook.store.migrations import UPGRADES

VERSION = 3
_SCHEMA = Path(__file__).with_name("schema.sql")
_ROOM_TO_WRITE = 1 << 16
"""Bytes: with less, not even what SQLite shares between processes has room (32 KiB, https://sqlite.org/walformat.html)."""


class Database:
    """A connection to ``state.db``; one for each thread.

    Args:
        path: the file; made, with its schema, where ``create`` is on and it is missing.
        timeout: seconds to wait for another process's write.

    Raises:
        StoreError: it is missing, damaged, newer than this batchhook, locked, or cannot be written.
    """

    def __init__(self, path: Path, *, create: bool = False, timeout: float = 10.0) -> None:
        if not create and not path.exists():
            raise StoreError("batchhook is not installed in this repository", "batchhook install")
        self.path = path
        with self._explained():
            self.connection = sqlite3.connect(path, timeout=timeout, isolation_level=None)
            self.connection.row_factory = sqlite3.Row
            version = self.connection.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise StoreError(
                    f"the database is of version {version}, this batchhook knows {VERSION}",
                    "upgrade batchhook; nothing was touched",
                )
            if version == 0:
                self._create_schema()
            elif version < VERSION:
                self._upgrade()
            self.connection.execute("PRAGMA foreign_keys = ON")
            # A write survives the death of our processes at any moment; what a power cut may take is derived again.
            self.connection.execute("PRAGMA synchronous = NORMAL")

    def _create_schema(self) -> None:
        self.connection.execute("PRAGMA journal_mode = WAL")  # readers never wait for the runner's writes
        with self.transaction():
            if self.connection.execute("PRAGMA user_version").fetchone()[0] == VERSION:
                return  # another process was faster
            for statement in _SCHEMA.read_text("utf-8").split(";\n"):
                self.connection.execute(statement)
            self.set_fact("created_at", str(time.time()))
            self.connection.execute(f"PRAGMA user_version = {VERSION}")

    def _upgrade(self) -> None:
        with self.transaction():
            version = self.connection.execute("PRAGMA user_version").fetchone()[0]
            for earlier in range(version, VERSION):  # none, where another process was faster
                for statement in UPGRADES[earlier]:
                    self.connection.execute(statement)
            self.connection.execute(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All writes inside, or none; nobody else writes meanwhile. Nested ones join the outer one.

        Raises:
            StoreError: another process has been writing for longer than the timeout, or the disk is full or broken.
        """
        if self.connection.in_transaction:
            yield self.connection
            return
        with self._explained():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
            except BaseException:
                self.connection.rollback()
                raise
            self.connection.commit()

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._explained():
            return self.connection.execute(query, values).fetchall()

    def row(self, query: str, *values: object) -> sqlite3.Row | None:
        """The first row of a query, if there is one."""
        with self._explained():
            found: sqlite3.Row | None = self.connection.execute(query, values).fetchone()
            return found

    def fact(self, name: str, default: str = "") -> str:
        """A single fact."""
        found = self.row("SELECT value FROM facts WHERE name = ?", name)
        return default if found is None else str(found["value"])

    def set_fact(self, name: str, value: str) -> None:
        """Remember a single fact; inside a transaction."""
        self.connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def next_id(self, table: Literal["batches", "operations", "records"]) -> int:
        """The number that the next row of a numbered table gets.

        After the fact ``<table>_before``, which counts what a database that is no more gave out: its refs and backups
        are still there, and must not be written over. After ``<table>_given``, too: what was pruned had a number.
        """
        row = self.row(f"SELECT coalesce(max(id), 0) AS last FROM {table}")  # noqa: S608 - one of three words
        last = 0 if row is None else int(row["last"])
        return max(last, *(int(self.fact(f"{table}_{which}", "0")) for which in ("before", "given"))) + 1

    def shrink(self) -> None:
        """Give the room of what was deleted back to the disk; others wait meanwhile.

        Raises:
            StoreError: others are at work, or the disk has no room for a second copy; nothing was lost.
        """
        with self._explained():
            self.connection.execute("VACUUM")
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _explain(error, self.path) from error


def _is_full(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize < _ROOM_TO_WRITE


def _explain(error: sqlite3.Error, path: Path) -> StoreError:
    said = str(error)
    if "locked" in said:
        return StoreError("another batchhook is writing to the database", "try again in a moment")
    if "full" in said or ("I/O" in said and _is_full(path.parent)):  # the files beside it cannot be made
        return StoreError("the disk is full: nothing was stored", "make room, then: batchhook status")
    if "readonly" in said or "unable to open" in said:
        return StoreError(f"no permission to write {path}", "check who owns the folder")
    if isinstance(error, sqlite3.DatabaseError) and ("not a database" in said or "malformed" in said):
        return StoreError(
            f"the database is damaged ({said}): {path}",
            f"move it aside and begin anew: mv {path} {path}.damaged && rm -f {path}-* && batchhook install; "
            "commits, backups and refs are whole",
        )
    return StoreError(f"the database: {said}", "batchhook doctor")
