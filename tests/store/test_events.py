"""The stream of events of a repository."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from batchhook.core.events import EventKind
from batchhook.store import events
from batchhook.store.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "state.db", create=True)
    yield database
    database.close()


def append(database: Database, kind: EventKind = EventKind.BATCH_SEALED, batch: int = 1) -> None:
    with database.transaction():
        events.append(database, kind, batch=batch)


def test_each_reader_goes_on_where_it_was(database: Database) -> None:
    append(database)
    events.join(database, "late")
    assert not events.has_unread(database, "late")
    append(database, EventKind.RUN_FINISHED)
    append(database, EventKind.BATCH_FINISHED)
    events.join(database, "later")
    assert [event.kind for event in events.unread(database, "late")] == [
        EventKind.RUN_FINISHED,
        EventKind.BATCH_FINISHED,
    ]
    assert events.unread(database, "later") == events.unread(database, "unknown") == []
    first = events.unread(database, "late")[0]
    events.advance(database, "late", first.id)
    events.advance(database, "late", first.id - 1)  # a slower one of the same name
    events.join(database, "late")
    assert [event.kind for event in events.unread(database, "late")] == [EventKind.BATCH_FINISHED]
    events.leave(database, "late")
    assert not events.has_unread(database, "late")


def test_one_that_shows_what_goes_on_keeps_its_position_to_itself(database: Database) -> None:
    position = events.latest(database)
    assert position == 0
    for batch in (1, 2, 3):
        append(database, batch=batch)
    new = events.read(database, position, limit=2)
    assert [event.batch for event in new] == [1, 2]
    assert [event.batch for event in events.read(database, new[-1].id)] == [3]


def test_an_event_belongs_to_the_transaction_that_causes_it(database: Database) -> None:
    with suppress(KeyboardInterrupt), database.transaction():
        events.append(database, EventKind.BATCH_SEALED, batch=1)
        raise KeyboardInterrupt
    assert events.read(database, 0) == []


def test_there_are_not_ever_more_of_them(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAX_EVENTS", 50)
    for batch in range(1, 301):
        append(database, batch=batch)
    kept = [event.batch for event in events.read(database, 0)]
    assert kept == list(range(251, 301))


def test_kinds_of_a_later_version_are_passed_over(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute("INSERT INTO events (at, kind, batch_id, operation_id) VALUES (1, 'moon rose', 0, 0)")
    append(database)
    assert [event.kind for event in events.read(database, 0)] == [EventKind.BATCH_SEALED]


def test_another_process_sees_them_at_once(database: Database, tmp_path: Path) -> None:
    other = sqlite3.connect(f"file:{tmp_path / 'state.db'}?mode=ro", uri=True)
    append(database)
    assert other.execute("SELECT kind FROM events").fetchall() == [("batch sealed",)]
    other.close()
