"""The tests that batchhook names for an edit, beside those that it really breaks, and those that testmon selects."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from batchhook.report.json_models import AffectedDocument
from batchhook.store import test_stats
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir
from benchmarks.culprits.clone import Clone
from benchmarks.engine.cache import Cache
from benchmarks.engine.oracle import run_framework
from benchmarks.engine.suites import Suite
from benchmarks.impact.edits import Edit
from benchmarks.impact.testmon import Testmon, dotted

BATCHHOOK = (sys.executable, "-m", "batchhook")
SETTINGS = 'code_map = "always"\nbatch_size = 1000\neach_commit_budget = 600\n'
LIMIT = 600.0
GRACE, SLOWDOWN = 20.0, 4.0
"""Time limit of a suite with an edit, in seconds: so many, and so many times its usual duration."""
MOST_BROKEN = 1 / 3
"""Of a suite's tests; an edit that breaks more says nothing about a selection."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What one tool selects for one edit.

    Attributes:
        tests: number of selected tests.
        seconds: sum of their durations.
        missed: ids of tests that the edit breaks, and that are not selected.
        first: seconds until the end of the first broken test, in the tool's order; None if it selects none.
    """

    tests: int
    seconds: float
    missed: tuple[str, ...]
    first: float | None


@dataclass(frozen=True, slots=True)
class Judged:
    """One edit, the tests that it breaks, and what is selected for it; ``theirs`` is None without testmon."""

    edit: Edit
    broken: frozenset[str]
    ours: Selection
    theirs: Selection | None


def commit(clone: Clone, edit: Edit) -> str:
    """Make an edit in the work tree, and commit it without hooks and without moving the branch; return the oid."""
    file = clone.folder / edit.path
    clone.write({edit.path: edit.apply(file.read_bytes())})
    return clone.git("commit-tree", clone.git("write-tree"), "-p", "HEAD", "-m", edit.subject)


class RecordedSuite:
    """A suite that batchhook and testmon have recorded, in clones of their own.

    Args:
        suite: whose tests are run.
        cache: has its repository.

    Attributes:
        clone: batchhook's.
        durations: seconds of each test, as batchhook has measured them.
        testmon: the rival.

    Raises:
        RuntimeError: batchhook or the suite's framework cannot run it.
    """

    def __init__(self, suite: Suite, cache: Cache) -> None:
        self._suite, self._cache = suite, cache
        folder = cache.folder / "impact" / suite.name
        self.clone, theirs = (
            Clone.create(cache.repository(suite), folder / name, cache) for name in ("ours", "theirs")
        )
        settings = (self.clone.folder / ".batchhook.toml").read_bytes() + SETTINGS.encode()
        self.clone.write({".batchhook.toml": settings})
        self.clone.commit("Record all code")
        self.clone.run(*BATCHHOOK, "install")
        self.clone.time(*BATCHHOOK, "test", "--fresh", "--jobs", "1")
        with closing(Database(StateDir(self.clone.folder / ".git" / "batchhook").database)) as database:
            self.durations: Mapping[str, float] = test_stats.load(database).durations
        self.testmon = Testmon(suite, theirs, cache)
        self.testmon.record()
        self._limit = LIMIT
        first, second = self._run(), self._run()
        self._limit = GRACE + SLOWDOWN * max(first.seconds, second.seconds)
        self._passing = first.passing & second.passing
        self._ids = first.passing | first.failing

    @property
    def tests(self) -> int:
        """Number of tests."""
        return len(self._ids)

    def judge(self, edit: Edit) -> Judged | None:
        """Make an edit, and judge what is selected for it; return None if it ends or breaks the suite as a whole."""
        try:
            oid = commit(self.clone, edit)
            shown = AffectedDocument.model_validate_json(self.clone.run(*BATCHHOOK, "affected", oid, "--json"))
            broken = self._passing - self._run().passing
            if len(broken) > MOST_BROKEN * len(self._passing):
                return None
            ours = self._select([test.test_id for test in shown.tests], broken)
            if ours.missed:  # a test may be flaky
                broken = broken - self._run().passing
                ours = self._select([test.test_id for test in shown.tests], broken)
            return Judged(edit, broken, ours, self._judge_testmon(edit, broken))
        finally:
            self.clone.checkout("main")

    def _judge_testmon(self, edit: Edit, broken: frozenset[str]) -> Selection | None:
        names = self.testmon.select_for(edit)
        if names is None:
            return None
        tests = [test for test in self._ids if dotted(test) in names]
        return self._select(tests, broken)

    def _select(self, selected: Sequence[str], broken: frozenset[str]) -> Selection:
        """Return what a tool has selected; tests that were always skipped have no duration."""
        missed = broken.difference(selected)
        seconds, first = 0.0, None
        for test in selected:
            seconds += self.durations.get(test, 0.0)
            if first is None and test in broken:
                first = seconds
        return Selection(len(selected), seconds, tuple(sorted(missed)), first)

    def _run(self) -> _Outcome:
        environment = {**self.clone.environment, "PYTHONDONTWRITEBYTECODE": "1"}
        rows, done = run_framework(self._suite, self._cache.python, self.clone.folder, environment, self._limit)
        failing = frozenset(row.test_id for row in rows if row.outcome.is_failure)
        return _Outcome(frozenset(row.test_id for row in rows) - failing, failing, done.seconds)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The tests that passed, or were skipped, in a run of the whole suite; those that failed; and its seconds."""

    passing: frozenset[str]
    failing: frozenset[str]
    seconds: float
