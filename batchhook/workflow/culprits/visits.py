"""Making visits: checking a state out, running some tests there in fresh processes, several visits side by side."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from batchhook.core.culprits.attribution import Sight
from batchhook.core.history import History
from batchhook.core.outcomes import Run, SuiteOutcome
from batchhook.errors import GitError, SuiteError
from batchhook.store import history, runs
from batchhook.store.sightings import sight_of
from batchhook.testing.runner import run_suite
from batchhook.testing.suite import Silent, SuiteSpec
from batchhook.workflow.culprits.states import State
from batchhook.workflow.project import Project
from batchhook.workflow.suite import Suite
from batchhook.workflow.suite_run import checked_out, plain_spec, processors

MOST_WORKERS = 4
"""Visits that are made side by side; each needs a private work tree."""
MOST_MODULES = 200
"""Modules that are imported by name; for more, the whole suite is."""
ENOUGH_FOR_TWO = 2.0
"""Seconds of tests in one visit from which on it is worth while to share them among processes."""


@dataclass(frozen=True, slots=True)
class Order:
    """A visit that is to be made.

    Attributes:
        state: where.
        tests: ids, as they are called there.
        seconds: how long the tests are likely to take.
        in_order: whether everything has to run that unittest runs before them.
    """

    state: State
    tests: tuple[str, ...]
    seconds: float = 0.0
    in_order: bool = False


@dataclass(frozen=True, slots=True)
class Visited:
    """A visit that was made.

    Attributes:
        outcome: of its tests alone; those of which nothing was heard are among its untestable ones.
        seconds: of the wall clock, from the checkout to the end.
    """

    order: Order
    outcome: SuiteOutcome
    seconds: float

    @property
    def sights(self) -> Mapping[str, Sight]:
        """What was seen of each test."""
        found: dict[str, Sight] = dict.fromkeys(self.order.tests, Sight.UNTESTABLE)
        found |= dict.fromkeys(self.outcome.absent, Sight.ABSENT)
        for result in self.outcome.results:
            if result.outcome.is_failure or found.get(result.test_id) is not Sight.FAILED:
                found[result.test_id] = sight_of(result.outcome)
        return found


class Places(Protocol):
    """Whoever makes visits: by running tests of the suite, or by a command of the user's."""

    workers: int

    def make(self, orders: Sequence[Order]) -> Iterable[Visited]:
        """Make visits side by side, and give each when it, and those before it, have been made and stored."""


class _NoListener(Silent):
    def stage(self, name: str) -> None:
        """Say nothing."""


class TestVisits:
    """Visits that run tests of the project's suite. Made by ``visiting``."""

    __test__ = False  # not one of pytest's own

    def __init__(
        self, project: Project, suite: Suite, scratch: Path, pool: ThreadPoolExecutor, modules: Mapping[str, str]
    ) -> None:
        self.workers = workers()
        self._project = project
        self._suite = suite
        self._scratch = scratch
        self._pool = pool
        self._known = history.load(project.database)
        self._modules = dict(modules)
        self._made = 0

    def make(self, orders: Sequence[Order]) -> Iterator[Visited]:
        """Make visits side by side; each is stored before it is given, so that a kill loses no more than one round."""
        folders = []
        for _ in orders:
            self._made += 1
            folders.append(self._scratch / f"visit-{self._made}")
        sharing = max(1, len(orders))
        jobs = max(1, (self._project.settings.jobs or processors()) // sharing)
        for visited in self._pool.map(self._visit, orders, folders, [jobs] * len(orders)):
            self._store(visited)
            yield visited

    def _visit(self, order: Order, scratch: Path, jobs: int) -> Visited:
        """Make one visit; in a thread of its own, without the database."""
        begun = time.perf_counter()
        scratch.mkdir(parents=True)
        try:
            outcome = self._look(order, scratch, jobs)
        except (SuiteError, GitError) as error:
            outcome = SuiteOutcome(broken=error.message, hint=error.hint, complete=False)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return Visited(order, _its_own(outcome, order), time.perf_counter() - begun)

    def _look(self, order: Order, scratch: Path, jobs: int) -> SuiteOutcome:
        if not order.state.oid:  # before the first commit there was nothing
            return SuiteOutcome(absent=dict.fromkeys(order.tests, ()), complete=False)
        project = self._project
        with checked_out(project, self._suite, order.state.oid, scratch, _NoListener()) as folder:
            known = replace(self._known, is_ordered=True) if order.in_order else self._known
            spec = replace(
                plain_spec(project.settings, self._suite, folder, scratch),
                only=order.tests,
                elsewhere=True,
                jobs=jobs if order.seconds >= ENOUGH_FOR_TWO else 1,
                history=_proven(known, order),
            )
            return self._narrowly(spec) if not known.is_ordered else run_suite(spec)

    def _narrowly(self, spec: SuiteSpec) -> SuiteOutcome:
        """Run tests having imported their modules alone; what is not found so is looked for in the whole suite."""
        modules = [self._modules.get(name) for name in spec.only]
        if None in modules or len(set(modules)) > MOST_MODULES:
            return run_suite(spec)
        outcome = run_suite(replace(spec, modules=frozenset(filter(None, modules))))
        if not outcome.absent:
            return outcome
        rest = run_suite(replace(spec, only=tuple(outcome.absent)))
        return replace(rest, results=outcome.results + rest.results, untestable=outcome.untestable + rest.untestable)

    def _store(self, visited: Visited) -> None:
        self._modules.update((result.test_id, result.module) for result in visited.outcome.results)
        if not visited.outcome.broken and visited.order.state.tree:
            tree, description = visited.order.state.tree, self._suite.description
            began = time.time() - visited.seconds
            runs.add(self._project.database, Run(tree, description, began, visited.outcome, is_visit=True))


@contextmanager
def visiting(
    project: Project, suite: Suite, scratch: Path, modules: Mapping[str, str] | None = None
) -> Iterator[TestVisits]:
    """Visits that run tests of the project's suite, for the length of a block.

    Args:
        project: the repository.
        suite: of the project.
        scratch: a folder for their files; it is gone at the end.
        modules: names of the modules that tests are in, by id, as far as known.
    """
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        with ThreadPoolExecutor(workers(), "visit") as pool:
            yield TestVisits(project, suite, scratch, pool, modules or {})
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def workers() -> int:
    """How many visits are made side by side."""
    return min(processors(), MOST_WORKERS)


def _proven(known: History, order: Order) -> History:
    """History for a visit: a third look, which sees failures in unittest's order, is not wanted in it."""
    return replace(known, proven=known.proven | frozenset(order.tests))


def _its_own(outcome: SuiteOutcome, order: Order) -> SuiteOutcome:
    """The outcome of the tests that were asked for, without those that only kept them company."""
    asked = frozenset(order.tests)
    results = tuple(result for result in outcome.results if result.test_id in asked)
    heard = {result.test_id for result in results} | outcome.absent.keys()
    return replace(outcome, results=results, untestable=tuple(sorted(asked - heard)))


def sights(made: Iterable[Visited]) -> Iterator[tuple[str, State, Sight]]:
    """What was seen in visits: test, state, sight."""
    for visited in made:
        for name, sight in visited.sights.items():
            yield name, visited.order.state, sight
