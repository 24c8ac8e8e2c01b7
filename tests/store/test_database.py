"""Opening the database, an earlier version's too."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from batchhook.core.culprits.attribution import Attribution, Kind, Sighting
from batchhook.core.culprits.priors import Record
from batchhook.core.results import Outcome, Run, SuiteOutcome, TestResult, Totals
from batchhook.core.verdict import Verdict
from batchhook.errors import StoreError
from batchhook.store import attributions, batches, branches, runs, test_stats
from batchhook.store.database import VERSION, Database

SUITE = {"python": "3.11"}


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "state.db", create=True)


def columns(connection: sqlite3.Connection) -> dict[str, set[tuple[object, ...]]]:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
    return {name: {tuple(row)[1:] for row in connection.execute(f"PRAGMA table_info({name})")} for (name,) in tables}


def indices_and_views(connection: sqlite3.Connection) -> dict[str, str]:
    query = "SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'view') AND sql IS NOT NULL"
    return {name: " ".join(sql.split()) for name, sql in connection.execute(query)}


def test_a_database_of_version_1_becomes_the_same_as_a_new_one(tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript((Path(__file__).parent / "schema_v1.sql").read_text())
        connection.execute("INSERT INTO tests VALUES (1, 'm.T.test', 'm')")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    upgraded, new = Database(old), Database(tmp_path / "new.db", create=True)
    for each in (upgraded, new):
        assert each.connection.execute("PRAGMA user_version").fetchone()[0] == VERSION
        each.connection.row_factory = None

    def without_places(found: dict[str, set[tuple[object, ...]]]) -> dict[str, set[tuple[object, ...]]]:
        return {name: {row[:4] for row in rows} for name, rows in found.items()}

    assert without_places(columns(upgraded.connection)) == without_places(columns(new.connection))
    assert indices_and_views(upgraded.connection) == indices_and_views(new.connection)
    words = "SELECT * FROM words ORDER BY id"
    assert upgraded.connection.execute(words).fetchall() == new.connection.execute(words).fetchall()
    assert upgraded.connection.execute("SELECT name, flips FROM tests").fetchall() == [("m.T.test", 0)]
    upgraded.close()
    new.close()


OLD_ROWS = """
INSERT INTO branches VALUES (1, 'refs/heads/main', '', 'c2');
INSERT INTO commits VALUES (1, 'c1', 1), (1, 'c2', 1), (1, 'c3', 1);
INSERT INTO suites VALUES (1, '{}');
INSERT INTO tests VALUES (1, 'm.T.a', 'm'), (2, 'm.T.b', 'm'), (3, 'm.T.c', 'm'), (4, 'm.T.gone', 'm');
INSERT INTO runs VALUES (1, 't1', 1, 5.0, 2.0, '', ''), (2, 't2', 1, 6.0, 3.0, '', '');
INSERT INTO batches VALUES (1, 1, 2, 'finished', 'c0', 'c2', 1.0, 2.0, 2, 'failed');
INSERT INTO changes VALUES (1, 1, 1, 'c1', 't1', 'c0', 't0', 'A', 1, 1, 's'),
    (2, 1, 2, 'c2', 't2', 'c1', 't1', 'A', 1, 1, 's');
INSERT INTO results VALUES (1, 1, 4, 'passed', 0.25, '', '', '', '', 0);
INSERT INTO results VALUES (2, 1, 1, 'passed', 0.1234567, '', '', '', '', 0);
INSERT INTO results VALUES (2, 2, 2, 'failed', 0.5, 'AssertionError', '1 != 2', 'm.py:3', 'Traceback', 2);
INSERT INTO results VALUES (2, 3, 3, 'skipped', 0, '', 'no network', '', '', 0);
"""


def test_what_a_database_of_version_1_held_is_there_after_the_upgrade(tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript((Path(__file__).parent / "schema_v1.sql").read_text())
        connection.executescript(OLD_ROWS)
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    with closing(Database(old)) as database:
        assert runs.results_of(database, 2) == (
            TestResult("m.T.a", "m", Outcome.PASSED, 0.123457),
            TestResult("m.T.b", "m", Outcome.FAILED, 0.5, "AssertionError", "1 != 2", "m.py:3", "Traceback", 2),
            TestResult("m.T.c", "m", Outcome.SKIPPED, message="no network"),
        )
        assert runs.totals(database, 1) == (Verdict.FAILED, Totals(3, 1, 1, 0, 1, 3.0))
        assert len(database.rows("SELECT * FROM texts")) == 2
        seen = dict(database.connection.execute("SELECT name, last_run FROM tests").fetchall())
        assert seen == {"m.T.a": 2, "m.T.b": 2, "m.T.c": 2, "m.T.gone": 1}
        main = branches.find(database, "refs/heads/main")
        assert main is not None
        ledger = branches.ledger(database, main, ["c1", "c2", "c3"])
        assert ledger.sealed == {"c1", "c2"}
        assert ledger.made_here == {"c1", "c2", "c3"}
        assert [batch.head for batch in batches.latest(database, 5)] == ["c2"]


def test_a_newer_database_is_refused(database: Database) -> None:
    database.connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    with pytest.raises(StoreError, match=f"version {VERSION + 1}"):
        Database(database.path)


def run(tree: str, *results: TestResult, complete: bool = True, broken: str = "") -> Run:
    return Run(tree, SUITE, 1.0, SuiteOutcome(results, 2.0, broken, complete=complete))


def result(name: str, outcome: Outcome, first: Outcome | None = None) -> TestResult:
    return TestResult(f"m.T.{name}", "m", outcome, 0.5, first_outcome=first)


def test_a_run_is_remembered_by_tree_and_suite_if_it_was_whole(database: Database) -> None:
    runs.add(database, run("t1", result("a", Outcome.PASSED)))
    second = runs.add(database, run("t1", result("a", Outcome.FAILED)))
    runs.add(database, run("t1", result("a", Outcome.PASSED), complete=False))
    runs.add(database, run("t1", broken="no Python"))
    found = runs.remembered(database, "t1", SUITE)
    assert found is not None
    assert (found.id, found.outcome.results[0].outcome) == (second, Outcome.FAILED)
    assert runs.remembered(database, "t2", SUITE) is None
    assert runs.remembered(database, "t1", {"python": "3.12"}) is None
    database.close()


def test_what_is_known_of_each_test(database: Database) -> None:
    runs.add(database, run("t1", result("a", Outcome.PASSED), result("b", Outcome.FAILED)))
    runs.add(database, run("t2", result("a", Outcome.FAILED), result("b", Outcome.FAILED)))
    assert test_stats.load(database).failing == {"m.T.a", "m.T.b"}
    assert test_stats.flips(database, ["m.T.a", "m.T.b"]) == {}, "other trees are no flips"
    runs.add(database, run("t2", result("a", Outcome.PASSED), result("b", Outcome.SKIPPED)))
    runs.add(database, run("t3", result("a", Outcome.PASSED, Outcome.ERRORED)))
    known = test_stats.load(database)
    assert known.failing == {"m.T.b"}, "a skip says nothing"
    assert known.unsteady == {"m.T.a"}
    assert known.durations == {"m.T.a": 0.5, "m.T.b": 0.5}
    assert test_stats.flips(database, ["m.T.a", "m.T.b"]) == {"m.T.a": 2}
    database.close()


def test_a_test_that_is_gone_fails_and_needs_an_order_no_more(database: Database) -> None:
    needy = result("needy", Outcome.PASSED, Outcome.FAILED)
    runs.add(database, run("t", result("gone", Outcome.FAILED), needy))
    known = test_stats.load(database)
    assert known.failing == {"m.T.gone"}
    assert known.is_ordered
    for number in range(20):
        assert test_stats.load(database).is_ordered
        runs.add(database, run(f"t{number}", result("other", Outcome.PASSED)))
    known = test_stats.load(database)
    assert known.failing == frozenset()
    assert not known.is_ordered


def test_texts_that_the_database_cannot_hold(database: Database) -> None:
    odd = TestResult("m.T.\ud800", "m", Outcome.FAILED, message="\udc80", note="\udfff é")
    number = runs.add(database, run("t", odd))
    (stored,) = runs.get(database, number).outcome.results
    assert (stored.test_id, stored.message, stored.note) == ("m.T.\\ud800", "\\udc80", "\\udfff é")
    assert test_stats.load(database).failing == {"m.T.\\ud800"}
    database.close()


def test_a_test_that_only_seemed_to_need_an_order_is_cleared_of_that(database: Database) -> None:
    needy = result("needy", Outcome.PASSED, Outcome.FAILED)
    runs.add(database, run("t1", needy))
    assert test_stats.load(database).ordered == {"m.T.needy"}
    runs.add(database, run("t2", result("needy", Outcome.PASSED)))
    assert test_stats.load(database).ordered == {"m.T.needy"}, "in order it passes, as is to be expected"
    runs.add(database, run("t3", result("needy", Outcome.FAILED)))
    assert not test_stats.load(database).is_ordered, "no order helps it"


def test_what_a_search_finds_out_is_part_of_a_tests_record(database: Database) -> None:
    needy = result("a", Outcome.PASSED, Outcome.FAILED)
    runs.add(database, run("t1", needy, result("b", Outcome.PASSED)))
    assert attributions.records(database, [("m.T.a", "m")]) == {("m.T.a", "m"): Record(passes=1, flakes=1)}
    with database.transaction() as connection:
        connection.execute("INSERT INTO branches VALUES (1, 'refs/heads/main', '', '')")
        connection.execute(
            "INSERT INTO batches (id, branch_id, size, status, opened_at) VALUES (1, 1, 5, 'searching', 0)"
        )
    seen = (Sighting("c0", passed=2, failed=1), Sighting("c1", failed=3))
    found = {
        ("m.T.a", "m"): Attribution(Kind.FLAKY, 0.97, evidence=seen),
        ("m.T.b", "m"): Attribution(Kind.CULPRIT, 0.995, ("c1",), seen),
    }
    for _ in range(2):
        attributions.finish(database, 1, ["c0", "c1"], found)
    assert attributions.of_batch(database, 1) == found
    assert attributions.records(database, found) == {
        ("m.T.a", "m"): Record(passes=1, flakes=4),
        ("m.T.b", "m"): Record(passes=1, breaks=1),
    }
    assert not test_stats.load(database).is_ordered
