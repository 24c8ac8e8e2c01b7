"""One suite's repository, in which slowdowns are planted and looked for."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from batchhook.core.batch import Batch, BatchQuota, BatchStatus
from batchhook.core.perf.slowdown import Slowdown
from batchhook.core.results import Outcome, Run
from batchhook.git import history
from batchhook.store import runs
from batchhook.store.progress import ProgressWriter
from batchhook.workflow.context.job import BatchJob
from batchhook.workflow.context.project import Project, open_project
from batchhook.workflow.perf.batch import find_slowdowns, screen_batch
from batchhook.workflow.suite.run import NullRunListener, RunRequest, run_suite_on_commit
from benchmarks.culprits.clone import Clone
from benchmarks.engine.suites import Cache, Suite
from benchmarks.slowdowns.planting import WANTED, Planted, candidates, written

TOO_LONG = 20 * WANTED
"""Seconds: a test that takes longer, when nothing is planted, costs too much of the benchmark's time."""
_LATER = 1 << 40
"""The number of a run that comes after all others."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What was planted, and what was said of it.

    Attributes:
        slower: how many times as long tests take in truth, by id; those that take part and are left out take as long.
        tests: ids of all that take part and passed.
        timed: seconds in this run.
        found: what batchhook found out.
        suspects: how many it measured.
        seconds: that measuring took.
    """

    slower: Mapping[str, float]
    tests: tuple[str, ...]
    timed: Mapping[str, float]
    found: Sequence[Slowdown]
    suspects: int
    seconds: float


class Field:
    """One suite's repository. Made by ``prepared``.

    Attributes:
        tests: those that take part.
        baseline: how long each took in a single run when nothing was planted.
    """

    def __init__(self, suite: Suite, cache: Cache, project: Project, clone: Clone) -> None:
        self.suite = suite
        self.tests: list[Planted] = []
        self.baseline: dict[str, float] = {}
        self._cache = cache
        self._project = project
        self._clone = clone
        self._originals: dict[str, bytes] = {}
        self._base = clone.git("rev-parse", "HEAD")

    def choose(self, most: int, seed: int) -> None:
        """Choose tests at random that can be lengthened: they pass so, and take as long as is wanted."""
        able = candidates(self.suite, self._clone.folder, self._run(self._base).result.results)
        tried = random.Random(seed).sample(able, min(len(able), 2 * most))
        self._originals = {test.path: (self._clone.folder / test.path).read_bytes() for test in tried}
        for _ in range(2):  # the second time without those that fail so, and fail others
            commit = self._commit(tried, {})
            seconds = _passed(self._run(commit))
            tried = [test for test in tried if WANTED * 0.8 <= seconds.get(test.test_id, 0.0) <= TOO_LONG]
        self.tests = sorted(tried[:most], key=lambda test: test.test_id)
        self._base = self._commit(self.tests, {})

    def look_back(self, times: int) -> None:
        """Let batchhook see the suite some times when nothing is planted; the last time is the baseline."""
        with self._project.database.transaction() as connection:
            for table in ("outcome_details", "outcomes", "missing_tests", "runs"):
                connection.execute(f"DELETE FROM {table}")
        for _ in range(times):
            run = self._run(self._base)
            runs.add(self._project.database, run)
            self.baseline = _passed(run)

    def trial(self, shares: Mapping[float, float], seed: int) -> Trial:
        """Plant slowdowns, run the suite, and have batchhook look for them.

        Args:
            shares: how many of the tests are to take so many times as long, 0 to 1.
            seed: decides which.
        """
        slower = self._chosen(shares, seed)
        commit = self._commit(self.tests, slower)
        run = replace(self._run(commit), id=_LATER)
        (change,) = history.read_commits(self._project.git, [commit])
        batch = Batch(1, "refs/heads/main", BatchQuota(1), BatchStatus.MEASURING, self._base, commit, (change,))
        folder = self._project.state.run("benchmark")
        progress = ProgressWriter(folder / "progress.ndjson")
        begun = time.perf_counter()
        found = find_slowdowns(self._project, BatchJob(batch, self._clone.plain, progress, folder / "scratch"), run)
        seconds = time.perf_counter() - begun
        progress.close()
        timed = _passed(run)
        tests = tuple(test.test_id for test in self.tests if test.test_id in timed and test.test_id in self.baseline)
        return Trial(slower, tests, timed, found, len(screen_batch(self._project, batch, run)), seconds)

    def _chosen(self, shares: Mapping[float, float], seed: int) -> dict[str, float]:
        names = [test.test_id for test in self.tests]
        random.Random(f"{self.suite.name} {seed}").shuffle(names)
        slower: dict[str, float] = {}
        for times, share in shares.items():
            for name in [names.pop() for _ in range(min(len(names), round(share * len(self.tests))))]:
                slower[name] = times
        return slower

    def _commit(self, tests: Sequence[Planted], slower: Mapping[str, float]) -> str:
        """A commit on the base in which tests take longer."""
        self._clone.checkout(self._base)
        self._clone.write({**self._originals, **written(self._originals, tests, slower)})
        self._clone.git("commit", "--quiet", "--allow-empty", "--message", "planted")
        return self._clone.git("rev-parse", "HEAD")

    def _run(self, commit: str) -> Run:
        wanted, scratch = RunRequest(commit, fresh=True), self._project.state.run("benchmark") / "scratch"
        run = run_suite_on_commit(self._project, wanted, self._clone.plain, NullRunListener(), scratch)
        if run.result.broken_reason:
            raise RuntimeError(f"{self.suite.name}: {run.result.broken_reason}")
        return run


@contextmanager
def prepared(suite: Suite, cache: Cache, most: int, seed: int) -> Iterator[Field]:
    """A suite's repository with tests that were chosen and lengthened, for the length of a block."""
    clone = Clone.of(cache.repository(suite), cache.folder / "slowdowns" / suite.name, cache)
    clone.run(sys.executable, "-m", "batchhook", "install")
    clone.git("config", "core.hooksPath", "/dev/null")  # commits are not counted here
    with open_project(clone.folder, environment=clone.plain) as project:
        field = Field(suite, cache, project, clone)
        field.choose(most, seed)
        yield field
    clone.remove()


def _passed(run: Run) -> dict[str, float]:
    return {result.test_id: result.duration for result in run.result.results if result.outcome is Outcome.PASSED}
