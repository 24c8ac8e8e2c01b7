"""One course of a run: workers are given batches until none is left, and each crash is blamed on the test that ran."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING

from batchhook.core.results import Company, Outcome, TestResult
from batchhook.errors import SuiteError
from batchhook.execution.crashes import blamed, ended_in_discovery
from batchhook.execution.import_check import check_origins
from batchhook.execution.pool import Crew
from batchhook.execution.preconditions import check_found, check_version
from batchhook.execution.scheduling import UNKNOWN_DURATION, Batch, Unit, set_ups_of
from batchhook.execution.spec import Listener, SuiteSpec
from batchhook.execution.worker_state import Member
from batchhook.lazy import Late

if TYPE_CHECKING:
    from batchhook.execution import protocol as said
else:
    said = Late("batchhook.execution.protocol")  # as in reader.py

ESTIMATE_INTERVAL = 0.2
"""Seconds between two words about how long the rest will take."""
TEXT_BUDGET = 32 * 1024 * 1024
"""Characters of tracebacks that are kept of one course; those that come after are cut short."""
SHORT_TEXT = 1000
VANISHED = "the test was not found again when another process discovered the suite"


@dataclass(frozen=True, slots=True)
class Heard:
    """A result, and the number of the unit that it is of; -1 for a fixture's and the like."""

    unit: int
    result: TestResult


@dataclass(slots=True)
class Common:
    """What all courses of a run have in common.

    Attributes:
        first_party: names of the modules in the source roots.
        units: the suite's, as the first worker of the first course found them.
        loaded: names of the modules that discovery imported, or tried to.
        numbers: for the files of the processes.
    """

    first_party: Sequence[str]
    units: list[Unit] = field(default_factory=list)
    loaded: set[str] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=itertools.count)


class Course:
    """One course of a run.

    Args:
        spec: the suite.
        listener: is told how it goes.
        common: what all courses of the run have in common.
        plan: given the suite's units, says what is to be run, in which batches and order.
        company: in which it makes tests run.

    Attributes:
        heard: all results, in the order in which they came.
        stopped: whether the first failure ended it before everything had its turn.
    """

    def __init__(
        self,
        spec: SuiteSpec,
        listener: Listener,
        common: Common,
        plan: Callable[[list[Unit]], list[Batch]],
        *,
        company: Company,
    ) -> None:
        self.heard: list[Heard] = []
        self.stopped = False
        self._spec = spec
        self._listener = listener
        self._common = common
        self._crew = Crew(spec, common.first_party)
        self._plan = plan
        self._company = company
        self._is_planned = False
        self._queue: deque[list[int]] = deque()
        self._wanted: set[int] = set()
        self._settled: set[int] = set()
        self._suspects: set[int] = set()
        self._left = 0.0
        self._text = 0
        self._next_estimate = 0.0

    def run(self, jobs: int) -> None:
        """Run everything with so many processes side by side.

        Raises:
            SuiteError: the suite cannot be run, or what was heard of it cannot be believed.
        """
        try:
            for _ in range(jobs):
                self._crew.hire(next(self._common.numbers))
            for member, message in self._crew.events():
                if message is None:
                    self._notice_end(member)
                else:
                    self._hear(member, message)
        finally:
            self._crew.close()

    @property
    def unheard(self) -> list[int]:
        """Numbers of the units that were wanted and had no turn, since the first failure ended the course."""
        return sorted(self._wanted - self._settled)

    # --- hearing ----------------------------------------------------------------------------------------------------

    def _hear(self, member: Member, message: said.Message) -> None:
        match message:
            case said.Started():
                self._hear_started(member, message)
            case said.Passed():
                self._hear_result(member, message.unit, self._passed(member, message))
            case said.Finished():
                self._hear_result(member, message.unit, message.result(self._company))
            case said.Fixture():
                member.begin(message.id, -1, self._spec.test_timeout)
            case said.Abandoned():
                member.abandoned = True
            case said.Done():
                self._hear_done(member, message)
            case _:
                self._hear_of_discovery(member, message)

    def _hear_started(self, member: Member, message: said.Started) -> None:
        unit = member.ours.get(message.unit, -1)
        name = self._common.units[unit].test_id if unit >= 0 else message.id
        member.begin(name, unit, self._spec.test_timeout)
        self._listener.started(name)

    def _passed(self, member: Member, message: said.Passed) -> TestResult:
        if message.unit >= len(member.units):
            raise SuiteError(f"What the harness reported cannot be believed: there is no test {message.unit}")
        unit = member.units[message.unit]
        return TestResult(unit.test_id, unit.module, Outcome.PASSED, message.duration, seen_in=self._company)

    def _hear_result(self, member: Member, theirs: int, result: TestResult) -> None:
        unit = member.ours.get(theirs, -1)
        if unit >= 0 and unit in self._settled:
            return
        self._settle(member, unit, result)
        if unit == member.unit:
            member.begin("", -1, self._spec.test_timeout)

    def _settle(self, member: Member, unit: int, result: TestResult) -> None:
        member.progress = True
        if unit >= 0:
            self._settled.add(unit)
            self._left -= self._likely(unit)
        self.heard.append(Heard(unit, self._bounded(result)))
        self._listener.finished(result)
        self._estimate()
        if self._spec.fail_fast and result.outcome.is_failure:
            self._stop()

    def _bounded(self, result: TestResult) -> TestResult:
        """Cut a text short once there is enough of them: ten thousand failures are to fit into memory and store."""
        self._text += len(result.traceback)
        if self._text <= TEXT_BUDGET or len(result.traceback) <= SHORT_TEXT:
            return result
        return replace(result, traceback=f"{result.traceback[:SHORT_TEXT]}\n[... cut: too many failures ...]\n")

    def _hear_done(self, member: Member, message: said.Done) -> None:
        check_origins(self._spec.root, message.origins)
        if not self.stopped:  # what has no result was dropped with a fixture
            self._settled.update(member.batch or ())
        member.batch, member.running = None, ""
        self._hand_out()

    def _hear_of_discovery(self, member: Member, message: said.Message) -> None:
        match message:
            case said.Hello():
                member.worker.pid = message.pid
                check_version(message.python, self._spec.interpreter)
                member.allow(self._spec.test_timeout)
            case said.Loading():
                member.loading = message.module
                self._common.loaded.add(message.module)
                member.allow(self._spec.test_timeout)
            case said.Units():
                member.units.extend(Unit(*row) for row in message.units)
            case said.Unloadable():
                raise SuiteError(
                    f"unittest cannot load the suite: {message.error_type}: {message.message}",
                    "Run `python -m unittest discover` in the checkout to see the same.",
                )
            case said.Discovered():
                check_origins(self._spec.root, message.origins)
                self._welcome(member)

    def _welcome(self, member: Member) -> None:
        """Take a worker in that has discovered the suite; the first one's discovery is the run's."""
        if not self._is_planned:
            self._make_plan(member.units)
        member.learn(self._common.units)
        self._hand_out()

    def _make_plan(self, discovered: list[Unit]) -> None:
        self._is_planned = True
        if not self._spec.elsewhere:
            check_found(self._spec, discovered)
        self._common.units = self._common.units or discovered
        batches = self._plan(self._common.units)
        self._queue.extend(list(batch.units) for batch in batches)
        self._wanted = {unit for batch in self._queue for unit in batch}
        self._left = sum(self._likely(unit) for batch in self._queue for unit in batch)
        self._listener.discovered(sum(len(batch) for batch in self._queue))
        self._estimate()

    # --- how long the rest will take --------------------------------------------------------------------------------

    def _likely(self, unit: int) -> float:
        return self._spec.history.durations.get(self._common.units[unit].test_id, UNKNOWN_DURATION)

    def _estimate(self) -> None:
        now = perf_counter()
        if self._spec.history.durations and now >= self._next_estimate:
            self._next_estimate = now + ESTIMATE_INTERVAL
            self._listener.remaining(max(0.0, self._left) / max(1, len(self._crew.members)))

    # --- handing out ------------------------------------------------------------------------------------------------

    def _hand_out(self) -> None:
        """Give every idle worker a batch, and let go those for whom none is left."""
        for member in list(self._crew.members):
            if not member.discovered or member.batch is not None or member.leaving:
                continue
            batch = self._next_batch(member)
            if batch is None:
                self._crew.let_go(member)
            else:
                self._give(member, batch)
        if not self._queue:
            for member in [member for member in self._crew.members if not member.discovered]:
                self._crew.dismiss(member)  # it was not needed

    def _next_batch(self, member: Member) -> list[int] | None:
        """The first batch whose tests a worker all knows; anything, where nobody else is left to run it."""
        for batch in self._queue:
            if member.theirs.keys() >= set(batch):
                self._queue.remove(batch)
                return batch
        alone = not any(other is not member and not other.leaving for other in self._crew.members)
        return self._queue.popleft() if self._queue and alone else None

    def _give(self, member: Member, batch: list[int]) -> None:
        for unit in batch:
            if unit not in member.theirs:
                self._settle(member, unit, self._vanished(unit))
        member.batch = [unit for unit in batch if unit in member.theirs]
        member.progress = False
        member.allow(self._spec.test_timeout)
        member.worker.run([member.theirs[unit] for unit in member.batch], fail_fast=self._spec.fail_fast)

    def _vanished(self, number: int) -> TestResult:
        unit = self._common.units[number]
        return TestResult(unit.test_id, unit.module, Outcome.ERRORED, message=VANISHED)

    def _stop(self) -> None:
        """Hand out no more; whoever is in the middle of a batch may end the test that runs."""
        self.stopped = True
        self._queue.clear()

    # --- ends -------------------------------------------------------------------------------------------------------

    def _notice_end(self, member: Member) -> None:
        if member.leaving:
            self._crew.dismiss(member)
        elif not member.discovered:
            raise ended_in_discovery(member, self._spec)
        else:
            self._after_crash(member)

    def _after_crash(self, member: Member) -> None:
        """Blame whoever ran, and let a new worker run the rest."""
        lost = [unit for unit in member.batch or () if unit not in self._settled]
        if not (member.abandoned or self._only_watch_died(member)):
            found = blamed(member, lost, self._common.units, self._spec)
            if found is not None:
                unit, result = found
                self._settle(member, unit, replace(result, seen_in=self._company))
        rest = [unit for unit in self._not_dropped(lost) if unit not in self._settled]
        self._crew.dismiss(member)
        if rest and not self.stopped:
            self._queue.appendleft(rest)
        if self._queue:
            self._crew.hire(next(self._common.numbers))
        self._hand_out()

    def _not_dropped(self, units: Sequence[int]) -> list[int]:
        """Those units whose fixtures have not failed: unittest does not run the others."""
        failed = {heard.result.test_id for heard in self.heard if heard.unit < 0}
        return [unit for unit in units if failed.isdisjoint(set_ups_of(self._common.units[unit]))]

    def _only_watch_died(self, member: Member) -> bool:
        """Whether somebody killed the supervisor, and it is not yet clear who.

        The test that did it may have ended before that was noticed, so the one running now is blamed only when the
        same happens to it again.
        """
        if member.worker.status or member.condemned:
            return False
        if member.unit < 0:
            return member.progress and not member.running
        again = member.unit in self._suspects
        self._suspects.add(member.unit)
        return not again
