"""Progress of a run."""

from __future__ import annotations

from dataclasses import dataclass, replace

from batchhook.core.events import (
    MeasuringAdvanced,
    RerunBegan,
    RunEvent,
    SearchAdvanced,
    StageBegan,
    TestBegan,
    TestEnded,
    TestRevised,
    TestsCounted,
    TimeEstimated,
)
from batchhook.core.results import Outcome, TestResult

MAX_NAMED_FAILURES = 50
"""Failing tests that are listed by id during a run; all are counted."""
MAX_LATEST = 8
"""Tests that have just finished, by id and outcome."""
PASSED_ON_RERUN = "passed on rerun"
"""Note for a test that failed in parallel and passed when run again."""

SEARCHING = "finding culprits"
"""Stage of the culprit search; progress counts the tests whose culprit is known."""
MEASURING = "measuring slowdowns"
"""Stage in which tests are timed before and after the batch; progress counts the tests that are settled."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a run.

    Attributes:
        stage: current activity; ``waiting`` until the runner starts.
        total: number of tests to run; 0 if unknown.
        done, failed: number of tests that have finished, and that have failed.
        current: id of a running test; empty between tests.
        failures: ids of the first failed tests, in order of completion.
        rerun_passes: ids that are no longer among them because the test passed when it was rerun.
        seconds_left: estimate from earlier runs; None if unknown.
        latest: id and outcome of the tests that finished last, in order of completion.
    """

    stage: str = "waiting"
    total: int = 0
    done: int = 0
    failed: int = 0
    current: str = ""
    failures: tuple[str, ...] = ()
    rerun_passes: tuple[str, ...] = ()
    seconds_left: float | None = None
    latest: tuple[tuple[str, Outcome], ...] = ()

    def after(self, event: RunEvent) -> Progress:  # noqa: PLR0911 - one for each kind of event
        """Return the progress after an event."""
        match event:
            case StageBegan(stage):  # a second run, as of a check, counts its own tests
                return Progress(stage)
            case TestsCounted(total):
                return replace(self, total=total)
            case TestBegan(test_id):
                return replace(self, current=test_id)
            case TestEnded(result):
                return self._with_result(result)
            case RerunBegan(tests):
                return replace(self, stage=_rerun_stage(tests), seconds_left=None)
            case TestRevised(result):
                return self._with_rerun(result)
            case TimeEstimated(seconds):
                return replace(self, seconds_left=seconds)
            case SearchAdvanced(tests, solved):
                return self._in_other_stage(SEARCHING, tests, solved)
            case MeasuringAdvanced(suspects, settled):
                return self._in_other_stage(MEASURING, suspects, settled)

    def _with_result(self, result: TestResult) -> Progress:
        latest = (*self.latest[1 - MAX_LATEST :], (result.test_id, result.outcome))
        advanced = replace(self, done=self.done + 1, current="", latest=latest)
        if not result.outcome.is_failure:
            return advanced
        return replace(advanced, failed=self.failed + 1, failures=(*self.failures, result.test_id)[:MAX_NAMED_FAILURES])

    def _with_rerun(self, result: TestResult) -> Progress:
        if result.outcome.is_failure:
            return self
        test_id = result.test_id
        return replace(
            self,
            failed=self.failed - 1,
            failures=tuple(name for name in self.failures if name != test_id),
            rerun_passes=(*self.rerun_passes, test_id) if test_id in self.failures else self.rerun_passes,
        )

    def _in_other_stage(self, stage: str, total: int, done: int) -> Progress:
        return replace(self, stage=stage, total=total, done=done, failed=0, current="", seconds_left=None, latest=())


def format_progress(progress: Progress) -> str:
    """Return the progress as a phrase: ``testing, 12 of 74, 2 failed, about 0:05 left``."""
    parts = [progress.stage]
    if progress.total:
        parts.append(f"{progress.done} of {progress.total}")
    if progress.failed:
        parts.append(f"{progress.failed} failed")
    if progress.seconds_left is not None:
        parts.append(f"about {format_clock(progress.seconds_left)} left")
    return ", ".join(parts)


def format_clock(seconds: float) -> str:
    """Return minutes and seconds: ``1:05``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def _rerun_stage(tests: int) -> str:
    return "rerunning 1 failure" if tests == 1 else f"rerunning {tests} failures"
