"""Run a suite: first everything, then again the failures that running in parallel may have caused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from batchhook.core.events import RerunBegan, RunListener, TestEnded, TestRevised, ignore_event
from batchhook.core.results import IsolationLevel, Outcome, SuiteResult, broken_result
from batchhook.core.settings import RunOrder
from batchhook.engines.command.engine import CommandEngine
from batchhook.engines.worker_group import WorkerGroup
from batchhook.errors import SuiteError
from batchhook.execution.import_check import first_party_names
from batchhook.execution.locate_tests import LocatedTests, locate_tests, with_prerequisites
from batchhook.execution.parts import listen_to_part, merge, part_spec
from batchhook.execution.rerun import ORDER_CHECKS, RerunChanges, RerunPolicy
from batchhook.execution.scheduling import (
    Chunk,
    ItemResult,
    TestItem,
    in_suite_order,
    nearest_ids,
    plan_chunks,
    select,
)
from batchhook.execution.session import Discovery, Session
from batchhook.execution.spec import NONE_SELECTED, SuitePart, SuiteSpec, check_runnable
from batchhook.lazy import LazyModule

if TYPE_CHECKING:
    from batchhook.execution import command_run
else:
    command_run = LazyModule("batchhook.execution.command_run")

MIN_PARALLEL_SECONDS = 0.5
"""Expected duration of the tests below which a second process does not pay."""


def run_suite(spec: SuiteSpec, listener: RunListener = ignore_event) -> SuiteResult:
    """Run a suite, or a part of it.

    Nothing that a suite does raises: one that cannot be run, or that sends invalid reports, gives a result without
    tests, with ``broken_reason`` and ``hint``.
    """
    if spec.parts:
        return _run_parts(spec, listener)
    if isinstance(spec.engine, CommandEngine):
        return command_run.run_command_suite(spec, spec.engine, listener)
    begin = perf_counter()
    run = _SuiteRun(replace(spec, root=spec.root.resolve()), listener)
    try:
        run.execute()
    except SuiteError as error:
        return broken_result(error, perf_counter() - begin)
    finally:
        run.close()
    return SuiteResult(
        tuple(entry.result for entry in in_suite_order(run.results, run.items)),
        perf_counter() - begin,
        is_complete=not (run.not_run or spec.only or spec.engine.is_restricted),
        absent=run.located.absent,
        untestable=run.located.untestable,
        known_ids=run.located.known_ids,
        deselected=0 if spec.only or spec.engine.is_restricted else run.deselected,
    )


def _run_parts(spec: SuiteSpec, listener: RunListener) -> SuiteResult:
    """Run several suites, one after the other."""
    results: list[tuple[SuitePart, SuiteResult]] = []
    for part in spec.parts:
        own = part_spec(spec, part)
        if own is None:
            continue
        result = run_suite(own, listen_to_part(listener, part, sum(len(earlier.results) for _, earlier in results)))
        if spec.cancel is not None and spec.cancel.is_cancelled:
            return result
        has_none = result.broken_reason == NONE_SELECTED or (result.has_no_tests and part.engine.is_restricted)
        if not has_none:
            results.append((part, result))
        if spec.fail_fast and any(each.outcome.is_failure for each in result.results):
            break
    if not results:
        names = ", ".join(part.name for part in spec.parts)
        return broken_result(SuiteError(NONE_SELECTED, f"The suites are: {names}."))
    merged = merge(results, is_whole=not spec.only)
    return merged if len(results) == len(spec.parts) else replace(merged, is_complete=False)


def initial_jobs(spec: SuiteSpec) -> int:
    """Return the number of processes that a run starts with: one if the order matters, or if there is little to run."""
    if spec.order is RunOrder.ORIGINAL or spec.stats.needs_suite_order:
        return 1
    durations = spec.stats.durations
    is_short = bool(durations) and sum(durations.values()) < MIN_PARALLEL_SECONDS
    return 1 if is_short else max(1, spec.jobs)


class _SuiteRun:
    """One run of a suite.

    Attributes:
        results: the current ones.
        not_run: numbers of the items that have not run.
        located: the tests of another tree, if the run is of these.
    """

    def __init__(self, spec: SuiteSpec, listener: RunListener) -> None:
        self.results: list[ItemResult] = []
        self.not_run: list[int] = []
        self.located = LocatedTests()
        self._spec = spec
        self._listener = listener
        self._jobs = initial_jobs(spec)
        self._selection: list[int] = []
        self._discovery = Discovery(WorkerGroup(spec.environment))

    def execute(self) -> None:
        """Run everything; with ``fail_fast``, until a failure is confirmed.

        Raises:
            SuiteError: the suite cannot be run, or a report is invalid.
        """
        if self._spec.from_other_tree and self._spec.engine.find_problem(self._spec.root) is not None:
            self.located = locate_tests(self._spec.only, [], ())
            return
        check_runnable(self._spec)
        self._discovery.first_party = first_party_names(self._spec.source_roots)
        self._run_session(self._plan_selection)
        while self.not_run and not any(entry.result.outcome.is_failure for entry in self.results):
            self._run_session(partial(self._plan, self.not_run))
        for result in self.located.implied_passes(entry.result for entry in self.results):
            self.results.append(ItemResult(-1, result))
            self._listener(TestEnded(result))

    @property
    def items(self) -> Sequence[TestItem]:
        """The whole suite."""
        return self._discovery.items

    @property
    def deselected(self) -> int:
        """Number of tests that the project's own options leave out."""
        return self._discovery.deselected

    def close(self) -> None:
        """End what outlives a session."""
        self._discovery.close()

    def _run_session(self, plan: Callable[[list[TestItem]], list[Chunk]]) -> None:
        isolation = IsolationLevel.SUITE if self._jobs == 1 else IsolationLevel.PARALLEL
        session = Session(self._spec, self._listener, self._discovery, plan, isolation=isolation)
        session.run(self._jobs)
        results = session.results if self._jobs == 1 else self._confirm(session.results)
        self.results.extend(results)
        self.not_run = sorted(set(session.not_run).difference(entry.item for entry in results))

    def _plan_selection(self, items: list[TestItem]) -> list[Chunk]:
        if self._spec.from_other_tree:
            self.located = locate_tests(self._spec.only, items, self._discovery.modules)
            self._selection = with_prerequisites(self.located.items, items, self._spec.stats)
        else:
            self._selection = select(items, self._spec.only)
            if not self._selection:
                nearest = ", ".join(nearest_ids(items, self._spec.only))
                hint = f"Did you mean: {nearest}?" if nearest else "Run the whole suite to see their ids."
                raise SuiteError(NONE_SELECTED, hint)
        return self._plan(self._selection, items)

    def _plan(self, numbers: list[int], items: list[TestItem]) -> list[Chunk]:
        spec = self._spec
        return plan_chunks(items, numbers, self._jobs, spec.stats, spec.changed_files, spec.priorities)

    def _confirm(self, results: list[ItemResult]) -> list[ItemResult]:
        """Run failures of tests that ran in parallel again, until the remaining ones are reliable."""
        policy = RerunPolicy(self._discovery.items, results)
        while reruns := policy.next_reruns():
            self._report(policy.apply(reruns, self._rerun(policy, reruns, IsolationLevel.CLASS)))
        reruns = [] if self._spec.fail_fast else policy.reruns_in_order(self._spec.stats.isolation_verified)
        if reruns:
            changes = policy.apply(reruns, self._rerun(policy, reruns, IsolationLevel.SUITE))
            for isolation in ORDER_CHECKS:
                if candidates := policy.order_candidates():
                    policy.check_order(candidates, self._rerun(policy, candidates, isolation))
            self._report(policy.changed_results(changes))
        return policy.results

    def _rerun(self, policy: RerunPolicy, reruns: list[ItemResult], isolation: IsolationLevel) -> list[ItemResult]:
        """Run failures again, at an isolation level, and return the results of all tests that ran."""
        self._listener(RerunBegan(len(reruns)))
        items = policy.items_to_run(reruns)
        spec = replace(self._spec, fail_fast=False, coverage=None)
        if isolation is IsolationLevel.SUITE:
            items = [number for number in self._selection if number <= max(items)]
        elif spec.harness_engine.collects_files_alone and self._discovery.template is None:
            spec = replace(spec, modules=frozenset(self._discovery.items[number].module for number in items))
        chunk = Chunk(tuple(items), seconds=0.0)
        session = Session(spec, ignore_event, self._discovery, lambda _: [chunk], isolation=isolation)
        session.run(1)
        return session.results

    def _report(self, changes: RerunChanges) -> None:
        for result in changes.revised:
            self._listener(TestRevised(result))
        for result in changes.withdrawn:
            self._listener(TestRevised(replace(result, outcome=Outcome.PASSED)))
        for result in changes.added:
            self._listener(TestEnded(result))
