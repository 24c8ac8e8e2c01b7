"""Measure batchhook's search in a history, from the commit that fills the batch to the last culprit."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
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
"""Runs of the suite before the history begins, at least, if tests are flaky."""
RUNNER_TIMEOUT = 30.0
"""Seconds within which the runner ends after the search."""


@dataclass(frozen=True, slots=True)
class Phases:
    """Seconds spent in each phase.

    Attributes:
        commit: ``git commit`` with its hook.
        run: until the batch's run was stored.
        search: from the first probe's checkout to the last probe's end.
        rest: until ``batchhook wait`` ended.
    """

    commit: float
    run: float
    search: float
    rest: float

    @property
    def whole(self) -> float:
        """Sum of all phases."""
        return self.commit + self.run + self.search + self.rest

    def __str__(self) -> str:
        return f"{self.commit:.2f} commit, {self.run:.2f} run, {self.search:.2f} search, {self.rest:.2f} rest"


@dataclass(frozen=True, slots=True)
class Ours:
    """Cost and result of batchhook's search.

    Attributes:
        phases: durations, from the commit that fills the batch to the end of ``batchhook wait``.
        probes: number of probes.
        attributions: each failing test's, by id.
        numbers: number of each change, from 1, by oid.
        errors: batchhook's log, tracebacks of commands that failed, and why runs could not run the suite.
    """

    phases: Phases
    probes: int
    attributions: Mapping[str, Attribution]
    numbers: Mapping[str, int]
    errors: str


def lead_up(history: History, clone: Clone, before: int, after_commit: Callable[[], None] | None = None) -> None:
    """Install batchhook, let it run the suite a few times at the base, and commit all changes but the last."""
    history.begin(clone)
    clone.run(*BATCHHOOK, "install")
    for _ in range(max(before, BEFORE_FLAKY) if history.flaky else before):
        clone.time(*BATCHHOOK, "test", "--fresh")
    for number in range(1, len(history.steps)):
        clone.commit(history.write(clone, number))
        if after_commit is not None:
            after_commit()


def fill(history: History, clone: Clone) -> Ours:
    """Commit the last change, and wait for the end of batchhook's search."""
    subject = history.write(clone, len(history.steps))
    begun = time.time()
    committed = clone.time("git", "commit", "--quiet", "--message", subject)
    waited = clone.time(*BATCHHOOK, "wait", "1")
    ended = time.time()
    state = StateDir(clone.folder / ".git" / "batchhook")
    _wait_for_runner(state)
    names = clone.git("rev-list", "--reverse", "begin..HEAD").split()
    with closing(Database(state.database)) as database:
        loaded = attributions.load(database, 1)
        phases, probes = _measure_phases(database, begun, committed.seconds, ended)
        broken = database.rows("SELECT DISTINCT broken_reason AS reason FROM runs WHERE broken_reason != ''")
    log = state.log.read_text("utf-8", "replace") if state.log.exists() else ""
    tracebacks = "".join(text for text in (committed.stderr, waited.stderr) if "Traceback" in text)
    return Ours(
        phases=phases,
        probes=probes,
        attributions={test_id: attribution for (test_id, _), attribution in loaded.items()},
        numbers={name: number for number, name in enumerate(names, start=1)},
        errors="\n".join((f"{tracebacks}{log}".strip(), *(f"a run broke: {row['reason']}" for row in broken))).strip(),
    )


def _measure_phases(database: Database, begun: float, commit: float, ended: float) -> tuple[Phases, int]:
    """Return how the time between two moments was spent, and the number of probes."""
    query = "SELECT is_probe, started_at AS began, started_at + duration AS ended FROM runs WHERE started_at > ?"
    runs = database.rows(query, begun)
    probes = [run for run in runs if run["is_probe"]]
    (tested,) = (run["ended"] for run in runs if not run["is_probe"])
    searching = min((probe["began"] for probe in probes), default=tested)
    searched = max((probe["ended"] for probe in probes), default=searching)
    committed = begun + commit
    return Phases(commit, searching - committed, searched - searching, ended - searched), len(probes)


def _wait_for_runner(state: StateDir) -> None:
    """Wait until the runner has ended, so that it does not slow what is measured next."""
    end = time.monotonic() + RUNNER_TIMEOUT
    while state.waiting.exists() and time.monotonic() < end:
        time.sleep(0.05)
