"""The baseline: a run to compare others with, set by the user at a milestone and never moved automatically."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from batchhook.core.batch import Batch
from batchhook.core.comparison import SuiteComparison, compare
from batchhook.core.events import RunListener
from batchhook.core.results import Run, TestResult
from batchhook.core.settings import Isolation, KnownFailures
from batchhook.core.suite_difference import describe_difference
from batchhook.core.verdict import new_failures
from batchhook.errors import BatchhookError
from batchhook.git.history import is_ancestor
from batchhook.store import baselines, batches, critical_failures, runs
from batchhook.store.baselines import Baseline
from batchhook.store.critical_failures import Resolution
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import resolve_revision
from batchhook.workflow.status import gate
from batchhook.workflow.status.analyze import find_flaky
from batchhook.workflow.suite.run import ensure_run


@dataclass(frozen=True, slots=True)
class BaselineComparison:
    """A commit's run, compared with the baseline.

    Attributes:
        is_baseline_later: whether the commit is an ancestor of the baseline.
        suite_difference: what else than the files may make tests end differently, as a sentence; empty if nothing.
    """

    oid: str
    run: Run
    baseline: Baseline
    compared: SuiteComparison
    is_baseline_later: bool = False
    suite_difference: str = ""


def set_baseline(
    project: Project, revision: str, environment: Mapping[str, str], listener: RunListener, *, force: bool
) -> tuple[Baseline, Run]:
    """Make the run of a commit the baseline; the suite runs now if there is no stored run.

    Args:
        project: the repository.
        revision: names the commit.
        environment: the caller's.
        listener: follows the run.
        force: whether to accept failing tests.

    Raises:
        BatchhookError: there is no such commit, its suite cannot run, or tests fail and ``force`` is off.
    """
    oid, run = _run_commit(project, revision, environment, listener)
    failing = run.result.totals.failures
    if failing and not force:
        raise BatchhookError(
            f"{failing} of {run.result.totals.tests} tests fail at {oid[:8]}: the baseline is unchanged",
            "fix them first, or accept them with --force",
        )
    baseline = baselines.save(project.database, run.id, oid, forced=bool(failing))
    if failing:
        _acknowledge_failures(project, run)
    return baseline, run


def _acknowledge_failures(project: Project, accepted: Run) -> None:
    """Resolve the critical batches whose failures were all accepted as the baseline."""
    for number in critical_failures.list_unresolved(project.database).values():
        critical = runs.load_for_batch(project.database, number)
        if critical is not None and not new_failures(critical[0].result.results, accepted.result.results):
            critical_failures.resolve(project.database, number, Resolution.ACKNOWLEDGED)
    gate.update_gate_files(project)


def load_known_results(project: Project, batch: Batch, run: Run) -> tuple[TestResult, ...]:
    """Return the results of earlier runs whose failures do not count against a batch, as configured.

    Args:
        project: the repository.
        batch: the batch.
        run: of the batch.
    """
    source = project.settings.known_failures
    if source is KnownFailures.NONE or not run.result.totals.failures:
        return ()
    baseline = baselines.load(project.database)
    accepted = runs.load_results(project.database, baseline.run) if baseline else ()
    return accepted if source is KnownFailures.BASELINE else (*accepted, *_load_results_before(project, batch, run))


def are_accepted(project: Project, culprits: Iterable[str]) -> bool:
    """Return whether the baseline includes all of these commits, so that what they broke was accepted with it."""
    baseline = baselines.load(project.database)
    return all(baseline is not None and is_ancestor(project.git, culprit, baseline.oid) for culprit in culprits)


def _load_results_before(project: Project, batch: Batch, run: Run) -> tuple[TestResult, ...]:
    """Return the results at the base of a batch; if that was not tested, those of the batch before.

    Both are the same unless that batch was rolled back: then it says nothing about the base.
    """
    base = runs.find_reusable(project.database, batch.changes[0].base_tree, run.suite)
    if base is not None:
        return base.result.results
    previous = batches.find_previous_finished(project.database, batch.id)
    before = runs.load_for_batch(project.database, previous) if previous else None
    return before[0].result.results if before else ()


def load_baseline(project: Project) -> tuple[Baseline, Run]:
    """Return the baseline and its run.

    Raises:
        BatchhookError: no baseline is set.
    """
    baseline = baselines.load(project.database)
    if baseline is None:
        raise BatchhookError("there is no baseline yet", "run batchhook baseline set when the tests pass")
    return baseline, runs.load(project.database, baseline.run)


def compare_with_baseline(
    project: Project, revision: str, environment: Mapping[str, str], listener: RunListener
) -> BaselineComparison:
    """Compare the run of a commit with the baseline; arguments as for ``set_baseline``.

    Raises:
        BatchhookError: there is no baseline, no such commit, or its suite cannot run.
    """
    baseline, before = load_baseline(project)
    oid, run = _run_commit(project, revision, environment, listener)
    flaky = find_flaky(project, before.result.results)
    compared = compare(run.result.results, before.result.results, flaky)
    compared = compared.excuse((), find_flaky(project, run.result.results))
    is_baseline_later = oid != baseline.oid and is_ancestor(project.git, oid, baseline.oid)
    difference = describe_difference(run.suite, before.suite, "the baseline")
    return BaselineComparison(oid, run, baseline, compared, is_baseline_later, difference)


def _run_commit(
    project: Project, revision: str, environment: Mapping[str, str], listener: RunListener
) -> tuple[str, Run]:
    if project.settings.isolation is Isolation.IN_PLACE:
        raise BatchhookError("tests run in place here, but a baseline needs a commit", "batchhook test")
    oid = resolve_revision(project, revision)
    return oid, ensure_run(project, oid, environment, listener)
