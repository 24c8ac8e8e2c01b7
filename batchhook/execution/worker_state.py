"""A worker of a run, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter

from batchhook.execution.scheduling import Unit, translation
from batchhook.execution.worker import Worker


@dataclass(eq=False)
class Member:
    """A worker, and where it stands.

    Attributes:
        units: what it discovered.
        ours: number of the run's unit for each of its own.
        theirs: number of its own unit for each of the run's.
        batch: the run's units that it was last told to run; ``None`` while it waits for orders.
        unit: the run's number of the test that is running; -1 for none, or one that was not in the list.
        running: id of the test or fixture that is running; empty for none.
        since: when that began.
        deadline: when it will have lasted too long.
        condemned: whether it did, and its process is being killed.
        abandoned: whether it ends by itself, for a reason that it has reported.
        progress: whether a result has come from this process since it got its batch.
        leaving: whether it was told to end.
    """

    worker: Worker
    since: float = 0.0
    deadline: float = float("inf")
    units: list[Unit] = field(default_factory=list)
    ours: dict[int, int] = field(default_factory=dict)
    theirs: dict[int, int] = field(default_factory=dict)
    discovered: bool = False
    loading: str = ""
    batch: list[int] | None = None
    unit: int = -1
    running: str = ""
    condemned: bool = False
    abandoned: bool = False
    progress: bool = False
    leaving: bool = False

    def allow(self, seconds: float) -> None:
        """Start the clock for something that may last so long; 0 for ever."""
        self.since = perf_counter()
        self.deadline = self.since + seconds if seconds > 0 else float("inf")

    def learn(self, units: list[Unit]) -> None:
        """Find the run's units among its own."""
        self.discovered, self.loading, self.deadline = True, "", float("inf")
        self.theirs = translation(units, self.units)
        self.ours = {theirs: ours for ours, theirs in self.theirs.items()}

    def begin(self, name: str, unit: int, seconds: float) -> None:
        """Note that a test (or, with -1, a fixture) has begun, which may last so many seconds."""
        self.running, self.unit = name, unit
        self.allow(seconds)
