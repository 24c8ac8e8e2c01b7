"""What makes a database of an earlier version one of the next; ``schema.sql`` is the newest, whole."""

from __future__ import annotations

_COMPACT_RESULTS = (
    """
    CREATE TABLE outcomes (
        run_id INTEGER NOT NULL REFERENCES runs (id),
        position INTEGER NOT NULL,
        test_id INTEGER NOT NULL REFERENCES tests (id),
        outcome INTEGER NOT NULL REFERENCES words (id),
        microseconds INTEGER NOT NULL,
        seen_in INTEGER NOT NULL REFERENCES words (id),
        first_outcome INTEGER REFERENCES words (id),
        PRIMARY KEY (run_id, position)
    ) WITHOUT ROWID
    """,
    "CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE)",
    """
    INSERT INTO words VALUES (0, 'passed'), (1, 'strangers'), (2, 'suite'), (3, 'class'), (4, 'failed'), (5, 'errored'),
        (6, 'skipped'), (7, 'expected failure'), (8, 'unexpected success'), (9, 'crashed'), (10, 'timed out')
    """,
    """
    CREATE TABLE texts (
        run_id INTEGER NOT NULL REFERENCES runs (id),
        position INTEGER NOT NULL,
        error_type TEXT NOT NULL,
        message TEXT NOT NULL,
        location TEXT NOT NULL,
        traceback TEXT NOT NULL,
        subtests_failed INTEGER NOT NULL,
        note TEXT NOT NULL,
        PRIMARY KEY (run_id, position)
    ) WITHOUT ROWID
    """,
    """
    INSERT INTO outcomes SELECT run_id, position, test_id, (SELECT id FROM words WHERE word = outcome),
        CAST(round(duration * 1e6) AS INTEGER), (SELECT id FROM words WHERE word = seen_in),
        (SELECT id FROM words WHERE word = first_outcome) FROM results
    """,
    """
    INSERT INTO texts SELECT run_id, position, error_type, message, location, traceback, subtests_failed, note
        FROM results WHERE error_type <> '' OR message <> '' OR location <> '' OR traceback <> ''
        OR subtests_failed > 0 OR note <> ''
    """,
    "DROP TABLE results",
    """
    CREATE VIEW results AS SELECT
        outcomes.run_id AS run_id, outcomes.position AS position, test_id, ending.word AS outcome,
        microseconds / 1e6 AS duration, coalesce(error_type, '') AS error_type, coalesce(message, '') AS message,
        coalesce(location, '') AS location, coalesce(traceback, '') AS traceback,
        coalesce(subtests_failed, 0) AS subtests_failed, company.word AS seen_in,
        coalesce((SELECT word FROM words WHERE id = first_outcome), '') AS first_outcome, coalesce(note, '') AS note
    FROM outcomes JOIN words AS ending ON ending.id = outcome JOIN words AS company ON company.id = seen_in
    LEFT JOIN texts ON texts.run_id = outcomes.run_id AND texts.position = outcomes.position
    """,
)
"""Words as numbers, texts apart; what reads results goes on as before."""

_TOTALS = (
    *(
        f"ALTER TABLE runs ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0"
        for column in ("tests", "passed", "failed", "errored", "skipped")
    ),
    *(
        f"UPDATE runs SET {column} = (SELECT count(*) FROM results WHERE run_id = runs.id AND outcome IN ({words}))"  # noqa: S608 - of these
        for column, words in (
            ("passed", "'passed', 'expected failure'"),
            ("failed", "'failed', 'unexpected success'"),
            ("errored", "'errored', 'crashed', 'timed out'"),
            ("skipped", "'skipped'"),
        )
    ),
    "UPDATE runs SET tests = passed + failed + errored + skipped",
)
"""Totals stand with the run; while results are as they were in version 2."""

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
        "ALTER TABLE operations ADD COLUMN mode TEXT NOT NULL DEFAULT 'files'",
        "ALTER TABLE operations ADD COLUMN batches TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE operations ADD COLUMN paths TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE operations ADD COLUMN branch TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE operations ADD COLUMN head TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE operations ADD COLUMN stash TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE operations ADD COLUMN folders TEXT NOT NULL DEFAULT '[]'",
        """
        UPDATE operations SET batches = coalesce(batch_id,
            (SELECT batch_id FROM operations AS undone WHERE undone.id = operations.undoes), '')
        """,
        "CREATE TABLE rollback_commits (oid TEXT PRIMARY KEY) WITHOUT ROWID",
        "ALTER TABLE changes ADD COLUMN recorded INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE changes ADD COLUMN follows TEXT NOT NULL DEFAULT ''",
        """
        CREATE TABLE records (
            id INTEGER PRIMARY KEY,
            branch_id INTEGER NOT NULL REFERENCES branches (id),
            top NOT NULL,
            made_on TEXT NOT NULL,
            counts INTEGER NOT NULL,
            oid TEXT NOT NULL,
            tree TEXT NOT NULL,
            parents TEXT NOT NULL,
            base_tree TEXT NOT NULL,
            author TEXT NOT NULL,
            authored_at INTEGER NOT NULL,
            committed_at INTEGER NOT NULL,
            subject TEXT NOT NULL
        )
        """,
        "CREATE INDEX records_by_tree ON records (branch_id, tree)",
        "CREATE INDEX records_by_oid ON records (branch_id, oid)",
        """
        CREATE TABLE recorded_commits (
            branch_id INTEGER NOT NULL REFERENCES branches (id),
            oid TEXT NOT NULL,
            record_id INTEGER NOT NULL REFERENCES records (id),
            whole INTEGER NOT NULL,
            PRIMARY KEY (branch_id, oid)
        ) WITHOUT ROWID
        """,
        "ALTER TABLE batches ADD COLUMN unit TEXT NOT NULL DEFAULT 'commit'",
        "ALTER TABLE batches ADD COLUMN filled INTEGER NOT NULL DEFAULT 0",
        "UPDATE batches SET filled = (SELECT count(*) FROM changes WHERE batch_id = batches.id)",
        "DROP INDEX unfinished_batches",
        "ALTER TABLE batches ADD COLUMN announced INTEGER NOT NULL DEFAULT 0",
        "UPDATE batches SET announced = 1 WHERE status = 'finished'",
        "CREATE INDEX queued_batches ON batches (id) WHERE status <> 'open' AND announced = 0",
        "CREATE INDEX full_batches ON batches (branch_id) WHERE status <> 'open'",
        "CREATE INDEX run_batches ON batches (branch_id) WHERE run_id IS NOT NULL",
        "CREATE INDEX batches_by_run ON batches (run_id)",
        """
        CREATE TABLE pruned (
            branch_id INTEGER NOT NULL REFERENCES branches (id),
            batch_id INTEGER NOT NULL,
            pruned_at REAL NOT NULL,
            PRIMARY KEY (branch_id, batch_id)
        ) WITHOUT ROWID
        """,
        "ALTER TABLE commits ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0",
        """
        UPDATE commits SET sealed = 1 WHERE EXISTS (SELECT 1 FROM changes JOIN batches ON batches.id = batch_id
            WHERE changes.oid = commits.oid AND batches.branch_id = commits.branch_id)
        """,
        "DROP INDEX changes_by_oid",
        "ALTER TABLE tests ADD COLUMN last_run INTEGER NOT NULL DEFAULT 0",
        "UPDATE tests SET last_run = (SELECT coalesce(max(run_id), 0) FROM results WHERE test_id = tests.id)",
        *_TOTALS,
        *_COMPACT_RESULTS,
        "ALTER TABLE batches ADD COLUMN untold INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE operations ADD COLUMN untold INTEGER NOT NULL DEFAULT 0",
        "CREATE INDEX untold_batches ON batches (id) WHERE untold <> 0",
        "CREATE TABLE told_changes (oid TEXT PRIMARY KEY, told_at REAL NOT NULL) WITHOUT ROWID",
        """
        CREATE TABLE metrics (
            batch_id INTEGER NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
            plugin TEXT NOT NULL,
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (batch_id, plugin, name)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE troubles (
            name TEXT NOT NULL,
            event TEXT NOT NULL,
            problem TEXT NOT NULL,
            times INTEGER NOT NULL,
            at REAL NOT NULL,
            PRIMARY KEY (name, event)
        ) WITHOUT ROWID
        """,
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
        """
        CREATE TABLE slowdowns (
            batch_id INTEGER NOT NULL REFERENCES batches (id),
            name TEXT NOT NULL,
            module INTEGER NOT NULL,
            ruling TEXT NOT NULL,
            before REAL NOT NULL,
            now REAL NOT NULL,
            p REAL NOT NULL,
            suspects TEXT NOT NULL,
            reason TEXT NOT NULL,
            measured INTEGER NOT NULL,
            PRIMARY KEY (batch_id, name, module)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE timings (
            batch_id INTEGER NOT NULL,
            name TEXT NOT NULL,
            module INTEGER NOT NULL,
            position INTEGER NOT NULL,
            oid TEXT NOT NULL,
            base TEXT NOT NULL,
            there TEXT NOT NULL,
            PRIMARY KEY (batch_id, name, module, position),
            FOREIGN KEY (batch_id, name, module) REFERENCES slowdowns (batch_id, name, module)
        ) WITHOUT ROWID
        """,
    ),
}
"""Statements by the version that they are for. What they cannot know stays empty: the next run fills it."""
