"""Timing of tests: one fresh process at a time, in worktrees that stay checked out."""

from __future__ import annotations

import itertools
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from batchhook.core.results import Outcome, SuiteResult
from batchhook.core.test_ids import parse_id
from batchhook.core.test_stats import TestStats
from batchhook.errors import SuiteError
from batchhook.execution.cancel import CancelToken
from batchhook.store import test_stats
from batchhook.workflow.context.project import Project
from batchhook.workflow.suite.fingerprint import Suite
from batchhook.workflow.suite.prepare import SetupContext
from batchhook.workflow.suite.run import checkout_spec, prepared_worktree, run_located

MAX_WARM_UP = 1.0
"""Seconds of tests of the same class that may run before a suspect, so that it finds loaded what they load and caches
full that they fill, as in the whole suite. Alone it would pay for that in each run, on each revision, and the
difference would drown."""
GRACE = 5.0
"""Seconds after the end of the budget when even a run in progress is cancelled."""


@dataclass(frozen=True, slots=True)
class TimedRun:
    """Timings of one run of some tests.

    Attributes:
        seconds: durations of the tests that passed, by id.
        untestable: ids of the tests whose module cannot be imported.
    """

    seconds: Mapping[str, float]
    untestable: frozenset[str]


class Bench:
    """Times tests; see ``open_bench``.

    Args:
        project: the repository.
        suite: of the project.
        scratch: a folder for its files.
        deadline: when the budget is used up, by ``time.monotonic()``.
        cancel: ends what is running.
    """

    def __init__(self, project: Project, suite: Suite, scratch: Path, deadline: float, cancel: CancelToken) -> None:
        self._project = project
        self._suite = suite
        self._scratch = scratch
        self._deadline = deadline
        self._cancel = cancel
        self._stats = test_stats.load(project.database)
        self._numbers = itertools.count(1)

    @property
    def seconds_left(self) -> float:
        """Seconds left of the budget."""
        return max(0.0, self._deadline - time.monotonic())

    @contextmanager
    def worktree(self, commit: str) -> Iterator[BenchWorktree]:
        """Provide a worktree that holds a commit.

        Raises:
            GitError: the commit cannot be checked out.
            SuiteError: the worktree cannot be set up, or all private worktrees are in use.
        """
        scratch = self._make_scratch()
        context = SetupContext(self._suite.environment, self._suite.setups, scratch / "setup.log", self._cancel)
        with prepared_worktree(self._project, commit, context) as checkout:
            yield BenchWorktree(self, checkout)

    def time(self, checkout: Path, tests: Mapping[str, str]) -> TimedRun:
        """Run some tests once, in a fresh process.

        Args:
            checkout: of the revision.
            tests: modules of the tests, by test id.

        Raises:
            SuiteError: the suite cannot run there, or the budget was used up long ago.
        """
        scratch = self._make_scratch()
        spec = replace(
            checkout_spec(self._project.settings, self._suite, checkout, scratch),
            only=tuple(tests),
            from_other_tree=True,
            jobs=1,
            stats=self._timing_stats(tests),
            cancel=self._cancel,
        )
        try:
            result = run_located(spec, frozenset(tests.values()))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        if result.broken_reason:
            raise SuiteError(result.broken_reason, result.hint)
        return _timed_run(result, tests)

    def _make_scratch(self) -> Path:
        scratch = self._scratch / f"bench-{next(self._numbers)}"
        scratch.mkdir(parents=True)
        return scratch

    def _timing_stats(self, tests: Mapping[str, str]) -> TestStats:
        """Return statistics that make tests run after those that they depend on, or that warm them up cheaply."""
        stats = self._stats
        class_seconds: defaultdict[str, float] = defaultdict(float)
        for name, seconds in stats.durations.items():
            class_seconds[parse_id(name).owner] += seconds
        warmed_up = {name for name in tests if class_seconds[parse_id(name).owner] <= MAX_WARM_UP}
        return replace(
            stats,
            parallel_only=stats.parallel_only | warmed_up,
            order_dependent=stats.order_dependent & tests.keys(),
        )


@dataclass(frozen=True, slots=True)
class BenchWorktree:
    """A checked-out revision where tests can be timed."""

    bench: Bench
    checkout: Path

    def time(self, tests: Mapping[str, str]) -> TimedRun:
        """Run some tests once; see ``Bench.time``."""
        return self.bench.time(self.checkout, tests)


@contextmanager
def open_bench(project: Project, suite: Suite, scratch: Path, deadline: float) -> Iterator[Bench]:
    """Provide a bench for the length of a block.

    Args:
        project: the repository.
        suite: of the project.
        scratch: a folder for its files, removed at the end.
        deadline: when the budget is used up, by ``time.monotonic()``; a run in progress may end a little later.
    """
    shutil.rmtree(scratch, ignore_errors=True)
    cancel = CancelToken()
    alarm = threading.Timer(max(0.0, deadline - time.monotonic()) + GRACE, cancel.cancel)
    alarm.daemon = True
    alarm.start()
    try:
        yield Bench(project, suite, scratch, deadline, cancel)
    finally:
        alarm.cancel()
        alarm.join()
        cancel.close()
        shutil.rmtree(scratch, ignore_errors=True)


def _timed_run(result: SuiteResult, tests: Mapping[str, str]) -> TimedRun:
    timed = [test for test in result.results if test.test_id in tests]
    not_passed = {test.test_id for test in timed if test.outcome is not Outcome.PASSED}
    seconds = {test.test_id: test.duration for test in timed if test.test_id not in not_passed}
    return TimedRun(seconds, frozenset(result.untestable))
