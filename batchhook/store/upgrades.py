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
    2: (
        "ALTER TABLE runs ADD COLUMN visit INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE tests ADD COLUMN passes INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE tests ADD COLUMN flakes INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE tests ADD COLUMN breaks INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE batches ADD COLUMN answer TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE operations ADD COLUMN changes TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE batches ADD COLUMN unit TEXT NOT NULL DEFAULT 'commit'",
        "ALTER TABLE batches ADD COLUMN filled INTEGER NOT NULL DEFAULT 0",
        "UPDATE batches SET filled = (SELECT count(*) FROM changes WHERE batch_id = batches.id)",
        "DROP INDEX unfinished_batches",
        "ALTER TABLE batches ADD COLUMN announced INTEGER NOT NULL DEFAULT 0",
        "UPDATE batches SET announced = 1 WHERE status = 'finished'",
        "CREATE INDEX queued_batches ON batches (id) WHERE status <> 'open' AND announced = 0",
        """
        CREATE TABLE baselines (
            id INTEGER PRIMARY KEY,
            run_id INTEGER NOT NULL REFERENCES runs (id),
            oid TEXT NOT NULL,
            set_at REAL NOT NULL,
            forced INTEGER NOT NULL
        )
        """,
        """
        CREATE TABLE ways_back (
            batch_id INTEGER PRIMARY KEY REFERENCES batches (id),
            status TEXT NOT NULL,
            changes TEXT NOT NULL,
            reason TEXT NOT NULL,
            operation_id INTEGER REFERENCES operations (id)
        )
        """,
        """
        CREATE TABLE absences (
            run_id INTEGER NOT NULL REFERENCES runs (id),
            test_id INTEGER NOT NULL REFERENCES tests (id),
            untestable INTEGER NOT NULL,
            PRIMARY KEY (run_id, test_id)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE search_states (
            batch_id INTEGER NOT NULL REFERENCES batches (id),
            position INTEGER NOT NULL,
            oid TEXT NOT NULL,
            PRIMARY KEY (batch_id, position)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE attributions (
            batch_id INTEGER NOT NULL REFERENCES batches (id),
            test_id INTEGER NOT NULL REFERENCES tests (id),
            kind TEXT NOT NULL,
            confidence REAL NOT NULL,
            first INTEGER NOT NULL,
            last INTEGER NOT NULL,
            reason TEXT NOT NULL,
            PRIMARY KEY (batch_id, test_id)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE sightings (
            batch_id INTEGER NOT NULL REFERENCES batches (id),
            test_id INTEGER NOT NULL REFERENCES tests (id),
            position INTEGER NOT NULL,
            passed INTEGER NOT NULL,
            failed INTEGER NOT NULL,
            silence TEXT NOT NULL,
            PRIMARY KEY (batch_id, test_id, position)
        ) WITHOUT ROWID
        """,
    ),
}
"""Statements by the version that they are for. What they add is empty: the next run fills it."""
