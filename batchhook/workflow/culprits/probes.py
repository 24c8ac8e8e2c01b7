"""Probes of revisions: each checks a commit out and runs some tests there in fresh processes, several in parallel."""

from __future__ import annotations

import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

from batchhook.core.culprits.attribution import ProbeOutcome
from batchhook.core.results import Outcome, Run, SuiteResult, broken_result
from batchhook.core.suite_setup import Setup
from batchhook.core.test_ids import split_suite
from batchhook.errors import BusyError, GitError, SuiteError
from batchhook.execution.cancel import CancelToken
from batchhook.execution.runner import run_suite
from batchhook.execution.spec import SuiteSpec
from batchhook.store import runs, test_stats
from batchhook.store.observations import classify_outcome
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import Revision
from batchhook.workflow.suite.fingerprint import Suite
from batchhook.workflow.suite.prepare import SetupContext
from batchhook.workflow.suite.run import checkout_spec, job_count, prepared_worktree, run_located

MAX_WORKERS = 4
"""Probes that run in parallel; each needs a private worktree."""
MAX_MODULES = 200
"""With more modules than this, the whole suite is discovered instead of importing them by name."""
MIN_SECONDS_TO_SHARE = 2.0
"""Seconds of tests in one probe from which on it pays to share them among processes."""


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """A request to run some tests on a revision.

    Attributes:
        revision: to check out.
        tests: ids, as the tests are named there; empty to only discover the suite.
        seconds: expected duration of the tests.
        in_order: whether to run everything that unittest runs before them.
        limit: seconds that each test may take, if the setting ``test_timeout`` allows more.
        is_decisive: whether a test that exceeds the limit fails; otherwise its outcome is unknown.
        import_limit: seconds that the import of each module, and each fixture, may take, if ``test_timeout`` allows
            more.
    """

    revision: Revision
    tests: tuple[str, ...]
    seconds: float = 0.0
    in_order: bool = False
    limit: float = inf
    is_decisive: bool = False
    import_limit: float = inf


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """A completed probe.

    Attributes:
        request: as it was made.
        result: of the requested tests only; those without any result are among the untestable ones.
        seconds: wall-clock time, checkout included.
        overruns: ids of the tests that exceeded a limit that is not decisive; they are in no result.
        is_cut: whether an import or a fixture exceeded its limit: this says nothing about the tests without a result.
    """

    request: ProbeRequest
    result: SuiteResult
    seconds: float
    overruns: frozenset[str] = frozenset()
    is_cut: bool = False

    @property
    def outcomes(self) -> Mapping[str, ProbeOutcome]:
        """The outcome of each requested test, by id; a failure wins over other results of the same test."""
        tests = (name for name in self.request.tests if name not in self.overruns)
        outcomes: dict[str, ProbeOutcome] = dict.fromkeys(tests, ProbeOutcome.UNTESTABLE)
        outcomes |= dict.fromkeys(self.result.absent, ProbeOutcome.ABSENT)
        for result in self.result.results:
            if result.outcome.is_failure or outcomes.get(result.test_id) is not ProbeOutcome.FAILED:
                outcomes[result.test_id] = classify_outcome(result.outcome)
        return outcomes


@dataclass(frozen=True, slots=True)
class ProbePool:
    """Threads for parallel probes.

    Attributes:
        threads: one per worker.
        workers: how many probes run in parallel.
        scratch: a folder for the files of probes.
        cancel: ends all probes.
    """

    threads: ThreadPoolExecutor
    workers: int
    scratch: Path
    cancel: CancelToken


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Surroundings of the processes of a probe, besides the tree.

    Attributes:
        environment: their variables.
        setups: the commands that prepare a checkout.
        fingerprint: everything that decides outcomes besides the tree.
    """

    environment: Mapping[str, str]
    setups: Sequence[Setup]
    fingerprint: Mapping[str, object]


@contextmanager
def open_probe_pool(project: Project, scratch: Path) -> Iterator[ProbePool]:
    """Provide a pool for the length of a block; leaving the block cancels running probes.

    Args:
        project: the repository.
        scratch: a folder for the files of probes, removed at the end.
    """
    workers = min(job_count(project.settings), MAX_WORKERS)
    shutil.rmtree(scratch, ignore_errors=True)
    cancel, threads = CancelToken(), ThreadPoolExecutor(workers, "probe")
    try:
        yield ProbePool(threads, workers, scratch, cancel)
    finally:
        cancel.cancel()
        threads.shutdown(cancel_futures=True)
        cancel.close()
        shutil.rmtree(scratch, ignore_errors=True)


class Prober(ABC):
    """Runs probes in parallel, each in a private worktree.

    Args:
        project: the repository.
        pool: for the probes.
        surroundings: of the processes that run in a probe.

    Attributes:
        workers: probes that run in parallel.
        fingerprint: everything that decides outcomes besides the tree.
        is_selective: whether a probe can run some tests in less time than all.
    """

    is_selective = True

    def __init__(self, project: Project, pool: ProbePool, surroundings: Surroundings) -> None:
        self.workers = pool.workers
        self.fingerprint = surroundings.fingerprint
        self._project = project
        self._pool = pool
        self._surroundings = surroundings
        self._count = 0

    def probe(self, requests: Sequence[ProbeRequest]) -> Iterator[ProbeResult]:
        """Run probes in parallel and yield their results in order.

        Each is stored before it is yielded: a kill loses no more than the probes that are running.

        Raises:
            BusyError: all private worktrees are in use.
        """
        scratches = []
        for _ in requests:
            self._count += 1
            scratches.append(self._pool.scratch / f"probe-{self._count}")
        for result in self._pool.threads.map(self._probe, requests, scratches, [len(requests)] * len(requests)):
            self._store(result)
            yield result

    def _probe(self, request: ProbeRequest, scratch: Path, parallel: int) -> ProbeResult:
        """Run one probe; runs in a thread of its own, so it must not use the database."""
        started = time.perf_counter()
        scratch.mkdir(parents=True)
        try:
            result = self._probe_worktree(request, scratch, parallel)
        except BusyError:  # this says nothing about the revision
            raise
        except (SuiteError, GitError) as error:
            result = broken_result(error)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        overruns, is_cut = self._overruns(result, request), self._is_cut(result, request)
        result = _select_requested(result, request, overruns)
        return ProbeResult(request, result, time.perf_counter() - started, overruns, is_cut)

    def _overruns(self, result: SuiteResult, request: ProbeRequest) -> frozenset[str]:
        """Return the ids of the tests that were ended before ``test_timeout``, if that does not show that they fail."""
        if request.is_decisive:
            return frozenset()
        ended = {test.test_id for test in result.results if test.outcome is Outcome.TIMED_OUT}
        return frozenset(name for name in ended.intersection(request.tests) if request.limit < self._timeout(name))

    def _is_cut(self, result: SuiteResult, request: ProbeRequest) -> bool:
        """Return whether an import or a fixture was ended before ``test_timeout``."""
        if result.broken_reason:
            is_limited = any(request.import_limit < self._timeout(name) for name in request.tests)
            return is_limited and result.duration >= request.import_limit
        ended = {test.test_id for test in result.results if test.outcome is Outcome.TIMED_OUT}
        return any(request.import_limit < self._timeout(name) for name in ended.difference(request.tests))

    def _timeout(self, test_id: str) -> float:
        """Return the seconds that the settings allow for a test; infinite for no limit."""
        settings, (suite, _) = self._project.settings, split_suite(test_id)
        own = [each.test_timeout for each in settings.suites if each.name == suite and each.test_timeout is not None]
        return (own[0] if own else settings.test_timeout) or inf

    def _probe_worktree(self, request: ProbeRequest, scratch: Path, parallel: int) -> SuiteResult:
        if not request.revision.oid:  # nothing existed before the first commit
            return SuiteResult(absent=dict.fromkeys(request.tests, ()), is_complete=False)
        context = SetupContext(
            self._surroundings.environment, self._surroundings.setups, scratch / "setup.log", self._pool.cancel
        )
        with prepared_worktree(self._project, request.revision.oid, context) as checkout:
            return self._run(request, checkout, scratch, parallel)

    @abstractmethod
    def _run(self, request: ProbeRequest, checkout: Path, scratch: Path, parallel: int) -> SuiteResult:
        """Run what a probe is for.

        Args:
            request: of the probe.
            checkout: of its revision.
            scratch: a folder of this probe's own.
            parallel: how many probes run in parallel, this one included.
        """

    def _store(self, probe: ProbeResult) -> None:
        revision = probe.request.revision
        if probe.request.tests and revision.tree and not probe.result.broken_reason and not probe.is_cut:
            started_at = time.time() - probe.seconds
            runs.add(
                self._project.database, Run(revision.tree, self.fingerprint, started_at, probe.result, is_probe=True)
            )


class TestProber(Prober):
    """A prober that runs tests of the project's suite; see ``open_test_prober``."""

    __test__ = False  # not one of pytest's own

    def __init__(self, project: Project, pool: ProbePool, suite: Suite, modules: Mapping[str, str]) -> None:
        super().__init__(project, pool, Surroundings(suite.environment, suite.setups, suite.fingerprint))
        self.is_selective = not suite.unselective
        self._suite = suite
        self._stats = test_stats.load(project.database)
        self._modules = dict(modules)

    def _run(self, request: ProbeRequest, checkout: Path, scratch: Path, parallel: int) -> SuiteResult:
        settings = self._project.settings
        tests = frozenset(request.tests)
        stats = replace(
            self._stats,
            order_dependent=tests if request.in_order else self._stats.order_dependent & tests,
            # A probe needs no rerun in unittest's order: the search itself repeats what is in doubt.
            isolation_verified=self._stats.isolation_verified | tests,
        )
        is_shared = request.seconds >= MIN_SECONDS_TO_SHARE and len(request.tests) > 1
        limits = {name: min(request.limit, self._timeout(name)) for name in request.tests}
        # Tests that the requested ones depend on must have run to their ends.
        import_limit = inf if stats.needs_suite_order else request.import_limit
        spec = replace(
            _limit_imports(checkout_spec(settings, self._suite, checkout, scratch), import_limit),
            limits={name: 0.0 if limit == inf else limit for name, limit in limits.items()},
            only=request.tests,
            from_other_tree=True,
            jobs=max(1, job_count(settings) // parallel) if is_shared else 1,
            stats=stats,
            cancel=self._pool.cancel,
            run_limit=0.0 if import_limit == inf else import_limit + request.seconds,
        )
        modules = {self._modules.get(name, "") for name in request.tests}
        if not modules or "" in modules or len(modules) > MAX_MODULES:
            return run_suite(spec)
        return run_located(spec, frozenset(modules))

    def _store(self, probe: ProbeResult) -> None:
        super()._store(probe)
        self._modules.update((result.test_id, result.module) for result in probe.result.results)


@contextmanager
def open_test_prober(
    project: Project, suite: Suite, scratch: Path, modules: Mapping[str, str] | None = None
) -> Iterator[TestProber]:
    """Provide a prober that runs tests of the project's suite.

    Args:
        project: the repository.
        suite: of the project.
        scratch: a folder for the files of probes, removed at the end.
        modules: the modules of tests, by test id, where they are known.
    """
    with open_probe_pool(project, scratch) as pool:
        yield TestProber(project, pool, suite, modules or {})


def _limit_imports(spec: SuiteSpec, limit: float) -> SuiteSpec:
    """Limit the time of each import and fixture; that of single tests is limited by their ids."""
    if limit == inf:
        return spec
    parts = tuple(replace(part, test_timeout=min(part.test_timeout or inf, limit)) for part in spec.parts)
    return replace(spec, parts=parts, test_timeout=min(spec.test_timeout or inf, limit))


def _select_requested(result: SuiteResult, request: ProbeRequest, overruns: frozenset[str]) -> SuiteResult:
    """Drop overruns, and the results of tests that ran only because the requested ones depend on them."""
    requested = frozenset(request.tests) - overruns
    results = tuple(test for test in result.results if test.test_id in requested)
    reported = {test.test_id for test in results} | result.absent.keys()
    return replace(result, results=results, untestable=tuple(sorted(requested - reported)))
