"""Slowdowns and durations as they are stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchhook.core.perf.screening import TimingKey
from batchhook.core.perf.significance import Conclusion, TimingComparison
from batchhook.core.perf.slowdown import Slowdown, Timings, summarize_slowdowns
from batchhook.core.results import IsolationLevel, Outcome, Run, SuiteResult, TestResult
from batchhook.store import durations, runs, slowdowns
from batchhook.store.database import Database

SUITE = {"python": "3.11", "start_dir": ".", "linked": "a"}
SLOWER = TimingComparison(Conclusion.SLOWER, 0.03, 0.09, 0.004)
EVIDENCE = (Timings("c1", (0.03, 0.031), (0.09, 0.0925)),)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "state.db", create=True)


def add(  # noqa: PLR0913 - a run's properties
    database: Database,
    tree: str,
    seconds: float,
    suite: dict[str, str] | None = None,
    *,
    is_complete: bool = True,
    is_probe: bool = False,
) -> int:
    passed = TestResult("m.T.a", "m", Outcome.PASSED, seconds)
    failed = TestResult("m.T.b", "m", Outcome.FAILED, 9.0)
    result = SuiteResult((passed, failed), 1.0, is_complete=is_complete)
    return runs.add(database, Run(tree, suite or SUITE, 1.0, result, is_probe=is_probe))


def add_batch(database: Database, number: int, run: int, verdict: str = "passed") -> None:
    with database.transaction() as connection:
        connection.execute("INSERT OR IGNORE INTO branches VALUES (1, 'refs/heads/main', '', '')")
        connection.execute(
            "INSERT INTO batches (id, branch_id, size, status, opened_at, run_id, verdict)"
            " VALUES (?, 1, 5, 'measuring', 0, ?, ?)",
            (number, run, verdict),
        )


def test_durations_come_from_complete_runs_of_a_comparable_suite(database: Database) -> None:
    first = add(database, "t1", 0.1)
    add(database, "t2", 0.2, is_complete=False)
    add(database, "t3", 0.3, is_probe=True)
    add(database, "t4", 0.4, {**SUITE, "python": "3.12"})
    linked = add(database, "t5", 0.5, {**SUITE, "linked": "b"})
    judged = add(database, "t6", 0.6)
    history = durations.load(database, SUITE, judged + 1, exclude_trees=["t6"])
    key = TimingKey("m.T.a", "m", IsolationLevel.SUITE)
    assert [(run.number, run.seconds) for run in history.runs] == [(linked, {key: 0.5}), (first, {key: 0.1})]
    assert durations.load(database, SUITE, first).runs == []


def test_the_number_of_runs_read_is_bounded(database: Database) -> None:
    for number in range(30):
        add(database, f"t{number}", number / 1000)
    history = durations.load(database, SUITE, 1000)
    assert [run.number for run in history.runs] == list(range(30, 10, -1))


def test_slowdowns_are_stored_once(database: Database) -> None:
    run = add(database, "t", 0.09)
    add_batch(database, 1, run)
    expected = (
        Slowdown("m.T.a", SLOWER, suspects=("c1",), evidence=EVIDENCE),
        Slowdown("m", TimingComparison(Conclusion.INCONCLUSIVE, 0.1, 0.2, 0.3), is_module=True, reason="noise \\udc80"),
        Slowdown("m.T.c", TimingComparison(Conclusion.SIMILAR, 0.1, 0.1, 0.5), evidence=EVIDENCE),
    )
    for _ in range(2):
        slowdowns.finish_measuring(database, 1, expected)
    assert slowdowns.load(database, 1) == expected[:2]
    assert [tuple(row) for row in database.rows("SELECT status, verdict FROM batches")] == [("closing", "regressed")]
    history = durations.load(database, SUITE, run + 1)
    assert (history.measured_tests, history.measured_modules) == ({"m.T.a": run, "m.T.c": run}, {}), (
        "the module was not measured"
    )


def test_an_inconclusive_or_failing_test_changes_no_verdict(database: Database) -> None:
    run = add(database, "t", 0.09)
    for number, verdict, conclusion in ((1, "passed", Conclusion.INCONCLUSIVE), (2, "failed", Conclusion.SLOWER)):
        add_batch(database, number, run, verdict)
        slowdowns.finish_measuring(database, number, [Slowdown("m.T.a", TimingComparison(conclusion, 1, 2, 0.01))])
        row = database.row("SELECT verdict FROM batches WHERE id = ?", number)
        assert row is not None
        assert row["verdict"] == verdict


def test_the_summary() -> None:
    other = Slowdown("m", TimingComparison(Conclusion.SLOWER, 1, 2, 0.01), is_module=True, suspects=("c1234567890",))
    one = Slowdown("m.T.a", SLOWER, suspects=("c1234567890",))
    assert summarize_slowdowns([one]) == "c1234567 made 1 test slower (3.0 times)"
    assert summarize_slowdowns([one, other]) == "c1234567 made 1 test and 1 module slower (up to 3.0 times)"
    assert summarize_slowdowns([Slowdown("x", SLOWER, suspects=("a", "b"))]) == "1 test slower (3.0 times)"
    assert summarize_slowdowns([Slowdown("x", TimingComparison(Conclusion.INCONCLUSIVE, 1, 2, 0.5))]) == ""
