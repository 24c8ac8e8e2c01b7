"""Creating and migrating the schema: numbered SQL files, each applied in its own transaction.

``PRAGMA user_version`` holds the number of the last migration that was applied. A process that dies in the middle of
one leaves the version before it. Opening a database of the current version reads no SQL file.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from batchhook.errors import StoreError

SCHEMA_VERSION = 5
"""Number of the last migration."""

_FOLDER = Path(__file__).with_name("migrations")
_WAL_TIMEOUT = 10.0
"""Seconds."""


def migrate(connection: sqlite3.Connection, *, folder: Path = _FOLDER, version: int = SCHEMA_VERSION) -> None:
    """Bring a database from an earlier version, or from an empty file, to this one.

    Several processes may do so at the same time.

    Args:
        connection: in autocommit mode, with foreign keys not enforced (so that a migration can rebuild a table).
        folder: the migrations: ``0001_initial.sql`` and so on.
        version: number of the last migration.

    Raises:
        StoreError: the database is of a later version, or was not made by batchhook; it was not changed.
        sqlite3.Error: the database is damaged or cannot be written; it is left at the last version that was completed.
    """
    current = read_version(connection)
    if current > version:
        raise StoreError(
            f"the database is of version {current}, this batchhook knows {version}",
            "upgrade batchhook; nothing was changed",
        )
    if current == 0:
        _enable_wal(connection)
    for number, path in list_migrations(folder):
        if current < number <= version:
            _apply(connection, number, path)


def read_version(connection: sqlite3.Connection) -> int:
    """Return the number of the last migration that was applied; 0 for an empty database.

    Raises:
        StoreError: the database was not made by batchhook.
    """
    query = "SELECT user_version, EXISTS (SELECT 1 FROM sqlite_master) FROM pragma_user_version"
    version, has_tables = connection.execute(query).fetchone()
    if version < 0 or (version == 0 and has_tables):
        raise StoreError("the database was not made by batchhook", "move it aside, then: batchhook install")
    return int(version)


def list_migrations(folder: Path = _FOLDER) -> list[tuple[int, Path]]:
    """Return the number and the file of each migration, in order."""
    return sorted((int(path.name[:4]), path) for path in folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))


def _enable_wal(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging, so that readers never wait for the runner's writes.

    SQLite fails at once, whatever its timeout, if another process switches at the same time.
    """
    deadline = time.monotonic() + _WAL_TIMEOUT
    while not _try_wal(connection):
        if time.monotonic() > deadline:
            raise StoreError("another batchhook is writing to the database", "try again in a moment")
        time.sleep(0.01)


def _try_wal(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        return False
    return True


def _apply(connection: sqlite3.Connection, number: int, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if read_version(connection) < number:  # another process may have been faster
            for statement in _statements(path.read_text("utf-8")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script, as ``executescript`` would commit the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement
