"""Culprits within a commit range: run the suite at its end, then search for the commits that broke what fails there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from batchhook.core.ci import CiBaseline, CiRun
from batchhook.core.comparison import compare
from batchhook.core.coverage.diff_coverage import CoverageReport
from batchhook.core.culprits.bisect_result import Bisection
from batchhook.core.events import RunListener
from batchhook.core.progress import Progress
from batchhook.core.results import Run
from batchhook.core.verdict import judge_suite
from batchhook.errors import UsageError
from batchhook.store import runs
from batchhook.workflow.ci import shallow
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import CommitRange, first_parent_range
from batchhook.workflow.coverage.compare import make_report
from batchhook.workflow.culprits.bisect import bisect
from batchhook.workflow.culprits.request import BisectRequest
from batchhook.workflow.suite.run import RunRequest, run_suite_on_commit


@dataclass(frozen=True, slots=True)
class RevisionRange:
    """A range of commits: those reachable from ``bad`` and not from ``good``, both of them revisions."""

    good: str
    bad: str

    def __str__(self) -> str:
        return f"{self.good}..{self.bad}"


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Environment, progress and limit of a run with a culprit search.

    Attributes:
        environment: the caller's.
        listener: is notified of the run's progress.
        report_progress: is called with the search's progress.
        budget: seconds for the search; 0 to skip it.
    """

    environment: Mapping[str, str]
    listener: RunListener
    report_progress: Callable[[Progress], None]
    budget: float


def parse_range(text: str) -> RevisionRange:
    """Parse ``A..B`` or ``A...B``, which mean the same here; a missing side is HEAD.

    Raises:
        UsageError: it is neither.
    """
    good, dots, bad = text.partition("..")
    if not dots or text in {"..", "..."}:
        raise UsageError(f"not a commit range: {text}", "batchhook ci --range origin/main..HEAD")
    return RevisionRange(good or "HEAD", bad.removeprefix(".") or "HEAD")


def run_range(
    project: Project, revision_range: RevisionRange, options: SearchOptions, baseline: CiBaseline | None = None
) -> CiRun:
    """Run the suite at the end of a range, in a private work tree, and search for the culprits of its failures.

    Args:
        project: the checkout.
        revision_range: the commits to search.
        options: environment, progress and limit.
        baseline: the outcomes to compare with, if any.

    Raises:
        BatchhookError: there is no such range, or the clone has only a part of it.
    """
    project = project.with_worktrees()
    good = shallow.resolve_revision(project.git, revision_range.good)
    bad = shallow.resolve_revision(project.git, revision_range.bad)
    shallow.check_complete(project.git, good, bad, str(revision_range))
    scratch = project.state.run("ci")
    run = run_suite_on_commit(
        project, RunRequest(bad, with_exports=True), options.environment, options.listener, scratch
    )
    if not run.id and not run.result.broken_reason:
        run = replace(run, id=runs.add(project.database, run))
    result = run.result
    commits = first_parent_range(project.git, bad, [good])
    failing = tuple(dict.fromkeys(test.test_id for test in result.results if test.outcome.is_failure))
    remark, bisection = "", None
    if failing and commits is None:
        remark = f"there are no commits in {revision_range}: culprits were not searched for"
    elif failing and not options.budget:
        remark = "the budget is 0: culprits were not searched for"
    elif failing:
        bisection = _search(project, revision_range, options, failing)
    return CiRun(
        commit=bad,
        started_at=run.started_at,
        result=result,
        verdict=judge_suite(result, project.settings.critical_failure_threshold),
        baseline=baseline,
        comparison=None if baseline is None or result.broken_reason else compare(result.results, baseline.results),
        revision_range=str(revision_range),
        bisection=bisection,
        remarks=(remark,) if remark else (),
        coverage=_coverage(project, run, commits),
        commits=commits.commits if commits else {},
    )


def _coverage(project: Project, run: Run, commits: CommitRange | None) -> CoverageReport | None:
    """Return the coverage of a run, compared with the commits of the range."""
    if run.result.coverage is None:
        return None
    oids = [revision.oid for revision in commits.revisions] if commits else []
    changes = [commits.commits[oid] for oid in oids if oid in commits.commits] if commits else []
    return make_report(project.git, run.result.coverage, changes, run.tree)


def _search(
    project: Project, revision_range: RevisionRange, options: SearchOptions, failing: tuple[str, ...]
) -> Bisection:
    request = BisectRequest(
        tests=failing,
        good=revision_range.good,
        bad=revision_range.bad,
        environment=options.environment,
        budget=options.budget,
    )
    return bisect(project, request, options.report_progress, project.state.run("search"))
