"""Reading side: the analysis of a batch, lists of batches, and the status of a repository."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from batchhook.core.analysis import Analysis
from batchhook.core.batch import Batch, BatchStatus
from batchhook.core.commit import Commit, FileEdit
from batchhook.core.comparison import Comparison, SuiteComparison, compare
from batchhook.core.culprits.attribution import group_by_culprit
from batchhook.core.operations import Operation
from batchhook.core.results import TestResult, Totals
from batchhook.core.verdict import Verdict
from batchhook.errors import GitError, NotFinishedError
from batchhook.git.history import read_commits
from batchhook.lazy import LazyModule
from batchhook.store import (
    attributions,
    baselines,
    batches,
    critical_failures,
    integration_errors,
    runs,
    slowdowns,
    test_stats,
)
from batchhook.store.baselines import Baseline
from batchhook.workflow.context import interrupted
from batchhook.workflow.context.project import Project
from batchhook.workflow.counting.reconcile import Count
from batchhook.workflow.status import gate, notices
from batchhook.workflow.status.wait import ActiveBatch, list_active, load_result

if TYPE_CHECKING:
    from batchhook.git import backends, object_db
else:
    backends = LazyModule("batchhook.git.backends")
    object_db = LazyModule("batchhook.git.object_db")


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
    blame = attributions.load_by_test_id(project.database, number)
    slow = slowdowns.load(project.database, number)
    return Analysis(
        batch=loaded.batch,
        edits=batches.load_edits(project.database, number),
        verdict=loaded.verdict,
        result=loaded.run.result,
        python=str(loaded.run.suite.get("python", "")),
        tree=loaded.run.tree,
        tested_at=loaded.run.started_at,
        is_reused=runs.is_reused(project.database, number),
        critical_threshold=project.for_branch(loaded.batch.branch).settings.critical_failure_threshold,
        previous=previous,
        since_previous=compare(results, previous_results),
        baseline=baseline.oid if baseline else "",
        since_baseline=_compare_with_baseline(project, results, baseline),
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
        metrics=batches.load_metrics(project.database, number),
        integration_errors=integration_errors.list_current(project.database),
    )


def _compare_with_baseline(
    project: Project, results: Sequence[TestResult], baseline: Baseline | None
) -> SuiteComparison:
    """Compare results with the baseline's, if there is one."""
    if baseline is None:
        return SuiteComparison(Comparison())
    return compare(results, runs.load(project.database, baseline.run).result.results)


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
    """

    batch: Batch
    verdict: Verdict | None = None
    totals: Totals | None = None


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
    gate.refresh(project)  # the setting may have changed
    latest = tuple(
        _load_entry(project, batch) for batch in batches.list_latest(project.database, limit, sealed_only=True)
    )
    return RepositoryStatus(
        count,
        latest,
        list_active(project),
        {
            number: lines
            for number, lines in notices.list_unseen(project.state).items()
            if _needs_attention(project, number)
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
    return tuple(_load_entry(project, batch) for batch in batches.list_latest(project.database, limit))


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
            name = batch.branch.removeprefix("refs/heads/")
            raise NotFinishedError(f"batch {number} is the open batch of {name}", f"git switch {shlex.quote(name)}")
        batch = count.as_batch()
    edits = batches.load_edits(project.database, number)
    if not edits and batch.changes:
        repository = backends.open_repository(project.location.common_dir)
        edits = {change.oid: object_db.file_edits(repository, change) for change in batch.changes}
    return _load_entry(project, batch), edits
