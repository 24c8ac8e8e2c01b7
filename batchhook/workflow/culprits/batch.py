"""The search for a batch's culprits: what it begins with, what is made of what it finds."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from batchhook.core.culprits.attribution import Attribution, Kind, Sight
from batchhook.core.culprits.search import DELTA, DELTA_TO_REVERT
from batchhook.core.results import Company, Run, TestResult
from batchhook.core.settings import AutoRollback, Isolation
from batchhook.errors import BatchhookError, StoreError
from batchhook.store.observations import Runs
from batchhook.workflow.context.job import Task
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import State, states_of
from batchhook.workflow.culprits.finder import Hunt
from batchhook.workflow.culprits.order_dependence import order_dependent
from batchhook.workflow.culprits.probes import visiting
from batchhook.workflow.culprits.seeding import recall, subjects_of
from batchhook.workflow.suite.fingerprint import Suite, find_suite


@dataclass(frozen=True, slots=True)
class Culprits:
    """What a search found out.

    Attributes:
        states: names of the commits that it chose from, oldest first.
        by_test: what became of each failing test, by id and module.
    """

    states: tuple[str, ...]
    by_test: Mapping[tuple[str, str], Attribution]

    @property
    def by_id(self) -> Mapping[str, Attribution]:
        """What became of each failing test, by its id alone."""
        return {test_id: found for (test_id, _), found in self.by_test.items()}


def find_culprits(project: Project, task: Task, run: Run) -> Culprits:
    """Find out what broke each failing test of a batch.

    It may be killed at any moment: every visit is stored when it was made, so that the next search goes on from there.

    Raises:
        StoreError: nothing could be stored.
    """
    states = states_of(project.git, task.batch.changes)
    try:
        found = _found(project, states, task, run)
    except StoreError:
        raise
    except BatchhookError as error:
        found = _unknown(run, error.message)
    except Exception as error:  # noqa: BLE001 - told in the analysis, and in the log: a defect must not block the queue
        traceback.print_exc()
        found = _unknown(run, f"the search failed: {type(error).__name__}: {error}")
    return Culprits(
        states=tuple(state.oid for state in states),
        by_test={(result.test_id, result.module): found[result.test_id] for result in _failing(run)},
    )


def _found(project: Project, states: Sequence[State], task: Task, run: Run) -> Mapping[str, Attribution]:
    """What became of each failing test."""
    budget = project.settings.culprit_budget
    if project.settings.isolation is Isolation.IN_PLACE or run.tree != states[-1].tree:
        return _unknown(run, "tested in place: other commits cannot be tested there")
    end = time.monotonic() + budget
    suite = find_suite(project, task.environment)
    failing = _failing(run)
    here = frozenset(result.test_id for result in run.outcome.results)
    hunt = Hunt(
        states=states,
        subjects=subjects_of(project, states, failing),
        here=lambda: here,
        budget=budget,
        delta=DELTA_TO_REVERT if project.settings.auto_rollback is AutoRollback.APPLY else DELTA,
        told=lambda solved: task.progress.searching(len(failing), solved),
    )
    hunt.told(0)
    _recall(project, suite, run, hunt)
    modules = {result.test_id: result.module for result in failing}
    with visiting(project, suite, task.scratch, modules) as visits:
        found = hunt.run(visits)
        alone = [result for result in failing if _only_in_company(result, found[result.test_id], run)]
        needy = order_dependent(visits, states[-1], alone, run, end)
    return {
        name: replace(one, reason="it fails only after the tests that run before it") if name in needy else one
        for name, one in found.items()
    }


def _failing(run: Run) -> list[TestResult]:
    """The failing results, each test once."""
    found: dict[str, TestResult] = {}
    for result in run.outcome.results:
        if result.outcome.is_failure:
            found.setdefault(result.test_id, result)
    return list(found.values())


def _unknown(run: Run, reason: str) -> Mapping[str, Attribution]:
    return {result.test_id: Attribution(Kind.AMBIGUOUS, 0.0, reason=reason) for result in _failing(run)}


# --- what it begins with --------------------------------------------------------------------------------------------


def _recall(project: Project, suite: Suite, run: Run, hunt: Hunt) -> None:
    """Begin with what was seen already: by the run, by earlier ones, by a search that was interrupted."""
    last = len(hunt.states) - 1
    for result in _failing(run):
        for _ in range(_times(result, run)):
            hunt.remember(last, result.test_id, Sight.FAILED)
    recall(project.database, Runs(suite.description, without=run.id), hunt)


def _times(result: TestResult, run: Run) -> int:
    """How often a failing test was seen to fail by its run: what fails beside others is looked at again."""
    if not run.outcome.side_by_side:
        return 1
    return {Company.STRANGERS: 1, Company.CLASS: 2, Company.SUITE: 3}[result.seen_in]


# --- what is made of it ---------------------------------------------------------------------------------------------


def _only_in_company(result: TestResult, found: Attribution, run: Run) -> bool:
    """Whether a test that nobody broke failed in the whole suite alone, and never by itself."""
    return found.kind in {Kind.FLAKY, Kind.AMBIGUOUS} and 0 < found.failed == _times(result, run) < found.runs
