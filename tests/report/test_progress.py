"""What the terminal shows while a run goes on."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from batchhook.core.progress import MOST_FAILURES, Progress
from batchhook.core.results import Outcome, TestResult
from batchhook.report.console.progress import show, show_while
from batchhook.store.progress import ProgressReader, ProgressWriter


def screen() -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, force_terminal=True, width=80, color_system=None), text


def result(name: str, outcome: Outcome) -> TestResult:
    return TestResult(f"m.T.{name}", "m", outcome)


def test_failures_are_named_when_they_happen_and_so_is_what_became_of_them() -> None:
    console, text = screen()
    with show_while(console, "batch 1") as listener:
        listener.stage("testing")
        listener.discovered(3)
        listener.finished(result("good", Outcome.PASSED))
        listener.finished(result("bad\x1b[31m", Outcome.FAILED))
        listener.finished(result("beside", Outcome.ERRORED))
        assert "✗ m.T.beside" in text.getvalue()
        listener.doubting(2)
        listener.revised(result("beside", Outcome.PASSED))
    said = text.getvalue()
    assert "m.T.good" not in said
    assert "✗ m.T.bad" in said
    assert "\x1b[31m" not in said
    assert "✓ m.T.beside  passed when it was run once more" in said
    assert "1 failed" in said
    assert "2 failures once more" in said


def test_the_time_that_is_left() -> None:
    console, text = screen()
    with show_while(console, "batch 1") as listener:
        listener.stage("testing")
        listener.discovered(1000)
        listener.finished(result("bad", Outcome.FAILED))
        listener.remaining(75)
    assert "about 1:15 left" in text.getvalue()
    assert max(map(len, text.getvalue().splitlines())) < 100, "one line of a terminal, and its control characters"


def test_of_many_failures_the_first_are_named_and_all_are_counted() -> None:
    console, text = screen()
    with show_while(console, "batch 1") as listener:
        for number in range(200):
            listener.finished(result(f"test_{number}", Outcome.FAILED))
    assert text.getvalue().count("✗") == 10
    assert "200 failed" in text.getvalue()


def test_no_terminal_no_drawing() -> None:
    text = io.StringIO()
    with show_while(Console(file=text, force_terminal=False), "batch 1") as listener:
        listener.finished(result("bad", Outcome.FAILED))
    assert text.getvalue() == ""


def test_another_process_sees_the_same(tmp_path: object) -> None:
    path = tmp_path / "run" / "progress.ndjson"  # type: ignore[operator]
    writer, reader = ProgressWriter(path), ProgressReader(path)
    writer.stage("testing")
    writer.discovered(100)
    for number in range(MOST_FAILURES + 10):
        writer.finished(result(f"test_{number}", Outcome.FAILED))
    writer.started("m.T.now")
    writer.remaining(3)
    seen = reader.read()
    assert (seen.stage, seen.total, seen.done, seen.failed) == ("testing", 100, MOST_FAILURES + 10, MOST_FAILURES + 10)
    assert (len(seen.failures), seen.current, seen.left) == (MOST_FAILURES, "m.T.now", 3.0)
    writer.doubting(1)
    writer.revised(result("test_0", Outcome.PASSED))
    seen = reader.read()
    assert seen.failed == MOST_FAILURES + 9
    assert "m.T.test_0" not in seen.failures
    assert seen.left is None
    writer.close()
    assert Progress().after("x", Outcome.PASSED).failures == ()


def test_failures_that_are_looked_into_are_not_said_to_have_passed(tmp_path: Path) -> None:
    console, text = screen()
    writer, reader = ProgressWriter(tmp_path / "progress.ndjson"), ProgressReader(tmp_path / "progress.ndjson")
    writer.finished(result("bad", Outcome.FAILED))
    states = [reader.read()]
    writer.searching(1, 0)
    states.append(reader.read())
    show(console, "batch 1", states)
    assert "✗ m.T.bad" in text.getvalue()
    assert "✓" not in text.getvalue()
    assert "finding what broke them" in text.getvalue()
    writer.close()
