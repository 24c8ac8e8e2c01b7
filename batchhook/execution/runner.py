"""Running a suite: once over everything, then a second look at failures that the first one may have caused itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import perf_counter

from batchhook.core.results import Company, Outcome, SuiteOutcome
from batchhook.core.settings import Order
from batchhook.errors import SuiteError
from batchhook.execution.import_check import first_party_names
from batchhook.execution.locate_tests import Sought, seek, with_company
from batchhook.execution.preconditions import check_runnable, has_start
from batchhook.execution.rerun import Revision, SecondLook
from batchhook.execution.scheduling import Batch, Unit, planned, selected
from batchhook.execution.session import Common, Course, Heard
from batchhook.execution.spec import Listener, Silent, SuiteSpec

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
    complete = not run.unheard and not spec.only
    return SuiteOutcome(
        results,
        perf_counter() - begin,
        complete=complete,
        absent=run.sought.absent,
        untestable=run.sought.untestable,
        names=run.sought.names,
    )


def processes(spec: SuiteSpec) -> int:
    """How many processes a run starts with: one where order matters, or where there is too little to share."""
    if spec.order is Order.ORIGINAL or spec.history.is_ordered:
        return 1
    known = spec.history.durations
    short = bool(known) and sum(known.values()) < WORTH_A_SECOND_PROCESS
    return 1 if short else max(1, spec.jobs)


class _Run:
    """One run of a suite.

    Attributes:
        heard: what holds of each test.
        unheard: numbers of the units that had no turn.
        sought: what became of the tests of another tree, if it is these that are run.
    """

    def __init__(self, spec: SuiteSpec, listener: Listener) -> None:
        self.heard: list[Heard] = []
        self.unheard: list[int] = []
        self.sought = Sought((), (), (), {}, ())
        self._spec = spec
        self._listener = listener
        self._jobs = processes(spec)
        self._company = Company.SUITE if self._jobs == 1 else Company.STRANGERS
        self._wanted: list[int] = []
        self._common = Common(())

    def carry_out(self) -> None:
        """Run everything; with ``fail_fast``, until a failure holds.

        Raises:
            SuiteError: the suite cannot be run, or what was heard of it cannot be believed.
        """
        if self._spec.elsewhere and not has_start(self._spec):
            self.sought = seek(self._spec.only, [], ())
            return
        check_runnable(self._spec)
        self._common.first_party = first_party_names(self._spec.source_roots)
        self._advance(self._everything)
        while self.unheard and not any(one.result.outcome.is_failure for one in self.heard):
            self._advance(partial(self._some, self.unheard))
        for result in self.sought.made_up(one.result for one in self.heard):
            self.heard.append(Heard(-1, result))
            self._listener.finished(result)

    def _advance(self, plan: Callable[[list[Unit]], list[Batch]]) -> None:
        course = Course(self._spec, self._listener, self._common, plan, company=self._company)
        course.run(self._jobs)
        heard = course.heard if self._jobs == 1 else self._confirmed(course.heard)
        self.heard.extend(heard)
        self.unheard = sorted(set(course.unheard).difference(one.unit for one in heard))

    def _everything(self, units: list[Unit]) -> list[Batch]:
        if self._spec.elsewhere:
            self.sought = seek(self._spec.only, units, self._common.loaded)
            self._wanted = with_company(self.sought.units, units, self._spec.history)
            return self._some(self._wanted, units)
        self._wanted = selected(units, self._spec.only)
        if not self._wanted:
            raise SuiteError("None of the tests that were asked for exists.", "Run the whole suite to see their ids.")
        return self._some(self._wanted, units)

    def _some(self, wanted: list[int], units: list[Unit]) -> list[Batch]:
        return planned(units, wanted, self._jobs, self._spec.history, self._spec.changed)

    def _confirmed(self, heard: list[Heard]) -> list[Heard]:
        """Run failures among strangers again, until those that are left can be believed."""
        second_look = SecondLook(self._common.units, heard)
        while doubted := second_look.doubtful():
            self._see_again(second_look, doubted, second_look.company(doubted), Company.CLASS)
        doubted = [] if self._spec.fail_fast else second_look.unproven(self._spec.history.proven)
        if doubted:
            last = second_look.before(doubted)
            before = [number for number in self._wanted if number <= last]
            self._see_again(second_look, doubted, before, Company.SUITE)
        return second_look.heard

    def _see_again(self, look: SecondLook, doubted: list[Heard], units: list[int], company: Company) -> None:
        self._listener.doubting(len(doubted))
        once_more = Batch(tuple(units), seconds=0.0, urgent=True)
        spec = replace(self._spec, fail_fast=False)
        course = Course(spec, Silent(), self._common, lambda _: [once_more], company=company)
        course.run(1)
        self._tell(look.learn(doubted, course.heard))

    def _tell(self, revision: Revision) -> None:
        for result in revision.changed:
            self._listener.revised(result)
        for result in revision.gone:
            self._listener.revised(replace(result, outcome=Outcome.PASSED))
        for result in revision.added:
            self._listener.finished(result)
