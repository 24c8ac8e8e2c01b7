"""The progress line on a terminal."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from batchhook.core.events import (
    RerunBegan,
    SearchAdvanced,
    StageBegan,
    TestBegan,
    TestEnded,
    TestRevised,
    TestsCounted,
    TimeEstimated,
)
from batchhook.core.progress import MAX_NAMED_FAILURES, SEARCHING, Progress
from batchhook.core.results import Outcome, TestResult
from batchhook.report.console.progress import follow_progress, live_progress
from batchhook.store.run_events import RunEventReader, RunEventWriter


def screen() -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, force_terminal=True, width=80, color_system=None), text


def result(name: str, outcome: Outcome) -> TestResult:
    return TestResult(f"m.T.{name}", "m", outcome)


def test_failures_and_reruns_are_named_when_they_happen() -> None:
    console, text = screen()
    with live_progress(console, "batch 1") as listener:
        listener(StageBegan("testing"))
        listener(TestsCounted(3))
        listener(TestEnded(result("good", Outcome.PASSED)))
        listener(TestEnded(result("bad\x1b[31m", Outcome.FAILED)))
        listener(TestEnded(result("beside", Outcome.ERRORED)))
        assert "✗ m.T.beside" in text.getvalue()
        listener(RerunBegan(2))
        listener(TestRevised(result("beside", Outcome.PASSED)))
    said = text.getvalue()
    assert "m.T.good" not in said
    assert "✗ m.T.bad" in said
    assert "\x1b[31m" not in said
    assert "✓ m.T.beside  passed on rerun" in said
    assert "1 failed" in said
    assert "rerunning 2 failures" in said


def test_the_time_that_is_left() -> None:
    console, text = screen()
    with live_progress(console, "batch 1") as listener:
        listener(StageBegan("testing"))
        listener(TestsCounted(1000))
        listener(TestEnded(result("bad", Outcome.FAILED)))
        listener(TimeEstimated(75))
    assert "about 1:15 left" in text.getvalue()
    assert max(map(len, text.getvalue().splitlines())) < 100, "one line of a terminal, and its control characters"


def test_of_many_failures_the_first_are_named_and_all_are_counted() -> None:
    console, text = screen()
    with live_progress(console, "batch 1") as listener:
        for number in range(200):
            listener(TestEnded(result(f"test_{number}", Outcome.FAILED)))
    assert text.getvalue().count("✗") == 10
    assert "200 failed" in text.getvalue()


def test_no_terminal_no_drawing() -> None:
    text = io.StringIO()
    with live_progress(Console(file=text, force_terminal=False), "batch 1") as listener:
        listener(TestEnded(result("bad", Outcome.FAILED)))
    assert text.getvalue() == ""


def test_another_process_sees_the_same(tmp_path: object) -> None:
    path = tmp_path / "run" / "events.ndjson"  # type: ignore[operator]
    writer, reader = RunEventWriter(path), RunEventReader(path)
    writer(StageBegan("testing"))
    writer(TestsCounted(100))
    for number in range(MAX_NAMED_FAILURES + 10):
        writer(TestEnded(result(f"test_{number}", Outcome.FAILED)))
    writer(TestBegan("m.T.now"))
    writer(TimeEstimated(3))
    seen = reader.read()
    assert (seen.stage, seen.total, seen.done, seen.failed) == (
        "testing",
        100,
        MAX_NAMED_FAILURES + 10,
        MAX_NAMED_FAILURES + 10,
    )
    assert (len(seen.failures), seen.current, seen.seconds_left) == (MAX_NAMED_FAILURES, "m.T.now", 3.0)
    writer(RerunBegan(1))
    writer(TestRevised(result("test_0", Outcome.PASSED)))
    seen = reader.read()
    assert seen.failed == MAX_NAMED_FAILURES + 9
    assert "m.T.test_0" not in seen.failures
    assert seen.seconds_left is None
    writer.close()
    assert Progress().after(TestEnded(result("x", Outcome.PASSED))).failures == ()


def test_a_search_with_a_progress_of_its_own_says_nothing_about_the_failures_before_it() -> None:
    """``ci --range`` draws the run and the search on one line: all failures were printed as passed on rerun."""
    console, text = screen()
    run = Progress("testing", total=2)
    for name in ("bad", "beside"):
        run = run.after(TestEnded(result(name, Outcome.FAILED)))
    revised = run.after(TestRevised(result("beside", Outcome.PASSED)))
    follow_progress(console, "HEAD", [run, revised, Progress(SEARCHING, total=1), Progress("testing", total=5)])
    assert text.getvalue().count("✗") == 2
    assert text.getvalue().count("✓") == 1
    assert "✓ m.T.beside" in text.getvalue()


def test_a_module_that_cannot_be_imported_is_named_as_such() -> None:
    console, text = screen()
    with live_progress(console, "batch 1") as listener:
        listener(TestEnded(TestResult("unittest.loader._FailedTest.tests.test_m", "tests.test_m", Outcome.ERRORED)))
    assert "✗ tests.test_m cannot be imported" in text.getvalue()


def test_failures_whose_culprits_are_searched_have_not_passed(tmp_path: Path) -> None:
    console, text = screen()
    writer, reader = RunEventWriter(tmp_path / "events.ndjson"), RunEventReader(tmp_path / "events.ndjson")
    writer(TestEnded(result("bad", Outcome.FAILED)))
    states = [reader.read()]
    writer(SearchAdvanced(1, 0))
    states.append(reader.read())
    follow_progress(console, "batch 1", states)
    assert "✗ m.T.bad" in text.getvalue()
    assert "✓" not in text.getvalue()
    assert "finding culprits" in text.getvalue()
    writer.close()
