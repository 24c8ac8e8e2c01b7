"""batchhook at work on a history: from the commit that fills the batch to the last culprit."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

from batchhook.core.culprits.attribution import Attribution
from batchhook.store import attributions
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir
from benchmarks.culprits.clone import Clone
from benchmarks.culprits.histories import History

BATCHHOOK = (sys.executable, "-m", "batchhook")
BEFORE_FLAKY = 4
"""Runs of the suite before the history begins, at least, where tests flake."""
LEAVING = 30.0
"""Seconds within which the runner ends when all is found out."""


@dataclass(frozen=True, slots=True)
class Phases:
    """Where the seconds went.

    Attributes:
        commit: ``git commit`` with its hook.
        run: from there until the batch's run was stored.
        search: the visits, from the first one's checkout to the last one's end.
        rest: until ``batchhook wait`` had ended.
    """

    commit: float
    run: float
    search: float
    rest: float

    @property
    def whole(self) -> float:
        """All of them."""
        return self.commit + self.run + self.search + self.rest

    def __str__(self) -> str:
        return f"{self.commit:.2f} commit, {self.run:.2f} run, {self.search:.2f} search, {self.rest:.2f} rest"


@dataclass(frozen=True, slots=True)
class Ours:
    """What batchhook needed, and what it says.

    Attributes:
        phases: from just before the commit that fills the batch until ``batchhook wait`` has ended.
        visits: how many the search made.
        found: what became of each failing test, by id.
        numbers: the number of each change, from 1, by its name.
        amiss: what stands in batchhook's log, or was said by a command that failed.
    """

    phases: Phases
    visits: int
    found: Mapping[str, Attribution]
    numbers: Mapping[str, int]
    amiss: str


def lead_up(history: History, clone: Clone, before: int) -> None:
    """Install batchhook, let it run the suite a few times as it was before, and make all changes but the last."""
    history.begin(clone)
    clone.run(*BATCHHOOK, "install")
    for _ in range(max(before, BEFORE_FLAKY) if history.flaky else before):
        clone.time(*BATCHHOOK, "test", "--fresh")
    for number in range(1, len(history.steps)):
        clone.commit(history.write(clone, number))


def fill(history: History, clone: Clone) -> Ours:
    """Make the last change, and wait until batchhook has found out what it can."""
    subject = history.write(clone, len(history.steps))
    begun = time.time()
    committed = clone.time("git", "commit", "--quiet", "--message", subject)
    waited = clone.time(*BATCHHOOK, "wait", "1")
    ended = time.time()
    state = StateDir(clone.folder / ".git" / "batchhook")
    _until_it_left(state)
    names = clone.git("rev-list", "--reverse", "begin..HEAD").split()
    with closing(Database(state.database)) as database:
        found = attributions.load(database, 1)
        phases, visits = _phases(database, begun, committed.seconds, ended)
    log = state.log.read_text("utf-8", "replace") if state.log.exists() else ""
    said = "".join(text for text in (committed.stderr, waited.stderr) if "Traceback" in text)
    return Ours(
        phases=phases,
        visits=visits,
        found={test_id: attribution for (test_id, _), attribution in found.items()},
        numbers={name: number for number, name in enumerate(names, start=1)},
        amiss=f"{said}{log}".strip(),
    )


def _phases(database: Database, begun: float, commit: float, ended: float) -> tuple[Phases, int]:
    """Where the time between two moments went, and the number of visits."""
    query = "SELECT is_probe, started_at AS began, started_at + duration AS ended FROM runs WHERE started_at > ?"
    runs = database.rows(query, begun)
    visits = [run for run in runs if run["is_probe"]]
    (tested,) = (run["ended"] for run in runs if not run["is_probe"])
    searching = min((visit["began"] for visit in visits), default=tested)
    found = max((visit["ended"] for visit in visits), default=searching)
    committed = begun + commit
    return Phases(commit, searching - committed, found - searching, ended - found), len(visits)


def _until_it_left(state: StateDir) -> None:
    """Wait until the runner has ended: nobody else is to be slowed by it."""
    end = time.monotonic() + LEAVING
    while state.waiting.exists() and time.monotonic() < end:
        time.sleep(0.05)
