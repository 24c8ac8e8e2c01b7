"""Which commit of a range broke which test: the suite at its end, then one search for all that fails there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from batchhook.core.ci import Baseline, CiRun
from batchhook.core.comparison import compare
from batchhook.core.culprits.bisect_result import Bisection
from batchhook.core.progress import Progress
from batchhook.core.verdict import judge
from batchhook.errors import UsageError
from batchhook.git import history
from batchhook.store import runs
from batchhook.workflow.ci import shallow
from batchhook.workflow.ci.baselines import isolated
from batchhook.workflow.context.project import Project
from batchhook.workflow.culprits.bisect import bisect
from batchhook.workflow.culprits.first_parent import line_to
from batchhook.workflow.culprits.request import Asked
from batchhook.workflow.suite.run import RunListener, Wanted, run_on_commit


@dataclass(frozen=True, slots=True)
class Span:
    """A range of history, by revisions: what ``bad`` has and ``good`` has not."""

    good: str
    bad: str

    def __str__(self) -> str:
        return f"{self.good}..{self.bad}"


@dataclass(frozen=True, slots=True)
class Means:
    """What a search may use.

    Attributes:
        environment: the caller's.
        listener: is told how the run goes.
        tell: is told how far the search is.
        budget: seconds for the search; 0 for none.
    """

    environment: Mapping[str, str]
    listener: RunListener
    tell: Callable[[Progress], None]
    budget: float


def span_of(said: str) -> Span:
    """``A..B`` and ``A...B``, which mean the same here; a missing side is HEAD.

    Raises:
        UsageError: it is neither.
    """
    good, dots, bad = said.partition("..")
    if not dots or said in {"..", "..."}:
        raise UsageError(f"{said} is no range", "batchhook ci --range origin/main..HEAD")
    return Span(good or "HEAD", bad.removeprefix(".") or "HEAD")


def run_range(project: Project, span: Span, means: Means, baseline: Baseline | None = None) -> CiRun:
    """Run the suite at a range's end in a private work tree, and find out for all that fails what broke it.

    Args:
        project: the checkout.
        span: the range.
        means: what the search may use.
        baseline: what to compare with; None for nothing.

    Raises:
        BatchhookError: there is no such range, or the clone has only a part of it.
    """
    project = isolated(project)
    good, bad = shallow.named(project.git, span.good), shallow.named(project.git, span.bad)
    shallow.check_whole(project.git, good, bad, str(span))
    run = run_on_commit(project, Wanted(bad), means.environment, means.listener, project.state.run("ci"))
    if not run.id and not run.outcome.broken:
        run = replace(run, id=runs.add(project.database, run))
    failing = tuple(dict.fromkeys(one.test_id for one in run.outcome.results if one.outcome.is_failure))
    hindrance = _hindrance(project, span, means) if failing else ""
    outcome = run.outcome
    return CiRun(
        commit=bad,
        started_at=run.started_at,
        outcome=outcome,
        verdict=judge(outcome, project.settings.critical_failure_threshold),
        baseline=baseline,
        compared=None if baseline is None or outcome.broken else compare(outcome.results, baseline.results),
        span=str(span),
        found=_search(project, span, means, failing) if failing and not hindrance else None,
        remarks=(hindrance,) if hindrance else (),
    )


def _hindrance(project: Project, span: Span, means: Means) -> str:
    """Why there is no search; empty where there can be one."""
    good, bad = history.named(project.git, span.good), history.named(project.git, span.bad)
    if line_to(project.git, bad, [good]) is None:
        return f"there is no commit in {span}: what broke them was not looked for"
    return "" if means.budget else "the budget is 0: what broke them was not looked for"


def _search(project: Project, span: Span, means: Means, failing: tuple[str, ...]) -> Bisection:
    asked = Asked(tests=failing, good=span.good, bad=span.bad, environment=means.environment, budget=means.budget)
    return bisect(project, asked, means.tell, project.state.run("search"))
