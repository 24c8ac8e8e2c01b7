-- Lines and branches that the tests of a run have covered (core/coverage/model.py).
CREATE TABLE run_coverage (
    run_id           INTEGER PRIMARY KEY REFERENCES runs (id),
    lines            INTEGER NOT NULL,
    covered_lines    INTEGER NOT NULL,
    branches         INTEGER NOT NULL,
    covered_branches INTEGER NOT NULL,
    problem          TEXT NOT NULL,   -- why nothing was measured, or not everything; empty if all is well
    hint             TEXT NOT NULL,
    files            BLOB NOT NULL    -- zlib: JSON; empty if it would be too large
);
