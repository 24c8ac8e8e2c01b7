-- The map of the code that each test runs (core/impact/code_map.py).

-- Parts of the checkout: functions, top levels of modules, files, folders.
CREATE TABLE code_parts (
    id   INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (path, name)
);

-- Sets of parts; many tests share one.
CREATE TABLE code_sets (
    id     INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,      -- SHA-256 of what parts holds uncompressed
    parts  BLOB NOT NULL              -- zlib: ids in ascending order, 4 bytes each, little-endian
);

-- The latest record of each test of a suite.
CREATE TABLE code_records (
    suite_id    INTEGER NOT NULL REFERENCES suites (id),
    test        TEXT NOT NULL,        -- id
    tree        TEXT NOT NULL,        -- that it ran on; or a later one that differs in nothing that concerns it
    run_set     INTEGER NOT NULL REFERENCES code_sets (id), -- parts that it ran, opened or listed
    import_set  INTEGER NOT NULL REFERENCES code_sets (id), -- parts that run when its module is imported
    recorded_at REAL NOT NULL,
    PRIMARY KEY (suite_id, test)
) WITHOUT ROWID;
CREATE INDEX code_records_by_run_set ON code_records (run_set);
CREATE INDEX code_records_by_import_set ON code_records (import_set);

-- Python files that were parsed (core/impact/source_code.py): a cache.
CREATE TABLE parsed_files (
    id      INTEGER PRIMARY KEY,      -- the oldest are dropped
    key     TEXT NOT NULL UNIQUE,     -- blob, path and version of the parser
    code    BLOB NOT NULL             -- zlib: JSON
);
