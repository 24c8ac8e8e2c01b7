"""What the store keeps of slowdowns, and what it says is usual."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchhook.core.perf.screening import Key
from batchhook.core.perf.significance import Judgement, Ruling
from batchhook.core.perf.slowdown import Slowdown, Timings, summary
from batchhook.core.results import Company, Outcome, Run, SuiteOutcome, TestResult
from batchhook.store import durations, runs, slowdowns
from batchhook.store.database import Database

SUITE = {"python": "3.11", "start_dir": ".", "linked": "a"}
SLOWER = Judgement(Ruling.SLOWER, 0.03, 0.09, 0.004)
EVIDENCE = (Timings("c1", (0.03, 0.031), (0.09, 0.0925)),)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "state.db", create=True)


def add(database: Database, tree: str, seconds: float, suite: dict[str, str] | None = None, **more: bool) -> int:
    passed = TestResult("m.T.a", "m", Outcome.PASSED, seconds)
    failed = TestResult("m.T.b", "m", Outcome.FAILED, 9.0)
    outcome = SuiteOutcome((passed, failed), 1.0, complete=not more.get("part"))
    return runs.add(database, Run(tree, suite or SUITE, 1.0, outcome, is_visit=more.get("visit", False)))


def sealed(database: Database, number: int, run: int, verdict: str = "passed") -> None:
    with database.transaction() as connection:
        connection.execute("INSERT OR IGNORE INTO branches VALUES (1, 'refs/heads/main', '', '')")
        connection.execute(
            "INSERT INTO batches (id, branch_id, size, status, opened_at, run_id, verdict)"
            " VALUES (?, 1, 5, 'measuring', 0, ?, ?)",
            (number, run, verdict),
        )


def test_what_is_usual_is_told_by_complete_runs_of_such_a_suite(database: Database) -> None:
    first = add(database, "t1", 0.1)
    add(database, "t2", 0.2, part=True)
    add(database, "t3", 0.3, visit=True)
    add(database, "t4", 0.4, {**SUITE, "python": "3.12"})
    linked = add(database, "t5", 0.5, {**SUITE, "linked": "b"})
    judged = add(database, "t6", 0.6)
    past = durations.past(database, SUITE, judged + 1, without=["t6"])
    key = Key("m.T.a", "m", Company.SUITE)
    assert [(run.number, run.seconds) for run in past.runs] == [(linked, {key: 0.5}), (first, {key: 0.1})]
    assert durations.past(database, SUITE, first).runs == []


def test_no_more_runs_are_read_for_a_longer_history(database: Database) -> None:
    for number in range(30):
        add(database, f"t{number}", number / 1000)
    past = durations.past(database, SUITE, 1000)
    assert [run.number for run in past.runs] == list(range(30, 10, -1))


def test_what_was_found_out_is_kept_whole_and_once(database: Database) -> None:
    run = add(database, "t", 0.09)
    sealed(database, 1, run)
    found = (
        Slowdown("m.T.a", SLOWER, suspects=("c1",), evidence=EVIDENCE),
        Slowdown("m", Judgement(Ruling.UNCLEAR, 0.1, 0.2, 0.3), is_module=True, reason="noise \\udc80"),
        Slowdown("m.T.c", Judgement(Ruling.ALIKE, 0.1, 0.1, 0.5), evidence=EVIDENCE),
    )
    for _ in range(2):
        slowdowns.finish(database, 1, found)
    assert slowdowns.of_batch(database, 1) == found[:2]
    assert [tuple(row) for row in database.rows("SELECT status, verdict FROM batches")] == [("closing", "regressed")]
    past = durations.past(database, SUITE, run + 1)
    assert (past.tests, past.modules) == ({"m.T.a": run, "m.T.c": run}, {}), "the module was not measured"


def test_what_is_unclear_or_fails_too_changes_no_verdict(database: Database) -> None:
    run = add(database, "t", 0.09)
    for number, verdict, ruling in ((1, "passed", Ruling.UNCLEAR), (2, "failed", Ruling.SLOWER)):
        sealed(database, number, run, verdict)
        slowdowns.finish(database, number, [Slowdown("m.T.a", Judgement(ruling, 1, 2, 0.01))])
        row = database.row("SELECT verdict FROM batches WHERE id = ?", number)
        assert row is not None
        assert row["verdict"] == verdict


def test_half_a_sentence() -> None:
    other = Slowdown("m", Judgement(Ruling.SLOWER, 1, 2, 0.01), is_module=True, suspects=("c1234567890",))
    one = Slowdown("m.T.a", SLOWER, suspects=("c1234567890",))
    assert summary([one]) == "c1234567 made 1 test slower (3.0 times)"
    assert summary([one, other]) == "c1234567 made 1 test and 1 module slower (up to 3.0 times)"
    assert summary([Slowdown("x", SLOWER, suspects=("a", "b"))]) == "1 test slower (3.0 times)"
    assert summary([Slowdown("x", Judgement(Ruling.UNCLEAR, 1, 2, 0.5))]) == ""
