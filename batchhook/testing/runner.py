"""Running a suite: once over everything, then a second look at failures that the first one may have caused itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import perf_counter

from batchhook.core.outcomes import Outcome, SuiteOutcome
from batchhook.core.settings import Order
from batchhook.errors import SuiteError
from batchhook.testing.confirm import Revision, SecondLook
from batchhook.testing.course import Common, Course, Heard
from batchhook.testing.origins import first_party_names
from batchhook.testing.preconditions import check_runnable
from batchhook.testing.schedule import Batch, Unit, planned, selected
from batchhook.testing.suite import Listener, Silent, SuiteSpec

WORTH_A_SECOND_PROCESS = 0.5
"""Seconds that the tests must be likely to take before starting more than one process saves time."""


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
        return SuiteOutcome(duration=perf_counter() - begin, broken=error.message, hint=error.hint, complete=False)
    results = tuple(one.result for one in run.heard)
    return SuiteOutcome(results, perf_counter() - begin, complete=not run.unheard and not spec.only)


def processes(spec: SuiteSpec) -> int:
    """How many processes a run starts with: one where order matters, or where there is too little to share."""
    if spec.order is Order.ORIGINAL:
        return 1
    known = spec.history.durations
    short = bool(known) and sum(known.values()) < WORTH_A_SECOND_PROCESS
    return 1 if short else max(1, spec.jobs)


class _Run:
    """One run of a suite.

    Attributes:
        heard: what holds of each test.
        unheard: numbers of the units that had no turn.
    """

    def __init__(self, spec: SuiteSpec, listener: Listener) -> None:
        self.heard: list[Heard] = []
        self.unheard: list[int] = []
        self._spec = spec
        self._listener = listener
        self._jobs = processes(spec)
        self._common = Common(())

    def carry_out(self) -> None:
        """Run everything; with ``fail_fast``, until a failure holds.

        Raises:
            SuiteError: the suite cannot be run, or what was heard of it cannot be believed.
        """
        check_runnable(self._spec)
        self._common.first_party = first_party_names(self._spec.source_roots)
        self._advance(self._everything)
        while self.unheard and not any(one.result.outcome.is_failure for one in self.heard):
            self._advance(partial(self._some, self.unheard))

    def _advance(self, plan: Callable[[list[Unit]], list[Batch]]) -> None:
        course = self._course(self._spec, self._listener, plan, self._jobs)
        self.unheard = course.unheard
        heard = course.heard if self._jobs == 1 else self._confirmed(course.heard)
        self.heard.extend(heard)

    def _course(
        self, spec: SuiteSpec, listener: Listener, plan: Callable[[list[Unit]], list[Batch]], jobs: int
    ) -> Course:
        course = Course(spec, listener, self._common, plan)
        course.run(jobs)
        return course

    def _everything(self, units: list[Unit]) -> list[Batch]:
        wanted = selected(units, self._spec.only)
        if not wanted:
            raise SuiteError("None of the tests that were asked for exists.", "Run the whole suite to see their ids.")
        return self._some(wanted, units)

    def _some(self, wanted: list[int], units: list[Unit]) -> list[Batch]:
        return planned(units, wanted, self._jobs, self._spec.history, self._spec.changed)

    def _confirmed(self, heard: list[Heard]) -> list[Heard]:
        """Run failures of tests that ran side by side again, until those that are left can be believed."""
        second_look = SecondLook(self._common.units, heard)
        while doubted := second_look.doubtful():
            self._listener.doubting(len(doubted))
            company = Batch(tuple(second_look.company(doubted)), seconds=0.0, urgent=True)
            spec = replace(self._spec, fail_fast=False)
            course = self._course(spec, Silent(), lambda _, company=company: [company], 1)  # type: ignore[misc]
            self._tell(second_look.learn(doubted, course.heard))
        return second_look.heard

    def _tell(self, revision: Revision) -> None:
        for result in revision.changed:
            self._listener.revised(result)
        for result in revision.gone:
            self._listener.revised(replace(result, outcome=Outcome.PASSED))
        for result in revision.added:
            self._listener.finished(result)
