"""Running a suite: hand its tests out, listen, blame each crash on the test that ran, go on with the rest."""

from __future__ import annotations

import secrets
import selectors
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

from batchhook.core.outcomes import Outcome, SuiteOutcome, TestResult
from batchhook.errors import SuiteError
from batchhook.testing import messages as said
from batchhook.testing.member import Member
from batchhook.testing.origins import check_origins, first_party_names
from batchhook.testing.preconditions import check_found, check_runnable, check_version
from batchhook.testing.reports import after_crash
from batchhook.testing.schedule import Unit, batches, selected, set_ups_of, translation
from batchhook.testing.suite import Listener, Silent, SuiteSpec
from batchhook.testing.worker import Worker

STACKS_PATIENCE = 0.5
"""Seconds between asking a test that hangs for its stacks and killing it."""
QUIT_PATIENCE = 2.0
"""Seconds that a harness may take to end once all its tests have."""
START_PATIENCE = 60.0
"""Seconds after which a Python that has not said hello is given up."""


def run_suite(spec: SuiteSpec, listener: Listener | None = None) -> SuiteOutcome:
    """Run a suite, or a part of it.

    Nothing that a suite does raises: one that cannot be run, or whose results cannot be believed, gives an outcome
    with ``broken`` and ``hint`` set and without results.
    """
    begin = perf_counter()
    run = _Run(replace(spec, root=spec.root.resolve()), listener or Silent())
    try:
        run.carry_out()
    except SuiteError as error:
        return SuiteOutcome(duration=perf_counter() - begin, broken=error.message, hint=error.hint)
    finally:
        run.end()
    return SuiteOutcome(results=tuple(run.results), duration=perf_counter() - begin)


class _Run:
    """One run of a suite."""

    def __init__(self, spec: SuiteSpec, listener: Listener) -> None:
        self._spec = spec
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._members: list[Member] = []
        self._started = 0
        self._hash_seed = str(secrets.randbelow(2**32 - 1) + 1)
        self._first_party: list[str] = []
        self._units: list[Unit] | None = None
        self._settled: set[int] = set()
        self._suspects: set[int] = set()
        self._queue: deque[list[int]] = deque()
        self.results: list[TestResult] = []

    # --- the course of the run --------------------------------------------------------------------------------------

    def carry_out(self) -> None:
        """Run everything.

        Raises:
            SuiteError: the suite cannot be run, or what was heard of it cannot be believed.
        """
        check_runnable(self._spec)
        self._first_party = first_party_names(self._spec.source_roots)
        for _ in range(max(1, self._spec.jobs)):
            self._start()
        while self._members:
            for key, _ in self._selector.select(self._patience()):
                member, listen = key.data
                if member in self._members:
                    listen(member, key.fd)
            for member in list(self._members):
                if perf_counter() >= member.deadline:
                    self._lose_patience(member)

    def end(self) -> None:
        """End all processes."""
        for member in self._members:
            member.worker.bury()
        self._members.clear()
        self._selector.close()

    def _start(self) -> None:
        worker = Worker(self._spec, self._started, self._first_party, self._hash_seed)
        self._started += 1
        now = perf_counter()
        member = Member(worker, now, now + START_PATIENCE)
        self._members.append(member)
        reports, output, lifeline = worker.descriptors
        for descriptor, listen in ((reports, self._listen), (output, self._drain), (lifeline, self._notice_end)):
            self._selector.register(descriptor, selectors.EVENT_READ, (member, listen))

    def _remove(self, member: Member) -> None:
        for descriptor in member.worker.descriptors:
            if descriptor in self._selector.get_map():
                self._selector.unregister(descriptor)
        self._members.remove(member)
        member.worker.bury()

    def _patience(self) -> float | None:
        nearest = min(member.deadline for member in self._members)
        return None if nearest == float("inf") else max(0.0, nearest - perf_counter())

    def _allow(self, member: Member, seconds: float) -> None:
        """Start the clock for something that may last so long; 0 for ever."""
        member.since = perf_counter()
        member.deadline = member.since + seconds if seconds > 0 else float("inf")

    # --- listening --------------------------------------------------------------------------------------------------

    def _listen(self, member: Member, descriptor: int) -> None:
        self._hear_all(member, member.worker.messages)
        if member.worker.silent and descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)

    def _hear_all(self, member: Member, source: Callable[[], list[said.Message]]) -> None:
        try:
            for message in source():
                if not member.condemned:
                    self._hear(member, message)
        except said.ForgedError as error:
            where = f" while {member.running} ran" if member.running else ""
            raise SuiteError(
                f"What the harness reported cannot be believed: {error}{where}",
                "A test wrote into a pipe that is not its own, or memory was damaged; nothing of this run was kept.",
            ) from error

    def _drain(self, member: Member, descriptor: int) -> None:
        if not member.worker.drain_output():
            self._selector.unregister(descriptor)

    def _hear(self, member: Member, message: said.Message) -> None:
        if isinstance(message, said.Started):
            self._hear_started(member, message)
        elif isinstance(message, said.Finished):
            self._hear_finished(member, message)
        elif isinstance(message, said.Fixture):
            member.running, member.unit = message.id, -1
            self._allow(member, self._spec.test_timeout)
        elif isinstance(message, said.Abandoned):
            member.abandoned = True
        elif isinstance(message, said.Done):
            check_origins(self._spec.root, message.origins)
            self._settled.update(member.batch or ())
            member.batch, member.running = None, ""
            self._hand_out()
        else:
            self._hear_of_discovery(member, message)

    def _hear_started(self, member: Member, message: said.Started) -> None:
        member.running, member.unit = message.id, member.ours.get(message.unit, -1)
        self._allow(member, self._spec.test_timeout)
        self._listener.started(message.id)

    def _hear_finished(self, member: Member, message: said.Finished) -> None:
        unit = member.ours.get(message.unit, -1)
        if unit >= 0 and unit in self._settled:
            return
        self._settle(member, unit, message.result())
        if unit == member.unit:
            member.running, member.unit = "", -1
            self._allow(member, self._spec.test_timeout)

    def _settle(self, member: Member, unit: int, result: TestResult) -> None:
        member.progress = True
        if unit >= 0:
            self._settled.add(unit)
        self.results.append(result)
        self._listener.finished(result)

    def _hear_of_discovery(self, member: Member, message: said.Message) -> None:
        if isinstance(message, said.Hello):
            member.worker.pid = message.pid
            check_version(message.python, self._spec.interpreter)
            self._allow(member, self._spec.test_timeout)
        elif isinstance(message, said.Loading):
            member.loading = message.module
            self._allow(member, self._spec.test_timeout)
        elif isinstance(message, said.Units):
            member.units.extend(Unit(*row) for row in message.units)
        elif isinstance(message, said.Unloadable):
            raise SuiteError(
                f"unittest cannot load the suite: {message.error_type}: {message.message}",
                "Run `python -m unittest discover` in the checkout to see the same.",
            )
        elif isinstance(message, said.Discovered):
            check_origins(self._spec.root, message.origins)
            self._welcome(member)

    def _welcome(self, member: Member) -> None:
        """Take a worker in that has discovered the suite; the first one's discovery is the run's."""
        member.discovered, member.loading = True, ""
        member.deadline = float("inf")
        if self._units is None:
            self._plan(member.units)
        member.theirs = translation(self._units or [], member.units)
        member.ours = {theirs: ours for ours, theirs in member.theirs.items()}
        self._hand_out()

    def _plan(self, units: list[Unit]) -> None:
        check_found(self._spec, units)
        wanted = selected(units, self._spec.only)
        if not wanted:
            raise SuiteError("None of the tests that were asked for exists.", "Run the whole suite to see their ids.")
        self._units = units
        self._queue.extend(batches(units, wanted, self._spec.jobs, self._spec.durations))
        self._listener.discovered(len(wanted))

    # --- handing out ------------------------------------------------------------------------------------------------

    def _hand_out(self) -> None:
        """Give every idle worker a batch, and let go those for whom none is left."""
        for member in list(self._members):
            if not member.discovered or member.batch is not None or member.leaving:
                continue
            batch = self._next_batch(member)
            if batch is not None:
                self._give(member, batch)
            else:
                member.leaving = True
                self._allow(member, QUIT_PATIENCE)
                member.worker.quit()
        if not self._queue:
            for member in [member for member in self._members if not member.discovered]:
                self._remove(member)  # it was not needed

    def _next_batch(self, member: Member) -> list[int] | None:
        """The first batch whose tests a worker all knows; anything, where nobody else is left to run it."""
        for batch in self._queue:
            if member.theirs.keys() >= set(batch):
                self._queue.remove(batch)
                return batch
        alone = not any(other is not member and not other.leaving for other in self._members)
        return self._queue.popleft() if self._queue and alone else None

    def _give(self, member: Member, batch: list[int]) -> None:
        for unit in batch:
            if unit not in member.theirs:
                self._settle(member, unit, self._vanished(unit))
        member.batch = [unit for unit in batch if unit in member.theirs]
        member.progress = False
        self._allow(member, self._spec.test_timeout)
        member.worker.run([member.theirs[unit] for unit in member.batch])

    def _vanished(self, number: int) -> TestResult:
        unit = (self._units or [])[number]
        message = "the test was not found again when another process discovered the suite"
        return TestResult(unit.test_id, unit.module, Outcome.ERRORED, message=message)

    # --- ends -------------------------------------------------------------------------------------------------------

    def _lose_patience(self, member: Member) -> None:
        """Something lasts too long: first ask for stacks, then kill."""
        if member.leaving:
            self._remove(member)
        elif not member.condemned:
            member.condemned = True
            member.deadline = perf_counter() + STACKS_PATIENCE
            member.worker.ask_for_stacks()
        else:
            member.deadline = float("inf")
            member.worker.kill()

    def _notice_end(self, member: Member, _descriptor: int) -> None:
        if not member.worker.has_ended():
            return
        self._hear_all(member, member.worker.last_messages)
        if member not in self._members:
            return
        if member.leaving:
            self._remove(member)
        elif not member.discovered:
            raise self._broken_in_discovery(member)
        else:
            self._after_crash(member)

    def _after_crash(self, member: Member) -> None:
        """Blame whoever ran, and let a new worker run the rest."""
        lost = [unit for unit in member.batch or () if unit not in self._settled]
        units = self._units or []
        if not (member.abandoned or self._only_watch_died(member)):
            self._blame(member, lost)
        dropped = {result.test_id for result in self.results if result.test_id.startswith("setUp")}
        rest = [unit for unit in lost if unit not in self._settled and dropped.isdisjoint(set_ups_of(units[unit]))]
        self._remove(member)
        if rest:
            self._queue.appendleft(rest)
        if self._queue:
            self._start()
        self._hand_out()

    def _blame(self, member: Member, lost: list[int]) -> None:
        """Give the crash to the test or fixture that ran; else to the next, if nothing has run; else to the end."""
        units = self._units or []
        if member.running:
            culprit, unit = member.running, member.unit
        elif lost and not member.progress:
            culprit, unit = units[lost[0]].test_id, lost[0]
        elif lost or not member.batch:
            return
        else:
            culprit, unit = f"after {units[member.batch[-1]].test_id}", -1
        result = TestResult(
            test_id=culprit,
            module=units[unit].module if unit >= 0 else "",
            outcome=Outcome.TIMED_OUT if member.condemned else Outcome.CRASHED,
            duration=perf_counter() - member.since,
            message=f"took longer than {self._spec.test_timeout:g} seconds" if member.condemned else "",
        )
        self._settle(member, unit, after_crash(result, member.worker, self._spec.root))

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

    def _broken_in_discovery(self, member: Member) -> SuiteError:
        worker = member.worker
        tail = worker.output.strip().splitlines()[-1:] or [""]
        if not worker.pid:
            return SuiteError(
                f"The Python that is to run the tests does not start: {self._spec.interpreter} "
                f"({worker.status or 'killed'}) {tail[0]}".rstrip(),
                "Set `python` in the configuration to a Python of version 3.8 or newer.",
            )
        module = f" while importing `{member.loading}`" if member.loading else ""
        if member.condemned:
            return SuiteError(
                f"Discovery stood still for {self._spec.test_timeout:g} seconds{module}",
                "Importing a test module must not wait for anything; or raise `test_timeout`.",
            )
        return SuiteError(
            f"The process ended during discovery{module} ({worker.status or 'killed'}) {tail[0]}".rstrip(),
            "Importing a test module must not end the process.",
        )


# --- what can be said beforehand --------------------------------------------------------------------------------------
