"""Reading side: the analysis of a batch, lists of batches, and the status of a repository."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from batchhook.core.analysis import Analysis
from batchhook.core.batch import Batch, BatchStatus
from batchhook.core.commit import Commit, FileEdit
from batchhook.core.comparison import Comparison, SuiteComparison, compare
from batchhook.core.culprits.attribution import AttributionKind, complete, group_by_culprit
from batchhook.core.operations import BatchRollback, Operation, batch_rollbacks
from batchhook.core.results import TestResult, Totals
from batchhook.core.suite_difference import describe_difference, other_python, python_of
from batchhook.core.verdict import Verdict
from batchhook.errors import GitError, NotFinishedError, StoreError
from batchhook.git.history import is_ancestor, read_commits
from batchhook.lazy import LazyModule
from batchhook.store import (
    attributions,
    baselines,
    batches,
    branches,
    critical_failures,
    integration_errors,
    operations,
    runs,
    slowdowns,
    test_stats,
)
from batchhook.store.baselines import Baseline
from batchhook.workflow.context import interrupted
from batchhook.workflow.context.checkout_hint import branch_label, checkout_hint
from batchhook.workflow.context.project import Project
from batchhook.workflow.counting.reconcile import Count
from batchhook.workflow.status import gate, notices
from batchhook.workflow.status.wait import ActiveBatch, list_active, load_result

if TYPE_CHECKING:
    from batchhook.git import backends, object_db
    from batchhook.store import restorations
else:
    backends = LazyModule("batchhook.git.backends")
    object_db = LazyModule("batchhook.git.object_db")
    restorations = LazyModule("batchhook.store.restorations")


def analyze(project: Project, number: int) -> Analysis:
    """Load a batch's analysis for the user: its verdict counts as seen.

    Raises:
        NoSuchBatchError, NotFinishedError: there is no such batch, or its run has not ended.
    """
    analysis = load_analysis(project, number)
    notices.pop_lines(project.state, number)
    return analysis


def load_analysis(project: Project, number: int) -> Analysis:
    """Load a batch's analysis; its verdict does not count as seen.

    Raises:
        NoSuchBatchError, NotFinishedError: there is no such batch, or its run has not ended.
    """
    loaded = load_result(project, number)
    results = loaded.run.result.results
    previous = batches.find_previous_finished(project.database, number)
    before = runs.load_for_batch(project.database, previous) if previous else None
    previous_results = before[0].result.results if before else ()
    baseline = baselines.load(project.database)
    suite = loaded.run.suite
    tested, tested_run = batches.find_previous_tested(project.database, number)
    previous_suite = runs.load_suite(project.database, tested_run) if tested else {}
    baseline_suite = runs.load_suite(project.database, baseline.run) if baseline else {}
    blame = attributions.load_by_test_id(project.database, number)
    if loaded.batch.status is not BatchStatus.SEARCHING:
        blame = complete(blame, (result.test_id for result in results if result.outcome.is_failure))
    pre_existing = [name for name, attribution in blame.items() if attribution.kind is AttributionKind.PRE_EXISTING]
    slow = slowdowns.load(project.database, number)
    return Analysis(
        batch=loaded.batch,
        edits=batches.load_edits(project.database, number),
        verdict=loaded.verdict,
        result=loaded.run.result,
        python=python_of(suite),
        tree=loaded.run.tree,
        tested_at=loaded.run.started_at,
        is_reused=runs.is_reused(project.database, number),
        critical_threshold=project.for_branch(loaded.batch.branch).settings.critical_failure_threshold,
        previous=previous,
        since_previous=compare(results, previous_results, _find_flaky(project, previous_results, previous)).excuse(
            pre_existing if previous else ()
        ),
        previous_python=other_python(suite, previous_suite),
        baseline_python=other_python(suite, baseline_suite),
        suite_differences=tuple(
            difference
            for earlier, subject in ((previous_suite, f"batch {tested}"), (baseline_suite, "the baseline"))
            if (difference := describe_difference(suite, earlier, subject))
        ),
        baseline=baseline.oid if baseline else "",
        since_baseline=_compare_with_baseline(project, results, baseline),
        is_baseline_later=baseline is not None
        and baseline.oid != loaded.batch.head
        and is_ancestor(project.git, loaded.batch.head, baseline.oid),
        flips=test_stats.load_flips(
            project.database, (result.test_id for result in results if result.outcome.is_failure)
        ),
        attributions=blame,
        is_searching=loaded.batch.status is BatchStatus.SEARCHING,
        slowdowns=slow,
        is_measuring=loaded.batch.status is BatchStatus.MEASURING,
        intermediate_commits=_load_other_commits(
            project, loaded.batch, [*group_by_culprit(blame), *(each.culprit for each in slow if each.culprit)]
        ),
        auto_rollback=critical_failures.load_auto_rollback(project.database, number),
        rollback=load_rollbacks(project).get(number),
        metrics=batches.load_metrics(project.database, number),
        integration_errors=integration_errors.list_current(project.database),
    )


def load_rollbacks(project: Project) -> dict[int, BatchRollback]:
    """Load the rollbacks of batches that are in effect, also those from backups."""
    rollbacks = batch_rollbacks(operations.list_all(project.database))
    if project.state.restorations.is_dir():
        with suppress(StoreError):  # a damaged one; doctor reports it
            restored = restorations.RestorationStore(project.state.restorations).list_restored_batches()
            rollbacks |= {batch: BatchRollback(0) for batch in restored if batch not in rollbacks}
    return rollbacks


def _compare_with_baseline(
    project: Project, results: Sequence[TestResult], baseline: Baseline | None
) -> SuiteComparison:
    """Compare results with the baseline's, if there is one."""
    if baseline is None:
        return SuiteComparison(Comparison())
    before = runs.load_results(project.database, baseline.run)
    return compare(results, before, _find_flaky(project, before))


def _find_flaky(project: Project, results: Sequence[TestResult], batch: int = 0) -> frozenset[str]:
    """Return the ids of the tests that failed in an earlier run, and are known to be flaky.

    Args:
        project: the repository.
        results: of that run.
        batch: that was tested by it, if it was one; a test that a change broke then is not excused.
    """
    failed = frozenset(result.test_id for result in results if result.outcome.is_failure)
    if not failed:
        return failed
    blame = attributions.load_by_test_id(project.database, batch) if batch else {}
    flaky = {test_id for test_id, each in blame.items() if each.kind is AttributionKind.FLAKY}
    broken = {test_id for test_id, each in blame.items() if each.kind.has_culprit}
    return (failed & test_stats.load_flips(project.database, failed).keys() - broken) | (failed & flaky)


def _load_other_commits(project: Project, batch: Batch, blamed: Iterable[str]) -> dict[str, Commit]:
    """Read the blamed commits that are not changes of the batch; none if the repository no longer has one of them."""
    known = {change.oid for change in batch.changes}
    others = [oid for oid in dict.fromkeys(blamed) if oid not in known]
    try:
        return {commit.oid: commit for commit in read_commits(project.git, others)}
    except GitError:
        return {}


@dataclass(frozen=True, slots=True)
class BatchEntry:
    """A batch in a list.

    Attributes:
        batch: the batch; the open one of the checked-out branch has its changes, too.
        verdict, totals: of its run; None if it has none yet.
        rollback: the rollback of it that is in effect; None if there is none.
    """

    batch: Batch
    verdict: Verdict | None = None
    totals: Totals | None = None
    rollback: BatchRollback | None = None


@dataclass(frozen=True, slots=True)
class RepositoryStatus:
    """The status of a repository, seen from one of its work trees.

    Attributes:
        count: of the checked-out branch; None during a rebase.
        latest: the latest full batches, newest first.
        active: the full batches that are not finished, oldest first.
        unseen: notices of batches that did not pass and were not looked at: number -> lines.
        critical_batch: the batch of this branch with an unresolved critical failure.
        interrupted: the operation that was interrupted in this work tree.
    """

    count: Count | None
    latest: tuple[BatchEntry, ...]
    active: tuple[ActiveBatch, ...] = ()
    unseen: Mapping[int, Sequence[str]] = field(default_factory=dict)
    critical_batch: int | None = None
    interrupted: Operation | None = None


def load_status(project: Project, limit: int = 5) -> RepositoryStatus:
    """Load the status, with the count brought up to date.

    Args:
        project: the repository.
        limit: number of full batches to list.
    """
    count = project.reconcile()
    gate.update_gate_files(project)  # the setting may have changed
    rollbacks = load_rollbacks(project)
    latest = _load_entries(project, batches.list_latest(project.database, limit, sealed_only=True), rollbacks)
    return RepositoryStatus(
        count,
        latest,
        list_active(project),
        {
            number: lines
            for number, lines in notices.list_unseen(project.state).items()
            if number not in rollbacks and _needs_attention(project, number)
        },
        critical_failures.list_unresolved(project.database).get(count.branch) if count else None,
        interrupted.find(project.database, project.location),
    )


def _needs_attention(project: Project, number: int) -> bool:
    """Return whether a batch did not pass, and was not pruned since."""
    totals = runs.load_totals(project.database, number)
    return totals is not None and not totals[0].is_good


def list_batches(project: Project, limit: int) -> tuple[BatchEntry, ...]:
    """Return the latest batches, newest first; open batches have no changes here."""
    return _load_entries(project, batches.list_latest(project.database, limit), load_rollbacks(project))


def _load_entries(
    project: Project, listed: Iterable[Batch], rollbacks: Mapping[int, BatchRollback]
) -> tuple[BatchEntry, ...]:
    return tuple(replace(_load_entry(project, batch), rollback=rollbacks.get(batch.id)) for batch in listed)


def _load_entry(project: Project, batch: Batch) -> BatchEntry:
    if batch.status is not BatchStatus.FINISHED:
        return BatchEntry(batch)
    totals = runs.load_totals(project.database, batch.id)
    return BatchEntry(batch) if totals is None else BatchEntry(batch, *totals)


def load_batch(project: Project, number: int) -> tuple[BatchEntry, dict[str, tuple[FileEdit, ...]]]:
    """Load a batch, open or full, with the files that its changes touched.

    Raises:
        NoSuchBatchError: there is no such batch.
        NotFinishedError: the batch is the open one of a branch that is not checked out.
    """
    count = project.reconcile()
    batch = batches.load(project.database, number)
    if batch.status is BatchStatus.OPEN:
        if count is None or count.batch != number:
            branch = branches.find(project.database, batch.branch)
            raise NotFinishedError(
                f"batch {number} is the open batch of {branch_label(batch.branch)}",
                checkout_hint(project, batch.branch, branch.tip if branch else ""),
            )
        batch = count.as_batch()
    edits = batches.load_edits(project.database, number)
    if not edits and batch.changes:
        repository = backends.open_repository(project.location.common_dir)
        edits = {change.oid: object_db.file_edits(repository, change) for change in batch.changes}
    return replace(_load_entry(project, batch), rollback=load_rollbacks(project).get(number)), edits
