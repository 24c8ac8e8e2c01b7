"""The analysis of a batch, read from the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from batchhook.core.analysis import Analysis
from batchhook.core.batch import Batch, BatchStatus
from batchhook.core.commit import Commit
from batchhook.core.comparison import Comparison, SuiteComparison, compare
from batchhook.core.coverage.diff_coverage import CoverageReport
from batchhook.core.culprits.attribution import AttributionKind, complete, group_by_culprit
from batchhook.core.results import TestResult
from batchhook.core.suite_difference import describe_difference, other_python, python_of
from batchhook.errors import GitError
from batchhook.git.history import is_ancestor, read_commits
from batchhook.store import (
    attributions,
    baselines,
    batches,
    coverage,
    critical_failures,
    integration_errors,
    runs,
    skip_comparisons,
    slowdowns,
    test_stats,
)
from batchhook.store.baselines import Baseline
from batchhook.workflow.context.project import Project
from batchhook.workflow.coverage.compare import load_report
from batchhook.workflow.status import notices
from batchhook.workflow.status.overview import load_rollbacks
from batchhook.workflow.status.wait import BatchResult, load_result


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
    order = dict.fromkeys(result.test_id for result in results if result.test_id in blame)
    blame = {name: blame[name] for name in order} | blame  # the database has an order of its own
    pre_existing, flaky = (
        frozenset(name for name, attribution in blame.items() if attribution.kind is kind)
        for kind in (AttributionKind.PRE_EXISTING, AttributionKind.FLAKY)
    )
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
        is_previous_broken=before is not None and bool(before[0].result.broken_reason),
        since_previous=compare(results, previous_results, find_flaky(project, previous_results, previous)).excuse(
            pre_existing if previous else (), flaky
        ),
        previous_python=other_python(suite, previous_suite),
        baseline_python=other_python(suite, baseline_suite),
        suite_differences=tuple(
            difference
            for earlier, subject in ((previous_suite, f"batch {tested}"), (baseline_suite, "the baseline"))
            if (difference := describe_difference(suite, earlier, subject))
        ),
        baseline=baseline.oid if baseline else "",
        since_baseline=_compare_with_baseline(project, results, baseline).excuse((), flaky),
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
        uncompared_skips=skip_comparisons.count_uncompared(project.database, loaded.run),
        coverage=_load_coverage(project, loaded, tested, tested_run),
        metrics=batches.load_metrics(project.database, number),
        integration_errors=integration_errors.list_current(project.database),
    )


def _load_coverage(project: Project, loaded: BatchResult, previous: int, previous_run: int) -> CoverageReport | None:
    """Return the coverage of a batch's run, compared with that of the batch before that could be tested."""
    report = load_report(project.database, project.git, loaded.run.id, loaded.batch.changes, loaded.run.tree)
    totals = coverage.load_totals(project.database, previous_run) if previous else None
    return report and replace(report, previous=totals, previous_batch=previous if totals else 0)


def _compare_with_baseline(
    project: Project, results: Sequence[TestResult], baseline: Baseline | None
) -> SuiteComparison:
    """Compare results with the baseline's, if there is one."""
    if baseline is None:
        return SuiteComparison(Comparison())
    before = runs.load_results(project.database, baseline.run)
    return compare(results, before, find_flaky(project, before))


def find_flaky(project: Project, results: Sequence[TestResult], batch: int = 0) -> frozenset[str]:
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
    return (test_stats.list_flaky(project.database, failed) - broken) | (failed & flaky)


def _load_other_commits(project: Project, batch: Batch, blamed: Iterable[str]) -> dict[str, Commit]:
    """Read the blamed commits that are not changes of the batch; none if the repository no longer has one of them."""
    known = {change.oid for change in batch.changes}
    others = [oid for oid in dict.fromkeys(blamed) if oid not in known]
    try:
        return {commit.oid: commit for commit in read_commits(project.git, others)}
    except GitError:
        return {}
