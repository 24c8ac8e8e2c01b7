-- What has happened in this repository (core/events.py), in order. The oldest events are deleted when there are many.
CREATE TABLE events (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at           REAL NOT NULL,
    kind         TEXT NOT NULL,
    batch_id     INTEGER NOT NULL, -- 0 if it concerns no batch
    operation_id INTEGER NOT NULL  -- 0 if it concerns no operation
);

-- How far each reader has come that must miss no event, even if it is not running.
CREATE TABLE event_readers (
    name     TEXT PRIMARY KEY,
    position INTEGER NOT NULL -- id of the last event that it has handled
) WITHOUT ROWID;
