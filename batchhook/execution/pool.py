"""The worker processes of a session: start them, receive their messages, and kill those that exceed their time."""

from __future__ import annotations

import secrets
import selectors
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, TypeAlias

from batchhook.engines.engine import WorkerPlace
from batchhook.engines.worker_group import WorkerGroup
from batchhook.errors import SuiteError
from batchhook.execution.code_recording import ProcessCode
from batchhook.execution.launch import CopyLauncher, PythonLauncher, Template
from batchhook.execution.protocol_reader import ForgedError
from batchhook.execution.scheduling import TestItem, match_items
from batchhook.execution.spec import SuiteSpec
from batchhook.execution.worker import START_TIMEOUT, WorkerProcess

if TYPE_CHECKING:
    from batchhook.execution.protocol import HarnessMessage

STACKS_TIMEOUT = 0.5
"""Seconds between asking a hanging test for its stacks and killing it."""
QUIT_TIMEOUT = 2.0
"""Seconds that a harness may take to quit."""
SAVE_TIMEOUT = 60.0
"""The same where it has to save what coverage has measured."""

WorkerEvent: TypeAlias = "tuple[WorkerState, HarnessMessage | None]"
"""A worker, and its message; None for its end."""


@dataclass(eq=False)
class WorkerState:
    """A worker process, and its progress.

    Attributes:
        process: the process.
        spawned_at: when it was started, by ``perf_counter``.
        template: what can be made of it, if it was started for that.
        is_copy: whether it is a copy of a template, which has discovered the same.
        items: what it discovered; the numbers in its messages are positions in this list.
        run_numbers: the run's number of each of its own items.
        own_numbers: its own number of each item of the run.
        is_ready: whether it has discovered the suite.
        importing: the module that it imports during discovery.
        chunk: numbers (of the run) of the items that it was last asked to run; None while it is idle.
        item: number (of the run) of the running test; -1 for none, or for one that is not in the list.
        running: id of the running test or fixture; empty for none.
        since: when that started.
        deadline: when it will have exceeded its time.
        timed_out: whether it did, and is being killed.
        aborted: whether it is ending because of an exception that it has reported.
        has_progressed: whether a result has come since it got its chunk.
        is_quitting: whether it was asked to quit.
        code: the code that its tests have run, where that is recorded.
    """

    process: WorkerProcess
    spawned_at: float = field(default_factory=perf_counter)
    template: Template | None = None
    is_copy: bool = False
    items: list[TestItem] = field(default_factory=list)
    run_numbers: dict[int, int] = field(default_factory=dict)
    own_numbers: dict[int, int] = field(default_factory=dict)
    is_ready: bool = False
    importing: str = ""
    chunk: list[int] | None = None
    item: int = -1
    running: str = ""
    since: float = 0.0
    deadline: float = float("inf")
    timed_out: bool = False
    aborted: bool = False
    has_progressed: bool = False
    is_quitting: bool = False
    code: ProcessCode | None = None

    def start_timer(self, seconds: float) -> None:
        """Set the deadline; 0 for none."""
        self.since = perf_counter()
        self.deadline = self.since + seconds if seconds > 0 else float("inf")

    def finish_discovery(self, items: list[TestItem]) -> None:
        """Match its own items with those of the run."""
        self.is_ready, self.importing, self.deadline = True, "", float("inf")
        self.own_numbers = match_items(items, self.items)
        self.run_numbers = {own: number for number, own in self.own_numbers.items()}

    def start_test(self, name: str, item: int, timeout: float) -> None:
        """Note the start of a test or fixture (item -1)."""
        self.running, self.item = name, item
        self.start_timer(timeout)

    def end_test(self, timeout: float) -> None:
        """Note the end of the running test; the fixture that may follow gets a timeout of its own."""
        self.start_test("", -1, timeout)


class WorkerPool:
    """The worker processes of a session.

    Args:
        spec: the suite.
        first_party: names of the modules in the source roots.
        is_parallel: whether several workers run tests at the same time.
        template: what workers are copies of; None if each collects the suite itself.
        group: all workers of the run.
    """

    def __init__(
        self,
        spec: SuiteSpec,
        first_party: Sequence[str],
        group: WorkerGroup,
        *,
        is_parallel: bool,
        template: Template | None = None,
    ) -> None:
        self.workers: list[WorkerState] = []
        self._spec = spec
        self._first_party = first_party
        self._group = group
        self._is_parallel = is_parallel
        self._template = template
        self._hash_seed = str(secrets.randbelow(2**32 - 1) + 1)
        self._selector = selectors.DefaultSelector()
        if spec.cancel is not None:
            self._selector.register(spec.cancel, selectors.EVENT_READ, (None, None))
        self._events: list[WorkerEvent] = []

    def spawn(self, number: int) -> None:
        """Start a worker; the number names its files.

        Raises:
            SuiteError: the interpreter cannot be started.
        """
        name = f"gw{number}" if self._is_parallel else ""
        copy = self._copy(number, name)
        if copy is not None:
            self._add(WorkerState(copy, is_copy=True))
            return
        place = WorkerPlace(self._spec.scratch / f"worker-{number}", self._group, name, self._spec.modules)
        launch = PythonLauncher(self._spec, place, self._first_party, self._hash_seed)
        self._add(WorkerState(WorkerProcess(self._spec, number, launch)))

    def _copy(self, number: int, name: str) -> WorkerProcess | None:
        """Return a copy of the template; None if there is none, or it has ended, which a test may do at any time."""
        if self._template is None or not self._template.is_alive:
            return None
        with suppress(SuiteError):
            return WorkerProcess(self._spec, number, CopyLauncher(self._template, name))
        return None

    def spawn_template(self, number: int) -> None:
        """Start a worker that can become a template.

        Raises:
            SuiteError: the interpreter cannot be started.
        """
        template = Template(self._spec, number, self._first_party, self._hash_seed, self._group)
        self._add(WorkerState(template.worker, template=template))

    def use_template(self, worker: WorkerState) -> Template | None:
        """Make copies of a worker from now on, which itself runs nothing; return the template."""
        self._remove(worker)
        self._template = worker.template
        return self._template

    def stop_copying(self) -> None:
        """Have each worker collect the suite itself from now on."""
        self._template = None

    def _add(self, worker: WorkerState) -> None:
        worker.start_timer(START_TIMEOUT)
        self.workers.append(worker)
        reports, output, lifeline = worker.process.descriptors
        handlers = ((reports, self._read_reports), (output, self._read_output), (lifeline, self._read_lifeline))
        for descriptor, handler in handlers:
            self._selector.register(descriptor, selectors.EVENT_READ, (worker, handler))

    def shutdown(self, worker: WorkerState) -> None:
        """Let a worker end once it has done what it was asked before."""
        worker.is_quitting = True
        worker.start_timer(QUIT_TIMEOUT if self._spec.coverage is None else SAVE_TIMEOUT)
        worker.process.quit()

    def terminate(self, worker: WorkerState) -> None:
        """End a worker now, and remove it."""
        self._remove(worker)
        if worker.template is not None:
            worker.template.close()
        else:
            worker.process.close()

    def _remove(self, worker: WorkerState) -> None:
        for descriptor in worker.process.descriptors:
            if descriptor in self._selector.get_map():
                self._selector.unregister(descriptor)
        self.workers.remove(worker)

    def close(self) -> None:
        """End all workers."""
        for worker in list(self.workers):
            self.terminate(worker)
        self._selector.close()

    def events(self) -> Iterator[WorkerEvent]:
        """Yield messages and ends until no worker is left. The caller terminates a worker that has ended.

        Raises:
            SuiteError: a report is invalid, or the run was cancelled.
        """
        while self.workers:
            for key, _ in self._selector.select(self._seconds_to_deadline()):
                worker, handler = key.data
                if worker in self.workers:
                    handler(worker, key.fd)
            if self._spec.cancel is not None and self._spec.cancel.is_cancelled:
                raise SuiteError("the run was cancelled")
            events, self._events = self._events, []
            for worker, message in events:
                if worker in self.workers:
                    yield worker, message
            now = perf_counter()
            for worker in [worker for worker in self.workers if now >= worker.deadline]:
                self._handle_deadline(worker)

    def _seconds_to_deadline(self) -> float | None:
        nearest = min(worker.deadline for worker in self.workers)
        return None if nearest == float("inf") else max(0.0, nearest - perf_counter())

    def _read_reports(self, worker: WorkerState, descriptor: int) -> None:
        self._queue(worker, worker.process.read_messages)
        if worker.process.reports_closed and descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)

    def _queue(self, worker: WorkerState, read: Callable[[], list[HarnessMessage]]) -> None:
        try:
            messages = read()
        except ForgedError as error:
            where = f" while {worker.running} ran" if worker.running else ""
            raise SuiteError(
                f"The harness sent an invalid report: {error}{where}",
                "A test wrote into the harness's pipe, or memory was corrupted; this run's results were discarded.",
            ) from error
        if not worker.timed_out:
            self._events.extend((worker, message) for message in messages)

    def _read_output(self, worker: WorkerState, descriptor: int) -> None:
        if not worker.process.read_output():
            self._selector.unregister(descriptor)

    def _read_lifeline(self, worker: WorkerState, descriptor: int) -> None:
        if worker.process.read_lifeline():
            self._selector.unregister(descriptor)
            self._queue(worker, worker.process.read_last_messages)
            self._events.append((worker, None))

    def _handle_deadline(self, worker: WorkerState) -> None:
        """Ask for stacks at the first deadline, kill at the second."""
        if worker.is_quitting:
            self.terminate(worker)
        elif not worker.timed_out:
            worker.timed_out = True
            worker.deadline = perf_counter() + STACKS_TIMEOUT
            worker.process.request_stacks()
        else:
            worker.deadline = float("inf")
            worker.process.kill()
