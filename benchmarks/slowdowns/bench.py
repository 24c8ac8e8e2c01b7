"""One suite's repository, to plant and detect slowdowns in."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from batchhook.core.batch import Batch, BatchQuota, BatchStatus
from batchhook.core.events import ignore_event
from batchhook.core.perf.slowdown import Slowdown
from batchhook.core.results import Outcome, Run
from batchhook.git import history
from batchhook.store import runs
from batchhook.store.run_events import RunEventWriter
from batchhook.workflow.context.job import BatchJob
from batchhook.workflow.context.project import Project, open_project
from batchhook.workflow.perf.batch import find_slowdowns, screen_batch
from batchhook.workflow.suite.run import RunRequest, run_suite_on_commit
from benchmarks.culprits.clone import Clone
from benchmarks.engine.cache import Cache
from benchmarks.engine.suites import Suite
from benchmarks.slowdowns.planting import MIN_SECONDS, Planted, find_candidates, plant_slowdowns

MAX_SECONDS = 20 * MIN_SECONDS
"""Longest duration of a test without a planted slowdown; longer ones would make the benchmark too slow."""
_LATER = 1 << 40
"""Id of a run after all others."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Planted slowdowns, and the detected ones.

    Attributes:
        slower: true ratios, by test id; tests that are left out are unchanged.
        tests: ids of the tests that take part and passed.
        timed: seconds of each test in this run.
        slowdowns: batchhook's results.
        suspects: number of measured tests and modules.
        seconds: duration of the measurements.
    """

    slower: Mapping[str, float]
    tests: tuple[str, ...]
    timed: Mapping[str, float]
    slowdowns: Sequence[Slowdown]
    suspects: int
    seconds: float


class Bench:
    """One suite's repository, created by ``prepare``.

    Attributes:
        tests: tests that take part.
        baseline: seconds of each test in a single run without planted slowdowns.
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
        """Choose random tests that pass when lengthened, and take neither too short nor too long."""
        able = find_candidates(self.suite, self._clone.folder, self._run(self._base).result.results)
        sample = random.Random(seed).sample(able, min(len(able), 2 * most))
        self._originals = {test.path: (self._clone.folder / test.path).read_bytes() for test in sample}
        for _ in range(2):  # the second time without those that failed, and may have broken others
            commit = self._commit(sample, {})
            seconds = _passed(self._run(commit))
            sample = [test for test in sample if MIN_SECONDS * 0.8 <= seconds.get(test.test_id, 0.0) <= MAX_SECONDS]
        self.tests = sorted(sample[:most], key=lambda test: test.test_id)
        self._base = self._commit(self.tests, {})

    def run_baseline(self, times: int) -> None:
        """Let batchhook run the suite a few times without planted slowdowns; the last run is the baseline."""
        with self._project.database.transaction() as connection:
            for table in ("outcome_details", "outcomes", "missing_tests", "runs"):
                connection.execute(f"DELETE FROM {table}")
        for _ in range(times):
            run = self._run(self._base)
            runs.add(self._project.database, run)
            self.baseline = _passed(run)

    def run_trial(self, shares: Mapping[float, float], seed: int) -> Trial:
        """Plant slowdowns, run the suite, and let batchhook detect them.

        Args:
            shares: share of the tests to slow down (0 to 1), by ratio.
            seed: seed for the choice of tests.
        """
        slower = self._choose_slower(shares, seed)
        commit = self._commit(self.tests, slower)
        run = replace(self._run(commit), id=_LATER)
        (change,) = history.read_commits(self._project.git, [commit])
        batch = Batch(1, "refs/heads/main", BatchQuota(1), BatchStatus.MEASURING, self._base, commit, (change,))
        folder = self._project.state.run("benchmark")
        progress = RunEventWriter(folder / "progress.ndjson")
        begun = time.perf_counter()
        detected = find_slowdowns(self._project, BatchJob(batch, self._clone.plain, progress, folder / "scratch"), run)
        seconds = time.perf_counter() - begun
        progress.close()
        timed = _passed(run)
        tests = tuple(test.test_id for test in self.tests if test.test_id in timed and test.test_id in self.baseline)
        return Trial(slower, tests, timed, detected, len(screen_batch(self._project, batch, run)), seconds)

    def _choose_slower(self, shares: Mapping[float, float], seed: int) -> dict[str, float]:
        names = [test.test_id for test in self.tests]
        random.Random(f"{self.suite.name} {seed}").shuffle(names)
        slower: dict[str, float] = {}
        for times, share in shares.items():
            for name in [names.pop() for _ in range(min(len(names), round(share * len(self.tests))))]:
                slower[name] = times
        return slower

    def _commit(self, tests: Sequence[Planted], slower: Mapping[str, float]) -> str:
        """Commit, on the base, tests of which some take longer; return the oid."""
        self._clone.checkout(self._base)
        self._clone.write({**self._originals, **plant_slowdowns(self._originals, tests, slower)})
        self._clone.git("commit", "--quiet", "--allow-empty", "--message", "planted")
        return self._clone.git("rev-parse", "HEAD")

    def _run(self, commit: str) -> Run:
        request, scratch = RunRequest(commit, fresh=True), self._project.state.run("benchmark") / "scratch"
        run = run_suite_on_commit(self._project, request, self._clone.plain, ignore_event, scratch)
        if run.result.broken_reason:
            raise RuntimeError(f"{self.suite.name}: {run.result.broken_reason}")
        return run


@contextmanager
def prepare(suite: Suite, cache: Cache, most: int, seed: int) -> Iterator[Bench]:
    """Yield a suite's repository with lengthened tests, and delete it afterwards."""
    clone = Clone.create(cache.repository(suite), cache.folder / "slowdowns" / suite.name, cache)
    clone.run(sys.executable, "-m", "batchhook", "install")
    clone.git("config", "core.hooksPath", "/dev/null")  # do not count commits
    with open_project(clone.folder, environment=clone.plain) as project:
        bench = Bench(suite, cache, project, clone)
        bench.choose(most, seed)
        yield bench
    clone.remove()


def _passed(run: Run) -> dict[str, float]:
    return {result.test_id: result.duration for result in run.result.results if result.outcome is Outcome.PASSED}
