"""The processes of a run: starting them, hearing all of them at once, losing patience with those that hang."""

from __future__ import annotations

import secrets
import selectors
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, TypeAlias

from batchhook.errors import SuiteError
from batchhook.execution.protocol_reader import ForgedError
from batchhook.execution.spec import SuiteSpec
from batchhook.execution.worker import START_PATIENCE, Worker
from batchhook.execution.worker_state import Member

if TYPE_CHECKING:
    from batchhook.execution.protocol import Message

STACKS_PATIENCE = 0.5
"""Seconds between asking a test that hangs for its stacks and killing it."""
QUIT_PATIENCE = 2.0
"""Seconds that a harness may take to end once it was told to."""

Event: TypeAlias = "tuple[Member, Message | None]"
"""Who, and what it said; None for its end."""


class Crew:
    """The processes of a run.

    Args:
        spec: the suite.
        first_party: names of the modules in the source roots.
    """

    def __init__(self, spec: SuiteSpec, first_party: Sequence[str]) -> None:
        self.members: list[Member] = []
        self._spec = spec
        self._first_party = first_party
        self._hash_seed = str(secrets.randbelow(2**32 - 1) + 1)
        self._selector = selectors.DefaultSelector()
        if spec.halt is not None:
            self._selector.register(spec.halt, selectors.EVENT_READ, (None, None))
        self._events: list[Event] = []

    def hire(self, number: int) -> None:
        """Start one more process, whose files are known by a number.

        Raises:
            SuiteError: the interpreter cannot be started.
        """
        worker = Worker(self._spec, number, self._first_party, self._hash_seed)
        member = Member(worker)
        member.allow(START_PATIENCE)
        self.members.append(member)
        reports, output, lifeline = worker.descriptors
        for descriptor, listen in ((reports, self._listen), (output, self._drain), (lifeline, self._notice_end)):
            self._selector.register(descriptor, selectors.EVENT_READ, (member, listen))

    def let_go(self, member: Member) -> None:
        """Tell a process to end as soon as it has done what it was told before."""
        member.leaving = True
        member.allow(QUIT_PATIENCE)
        member.worker.quit()

    def dismiss(self, member: Member) -> None:
        """End a process now."""
        for descriptor in member.worker.descriptors:
            if descriptor in self._selector.get_map():
                self._selector.unregister(descriptor)
        self.members.remove(member)
        member.worker.bury()

    def close(self) -> None:
        """End all processes."""
        for member in list(self.members):
            self.dismiss(member)
        self._selector.close()

    def events(self) -> Iterator[Event]:
        """Everything that happens until no process is left. Whoever hears an end dismisses the process.

        Raises:
            SuiteError: what a process said cannot be believed, or somebody called a halt.
        """
        while self.members:
            for key, _ in self._selector.select(self._patience()):
                member, listen = key.data
                if member in self.members:
                    listen(member, key.fd)
            if self._spec.halt is not None and self._spec.halt.is_called:
                raise SuiteError("the run was ended")
            events, self._events = self._events, []
            for member, message in events:
                if member in self.members:
                    yield member, message
            now = perf_counter()
            for member in [member for member in self.members if now >= member.deadline]:
                self._lose_patience(member)

    def _patience(self) -> float | None:
        nearest = min(member.deadline for member in self.members)
        return None if nearest == float("inf") else max(0.0, nearest - perf_counter())

    def _listen(self, member: Member, descriptor: int) -> None:
        self._hear(member, member.worker.messages)
        if member.worker.silent and descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)

    def _hear(self, member: Member, source: Callable[[], list[Message]]) -> None:
        try:
            messages = source()
        except ForgedError as error:
            where = f" while {member.running} ran" if member.running else ""
            raise SuiteError(
                f"What the harness reported cannot be believed: {error}{where}",
                "A test wrote into a pipe that is not its own, or memory was damaged; nothing of this run was kept.",
            ) from error
        if not member.condemned:
            self._events.extend((member, message) for message in messages)

    def _drain(self, member: Member, descriptor: int) -> None:
        if not member.worker.drain_output():
            self._selector.unregister(descriptor)

    def _notice_end(self, member: Member, descriptor: int) -> None:
        if member.worker.has_ended():
            self._selector.unregister(descriptor)
            self._hear(member, member.worker.last_messages)
            self._events.append((member, None))

    def _lose_patience(self, member: Member) -> None:
        """Something lasts too long: first ask for stacks, then kill."""
        if member.leaving:
            self.dismiss(member)
        elif not member.condemned:
            member.condemned = True
            member.deadline = perf_counter() + STACKS_PATIENCE
            member.worker.ask_for_stacks()
        else:
            member.deadline = float("inf")
            member.worker.kill()
