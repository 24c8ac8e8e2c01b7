"""Where tests are timed: one process at a time, each a fresh one, in work trees that stay checked out meanwhile."""

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

from batchhook.core.results import Outcome, SuiteOutcome
from batchhook.core.test_stats import History
from batchhook.errors import SuiteError
from batchhook.execution.cancel import Halt
from batchhook.execution.runner import run_suite
from batchhook.execution.spec import Silent, SuiteSpec
from batchhook.store import test_stats
from batchhook.workflow.context.project import Project
from batchhook.workflow.suite.fingerprint import Suite
from batchhook.workflow.suite.prepare import SetUp
from batchhook.workflow.suite.run import checked_out, plain_spec

WARMING = 1.0
"""Seconds of tests of the same class that may run before a suspect: what they load and fill it finds loaded and full,
as in the whole suite. By itself it would pay for that each time, in every state, and the difference drowns."""
COURTESY = 5.0
"""Seconds after the budget's end at which even a run that is under way is ended."""


@dataclass(frozen=True, slots=True)
class Timed:
    """What one run of some tests showed.

    Attributes:
        seconds: how long each took that passed, by id.
        untestable: ids of those that cannot be run in that state: their module cannot be imported.
    """

    seconds: Mapping[str, float]
    untestable: frozenset[str]


class _Quiet(Silent):
    """Says nothing about checking out and setting up."""

    def stage(self, _name: str) -> None:
        """Say nothing."""


class Bench:
    """Where tests are timed. Made by ``bench``.

    Args:
        project: the repository.
        suite: of the project.
        scratch: a folder for its files.
        end: when the budget is used up, by ``time.monotonic()``.
        halt: ends what is under way.

    Attributes:
        runs: how many were made.
    """

    def __init__(self, project: Project, suite: Suite, scratch: Path, end: float, halt: Halt) -> None:
        self.runs = 0
        self._project = project
        self._suite = suite
        self._scratch = scratch
        self._end = end
        self._halt = halt
        self._known = test_stats.load(project.database)
        self._numbers = itertools.count(1)

    @property
    def left(self) -> float:
        """Seconds that are left of the budget."""
        return max(0.0, self._end - time.monotonic())

    @contextmanager
    def at(self, commit: str) -> Iterator[Place]:
        """A work tree that holds a commit, for the length of a block.

        Raises:
            GitError: the commit cannot be checked out.
            SuiteError: it cannot be set up, or all private work trees are in use.
        """
        folder = self._folder()
        set_up = SetUp(self._suite.environment, folder / "setup.log", self._halt)
        with checked_out(self._project, commit, set_up, _Quiet()) as top:
            yield Place(self, top)

    def time(self, top: Path, tests: Mapping[str, str]) -> Timed:
        """Run some tests once in a work tree, in a fresh process.

        Args:
            top: the work tree.
            tests: names of modules, by the ids of the tests in them.

        Raises:
            SuiteError: the suite cannot be run there, or the budget has long been used up.
        """
        self.runs += 1
        scratch = self._folder()
        spec = replace(
            plain_spec(self._project.settings, self._suite, top, scratch),
            only=tuple(tests),
            elsewhere=True,
            jobs=1,
            history=self._history(tests),
            halt=self._halt,
        )
        try:
            return _timed(self._narrowly(spec, frozenset(tests.values())), frozenset(tests))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _folder(self) -> Path:
        folder = self._scratch / f"bench-{next(self._numbers)}"
        folder.mkdir(parents=True)
        return folder

    def _history(self, tests: Mapping[str, str]) -> History:
        """What is known of the suite; with it, tests come with the company that they need, or are warmed up by."""
        known = self._known
        classes: defaultdict[str, float] = defaultdict(float)
        for name, seconds in known.durations.items():
            classes[name.rpartition(".")[0]] += seconds
        warmed = {name for name in tests if classes[name.rpartition(".")[0]] <= WARMING}
        return replace(known, unsteady=known.unsteady | warmed, ordered=known.ordered & tests.keys())

    def _narrowly(self, spec: SuiteSpec, modules: frozenset[str]) -> SuiteOutcome:
        """Run tests having imported their modules alone, unless they need others, or are not found so."""
        if spec.history.is_ordered:
            return _whole(run_suite(spec))
        outcome = _whole(run_suite(replace(spec, modules=modules)))
        if not outcome.absent:
            return outcome
        rest = _whole(run_suite(replace(spec, only=tuple(outcome.absent))))
        return replace(rest, results=outcome.results + rest.results, untestable=outcome.untestable + rest.untestable)


@dataclass(frozen=True, slots=True)
class Place:
    """A state in which tests can be timed."""

    bench: Bench
    top: Path

    def time(self, tests: Mapping[str, str]) -> Timed:
        """Run some tests once, as ``Bench.time``."""
        return self.bench.time(self.top, tests)


@contextmanager
def bench(project: Project, suite: Suite, scratch: Path, end: float) -> Iterator[Bench]:
    """Where tests can be timed, for the length of a block.

    Args:
        project: the repository.
        suite: of the project.
        scratch: a folder for its files; it is gone at the end.
        end: when the budget is used up, by ``time.monotonic()``; what is under way then has a little longer.
    """
    shutil.rmtree(scratch, ignore_errors=True)
    halt = Halt()
    alarm = threading.Timer(max(0.0, end - time.monotonic()) + COURTESY, halt.call)
    alarm.daemon = True
    alarm.start()
    try:
        yield Bench(project, suite, scratch, end, halt)
    finally:
        alarm.cancel()
        alarm.join()
        halt.close()
        shutil.rmtree(scratch, ignore_errors=True)


def _whole(outcome: SuiteOutcome) -> SuiteOutcome:
    if outcome.broken:
        raise SuiteError(outcome.broken, outcome.hint)
    return outcome


def _timed(outcome: SuiteOutcome, tests: frozenset[str]) -> Timed:
    mine = [result for result in outcome.results if result.test_id in tests]
    others = {result.test_id for result in mine if result.outcome is not Outcome.PASSED}
    seconds = {result.test_id: result.duration for result in mine if result.test_id not in others}
    return Timed(seconds, frozenset(outcome.untestable))
