"""The culprit search of a batch."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from batchhook.core.culprits.attribution import Attribution, AttributionKind, ProbeOutcome
from batchhook.core.culprits.search import MAX_ERROR, MAX_ERROR_TO_REVERT
from batchhook.core.events import SearchAdvanced
from batchhook.core.results import IsolationLevel, Run, TestResult
from batchhook.core.settings import AutoRollback, Isolation
from batchhook.core.suite_difference import describe_difference
from batchhook.errors import BatchhookError, StoreError
from batchhook.store.attributions import list_with_reason
from batchhook.store.observations import RunFilter
from batchhook.workflow.context.job import BatchJob
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import Revision, search_revisions
from batchhook.workflow.culprits.finder import INITIAL_SETUP_SECONDS, CulpritFinder, estimate_failing_tests
from batchhook.workflow.culprits.probes import Prober, ProbeRequest, open_test_prober
from batchhook.workflow.impact.suspicion import ChangeImpact
from batchhook.workflow.suite.fingerprint import find_suite

ORDER_REASON = "it fails only after the tests that run before it"
"""The reason for a failure that no change has caused."""
_FAILURES_SEEN = {IsolationLevel.PARALLEL: 1, IsolationLevel.CLASS: 2, IsolationLevel.SUITE: 3}
"""How often a run has seen a test fail, by the isolation level of its result: each rerun isolates it further."""


@dataclass(frozen=True, slots=True)
class BatchAttributions:
    """Attributions of a batch's failing tests.

    Attributes:
        revisions: oids of the commits that were searched, oldest first.
        by_test: attributions by test id and module.
    """

    revisions: tuple[str, ...]
    by_test: Mapping[tuple[str, str], Attribution]

    @property
    def by_id(self) -> Mapping[str, Attribution]:
        """Attributions by test id alone."""
        return {test_id: attribution for (test_id, _), attribution in self.by_test.items()}


def find_culprits(project: Project, job: BatchJob, run: Run) -> BatchAttributions:
    """Attribute each failing test of a batch's run.

    The search may be killed at any moment: each probe is stored when it completes, so that the next search resumes
    from there.

    Raises:
        StoreError: the database cannot be read or written.
    """
    revisions = search_revisions(project, job.batch)
    failures = _distinct_failures(run)
    try:
        attributions = _search(project, revisions, job, run, failures)
    except StoreError:
        raise
    except BatchhookError as error:
        attributions = _all_ambiguous(failures, error.message)
    except Exception as error:  # noqa: BLE001 - reported in the analysis and the log: a defect must not block the queue
        traceback.print_exc()
        attributions = _all_ambiguous(failures, f"the search failed: {type(error).__name__}: {error}")
    return BatchAttributions(
        revisions=tuple(revision.oid for revision in revisions),
        by_test={(result.test_id, result.module): attributions[result.test_id] for result in failures},
    )


def _distinct_failures(run: Run) -> list[TestResult]:
    """Return the failing results, the first of each test."""
    failures: dict[str, TestResult] = {}
    for result in run.result.results:
        if result.outcome.is_failure:
            failures.setdefault(result.test_id, result)
    return list(failures.values())


def _all_ambiguous(failures: Sequence[TestResult], reason: str) -> Mapping[str, Attribution]:
    return {result.test_id: Attribution(AttributionKind.AMBIGUOUS, 0.0, reason=reason) for result in failures}


def _search(
    project: Project, revisions: Sequence[Revision], job: BatchJob, run: Run, failures: Sequence[TestResult]
) -> Mapping[str, Attribution]:
    settings = project.settings
    if settings.isolation is Isolation.IN_PLACE or run.tree != revisions[-1].tree:
        return _all_ambiguous(failures, "tested in place: other commits cannot be tested there")
    deadline = time.monotonic() + settings.culprit_budget
    suite = find_suite(project, job.environment)
    if difference := describe_difference(suite.fingerprint, run.suite, "the batch"):
        return _all_ambiguous(failures, f"a search after the interruption would have {difference}")
    current_tests = frozenset(result.test_id for result in run.result.results)
    finder = CulpritFinder(
        revisions=revisions,
        failing_tests=estimate_failing_tests(
            project, revisions, failures, ChangeImpact(project, suite.fingerprint, revisions)
        ),
        list_current_tests=lambda: current_tests,
        budget=settings.culprit_budget,
        max_error=MAX_ERROR_TO_REVERT if settings.auto_rollback is AutoRollback.APPLY else MAX_ERROR,
        on_solved=lambda solved: job.listener(SearchAdvanced(len(failures), solved)),
        setup_seconds=run.result.duration if suite.unselective else INITIAL_SETUP_SECONDS,
        is_selective=not suite.unselective,
    )
    finder.on_solved(0)
    for result in failures:
        for _ in range(_times_seen(result, run)):
            finder.observe(len(revisions) - 1, result.test_id, ProbeOutcome.FAILED)
    finder.recall(project.database, RunFilter(suite.fingerprint, exclude_run=run.id))
    modules = {result.test_id: result.module for result in failures}
    with open_test_prober(project, suite, job.scratch, modules) as prober:
        attributions = finder.search(prober)
        known = list_with_reason(project.database, ORDER_REASON)
        candidates = [
            result
            for result in failures
            if _may_depend_on_order(result, attributions[result.test_id], run, is_known=result.test_id in known)
        ]
        order_dependent = _find_order_dependent(prober, revisions[-1], candidates, run, deadline)
    return {
        name: replace(attribution, reason=ORDER_REASON) if name in order_dependent else attribution
        for name, attribution in attributions.items()
    }


def _times_seen(result: TestResult, run: Run) -> int:
    """Return how often the run has seen a test fail: failures of parallel runs were rerun."""
    return _FAILURES_SEEN[result.isolation] if run.result.ran_in_parallel else 1


def _may_depend_on_order(result: TestResult, attribution: Attribution, run: Run, *, is_known: bool) -> bool:
    """Return whether a test without a culprit failed each time in the whole suite, and in no probe.

    Args:
        result: of the test.
        attribution: of its failure.
        run: of the whole suite.
        is_known: whether an earlier search found it so; then failures in earlier runs of the whole suite may count.
    """
    if attribution.kind not in {AttributionKind.FLAKY, AttributionKind.AMBIGUOUS}:
        return False
    if is_known:
        return True
    return 0 < attribution.failure_count == _times_seen(result, run) < attribution.run_count


def _find_order_dependent(
    prober: Prober, revision: Revision, failures: Sequence[TestResult], run: Run, deadline: float
) -> frozenset[str]:
    """Return the ids of the tests that fail again each time after all tests that unittest runs before them.

    Alone they pass each time. Both are observed twice: a flaky test behaves so once by chance.

    Args:
        prober: of the suite.
        revision: where they failed.
        failures: results of tests that failed in the whole suite and pass alone.
        run: of the whole suite.
        deadline: by ``time.monotonic()``; if the whole suite would take longer, no test is returned.
    """
    names = tuple(result.test_id for result in failures)
    seconds = sum(result.duration for result in run.result.results)
    for in_order in (True, False, True):
        if not names or time.monotonic() + seconds > deadline:
            return frozenset()
        (probe,) = prober.probe([ProbeRequest(revision, names, seconds, in_order=in_order)])
        expected = ProbeOutcome.FAILED if in_order else ProbeOutcome.PASSED
        names = tuple(name for name in names if probe.outcomes.get(name) is expected)
    return frozenset(names)
