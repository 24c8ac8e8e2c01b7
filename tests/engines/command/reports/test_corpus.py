"""Reports that the tools wrote: each case, and as many of each outcome as the tool itself counts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path, PurePosixPath

import pytest

from batchhook.core.results import Outcome
from tests.engines.command.reports.reading import CORPUS, READERS, Reader, outline, read, read_damaged, read_jest

BY_SUFFIX = {".xml": "junit", ".jsonl": "go", ".tap": "tap", ".t": "tap"}
BY_FOLDER = {"rspec": "rspec", "jest": "jest", "vitest": "jest", "cargo": "libtest", "unittest": "unittest"}
REPORTS = sorted(
    path.relative_to(CORPUS).as_posix() for path in CORPUS.rglob("*") if path.is_file() and path.suffix != ".expected"
)


def reader_of(report: str) -> Reader:
    path = PurePosixPath(report)
    return READERS[BY_SUFFIX.get(path.suffix) or BY_FOLDER[path.parent.name]]


def test_the_corpus_is_there() -> None:
    assert len(REPORTS) >= 30


@pytest.mark.parametrize("report", REPORTS)
def test_cases(report: str) -> None:
    cases, error = read_damaged(reader_of(report), (CORPUS / report).read_bytes())
    lines = [outline(case) for case in cases] + ([f"! {error}"] if error else [])
    assert lines == (CORPUS / f"{report}.expected").read_text("utf-8").splitlines()


PASSED, FAILED, ERRORED, SKIPPED = Outcome.PASSED, Outcome.FAILED, Outcome.ERRORED, Outcome.SKIPPED
XFAIL, XPASSED, FIXED = Outcome.EXPECTED_FAILURE, Outcome.XPASSED, Outcome.UNEXPECTED_SUCCESS
CRASHED, TIMED_OUT = Outcome.CRASHED, Outcome.TIMED_OUT

COUNTS = {
    # tests 16, pass 5, fail 6, cancelled 2, skipped 1, todo 2; besides, the suite whose hook failed.
    "node/report.tap": {PASSED: 5, FAILED: 8, TIMED_OUT: 1, SKIPPED: 1, XFAIL: 1, XPASSED: 1},
    # node's JUnit has no case for the test with subtests.
    "node/junit.xml": {PASSED: 5, FAILED: 6, TIMED_OUT: 1, SKIPPED: 1, XFAIL: 1, XPASSED: 1},
    # Tests: 3 failed, 1 skipped, 1 todo, 6 passed, 11 total; Test Suites: 1 could not run.
    "jest/report.json": {PASSED: 6, FAILED: 3, SKIPPED: 2, ERRORED: 1},
    # Tests 4 failed, 4 passed, 1 expected fail, 1 skipped, 1 todo (11); Test Files 2 failed, one of which has no test.
    "vitest/report.json": {PASSED: 5, FAILED: 4, SKIPPED: 2, ERRORED: 1},
    "vitest/junit.xml": {PASSED: 5, FAILED: 5, SKIPPED: 2},
    # gotestsum: 16 tests, 1 skipped, 8 failures, 1 error.
    "go/events.jsonl": {PASSED: 7, FAILED: 5, CRASHED: 2, TIMED_OUT: 1, SKIPPED: 1, ERRORED: 1},
    "gotestsum/junit.xml": {PASSED: 7, FAILED: 6, CRASHED: 1, TIMED_OUT: 1, SKIPPED: 1},
    # Passed 2 + 1 + 1 + 1, failed 3 + 1 + 1, ignored 1, and a binary that died.
    "cargo/workspace.txt": {PASSED: 5, FAILED: 5, SKIPPED: 1, CRASHED: 1},
    # 30% tests passed, 7 tests failed out of 10; 2 did not run: 1 disabled, 1 skipped.
    "ctest/junit.xml": {PASSED: 2, FAILED: 5, ERRORED: 2, SKIPPED: 2},
    # 1..7
    "bats/report.tap": {PASSED: 2, FAILED: 3, SKIPPED: 2},
    "bats/junit.xml": {PASSED: 2, FAILED: 3, SKIPPED: 2},
    # 11 examples, 5 failures, 4 pending
    "rspec/report.json": {PASSED: 2, FAILED: 4, FIXED: 1, SKIPPED: 4},
    # Tests: 10, Errors: 2, Failures: 2, Warnings: 1, Skipped: 1, Incomplete: 1, Risky: 1
    "phpunit/junit.xml": {PASSED: 3, ERRORED: 2, FAILED: 3, SKIPPED: 2},
    # Both files: Tests run: 6, Failures: 1, Errors: 2, Skipped: 1, Flakes: 1
    "surefire/TEST-p.ATest.xml": {PASSED: 2, FAILED: 1, ERRORED: 1, SKIPPED: 1},
    "surefire/TEST-p.BTest.xml": {ERRORED: 1},
    # 7 failed, of which 2 are subtests of the third; 5 passed, 1 skipped, 1 xfailed, 1 xpassed, 3 errors
    "pytest/xunit2.xml": {PASSED: 6, FAILED: 5, SKIPPED: 1, XFAIL: 1, ERRORED: 3},
    # Ran 16 tests, and one setUpClass; failures=6 with 3 of subtests in 2 tests and 1 of a test with an error as well
    "unittest/3.8.txt": {PASSED: 4, FAILED: 4, ERRORED: 5, SKIPPED: 2, XFAIL: 1, FIXED: 1},
    "unittest/3.13.txt": {PASSED: 4, FAILED: 4, ERRORED: 5, SKIPPED: 2, XFAIL: 1, FIXED: 1},
}


@pytest.mark.parametrize("report", COUNTS)
def test_counts_are_those_of_the_tool(report: str) -> None:
    assert Counter(case.outcome for case in read(reader_of(report), report)) == COUNTS[report]


def test_unittest_of_all_pythons_reads_the_same() -> None:
    outlines = {path: path.read_text("utf-8") for path in (CORPUS / "unittest").glob("*.expected")}
    assert len(outlines) == 5
    assert len(set(outlines.values())) == 1


def test_paths_outside_the_root_stay_as_they_are() -> None:
    report = b'{"testResults": [{"assertionResults": [{"title": "a", "status": "passed"}], "name": "/projects/a.js"}]}'
    assert [case.class_name for case in read(read_jest, report)] == ["/projects/a.js"]


def test_texts_are_whole() -> None:
    """Details keep what the message leaves out."""
    details = {case.name: case.details for case in read(READERS["libtest"], "cargo/workspace.txt")}
    assert details["tests::fails"].startswith("printed before\n\nthread 'tests::fails' panicked at src/lib.rs:25:9:\n")
    details = {case.name: case.details for case in read(READERS["unittest"], "unittest/3.13.txt")}
    assert details["test_bars"].count("=" * 70) == details["test_bars"].count("-" * 70) == 1
    assert details["test_bars"].endswith("\nRun")
    details = {case.name: case.details for case in read(READERS["junit"], "ctest/junit.xml")}
    assert details["crash"] == "before"
    assert not Path(details["crash"]).is_absolute()
