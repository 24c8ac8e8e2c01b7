"""Progress of a run."""

from __future__ import annotations

import pytest

from batchhook.core.events import RerunBegan, StageBegan, TestEnded, TestRevised, TestsCounted
from batchhook.core.progress import MAX_NAMED_FAILURES, Progress, format_clock, format_progress
from batchhook.core.results import Outcome, TestResult


def end(test_id: str, outcome: Outcome) -> TestEnded:
    return TestEnded(TestResult(test_id, "m", outcome))


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (Progress(), "waiting"),
        (Progress("testing", 74, 12, 2, seconds_left=5.4), "testing, 12 of 74, 2 failed, about 0:05 left"),
        (Progress("testing", 0, 3), "testing"),
        (Progress("testing", 10, 3, seconds_left=0.0), "testing, 3 of 10, about 0:00 left"),
    ],
)
def test_format(progress: Progress, text: str) -> None:
    assert format_progress(progress) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (65, "1:05"), (3600, "60:00")])
def test_clock(seconds: float, text: str) -> None:
    assert format_clock(seconds) == text


def test_results_are_counted_and_failures_named() -> None:
    progress = Progress("testing", 3, current="a").after(end("a", Outcome.FAILED)).after(end("b", Outcome.PASSED))
    assert (progress.done, progress.failed, progress.failures, progress.current) == (2, 1, ("a",), "")


def test_rerun_that_passes_takes_the_failure_back() -> None:
    progress = Progress(done=1, failed=1, failures=("a",))
    assert progress.after(TestRevised(TestResult("a", "m", Outcome.FAILED))) == progress
    rerun = progress.after(TestRevised(TestResult("a", "m", Outcome.PASSED)))
    assert (rerun.done, rerun.failed, rerun.failures, rerun.rerun_passes) == (1, 0, (), ("a",))


def test_number_of_named_failures_is_bounded() -> None:
    progress = Progress()
    for number in range(MAX_NAMED_FAILURES + 5):
        progress = progress.after(end(str(number), Outcome.ERRORED))
    assert progress.failed == MAX_NAMED_FAILURES + 5
    assert len(progress.failures) == MAX_NAMED_FAILURES


def test_rerun_stage() -> None:
    stages = [Progress().after(RerunBegan(tests)).stage for tests in (1, 2)]
    assert stages == ["rerunning 1 failure", "rerunning 2 failures"]


def test_a_second_run_counts_its_own_tests() -> None:
    """``rollback --culprit`` runs the suite with and without the changes: it showed 594 of 297 tests."""
    progress = Progress()
    for _ in range(2):
        for event in (StageBegan("testing"), TestsCounted(2), end("a", Outcome.PASSED), end("b", Outcome.FAILED)):
            progress = progress.after(event)
    assert (progress.done, progress.total, progress.failed) == (2, 2, 1)
