-- The database `state.db`. PRAGMA user_version holds the version of this schema; another version is refused.
--
-- Names of objects (commits, trees) are git's, in hex. Times are seconds since the epoch, durations seconds.
-- A path is TEXT where it is UTF-8, else a BLOB of its bytes.
--
-- Version 2: runs that did not test everything, and what is known of each test.
-- Version 3: the search for culprits: its visits, what it saw, what it found out; results take a third of the room; what
-- was pruned. (upgrades.py makes it of 1 and 2.)

-- Single facts: created_at; anchored; journal_offset (how far the journal has been read, in bytes); batches_before and
-- operations_before (numbers that an earlier database, now gone, has given out); batches_given and operations_given (the
-- highest numbers at the last pruning: they are not given out again); plugins (names of those that were found last,
-- separated by line ends).
CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Branch heads at the time of installing: what they reach was there before us and never counts.
CREATE TABLE anchors (
    oid TEXT PRIMARY KEY
) WITHOUT ROWID;

-- One row for each branch (or detached HEAD) that was ever reconciled.
CREATE TABLE branches (
    id    INTEGER PRIMARY KEY,
    name  TEXT NOT NULL UNIQUE,
    start TEXT NOT NULL,              -- the commit it grew from; what that reaches is another branch's business
    tip   TEXT NOT NULL               -- where it stood when it was last looked at
);

-- Commits that were met on a branch, and whether they were made there (or came by pull, fast-forward, reset).
CREATE TABLE commits (
    branch_id INTEGER NOT NULL REFERENCES branches (id),
    oid       TEXT NOT NULL,
    made_here INTEGER NOT NULL,
    sealed    INTEGER NOT NULL DEFAULT 0, -- whether a full batch of this branch holds it; stays when that is pruned
    PRIMARY KEY (branch_id, oid)
) WITHOUT ROWID;

-- A commit that replaced others by amend or rebase.
CREATE TABLE rewrites (
    new TEXT NOT NULL,
    old TEXT NOT NULL,
    PRIMARY KEY (new, old)
) WITHOUT ROWID;

-- Commits that hold just what a rollback (or an undo) of ours did: they fill no batch, and neither does what replaces
-- them.
CREATE TABLE rollback_commits (
    oid TEXT PRIMARY KEY
) WITHOUT ROWID;

-- Snapshots of a work tree, a step each on a branch's line: changes that were recorded, and what a rollback left (which
-- is no change). They stay when their batch is pruned.
CREATE TABLE records (
    id           INTEGER PRIMARY KEY,
    branch_id    INTEGER NOT NULL REFERENCES branches (id),
    top          NOT NULL,            -- the work tree
    made_on      TEXT NOT NULL,       -- the commit that HEAD was at; '' before the first
    counts       INTEGER NOT NULL,    -- whether it is a change
    oid          TEXT NOT NULL,
    tree         TEXT NOT NULL,
    parents      TEXT NOT NULL,       -- separated by blanks; the first is the step before
    base_tree    TEXT NOT NULL,
    author       TEXT NOT NULL,
    authored_at  INTEGER NOT NULL,
    committed_at INTEGER NOT NULL,
    subject      TEXT NOT NULL
);
CREATE INDEX records_by_tree ON records (branch_id, tree);
CREATE INDEX records_by_oid ON records (branch_id, oid);

-- Commits that hold nothing but what was recorded before: they do not count once more.
CREATE TABLE recorded_commits (
    branch_id INTEGER NOT NULL REFERENCES branches (id),
    oid       TEXT NOT NULL,
    record_id INTEGER NOT NULL REFERENCES records (id),
    whole     INTEGER NOT NULL,       -- whether it holds all that this record does
    PRIMARY KEY (branch_id, oid)
) WITHOUT ROWID;

-- An open batch has a number and nothing more: its changes are derived from the graph until it is sealed.
CREATE TABLE batches (
    id        INTEGER PRIMARY KEY,
    branch_id INTEGER NOT NULL REFERENCES branches (id),
    size      INTEGER NOT NULL,
    unit      TEXT NOT NULL DEFAULT 'commit', -- what size counts: commit, file
    filled    INTEGER NOT NULL DEFAULT 0, -- how much is in it; of an open one, nobody knows
    status    TEXT NOT NULL,          -- open, sealed, running, searching, measuring, closing, finished
    base      TEXT NOT NULL DEFAULT '',
    head      TEXT NOT NULL DEFAULT '',
    opened_at REAL NOT NULL,
    sealed_at REAL NOT NULL DEFAULT 0,
    run_id    INTEGER REFERENCES runs (id),
    verdict   TEXT NOT NULL DEFAULT '',
    remembered INTEGER NOT NULL DEFAULT 0, -- whether its run was made for somebody else, on the same tree and suite
    answer    TEXT NOT NULL DEFAULT '', -- what was done about a critical failure: acknowledged, fixed; '' for nothing
    announced INTEGER NOT NULL DEFAULT 0, -- whether those who asked for it have been told of its end
    untold    INTEGER NOT NULL DEFAULT 0 -- of what plug-ins and others are to be told: full (1), run (2), end (4)
);
CREATE UNIQUE INDEX one_open_batch_a_branch ON batches (branch_id) WHERE status = 'open';
CREATE INDEX queued_batches ON batches (id) WHERE status <> 'open' AND announced = 0;
CREATE INDEX full_batches ON batches (branch_id) WHERE status <> 'open';
CREATE INDEX run_batches ON batches (branch_id) WHERE run_id IS NOT NULL;
CREATE INDEX batches_by_run ON batches (run_id);

-- Batches that were, and are no more.
CREATE TABLE pruned (
    branch_id INTEGER NOT NULL REFERENCES branches (id),
    batch_id  INTEGER NOT NULL,
    pruned_at REAL NOT NULL,
    PRIMARY KEY (branch_id, batch_id)
) WITHOUT ROWID;
CREATE INDEX untold_batches ON batches (id) WHERE untold <> 0;

CREATE TABLE changes (
    id           INTEGER PRIMARY KEY,
    batch_id     INTEGER NOT NULL REFERENCES batches (id),
    position     INTEGER NOT NULL,    -- 1 for the oldest
    oid          TEXT NOT NULL,
    tree         TEXT NOT NULL,
    parents      TEXT NOT NULL,       -- separated by blanks
    base_tree    TEXT NOT NULL,
    author       TEXT NOT NULL,
    authored_at  INTEGER NOT NULL,
    committed_at INTEGER NOT NULL,
    subject      TEXT NOT NULL,
    recorded     INTEGER NOT NULL DEFAULT 0, -- whether it is a snapshot of a work tree, and no commit of the user's
    follows      TEXT NOT NULL DEFAULT '', -- the recorded change that it came after; '' where that is its first parent
    UNIQUE (batch_id, position)
);

CREATE TABLE file_edits (
    change_id INTEGER NOT NULL REFERENCES changes (id),
    path      NOT NULL,
    status    TEXT NOT NULL,          -- added, modified, deleted, type changed
    mode      TEXT NOT NULL,
    sha256    TEXT NOT NULL,          -- of the content after the change; '' where there is none
    PRIMARY KEY (change_id, path)
) WITHOUT ROWID;

-- What else than the tree decides a run's outcome: interpreter, discovery settings, our version; as canonical JSON.
CREATE TABLE suites (
    id          INTEGER PRIMARY KEY,
    description TEXT NOT NULL UNIQUE
);

-- One execution of a suite on one tree. Written once, whole, when it has ended.
CREATE TABLE runs (
    id         INTEGER PRIMARY KEY,
    tree       TEXT NOT NULL,
    suite_id   INTEGER NOT NULL REFERENCES suites (id),
    started_at REAL NOT NULL,
    duration   REAL NOT NULL,
    broken     TEXT NOT NULL,         -- why the suite could not run; '' where it did
    hint       TEXT NOT NULL,
    complete   INTEGER NOT NULL DEFAULT 1, -- whether every test of the suite had its turn
    visit      INTEGER NOT NULL DEFAULT 0, -- whether a search made it: of some tests, in a state that may be long gone
    tests      INTEGER NOT NULL DEFAULT 0, -- how many there were, and how they ended
    passed     INTEGER NOT NULL DEFAULT 0,
    failed     INTEGER NOT NULL DEFAULT 0,
    errored    INTEGER NOT NULL DEFAULT 0,
    skipped    INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX runs_by_tree ON runs (tree, suite_id);

-- What all runs together tell about a test stands with it, lest it be added up each time.
CREATE TABLE tests (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,
    module   TEXT NOT NULL,
    duration REAL NOT NULL DEFAULT 0,    -- when it last ran
    failing  INTEGER NOT NULL DEFAULT 0, -- whether it failed when it last ran
    unsteady INTEGER NOT NULL DEFAULT 0, -- failed among strangers, and not after those of its class (1), of all (2)
    proven   INTEGER NOT NULL DEFAULT 0, -- passed among strangers, or failed there as it did in unittest's order
    flips    INTEGER NOT NULL DEFAULT 0, -- how often it both failed and did not on one tree and suite
    passes   INTEGER NOT NULL DEFAULT 0, -- how often it passed
    flakes   INTEGER NOT NULL DEFAULT 0, -- how many of its failures no change was to blame for
    breaks   INTEGER NOT NULL DEFAULT 0, -- how many times a change was to blame
    last_run INTEGER NOT NULL DEFAULT 0, -- the run in which it was seen last
    UNIQUE (name, module)
);

-- What each test did in each run. Nearly all of the database is this, and nearly all of it is tests that passed: so words
-- stand as numbers, and texts apart. The view `results` shows both together.
CREATE TABLE outcomes (
    run_id        INTEGER NOT NULL REFERENCES runs (id),
    position      INTEGER NOT NULL,   -- order in which the tests ended; an id may occur twice in one run
    test_id       INTEGER NOT NULL REFERENCES tests (id),
    outcome       INTEGER NOT NULL REFERENCES words (id),
    microseconds  INTEGER NOT NULL,
    seen_in       INTEGER NOT NULL REFERENCES words (id), -- in which company: strangers, class, suite
    first_outcome INTEGER REFERENCES words (id), -- in other company, where it ended otherwise when it was run again
    PRIMARY KEY (run_id, position)
) WITHOUT ROWID;

-- 0 and 1 take no room.
CREATE TABLE words (
    id   INTEGER PRIMARY KEY,
    word TEXT NOT NULL UNIQUE
);
INSERT INTO words VALUES (0, 'passed'), (1, 'strangers'), (2, 'suite'), (3, 'class'), (4, 'failed'), (5, 'errored'),
    (6, 'skipped'), (7, 'expected failure'), (8, 'unexpected success'), (9, 'crashed'), (10, 'timed out');

-- What is said of an outcome, where anything is.
CREATE TABLE texts (
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
    outcomes.run_id AS run_id, outcomes.position AS position, test_id, ending.word AS outcome,
    microseconds / 1e6 AS duration, coalesce(error_type, '') AS error_type, coalesce(message, '') AS message,
    coalesce(location, '') AS location, coalesce(traceback, '') AS traceback,
    coalesce(subtests_failed, 0) AS subtests_failed, company.word AS seen_in,
    coalesce((SELECT word FROM words WHERE id = first_outcome), '') AS first_outcome, coalesce(note, '') AS note
FROM outcomes JOIN words AS ending ON ending.id = outcome JOIN words AS company ON company.id = seen_in
LEFT JOIN texts ON texts.run_id = outcomes.run_id AND texts.position = outcomes.position;

-- Tests that a visit was to run and could not: they do not exist in that tree, or nobody knows (their module, or the
-- whole suite, cannot be loaded there).
CREATE TABLE absences (
    run_id     INTEGER NOT NULL REFERENCES runs (id),
    test_id    INTEGER NOT NULL REFERENCES tests (id),
    untestable INTEGER NOT NULL,
    PRIMARY KEY (run_id, test_id)
) WITHOUT ROWID;

-- The states that the search for a batch's culprits chose from: commits, oldest first; 0 is the one before the batch.
CREATE TABLE search_states (
    batch_id INTEGER NOT NULL REFERENCES batches (id),
    position INTEGER NOT NULL,
    oid      TEXT NOT NULL,           -- '' for the state before a repository's first commit
    PRIMARY KEY (batch_id, position)
) WITHOUT ROWID;

-- What became of each failing test of a batch; written once, whole, when the search has ended.
CREATE TABLE attributions (
    batch_id   INTEGER NOT NULL REFERENCES batches (id),
    test_id    INTEGER NOT NULL REFERENCES tests (id),
    kind       TEXT NOT NULL,         -- culprit, introduced failing, pre-existing, flaky, ambiguous
    confidence REAL NOT NULL,
    first      INTEGER NOT NULL,      -- positions of the first and last suspect; -1 where there is none
    last       INTEGER NOT NULL,
    reason     TEXT NOT NULL,         -- why no single change is named
    PRIMARY KEY (batch_id, test_id)
) WITHOUT ROWID;

-- The evidence: what was seen of a test in a state.
CREATE TABLE sightings (
    batch_id INTEGER NOT NULL REFERENCES batches (id),
    test_id  INTEGER NOT NULL REFERENCES tests (id),
    position INTEGER NOT NULL,
    passed   INTEGER NOT NULL,
    failed   INTEGER NOT NULL,
    silence  TEXT NOT NULL,           -- why it could not be seen; '' where it could
    PRIMARY KEY (batch_id, test_id, position)
) WITHOUT ROWID;

-- What became of each test, or module as a whole, that seemed slower in a batch's run; written once, whole, when
-- measuring has ended.
CREATE TABLE slowdowns (
    batch_id INTEGER NOT NULL REFERENCES batches (id),
    name     TEXT NOT NULL,           -- id of the test, name of the module
    module   INTEGER NOT NULL,        -- whether it is a module
    ruling   TEXT NOT NULL,           -- slower, unclear, alike
    before   REAL NOT NULL,           -- seconds, the least measured before the batch
    now      REAL NOT NULL,           -- and after it
    p        REAL NOT NULL,           -- how likely such ranks are where nothing is slower
    suspects TEXT NOT NULL,           -- commits that may have done it, oldest first, separated by blanks
    reason   TEXT NOT NULL,           -- why nobody can tell, or why no single change is named
    measured INTEGER NOT NULL,        -- whether it was measured at all
    PRIMARY KEY (batch_id, name, module)
) WITHOUT ROWID;

-- The evidence: interleaved measurements of a state and of the one before the batch; seconds, separated by blanks.
CREATE TABLE timings (
    batch_id INTEGER NOT NULL,
    name     TEXT NOT NULL,
    module   INTEGER NOT NULL,
    position INTEGER NOT NULL,        -- 1 for the oldest state
    oid      TEXT NOT NULL,
    base     TEXT NOT NULL,
    there    TEXT NOT NULL,
    PRIMARY KEY (batch_id, name, module, position),
    FOREIGN KEY (batch_id, name, module) REFERENCES slowdowns (batch_id, name, module)
) WITHOUT ROWID;

-- Runs that others are compared with; the latest one holds.
CREATE TABLE baselines (
    id     INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs (id),
    oid    TEXT NOT NULL,             -- the commit whose files were tested
    set_at REAL NOT NULL,
    forced INTEGER NOT NULL           -- whether tests failed, and it was set all the same
);

-- Ways back from critical failures that were looked for by themselves (setting auto_rollback).
CREATE TABLE ways_back (
    batch_id     INTEGER PRIMARY KEY REFERENCES batches (id),
    status       TEXT NOT NULL,       -- refused, proposed, applied
    changes      TEXT NOT NULL,       -- those that are taken out, separated by blanks
    reason       TEXT NOT NULL,       -- why it was not done, or only proposed; '' for neither
    operation_id INTEGER REFERENCES operations (id)
);

-- Rollbacks, undos and redos: written down (intent) before they act, marked done after.
CREATE TABLE operations (
    id         INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL,         -- rollback, undo, redo
    batch_id   INTEGER REFERENCES batches (id), -- the first that was rolled back; null for an undo and a redo
    undoes     INTEGER REFERENCES operations (id), -- the one that this one takes out of effect
    mode       TEXT NOT NULL DEFAULT 'files', -- files, commit, reset
    batches    TEXT NOT NULL DEFAULT '', -- numbers of all batches that it is about, separated by blanks
    changes    TEXT NOT NULL DEFAULT '', -- of these, those that were taken out, separated by blanks; '' for all
    paths      TEXT NOT NULL DEFAULT '[]', -- files and folders, where it was only these; JSON
    branch     TEXT NOT NULL DEFAULT '', -- what was checked out
    head       TEXT NOT NULL DEFAULT '', -- the commit at which it leaves HEAD
    stash      TEXT NOT NULL DEFAULT '', -- the stash entry that it made or took back; '' for none
    folders    TEXT NOT NULL DEFAULT '[]', -- empty folders that it filled; JSON
    status     TEXT NOT NULL,         -- intent, done, failed, taken back
    top        NOT NULL,              -- the work tree it acted in
    before     TEXT NOT NULL,         -- snapshot commit: all that the user had
    after      TEXT NOT NULL,         -- snapshot commit: what it leaves behind
    started_at REAL NOT NULL,
    ended_at   REAL NOT NULL DEFAULT 0,
    untold     INTEGER NOT NULL DEFAULT 0 -- whether plug-ins and others are to be told of it
);

-- Changes of which plug-ins were told before their batch was.
CREATE TABLE told_changes (
    oid     TEXT PRIMARY KEY,
    told_at REAL NOT NULL
) WITHOUT ROWID;

-- What plug-ins added to the analysis of a batch.
CREATE TABLE metrics (
    batch_id INTEGER NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
    plugin   TEXT NOT NULL,
    name     TEXT NOT NULL,
    value    TEXT NOT NULL,           -- as JSON
    PRIMARY KEY (batch_id, plugin, name)
) WITHOUT ROWID;

-- What last went wrong with a plug-in or a notification, until it goes well again.
CREATE TABLE troubles (
    name    TEXT NOT NULL,
    event   TEXT NOT NULL,
    problem TEXT NOT NULL,
    times   INTEGER NOT NULL,         -- in a row
    at      REAL NOT NULL,
    PRIMARY KEY (name, event)
) WITHOUT ROWID;
