-- The database `state.db`.
--
-- Each file NNNN_name.sql brings the version before to version NNNN, in one transaction; PRAGMA user_version holds the
-- number of the last one applied (schema.py).
--
-- Object ids (commits, trees) are git's, in hex. Times are seconds since the epoch, durations are seconds, booleans are
-- 0 or 1. Lists are separated by blanks unless noted. A path is TEXT if it is valid UTF-8, otherwise a BLOB of its bytes.

-- Single values:
--   database_id                            identity of this database; a copy keeps it
--   anchored                               'yes' once the anchors were recorded
--   journal_offset                         bytes of the journal that have been read
--   {batches,operations,records}_reserved  highest numbers given out by an earlier, deleted database
--   {batches,operations}_issued            highest numbers at the last pruning; they are never reused
--   plugins                                names of the installed plug-ins, separated by line feeds
--   removed_tips:BRANCH                    commits (by the branch's id) whose changes left the branch, and may come back
--   closed_batch:NUMBER                    branch of an open batch that was deleted
--   commit_map                             time of git-filter-repo's map of commits that was read last
CREATE TABLE metadata (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO metadata VALUES ('database_id', lower(hex(randomblob(16))));

-- Branch heads at the time of installing. Whatever they reach predates batchhook and never counts.
CREATE TABLE anchors (
    oid TEXT PRIMARY KEY
) WITHOUT ROWID;

-- One row for each branch (or detached HEAD) that was ever reconciled.
CREATE TABLE branches (
    id    INTEGER PRIMARY KEY,
    name  TEXT NOT NULL UNIQUE,
    start TEXT NOT NULL,              -- commit it was created from; what that reaches belongs to other branches
    tip   TEXT NOT NULL               -- its commit when it was last reconciled
);

-- Commits seen on a branch.
CREATE TABLE commits (
    branch_id INTEGER NOT NULL REFERENCES branches (id),
    oid       TEXT NOT NULL,
    is_local  INTEGER NOT NULL,       -- created on this branch, rather than pulled, fast-forwarded or reset to
    sealed    INTEGER NOT NULL DEFAULT 0, -- part of a sealed batch of this branch, even if that has been pruned
    PRIMARY KEY (branch_id, oid)
) WITHOUT ROWID;

-- Commits that replaced others by amend or rebase.
CREATE TABLE rewrites (
    new TEXT NOT NULL,
    old TEXT NOT NULL,
    PRIMARY KEY (new, old)
) WITHOUT ROWID;

-- Commits that hold exactly the result of a rollback or an undo. Neither they nor their replacements count.
CREATE TABLE rollback_commits (
    oid TEXT PRIMARY KEY
) WITHOUT ROWID;

-- Snapshots of a work tree, each a step on a branch's timeline: recorded changes, and the results of rollbacks (which
-- are not changes). They outlive the pruning of their batch.
CREATE TABLE records (
    id           INTEGER PRIMARY KEY,
    branch_id    INTEGER NOT NULL REFERENCES branches (id),
    worktree     NOT NULL,            -- path
    head         TEXT NOT NULL,       -- commit at HEAD; '' before the first
    is_change    INTEGER NOT NULL,
    oid          TEXT NOT NULL,
    tree         TEXT NOT NULL,
    parents      TEXT NOT NULL,       -- the first is the step before
    base_tree    TEXT NOT NULL,
    author       TEXT NOT NULL,
    authored_at  INTEGER NOT NULL,
    committed_at INTEGER NOT NULL,
    subject      TEXT NOT NULL
);
CREATE INDEX records_by_tree ON records (branch_id, tree);
CREATE INDEX records_by_oid ON records (branch_id, oid);

-- Commits without anything that was not recorded before: they do not count a second time.
CREATE TABLE duplicate_commits (
    branch_id INTEGER NOT NULL REFERENCES branches (id),
    oid       TEXT NOT NULL,
    record_id INTEGER NOT NULL REFERENCES records (id),
    is_exact  INTEGER NOT NULL,       -- the commit holds everything that the record does
    PRIMARY KEY (branch_id, oid)
) WITHOUT ROWID;

-- An open batch is a number and its quota: its changes are derived from the commit graph until it is sealed.
CREATE TABLE batches (
    id             INTEGER PRIMARY KEY,
    branch_id      INTEGER NOT NULL REFERENCES branches (id),
    size           INTEGER NOT NULL,
    unit           TEXT NOT NULL DEFAULT 'commit', -- what size counts: commit, file
    filled         INTEGER NOT NULL DEFAULT 0, -- units it holds; 0 while it is open
    status         TEXT NOT NULL,     -- open, sealed, running, searching, measuring, closing, finished
    base           TEXT NOT NULL DEFAULT '',
    head           TEXT NOT NULL DEFAULT '',
    opened_at      REAL NOT NULL,
    sealed_at      REAL NOT NULL DEFAULT 0,
    run_id         INTEGER REFERENCES runs (id),
    verdict        TEXT NOT NULL DEFAULT '',
    reused_run     INTEGER NOT NULL DEFAULT 0, -- the run was made earlier, for the same tree and suite
    resolution     TEXT NOT NULL DEFAULT '', -- of a critical failure: acknowledged, fixed; '' if unresolved
    finalized      INTEGER NOT NULL DEFAULT 0 -- reported; the runner has nothing left to do for it
);
CREATE UNIQUE INDEX one_open_batch_per_branch ON batches (branch_id) WHERE status = 'open';
CREATE INDEX queued_batches ON batches (id) WHERE status <> 'open' AND finalized = 0;
CREATE INDEX sealed_batches ON batches (branch_id) WHERE status <> 'open';
CREATE INDEX batches_with_run ON batches (branch_id) WHERE run_id IS NOT NULL;
CREATE INDEX batches_by_run ON batches (run_id);

CREATE TABLE pruned_batches (
    branch_id INTEGER NOT NULL REFERENCES branches (id),
    batch_id  INTEGER NOT NULL,
    pruned_at REAL NOT NULL,
    PRIMARY KEY (branch_id, batch_id)
) WITHOUT ROWID;

CREATE TABLE changes (
    id           INTEGER PRIMARY KEY,
    batch_id     INTEGER NOT NULL REFERENCES batches (id),
    position     INTEGER NOT NULL,    -- 1 for the oldest
    oid          TEXT NOT NULL,
    tree         TEXT NOT NULL,
    parents      TEXT NOT NULL,
    base_tree    TEXT NOT NULL,
    author       TEXT NOT NULL,
    authored_at  INTEGER NOT NULL,
    committed_at INTEGER NOT NULL,
    subject      TEXT NOT NULL,
    recorded     INTEGER NOT NULL DEFAULT 0, -- a snapshot of a work tree, not a commit
    follows      TEXT NOT NULL DEFAULT '', -- recorded change that precedes it; '' if its first parent does
    UNIQUE (batch_id, position)
);

CREATE TABLE file_edits (
    change_id INTEGER NOT NULL REFERENCES changes (id),
    path      NOT NULL,
    status    TEXT NOT NULL,          -- added, modified, deleted, type changed
    mode      TEXT NOT NULL,
    sha256    TEXT NOT NULL,          -- of the content after the change; '' if there is none
    PRIMARY KEY (change_id, path)
) WITHOUT ROWID;

-- Everything besides the tree that decides a run's outcomes: interpreter, discovery settings, version of batchhook.
CREATE TABLE suites (
    id          INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE  -- canonical JSON
);

-- One execution of a suite on one tree, written in one transaction after it has ended.
CREATE TABLE runs (
    id            INTEGER PRIMARY KEY,
    tree          TEXT NOT NULL,
    suite_id      INTEGER NOT NULL REFERENCES suites (id),
    started_at    REAL NOT NULL,
    duration      REAL NOT NULL,
    broken_reason TEXT NOT NULL,      -- why the suite could not run; '' if it did
    hint          TEXT NOT NULL,
    has_no_tests  INTEGER NOT NULL DEFAULT 0, -- it could not because there are none
    is_complete   INTEGER NOT NULL DEFAULT 1, -- every test of the suite was run
    is_probe      INTEGER NOT NULL DEFAULT 0, -- made by a culprit search: some tests only, of a revision that may be old
    tests         INTEGER NOT NULL DEFAULT 0, -- number of tests, and of those with each outcome
    passed        INTEGER NOT NULL DEFAULT 0,
    failed        INTEGER NOT NULL DEFAULT 0,
    errored       INTEGER NOT NULL DEFAULT 0,
    skipped       INTEGER NOT NULL DEFAULT 0,
    not_run       INTEGER NOT NULL DEFAULT 0, -- tests that the test framework does not run
    deselected    INTEGER NOT NULL DEFAULT 0, -- tests that the project's own options leave out
    unrun_files   INTEGER NOT NULL DEFAULT 0, -- files with such tests
    unrun_examples TEXT NOT NULL DEFAULT ''   -- the first of them, separated by line feeds
);
CREATE INDEX runs_by_tree ON runs (tree, suite_id);

-- The tests, with statistics over all runs that are updated by each run rather than computed when they are needed.
CREATE TABLE tests (
    id                 INTEGER PRIMARY KEY,
    name               TEXT NOT NULL,
    module             TEXT NOT NULL,
    duration           REAL NOT NULL DEFAULT 0,    -- of its last run
    last_failed        INTEGER NOT NULL DEFAULT 0, -- failed in its last run
    order_dependence   INTEGER NOT NULL DEFAULT 0, -- failed in parallel, passed after its class (1) or the suite (2)
    isolation_verified INTEGER NOT NULL DEFAULT 0, -- passed in parallel, or failed there as it does in unittest's order
    flips              INTEGER NOT NULL DEFAULT 0, -- times it both passed and failed on the same tree and suite
    passes             INTEGER NOT NULL DEFAULT 0,
    flakes             INTEGER NOT NULL DEFAULT 0, -- failures that no change was to blame for
    breaks             INTEGER NOT NULL DEFAULT 0, -- times that a change was to blame
    last_run           INTEGER NOT NULL DEFAULT 0, -- id of the last run it occurred in
    UNIQUE (name, module)
);

-- Interned strings. Ids 0 and 1 take no space in a row (https://sqlite.org/fileformat2.html#record_format).
CREATE TABLE strings (
    id    INTEGER PRIMARY KEY,
    value TEXT NOT NULL UNIQUE
);
INSERT INTO strings VALUES (0, 'passed'), (1, 'parallel'), (2, 'suite'), (3, 'class'), (4, 'failed'), (5, 'errored'),
    (6, 'skipped'), (7, 'expected failure'), (8, 'unexpected success'), (9, 'crashed'), (10, 'timed out'),
    (11, 'xpassed');

-- The outcome of each test in each run. Nearly all of the database is this, nearly all of it for tests that passed: so
-- strings are interned and texts are kept apart. The view `results` joins them.
CREATE TABLE outcomes (
    run_id        INTEGER NOT NULL REFERENCES runs (id),
    position      INTEGER NOT NULL,   -- order in which the tests ended; an id may occur twice in one run
    test_id       INTEGER NOT NULL REFERENCES tests (id),
    outcome       INTEGER NOT NULL REFERENCES strings (id),
    microseconds  INTEGER NOT NULL,
    isolation     INTEGER NOT NULL REFERENCES strings (id), -- parallel, class, suite
    first_outcome INTEGER REFERENCES strings (id), -- before a rerun at another isolation level changed it
    PRIMARY KEY (run_id, position)
) WITHOUT ROWID;

-- Texts of an outcome; no row if all are empty.
CREATE TABLE outcome_details (
    run_id          INTEGER NOT NULL REFERENCES runs (id),
    position        INTEGER NOT NULL,
    error_type      TEXT NOT NULL,
    message         TEXT NOT NULL,
    location        TEXT NOT NULL,
    traceback       TEXT NOT NULL,
    subtests_failed INTEGER NOT NULL,
    note            TEXT NOT NULL,    -- what batchhook found out about the cause
    PRIMARY KEY (run_id, position)
) WITHOUT ROWID;

CREATE VIEW results AS SELECT
    outcomes.run_id AS run_id, outcomes.position AS position, test_id, outcome_string.value AS outcome,
    microseconds / 1e6 AS duration, coalesce(error_type, '') AS error_type, coalesce(message, '') AS message,
    coalesce(location, '') AS location, coalesce(traceback, '') AS traceback,
    coalesce(subtests_failed, 0) AS subtests_failed, isolation_string.value AS isolation,
    coalesce((SELECT value FROM strings WHERE id = first_outcome), '') AS first_outcome, coalesce(note, '') AS note
FROM outcomes
    JOIN strings AS outcome_string ON outcome_string.id = outcome
    JOIN strings AS isolation_string ON isolation_string.id = isolation
    LEFT JOIN outcome_details AS details ON details.run_id = outcomes.run_id AND details.position = outcomes.position;

-- Tests that a probe asked for and could not run.
CREATE TABLE missing_tests (
    run_id     INTEGER NOT NULL REFERENCES runs (id),
    test_id    INTEGER NOT NULL REFERENCES tests (id),
    untestable INTEGER NOT NULL,      -- unknown whether it exists (its module or the suite cannot be loaded), not absent
    PRIMARY KEY (run_id, test_id)
) WITHOUT ROWID;

-- The revisions that a batch's culprit search chose from, oldest first; position 0 is the batch's base.
CREATE TABLE search_revisions (
    batch_id INTEGER NOT NULL REFERENCES batches (id),
    position INTEGER NOT NULL,
    oid      TEXT NOT NULL,           -- '' for the empty revision before a repository's first commit
    PRIMARY KEY (batch_id, position)
) WITHOUT ROWID;

-- The attribution of each failing test of a batch, written in one transaction when the search has ended.
CREATE TABLE attributions (
    batch_id      INTEGER NOT NULL REFERENCES batches (id),
    test_id       INTEGER NOT NULL REFERENCES tests (id),
    kind          TEXT NOT NULL,      -- culprit, introduced failing, pre-existing, flaky, ambiguous
    confidence    REAL NOT NULL,
    first_suspect INTEGER NOT NULL,   -- positions in search_revisions; -1 if there is no suspect
    last_suspect  INTEGER NOT NULL,
    reason        TEXT NOT NULL,      -- why no single change is named
    PRIMARY KEY (batch_id, test_id)
) WITHOUT ROWID;

-- Observations of a test at a revision: the evidence for its attribution.
CREATE TABLE evidence (
    batch_id          INTEGER NOT NULL REFERENCES batches (id),
    test_id           INTEGER NOT NULL REFERENCES tests (id),
    position          INTEGER NOT NULL,
    passed            INTEGER NOT NULL,
    failed            INTEGER NOT NULL,
    unobserved_reason TEXT NOT NULL,  -- '' if it was observed
    PRIMARY KEY (batch_id, test_id, position)
) WITHOUT ROWID;

-- The result for each test or module that seemed slower in a batch's run, written in one transaction when measuring has
-- ended.
CREATE TABLE slowdowns (
    batch_id   INTEGER NOT NULL REFERENCES batches (id),
    name       TEXT NOT NULL,         -- id of the test, or name of the module
    module     INTEGER NOT NULL,      -- whether it is a module
    conclusion TEXT NOT NULL,         -- slower, similar, inconclusive, open
    before     REAL NOT NULL,         -- least seconds measured before the batch
    after      REAL NOT NULL,         -- and after it
    p_value    REAL NOT NULL,         -- probability of such ranks if nothing became slower
    suspects   TEXT NOT NULL,         -- commits, oldest first
    reason     TEXT NOT NULL,         -- why it is inconclusive, or why no single change is named
    measured   INTEGER NOT NULL,
    PRIMARY KEY (batch_id, name, module)
) WITHOUT ROWID;

-- Interleaved measurements of a revision and of the batch's base: the evidence for a slowdown.
CREATE TABLE timings (
    batch_id INTEGER NOT NULL,
    name     TEXT NOT NULL,
    module   INTEGER NOT NULL,
    position INTEGER NOT NULL,        -- 1 for the oldest revision
    oid      TEXT NOT NULL,
    base     TEXT NOT NULL,           -- seconds at the base
    measured TEXT NOT NULL,           -- seconds at the revision
    PRIMARY KEY (batch_id, name, module, position),
    FOREIGN KEY (batch_id, name, module) REFERENCES slowdowns (batch_id, name, module)
) WITHOUT ROWID;

-- Runs that later ones are compared with; the latest row is in effect.
CREATE TABLE baselines (
    id     INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs (id),
    oid    TEXT NOT NULL,             -- commit that was tested
    set_at REAL NOT NULL,
    forced INTEGER NOT NULL           -- set although tests failed
);

-- Results of the setting auto_rollback for batches that failed critically.
CREATE TABLE auto_rollbacks (
    batch_id     INTEGER PRIMARY KEY REFERENCES batches (id),
    status       TEXT NOT NULL,       -- refused, proposed, applied
    changes      TEXT NOT NULL,       -- those to revert
    reason       TEXT NOT NULL,       -- why it was refused or only proposed; '' otherwise
    operation_id INTEGER REFERENCES operations (id)
);

-- Rollbacks, undos and redos: written as an intent before they act, then marked with how they ended.
CREATE TABLE operations (
    id             INTEGER PRIMARY KEY,
    kind           TEXT NOT NULL,     -- rollback, undo, redo
    batch_id       INTEGER REFERENCES batches (id), -- the first that was rolled back; null for an undo or a redo
    undoes         INTEGER REFERENCES operations (id),
    mode           TEXT NOT NULL,     -- files, commit, reset
    batches        TEXT NOT NULL,     -- numbers of all batches concerned
    changes        TEXT NOT NULL,     -- of these, the ones that were reverted; '' for all
    paths          TEXT NOT NULL,     -- JSON list of files and folders it was limited to; '[]' for no limit
    branch         TEXT NOT NULL,     -- the one checked out
    head           TEXT NOT NULL,     -- commit at which it leaves HEAD
    stash          TEXT NOT NULL,     -- stash entry it made or restored; '' for none
    empty_dirs     TEXT NOT NULL,     -- JSON list of empty folders that it filled
    status         TEXT NOT NULL,     -- intent, done, failed, reverted
    worktree       NOT NULL,          -- path
    before         TEXT NOT NULL,     -- snapshot commit of everything the user had
    after          TEXT NOT NULL,     -- snapshot commit of what it leaves
    started_at     REAL NOT NULL,
    ended_at       REAL NOT NULL DEFAULT 0
);

-- Changes of open batches that were delivered to plug-ins.
CREATE TABLE delivered_changes (
    oid          TEXT PRIMARY KEY,
    delivered_at REAL NOT NULL
) WITHOUT ROWID;

-- Metrics that plug-ins added to the analysis of a batch.
CREATE TABLE metrics (
    batch_id INTEGER NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
    plugin   TEXT NOT NULL,
    name     TEXT NOT NULL,
    value    TEXT NOT NULL,           -- JSON
    PRIMARY KEY (batch_id, plugin, name)
) WITHOUT ROWID;

-- The last error of a plug-in or a notification; deleted when a delivery succeeds.
CREATE TABLE integration_errors (
    name    TEXT NOT NULL,
    event   TEXT NOT NULL,
    message TEXT NOT NULL,
    count   INTEGER NOT NULL,         -- failures in a row
    at      REAL NOT NULL,            -- of the last one
    PRIMARY KEY (name, event)
) WITHOUT ROWID;
