"""The database: opening and migrating it, runs, and statistics of tests."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from batchhook.core.culprits.attribution import Attribution, AttributionKind, Observation
from batchhook.core.culprits.priors import FailureHistory
from batchhook.core.results import IsolationLevel, Outcome, Run, SuiteResult, TestResult
from batchhook.core.verdict import Verdict
from batchhook.errors import StoreError, UsageError
from batchhook.store import attributions, database as database_module, runs, schema, test_stats
from batchhook.store.database import Database
from batchhook.store.schema import SCHEMA_VERSION

SUITE = {"python": "3.11"}


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "state.db", create=True)


def tables(database: Database) -> set[str]:
    return {row["name"] for row in database.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_a_new_database_has_the_schema_and_an_identity(database: Database, tmp_path: Path) -> None:
    assert {"metadata", "batches", "runs", "outcomes"} <= tables(database)
    assert schema.read_version(database.connection) == SCHEMA_VERSION
    assert database.rows("PRAGMA journal_mode")[0][0] == "wal"
    identity = database.metadata("database_id")
    with closing(Database(database.path)) as again, closing(Database(tmp_path / "b.db", create=True)) as other:
        assert len(identity) == 32
        assert again.metadata("database_id") == identity != other.metadata("database_id")


def test_migrations_are_numbered_without_gaps_and_the_last_is_the_version() -> None:
    assert [number for number, _ in schema.list_migrations()] == list(range(1, SCHEMA_VERSION + 1))


def test_an_existing_database_is_opened_without_reading_migrations(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(database_module, "migrate", fail)
    monkeypatch.setattr(Path, "read_text", fail)
    Database(database.path).close()


NEXT = SCHEMA_VERSION + 1


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """A folder with a further migration, which rebuilds a table that others refer to."""
    folder = tmp_path / "migrations"
    shutil.copytree(Path(schema.__file__).with_name("migrations"), folder)
    (folder / f"{NEXT:04}_labels.sql").write_text(
        "-- Batches have labels; a semicolon; in a comment.\n"
        "CREATE TABLE labels (\n    batch_id INTEGER NOT NULL REFERENCES batches (id), -- the batch; labelled\n"
        "    label TEXT NOT NULL DEFAULT ';'\n);\n"
        "CREATE TABLE new_branches (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, start TEXT, tip TEXT);\n"
        "INSERT INTO new_branches SELECT * FROM branches;\n"
        "DROP TABLE branches;\n"
        "ALTER TABLE new_branches RENAME TO branches;\n"
        "CREATE TRIGGER tidy AFTER DELETE ON batches BEGIN\n"
        "    DELETE FROM labels WHERE batch_id = old.id;\n    DELETE FROM changes WHERE batch_id = old.id;\nEND;\n"
        "-- The end.\n"
    )
    return folder


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def test_an_earlier_version_is_migrated_and_keeps_its_rows(database: Database, migrations: Path) -> None:
    database.connection.execute("INSERT INTO branches VALUES (1, 'refs/heads/main', 'a', 'b')")
    database.connection.execute("INSERT INTO commits VALUES (1, 'c', 1, 0)")
    database.close()
    new = database.path.with_name("new.db")
    for path in (database.path, new):
        with closing(connect(path)) as connection:
            schema.migrate(connection, folder=migrations, version=NEXT)
            assert schema.read_version(connection) == NEXT
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    with closing(connect(database.path)) as connection, closing(connect(new)) as other:
        assert connection.execute("SELECT * FROM branches").fetchall() == [(1, "refs/heads/main", "a", "b")]
        query = "SELECT type, name, sql FROM sqlite_master ORDER BY name"
        assert connection.execute(query).fetchall() == other.execute(query).fetchall()
    with pytest.raises(StoreError, match=f"is of version {NEXT}, this batchhook knows {SCHEMA_VERSION}"):
        Database(database.path)


def test_a_migration_that_fails_leaves_the_version_before_it(database: Database, migrations: Path) -> None:
    with (migrations / f"{NEXT:04}_labels.sql").open("a") as file:
        file.write("INSERT INTO nowhere VALUES (1);\n")
    before = tables(database)
    database.close()
    with closing(connect(database.path)) as connection:
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            schema.migrate(connection, folder=migrations, version=NEXT)
        assert not connection.in_transaction
    with closing(Database(database.path)) as again:
        assert tables(again) == before


KILLED = """
import os, signal, sqlite3, sys
from pathlib import Path
from batchhook.store import schema

path, folder, version, statements = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
connection = sqlite3.connect(path, isolation_level=None)
remaining = [None] * statements
connection.set_trace_callback(lambda _: remaining.pop() if remaining else os.kill(os.getpid(), signal.SIGKILL))
schema.migrate(connection, folder=folder, version=version)
"""


def is_killed(path: Path, folder: Path, version: int, statements: int) -> bool:
    """Migrate in a process that is killed before it executes a further statement; False if it needed no more."""
    command = [sys.executable, "-c", KILLED, str(path), str(folder), str(version), str(statements)]
    code = subprocess.run(command, check=False).returncode
    assert code in {0, -signal.SIGKILL}
    return code != 0


def test_a_migration_that_is_killed_leaves_the_version_before_it(database: Database, migrations: Path) -> None:
    before = tables(database)
    database.close()
    statements = 0
    while is_killed(database.path, migrations, NEXT, statements):
        statements += 1
        with closing(Database(database.path)) as again:
            assert tables(again) == before
            assert again.rows("PRAGMA integrity_check")[0][0] == "ok"
    assert statements > 8
    with closing(connect(database.path)) as connection:
        assert schema.read_version(connection) == NEXT


def test_a_creation_that_is_killed_is_done_by_the_next_process(tmp_path: Path, migrations: Path) -> None:
    path, statements = tmp_path / "state.db", 0
    while is_killed(path, migrations, 1, statements):
        statements += 7
        with closing(connect(path)) as connection:
            assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    assert statements > 40
    with closing(Database(path)) as database:
        assert "batches" in tables(database)


def test_processes_that_create_a_database_at_the_same_time_agree(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from batchhook.store.database import Database;"
        "print(Database(Path(sys.argv[1]), create=True).metadata('database_id'))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "state.db")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    identities = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0] * 4
    assert len(identities) == 1


def test_a_newer_database_is_refused(database: Database) -> None:
    database.connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    database.close()
    with pytest.raises(StoreError, match=f"version {SCHEMA_VERSION + 1}"):
        Database(database.path)


@pytest.mark.parametrize("version", [0, -1])
def test_a_database_of_another_program_is_refused_and_not_changed(tmp_path: Path, version: int) -> None:
    path = tmp_path / "state.db"
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE facts (name TEXT)")
        connection.execute(f"PRAGMA user_version = {version}")
    content = path.read_bytes()
    with pytest.raises(StoreError, match="was not made by batchhook"):
        Database(path, create=True)
    assert path.read_bytes() == content


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"rubbish" * 1000)
    with pytest.raises(StoreError, match="is damaged"):
        Database(path)


def test_a_number_that_sqlite_cannot_hold_is_refused(database: Database) -> None:
    with pytest.raises(UsageError, match="a number is too large"):
        database.row("SELECT 1 FROM batches WHERE id = ?", 2**63)


def run(tree: str, *results: TestResult, complete: bool = True, broken: str = "") -> Run:
    return Run(tree, SUITE, 1.0, SuiteResult(results, 2.0, broken, is_complete=complete))


def result(name: str, outcome: Outcome, first: Outcome | None = None) -> TestResult:
    return TestResult(f"m.T.{name}", "m", outcome, 0.5, first_outcome=first)


def test_results_come_back_as_they_were(database: Database) -> None:
    results = (
        TestResult("m.T.a", "m", Outcome.PASSED, 0.123457, isolation=IsolationLevel.PARALLEL),
        TestResult(
            "m.T.b", "m", Outcome.FAILED, 0.5, "AssertionError", "1 != 2", "m.py:3", "Traceback", 2, note="a note"
        ),
        TestResult("m.T.c", "m", Outcome.SKIPPED, message="no network", isolation=IsolationLevel.CLASS),
        *(TestResult(f"m.T.{outcome.name}", "m", outcome, first_outcome=Outcome.PASSED) for outcome in Outcome),
    )
    number = runs.add(database, run("t", *results))
    assert runs.load_results(database, number) == results
    assert len(database.rows("SELECT * FROM outcome_details")) == 2, "most tests have no texts"
    assert {row["last_run"] for row in database.rows("SELECT last_run FROM tests")} == {number}
    assert runs.load(database, number).result.totals == SuiteResult(results, 2.0).totals
    database.close()


def test_a_complete_run_is_reused_for_its_tree_and_suite(database: Database) -> None:
    runs.add(database, run("t1", result("a", Outcome.PASSED)))
    second = runs.add(database, run("t1", result("a", Outcome.FAILED)))
    runs.add(database, run("t1", result("a", Outcome.PASSED), complete=False))
    runs.add(database, run("t1", broken="no Python"))
    reusable = runs.find_reusable(database, "t1", SUITE)
    assert reusable is not None
    assert (reusable.id, reusable.result.results[0].outcome) == (second, Outcome.FAILED)
    assert runs.find_reusable(database, "t2", SUITE) is None
    assert runs.find_reusable(database, "t1", {"python": "3.12"}) is None
    database.close()


def test_the_statistics_of_a_test(database: Database) -> None:
    runs.add(database, run("t1", result("a", Outcome.PASSED), result("b", Outcome.FAILED)))
    runs.add(database, run("t2", result("a", Outcome.FAILED), result("b", Outcome.FAILED)))
    assert test_stats.load(database).last_failed == {"m.T.a", "m.T.b"}
    assert test_stats.load_flips(database, ["m.T.a", "m.T.b"]) == {}, "results in different trees are no flips"
    runs.add(database, run("t2", result("a", Outcome.PASSED), result("b", Outcome.SKIPPED)))
    runs.add(database, run("t3", result("a", Outcome.PASSED, Outcome.ERRORED)))
    stats = test_stats.load(database)
    assert stats.last_failed == {"m.T.b"}, "a skip says nothing"
    assert stats.parallel_only == {"m.T.a"}
    assert stats.durations == {"m.T.a": 0.5, "m.T.b": 0.5}
    assert test_stats.load_flips(database, ["m.T.a", "m.T.b"]) == {"m.T.a": 1}, "nor does a need for others make one"
    alone = replace(result("a", Outcome.PASSED, Outcome.ERRORED), isolation=IsolationLevel.CLASS)
    runs.add(database, run("t4", alone))
    assert test_stats.load_flips(database, ["m.T.a", "m.T.b"]) == {"m.T.a": 2}
    database.close()


def test_a_part_of_the_suite_shows_no_flip_by_itself(database: Database) -> None:
    """A test that others disturb fails in the whole suite and passes alone, each time."""
    for _ in range(2):
        runs.add(database, run("t", result("a", Outcome.FAILED)))
        runs.add(database, run("t", result("a", Outcome.PASSED), complete=False))
    assert test_stats.load_flips(database, ["m.T.a"]) == {}
    runs.add(database, run("t", result("a", Outcome.FAILED), complete=False))
    assert test_stats.load_flips(database, ["m.T.a"]) == {"m.T.a": 1}
    database.close()


def test_a_deleted_test_counts_neither_as_failing_nor_as_order_dependent(database: Database) -> None:
    needy = result("needy", Outcome.PASSED, Outcome.FAILED)
    runs.add(database, run("t", result("gone", Outcome.FAILED), needy))
    stats = test_stats.load(database)
    assert stats.last_failed == {"m.T.gone"}
    assert stats.needs_suite_order
    for number in range(20):
        assert test_stats.load(database).needs_suite_order
        runs.add(database, run(f"t{number}", result("other", Outcome.PASSED)))
    stats = test_stats.load(database)
    assert stats.last_failed == frozenset()
    assert not stats.needs_suite_order


def test_lone_surrogates_are_escaped(database: Database) -> None:
    odd = TestResult("m.T.\ud800", "m", Outcome.FAILED, message="\udc80", note="\udfff é")
    number = runs.add(database, run("t", odd))
    (stored,) = runs.load(database, number).result.results
    assert (stored.test_id, stored.message, stored.note) == ("m.T.\\ud800", "\\udc80", "\\udfff é")
    assert test_stats.load(database).last_failed == {"m.T.\\ud800"}
    database.close()


def test_a_test_that_only_seemed_order_dependent_is_cleared(database: Database) -> None:
    needy = result("needy", Outcome.PASSED, Outcome.FAILED)
    runs.add(database, run("t1", needy))
    assert test_stats.load(database).order_dependent == {"m.T.needy"}
    runs.add(database, run("t2", result("needy", Outcome.PASSED)))
    assert test_stats.load(database).order_dependent == {"m.T.needy"}, "in order it passes, as expected"
    runs.add(database, run("t3", result("needy", Outcome.FAILED)))
    assert not test_stats.load(database).needs_suite_order, "no order helps it"


def test_a_search_updates_the_failure_history_of_its_tests(database: Database) -> None:
    needy = result("a", Outcome.PASSED, Outcome.FAILED)
    runs.add(database, run("t1", needy, result("b", Outcome.PASSED)))
    assert attributions.load_failure_histories(database, [("m.T.a", "m")]) == {("m.T.a", "m"): FailureHistory(passes=1)}
    with database.transaction() as connection:
        connection.execute("INSERT INTO branches VALUES (1, 'refs/heads/main', '', '')")
        connection.execute(
            "INSERT INTO batches (id, branch_id, size, status, opened_at) VALUES (1, 1, 5, 'searching', 0)"
        )
    evidence = (Observation("c0", passed=2, failed=1), Observation("c1", failed=3))
    expected = {
        ("m.T.a", "m"): Attribution(AttributionKind.FLAKY, 0.97, evidence=evidence),
        ("m.T.b", "m"): Attribution(AttributionKind.CULPRIT, 0.995, ("c1",), evidence),
    }
    for _ in range(2):
        attributions.finish_search(database, 1, ["c0", "c1"], expected, Verdict.FAILED)
    assert attributions.load(database, 1) == expected
    assert attributions.load_failure_histories(database, expected) == {
        ("m.T.a", "m"): FailureHistory(passes=1, flakes=4),
        ("m.T.b", "m"): FailureHistory(passes=1, breaks=1),
    }
    assert not test_stats.load(database).needs_suite_order
