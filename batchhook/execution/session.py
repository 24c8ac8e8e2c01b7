"""One pass over a suite: hand chunks to workers until none is left, and blame each crash on the test that ran."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING

from batchhook.core.events import RunListener, TestBegan, TestEnded, TestsCounted, TimeEstimated
from batchhook.core.results import IsolationLevel, Outcome, TestResult
from batchhook.engines.worker_group import WorkerGroup
from batchhook.errors import SuiteError
from batchhook.execution.crashes import crash_result, discovery_error, missing_result
from batchhook.execution.import_check import check_origins
from batchhook.execution.interpreter import check_version
from batchhook.execution.launch import Template
from batchhook.execution.pool import WorkerPool, WorkerState
from batchhook.execution.scheduling import UNKNOWN_DURATION, Chunk, ItemResult, TestItem, setup_ids
from batchhook.execution.spec import SuiteSpec
from batchhook.lazy import LazyModule

if TYPE_CHECKING:
    from batchhook.execution import protocol
else:
    protocol = LazyModule("batchhook.execution.protocol")  # as in protocol_reader.py

ESTIMATE_INTERVAL = 0.2
"""Seconds between two estimates of the time left."""
TEXT_BUDGET = 32 * 1024 * 1024
"""Characters of tracebacks kept of one session; later ones are truncated."""
TRUNCATED_LENGTH = 1000


@dataclass(slots=True)
class Discovery:
    """Facts that all sessions of a run share.

    Attributes:
        group: the workers of the run.
        first_party: names of the modules in the source roots.
        items: the suite, as the first worker of the first session discovered it.
        modules: names of the modules that discovery imported, or tried to.
        worker_numbers: name the files of the processes.
        deselected: number of tests that the project's own options leave out.
        template: the process that has discovered the suite, if workers can be copies of it.
    """

    group: WorkerGroup
    first_party: Sequence[str] = ()
    items: list[TestItem] = field(default_factory=list)
    modules: set[str] = field(default_factory=set)
    worker_numbers: Iterator[int] = field(default_factory=itertools.count)
    deselected: int = 0
    template: Template | None = None

    def close(self) -> None:
        """End the template, and remove the temporary files of tests."""
        if self.template is not None:
            self.template.close()
            self.template = None
        self.group.remove_folder()


class Session:
    """One pass over a suite, or a part of it.

    Args:
        spec: the suite.
        listener: follows the progress.
        discovery: shared by the sessions of the run.
        plan: given the suite's items, returns the chunks to run, in order.
        isolation: in which the tests run.

    Attributes:
        results: in the order in which they arrived.
    """

    def __init__(
        self,
        spec: SuiteSpec,
        listener: RunListener,
        discovery: Discovery,
        plan: Callable[[list[TestItem]], list[Chunk]],
        *,
        isolation: IsolationLevel,
    ) -> None:
        self.results: list[ItemResult] = []
        self._spec = spec
        self._listener = listener
        self._discovery = discovery
        # What runs after everything before it decides in the end, so it does not even share a process's past.
        template = None if isolation is IsolationLevel.SUITE else discovery.template
        is_parallel = isolation is IsolationLevel.PARALLEL
        self._pool = WorkerPool(
            spec, discovery.first_party, discovery.group, is_parallel=is_parallel, template=template
        )
        self._jobs = 1
        self._plan = plan
        self._isolation = isolation
        self._is_planned = False
        self._is_stopped = False
        self._queue: deque[list[int]] = deque()
        self._planned: set[int] = set()
        self._settled: set[int] = set()
        self._suspects: set[int] = set()
        self._seconds_left = 0.0
        self._text_length = 0
        self._next_estimate = 0.0

    def run(self, jobs: int) -> None:
        """Run everything in ``jobs`` parallel processes.

        Raises:
            SuiteError: the suite cannot be run, or a report is invalid.
        """
        try:
            self._start(jobs)
            for worker, message in self._pool.events():
                if message is None:
                    self._handle_end(worker)
                else:
                    self._handle_message(worker, message)
        finally:
            self._pool.close()

    def _start(self, jobs: int) -> None:
        """Start all workers; or first the one of which the others can be copies."""
        self._discovery.group.size = jobs
        is_first = self._isolation is IsolationLevel.PARALLEL and self._discovery.template is None
        if is_first and self._spec.harness_engine.makes_copies:
            self._jobs = jobs
            self._pool.spawn_template(next(self._discovery.worker_numbers))
            return
        self._spawn(jobs)

    def _spawn(self, count: int) -> None:
        for _ in range(count):
            self._pool.spawn(next(self._discovery.worker_numbers))

    @property
    def not_run(self) -> list[int]:
        """Numbers of the items that did not run because the first failure ended the session."""
        return sorted(self._planned - self._settled)

    # --- messages ---------------------------------------------------------------------------------------------------

    def _handle_message(self, worker: WorkerState, message: protocol.HarnessMessage) -> None:
        match message:
            case protocol.TestStarted():
                self._handle_start(worker, message)
            case protocol.TestPassed():
                self._handle_result(worker, message.item, self._passed(worker, message))
            case protocol.TestFinished():
                self._handle_result(worker, message.item, replace(message.result, isolation=self._isolation))
            case protocol.FixtureStarted():
                worker.start_test(message.id, -1, self._spec.limit_of(message.id))
            case protocol.Aborted():
                worker.aborted = True
            case protocol.CodeRecorded():
                self._handle_code(worker, message)
            case protocol.NextItemNeeded():
                self._follow_up(worker)
            case protocol.ChunkFinished():
                self._handle_chunk_end(worker, message)
            case _:
                self._handle_discovery(worker, message)

    def _handle_start(self, worker: WorkerState, message: protocol.TestStarted) -> None:
        item = worker.run_numbers.get(message.item, -1)
        name = self._discovery.items[item].test_id if item >= 0 else message.id
        worker.start_test(name, item, self._spec.limit_of(name))
        self._listener(TestBegan(name))

    def _passed(self, worker: WorkerState, message: protocol.TestPassed) -> TestResult:
        if message.item >= len(worker.items):
            raise SuiteError(f"The harness sent an invalid report: there is no test {message.item}")
        item = worker.items[message.item]
        return TestResult(item.test_id, item.module, Outcome.PASSED, message.duration, isolation=self._isolation)

    def _handle_result(self, worker: WorkerState, own_number: int, result: TestResult) -> None:
        item = worker.run_numbers.get(own_number, -1)
        lifetime = perf_counter() - worker.spawned_at
        if result.duration > lifetime:  # the test has set the clock
            result = replace(result, duration=lifetime)
        if item >= 0 and item in self._settled:
            return
        self._settle(worker, item, result)
        if item == worker.item:
            worker.end_test(self._spec.test_timeout)

    def _settle(self, worker: WorkerState, item: int, result: TestResult) -> None:
        worker.has_progressed = True
        if item >= 0:
            self._settled.add(item)
            self._seconds_left -= self._expected_seconds(item)
        self.results.append(ItemResult(item, self._bounded(result)))
        self._listener(TestEnded(result))
        self._report_estimate()
        if self._spec.fail_fast and result.outcome.is_failure:
            self._is_stopped = True  # running workers may finish the test that runs
            self._queue.clear()

    def _bounded(self, result: TestResult) -> TestResult:
        """Truncate a traceback once they add up: ten thousand failures must fit into memory and the database."""
        self._text_length += len(result.traceback)
        if self._text_length <= TEXT_BUDGET or len(result.traceback) <= TRUNCATED_LENGTH:
            return result
        text = f"{result.traceback[:TRUNCATED_LENGTH]}\n[... truncated: too many failures ...]\n"
        return replace(result, traceback=text)

    def _handle_code(self, worker: WorkerState, message: protocol.CodeRecorded) -> None:
        recording = self._spec.recording
        if recording is None or message.item >= len(worker.items):
            raise SuiteError("The harness sent an invalid report: no code was asked for")
        worker.code = worker.code or recording.add_process()
        test_id = worker.items[message.item].test_id if message.item >= 0 else ""
        recording.add(worker.code, test_id, message)

    def _handle_chunk_end(self, worker: WorkerState, message: protocol.ChunkFinished) -> None:
        check_origins(self._spec.root, message.origins)
        if not self._is_stopped:  # an item without a result was dropped together with its fixture
            self._settled.update(worker.chunk or ())
        worker.chunk, worker.running = None, ""
        self._hand_out()

    def _handle_discovery(self, worker: WorkerState, message: protocol.HarnessMessage) -> None:
        match message:
            case protocol.Hello():
                worker.process.pid = message.pid
                check_version(message.python, self._spec.interpreter)
                worker.start_timer(self._spec.test_timeout)
            case protocol.ImportStarted():
                worker.importing = message.module
                self._discovery.modules.add(message.module)
                worker.start_timer(self._spec.test_timeout)
            case protocol.ItemsListed():
                worker.items.extend(TestItem(*row) for row in message.items)
            case protocol.DiscoveryFailed():
                error = ": ".join(filter(None, (message.error_type, message.message)))
                raise self._spec.harness_engine.explain_failed_discovery(error, worker.process.output)
            case protocol.DiscoveryFinished():
                check_origins(self._spec.root, message.origins)
                if worker.is_copy:
                    worker.items = self._discovery.items
                if not self._is_planned:  # the first worker's discovery is the run's
                    self._discovery.deselected = self._discovery.deselected or message.deselected
                    self._make_plan(worker.items)
                if worker.template is not None and message.is_forkable:
                    self._discovery.template = self._pool.use_template(worker)
                    self._spawn(self._jobs)
                    return
                if worker.template is not None:
                    self._spawn(self._jobs - 1)
                worker.finish_discovery(self._discovery.items)
                self._hand_out()

    def _make_plan(self, items: list[TestItem]) -> None:
        self._is_planned = True
        if not items and not self._spec.from_other_tree:
            raise self._spec.harness_engine.explain_empty()
        self._discovery.items = self._discovery.items or items
        self._queue.extend(list(chunk.items) for chunk in self._plan(self._discovery.items))
        self._planned = {item for chunk in self._queue for item in chunk}
        self._seconds_left = sum(self._expected_seconds(item) for chunk in self._queue for item in chunk)
        self._listener(TestsCounted(sum(len(chunk) for chunk in self._queue)))
        self._report_estimate()

    # --- time left --------------------------------------------------------------------------------------------------

    def _expected_seconds(self, item: int) -> float:
        return self._spec.stats.durations.get(self._discovery.items[item].test_id, UNKNOWN_DURATION)

    def _report_estimate(self) -> None:
        now = perf_counter()
        if self._spec.stats.durations and now >= self._next_estimate:
            self._next_estimate = now + ESTIMATE_INTERVAL
            self._listener(TimeEstimated(max(0.0, self._seconds_left) / max(1, len(self._pool.workers))))

    # --- handing out ------------------------------------------------------------------------------------------------

    def _hand_out(self) -> None:
        """Give each idle worker a chunk; shut down those for which none is left."""
        for worker in list(self._pool.workers):
            if not worker.is_ready or worker.chunk is not None or worker.is_quitting:
                continue
            chunk = self._next_chunk(worker)
            if chunk is None:
                self._pool.shutdown(worker)
            else:
                self._assign(worker, chunk)
        if not self._queue:
            for worker in [worker for worker in self._pool.workers if not worker.is_ready]:
                self._pool.terminate(worker)  # it was not needed

    def _next_chunk(self, worker: WorkerState) -> list[int] | None:
        """Return the first chunk whose tests the worker has discovered; any chunk if no other worker is left."""
        for chunk in self._queue:
            if worker.own_numbers.keys() >= set(chunk):
                self._queue.remove(chunk)
                return chunk
        is_last = not any(other is not worker and not other.is_quitting for other in self._pool.workers)
        return self._queue.popleft() if self._queue and is_last else None

    def _assign(self, worker: WorkerState, chunk: list[int]) -> None:
        worker.chunk = []
        worker.has_progressed = False
        worker.start_timer(self._spec.test_timeout)
        self._extend(worker, chunk)

    def _extend(self, worker: WorkerState, chunk: list[int]) -> None:
        """Have a worker run these items after those that it has."""
        for item in chunk:
            if item not in worker.own_numbers:
                self._settle(worker, item, missing_result(self._discovery.items[item]))
        items = [item for item in chunk if item in worker.own_numbers]
        worker.chunk = [*(worker.chunk or ()), *items]
        worker.process.run([worker.own_numbers[item] for item in items], fail_fast=self._spec.fail_fast)

    def _follow_up(self, worker: WorkerState) -> None:
        """Give a worker the tests after its last one, which decide which fixtures that one leaves standing."""
        chunk = None if self._is_stopped else self._next_chunk(worker)
        if chunk is None:
            worker.process.run_last()
        else:
            self._extend(worker, chunk)

    # --- ends of processes ------------------------------------------------------------------------------------------

    def _handle_end(self, worker: WorkerState) -> None:
        if worker.is_quitting:
            self._pool.terminate(worker)
        elif worker.is_copy and not worker.is_ready:  # its template has ended, or there is no memory for copies
            self._pool.stop_copying()
            self._pool.terminate(worker)
            self._spawn(1)
        elif not worker.is_ready:
            raise discovery_error(worker, self._spec)
        else:
            self._handle_crash(worker)

    def _handle_crash(self, worker: WorkerState) -> None:
        """Blame the test that ran, and let a new worker run the rest."""
        lost = [item for item in worker.chunk or () if item not in self._settled]
        is_explained = worker.aborted and worker.has_progressed
        if not (is_explained or self._deserves_retry(worker)):
            crash = crash_result(worker, lost, self._discovery.items, self._spec, self._isolation)
            if crash is not None:
                self._settle(worker, crash.item, crash.result)
        rest = [item for item in self._without_failed_fixtures(lost) if item not in self._settled]
        self._pool.terminate(worker)
        if rest and not self._is_stopped:
            self._queue.appendleft(rest)
        if self._queue:
            self._pool.spawn(next(self._discovery.worker_numbers))
        self._hand_out()

    def _without_failed_fixtures(self, items: Sequence[int]) -> list[int]:
        """Return the items whose fixtures have not failed: unittest does not run the others; pytest fails each."""
        failed = {entry.result.test_id for entry in self.results if entry.item < 0}
        return [item for item in items if failed.isdisjoint(setup_ids(self._discovery.items[item]))]

    def _deserves_retry(self, worker: WorkerState) -> bool:
        """Return whether the supervisor died unexplained: retry the test once before blaming it.

        The test that killed the supervisor may have ended before its death was noticed, so the test that runs now is
        blamed only when it happens again.
        """
        if worker.process.status or worker.timed_out:
            return False
        if worker.item < 0:
            return worker.has_progressed and not worker.running
        is_repeated = worker.item in self._suspects
        self._suspects.add(worker.item)
        return not is_repeated
