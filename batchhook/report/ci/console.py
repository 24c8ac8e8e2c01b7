"""A run on a CI service, as people read it in a log."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.text import Text

from batchhook.core.ci import CiRun, Weight
from batchhook.core.sanitize import one_line
from batchhook.core.verdict import summary
from batchhook.report.console import bisection, comparisons, failures


def print_failures(console: Console, run: CiRun) -> None:
    """Failing tests with their whole texts, by module."""
    known = {result.test_id: run.standing(result) for result in run.failures}
    for part in failures.by_modules(run.failures, known, tracebacks=True):
        console.print(part)


def print_rest(console: Console, run: CiRun) -> None:
    """All but the failing tests' texts: the verdict, what is different, who is to blame."""
    for part in _parts(run):
        console.print(part)
    if run.found is not None:
        console.print(Text(f"\nwhat broke them in {one_line(run.span)}:", style="bold"))
        bisection.print_bisection(console, run.found)


def _parts(run: CiRun) -> Iterator[RenderableType]:
    style = "green" if run.verdict.is_good else "red"
    where = f"{run.commit[:8]} " if run.commit else ""
    yield Text(f"{where}{one_line(summary(run.verdict, run.outcome))}", style=style)
    if run.outcome.hint:
        yield Text(one_line(run.outcome.hint))
    if run.has_more:
        yield Text("Tested was the checkout as it is: files that git tracks differ from the commit.", style="yellow")
    yield from (Text(one_line(remark), style="yellow") for remark in run.remarks)
    yield from failures.unsteady(run.outcome.results)
    if run.baseline is not None and run.compared is not None:
        parts = list(comparisons.whole(run.compared))
        since = f"\nsince the baseline, {one_line(run.baseline.name)}:"
        yield Text(since if parts else f"{since} nothing is different", style="bold")
        yield from parts


def failing(run: CiRun) -> str:
    """``3 failing tests, 1 of them new``; what is known to be old is none of the latter."""
    number = len(run.failures)
    new = sum(run.weight(result) is Weight.NEW for result in run.failures)
    is_told = run.compared is not None or run.found is not None
    return f"{number} failing {'test' if number == 1 else 'tests'}" + (f", {new} of them new" if is_told else "")
