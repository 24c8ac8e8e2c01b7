"""Making visits: checking a state out, running some tests there in fresh processes, several visits side by side."""

from __future__ import annotations

import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from batchhook.core.culprits.attribution import Sight
from batchhook.core.results import Run, SuiteOutcome
from batchhook.core.test_stats import History
from batchhook.errors import BusyError, GitError, SuiteError
from batchhook.execution.cancel import Halt
from batchhook.execution.runner import run_suite
from batchhook.execution.spec import Silent, SuiteSpec
from batchhook.store import runs, test_stats
from batchhook.store.observations import sight_of
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import State
from batchhook.workflow.suite.fingerprint import Suite
from batchhook.workflow.suite.prepare import SetUp
from batchhook.workflow.suite.run import checked_out, plain_spec, processors

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
    description: Mapping[str, object]
    """What else than the tree decides what is seen, as the store has it."""

    def make(self, orders: Sequence[Order]) -> Iterable[Visited]:
        """Make visits side by side, and give each when it, and those before it, have been made and stored."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """What visits need that are made side by side. Made by ``side_by_side``.

    Attributes:
        pool: of threads.
        workers: how many.
        scratch: a folder for their files.
        halt: ends them.
    """

    pool: ThreadPoolExecutor
    workers: int
    scratch: Path
    halt: Halt


@contextmanager
def side_by_side(project: Project, scratch: Path) -> Iterator[Crowd]:
    """What visits need, for the length of a block; whatever ends the block ends those that are under way.

    Args:
        project: the repository.
        scratch: a folder for their files; it is gone at the end.
    """
    workers = min(project.settings.jobs or processors(), MOST_WORKERS)
    shutil.rmtree(scratch, ignore_errors=True)
    halt, pool = Halt(), ThreadPoolExecutor(workers, "visit")
    try:
        yield Crowd(pool, workers, scratch, halt)
    finally:
        halt.call()
        pool.shutdown(cancel_futures=True)
        halt.close()
        shutil.rmtree(scratch, ignore_errors=True)


class _Obedient(Silent):
    """Says nothing, and ends what it listens to when it is time."""

    def __init__(self, halt: Halt) -> None:
        self._halt = halt

    def stage(self, _name: str) -> None:
        if self._halt.is_called:
            raise SuiteError("the visit was ended")


class Visits(ABC):
    """Visits that are made side by side, each in a private work tree.

    Args:
        project: the repository.
        crowd: what they need.
        environment: of what runs there.
        description: what else than the tree decides what is seen.
    """

    def __init__(
        self, project: Project, crowd: Crowd, environment: Mapping[str, str], description: Mapping[str, object]
    ) -> None:
        self.workers = crowd.workers
        self.description = description
        self._project = project
        self._crowd = crowd
        self._environment = environment
        self._made = 0

    def make(self, orders: Sequence[Order]) -> Iterator[Visited]:
        """Make visits side by side; each is stored before it is given, so that a kill loses no more than one round."""
        folders = []
        for _ in orders:
            self._made += 1
            folders.append(self._crowd.scratch / f"visit-{self._made}")
        for visited in self._crowd.pool.map(self._visit, orders, folders, [len(orders)] * len(orders)):
            self._store(visited)
            yield visited

    def _visit(self, order: Order, scratch: Path, beside: int) -> Visited:
        """Make one visit; in a thread of its own, without the database."""
        begun = time.perf_counter()
        scratch.mkdir(parents=True)
        try:
            outcome = self._outcome(order, scratch, beside)
        except BusyError:  # it says nothing of the state
            raise
        except (SuiteError, GitError) as error:
            outcome = SuiteOutcome(broken=error.message, hint=error.hint, complete=False)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return Visited(order, _its_own(outcome, order), time.perf_counter() - begun)

    def _outcome(self, order: Order, scratch: Path, beside: int) -> SuiteOutcome:
        if not order.state.oid:  # before the first commit there was nothing
            return SuiteOutcome(absent=dict.fromkeys(order.tests, ()), complete=False)
        halt = self._crowd.halt
        set_up = SetUp(self._environment, scratch / "setup.log", halt)
        listener = _Obedient(halt)
        with checked_out(self._project, order.state.oid, set_up, listener) as folder:
            listener.stage("looking")
            return self._look(order, folder, scratch, beside)

    @abstractmethod
    def _look(self, order: Order, folder: Path, scratch: Path, beside: int) -> SuiteOutcome:
        """See what there is to see in a state that is checked out.

        Args:
            order: the visit.
            folder: the checkout.
            scratch: a folder of this visit's own.
            beside: how many visits are made side by side, this one among them.
        """

    def _store(self, visited: Visited) -> None:
        order = visited.order
        if order.tests and order.state.tree and not visited.outcome.broken:
            began = time.time() - visited.seconds
            run = Run(order.state.tree, self.description, began, visited.outcome, is_visit=True)
            runs.add(self._project.database, run)


class TestVisits(Visits):
    """Visits that run tests of the project's suite. Made by ``visiting``."""

    __test__ = False  # not one of pytest's own

    def __init__(self, project: Project, crowd: Crowd, suite: Suite, modules: Mapping[str, str]) -> None:
        super().__init__(project, crowd, suite.environment, suite.description)
        self._suite = suite
        self._known = test_stats.load(project.database)
        self._modules = dict(modules)

    def _look(self, order: Order, folder: Path, scratch: Path, beside: int) -> SuiteOutcome:
        settings = self._project.settings
        tests = frozenset(order.tests)
        known = replace(self._known, ordered=tests if order.in_order else self._known.ordered & tests)
        jobs = max(1, (settings.jobs or processors()) // beside) if order.seconds >= ENOUGH_FOR_TWO else 1
        spec = replace(
            plain_spec(settings, self._suite, folder, scratch),
            only=order.tests,
            elsewhere=True,
            jobs=jobs,
            history=_proven(known, order),
            halt=self._crowd.halt,
        )
        return run_suite(spec) if known.is_ordered else self._narrowly(spec)

    def _narrowly(self, spec: SuiteSpec) -> SuiteOutcome:
        """Run tests having imported their modules alone; what is not found so is looked for in the whole suite."""
        modules = [self._modules.get(name) for name in spec.only]
        if None in modules or len(set(modules)) > MOST_MODULES:
            return run_suite(spec)
        outcome = run_suite(replace(spec, modules=frozenset(filter(None, modules))))
        if not outcome.absent:
            return replace(outcome, names=frozenset())  # those of a few modules are not all that there are
        rest = run_suite(replace(spec, only=tuple(outcome.absent)))
        return replace(rest, results=outcome.results + rest.results, untestable=outcome.untestable + rest.untestable)

    def _store(self, visited: Visited) -> None:
        super()._store(visited)
        self._modules.update((result.test_id, result.module) for result in visited.outcome.results)


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
    with side_by_side(project, scratch) as crowd:
        yield TestVisits(project, crowd, suite, modules or {})


def _proven(known: History, order: Order) -> History:
    """History for a visit: a third look, which sees failures in unittest's order, is not wanted in it."""
    return replace(known, proven=known.proven | frozenset(order.tests))


def _its_own(outcome: SuiteOutcome, order: Order) -> SuiteOutcome:
    """The outcome of the tests that were asked for, without those that only kept them company."""
    asked = frozenset(order.tests)
    results = tuple(result for result in outcome.results if result.test_id in asked)
    heard = {result.test_id for result in results} | outcome.absent.keys()
    return replace(outcome, results=results, untestable=tuple(sorted(asked - heard)))
