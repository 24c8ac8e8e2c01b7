"""What makes a database of an earlier version one of the next; ``schema.sql`` is the newest, whole."""

from __future__ import annotations

UPGRADES: dict[int, tuple[str, ...]] = {
    1: (
        "ALTER TABLE batches ADD COLUMN remembered INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE runs ADD COLUMN complete INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE tests ADD COLUMN duration REAL NOT NULL DEFAULT 0",
        "ALTER TABLE tests ADD COLUMN failing INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE tests ADD COLUMN unsteady INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE tests ADD COLUMN proven INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE tests ADD COLUMN flips INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE results ADD COLUMN seen_in TEXT NOT NULL DEFAULT 'suite'",
        "ALTER TABLE results ADD COLUMN first_outcome TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE results ADD COLUMN note TEXT NOT NULL DEFAULT ''",
    ),
}
"""Statements by the version that they are for. What they add is empty: the next run fills it."""
