"""A run on a CI service, for the log."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, RenderableType

from batchhook.core.ci import CiRun, FailureRelevance
from batchhook.core.plural import plural
from batchhook.core.sanitize import one_line
from batchhook.core.verdict import summarize_verdict
from batchhook.report.console import bisection, comparisons, coverage, failures
from batchhook.report.console.layout import Line, section


def print_failures(console: Console, run: CiRun) -> None:
    """Print failing tests with tracebacks, by module."""
    remarks = {result.test_id: run.explain(result) for result in run.failures}
    for part in failures.by_module(run.failures, remarks, tracebacks=True):
        console.print(part)


def print_summary(console: Console, run: CiRun) -> None:
    """Print the verdict, the differences from the baseline, and the culprits."""
    for part in _summary(run):
        console.print(part)
    if run.bisection is not None:
        console.print(section(f"culprits in {one_line(run.revision_range)}:"))
        bisection.print_bisection(console, run.bisection)


def _summary(run: CiRun) -> Iterator[RenderableType]:
    style = "green" if run.verdict.is_good else "red"
    commit = f"{run.commit[:8]} " if run.commit else ""
    yield Line(f"{commit}{one_line(summarize_verdict(run.verdict, run.result))}", style=style)
    if run.result.hint:
        yield Line(one_line(run.result.hint))
    if run.includes_uncommitted:
        yield Line("The checkout was tested as it is: tracked files differ from the commit.", style="yellow")
    for remark in run.remarks:
        yield Line(one_line(remark), style="yellow")
    yield from failures.parallel_only(run.result.results)
    if run.baseline is not None and run.comparison is not None:
        differences = list(comparisons.full(run.comparison))
        heading = f"since the baseline, {one_line(run.baseline.name)}:"
        yield section(heading if differences else f"{heading} no differences")
        yield from differences
    yield from coverage.coverage(run.coverage, run.commits)


def count_failures(run: CiRun) -> str:
    """Return ``3 failing tests, 1 of them new``; without "new" if the run was neither compared nor searched."""
    new = sum(run.relevance(result) is FailureRelevance.NEW for result in run.failures)
    is_known = run.comparison is not None or run.bisection is not None
    return plural(len(run.failures), "failing test") + (f", {new} of them new" if is_known else "")
