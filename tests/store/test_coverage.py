"""Coverage of runs in the database."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from batchhook.core.coverage.model import CoverageTotals, FileCoverage, SuiteCoverage, count_coverage
from batchhook.core.results import Run, SuiteResult
from batchhook.store import coverage, pruning, runs
from batchhook.store.database import Database

FILES = (
    FileCoverage("a.py", frozenset({1, 2, 3, 9}), frozenset({5}), frozenset({(2, 3)}), frozenset({(2, -1)})),
    FileCoverage("b.py", frozenset(), frozenset({1})),
)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "database", create=True)


def add(database: Database, measured: SuiteCoverage | None, started_at: float = 1.0) -> int:
    return runs.add(database, Run("tree", {}, started_at, SuiteResult(coverage=measured)))


def test_coverage_is_stored_with_its_run(database: Database) -> None:
    measured = SuiteCoverage(FILES, "half", "do this", {"coverage.xml": "x"}, count_coverage(FILES))
    number = add(database, measured)
    loaded = coverage.load(database, number)
    assert loaded is not None
    assert (loaded.files, loaded.remark, loaded.exports) == (FILES, "half: do this", {})
    assert coverage.load_totals(database, number) == loaded.totals == CoverageTotals(6, 4, 2, 1)


def test_a_run_without_coverage_has_none_and_one_that_failed_to_measure_says_why(database: Database) -> None:
    plain, failed = add(database, None), add(database, SuiteCoverage(problem="none here"))
    assert (coverage.has(database, plain), coverage.load(database, plain)) == (False, None)
    assert coverage.has(database, failed)
    assert coverage.load_totals(database, failed) is None


def test_details_that_are_too_large_are_left_out(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "MAX_SIZE", 10)
    number = add(database, SuiteCoverage(FILES, totals=count_coverage(FILES)))
    loaded = coverage.load(database, number)
    assert loaded is not None
    assert (loaded.files, loaded.totals.lines) == ((), 6)


def test_coverage_is_removed_with_its_run(database: Database) -> None:
    old = add(database, SuiteCoverage(FILES, totals=count_coverage(FILES)))
    new = add(database, SuiteCoverage(FILES, totals=count_coverage(FILES)), time.time())
    with database.transaction():
        assert pruning.remove_runs(database, cutoff=time.time(), seconds=10)
    assert (coverage.has(database, old), coverage.has(database, new)) == (False, True)
