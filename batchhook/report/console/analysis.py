"""A finished batch, as people read it."""

from __future__ import annotations

import time
from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from batchhook.core.analysis import Analysis
from batchhook.core.sanitize import one_line
from batchhook.report.console import comparisons, culprits, failures, slowdowns
from batchhook.report.console.failure_groups import critical
from batchhook.report.console.layout import OID, branch_name, changes, hints, verdict_line


def print_analysis(console: Console, analysis: Analysis, *, tracebacks: bool) -> None:
    """A finished batch: verdict, failures by culprit, changes, and what to type next."""
    for part in (
        *_head(analysis),
        *_failures(analysis, tracebacks=tracebacks),
        *slowdowns.slower(analysis, full=tracebacks),
        *_rest(analysis),
        *_additions(analysis),
    ):
        console.print(part)
    console.print()
    console.print(_next(analysis, tracebacks=tracebacks))


def _head(analysis: Analysis) -> Iterator[RenderableType]:
    yield verdict_line(analysis.batch.id, analysis.verdict, analysis.outcome)
    if not analysis.outcome.broken:
        yield _rate(analysis)
    elif analysis.outcome.hint:
        yield Text(one_line(analysis.outcome.hint), style="dim")
    if analysis.is_remembered:
        yield remembered(analysis.tested_at, "batchhook test --fresh")
    if analysis.has_more:
        yield Text("tested in place, together with changes that were not committed", style="yellow")
    number = analysis.batch.id
    if analysis.is_searching:
        yield Text(f"what broke them is being found out at this moment: batchhook wait {number}", style="yellow")
    if analysis.is_measuring:
        yield Text(f"what seems slower is being measured at this moment: batchhook wait {number}", style="yellow")
    if analysis.way_back:
        yield Text(one_line(analysis.way_back.summary(analysis.batch.id)), style="yellow")
    if found := analysis.critical:
        yield from critical(found)


def _failures(analysis: Analysis, *, tracebacks: bool) -> Iterator[RenderableType]:
    new = set(analysis.since_previous.whole.newly_failing)
    known = {result.test_id: failures.flaky(analysis.flips.get(result.test_id, 0)) for result in analysis.failures}
    if analysis.attributions:
        yield from culprits.by_culprits(analysis, known, tracebacks=tracebacks)
        return
    if analysis.previous:
        known |= {name: ["failed before, too", *words] for name, words in known.items() if name not in new}
    yield from failures.by_modules(analysis.failures, known, tracebacks=tracebacks)


def _rest(analysis: Analysis) -> Iterator[RenderableType]:
    yield from failures.unsteady(analysis.outcome.results)
    if analysis.previous:
        yield from comparisons.brief(f"since batch {analysis.previous}", analysis.since_previous.whole)
    if analysis.baseline:
        yield from comparisons.brief(f"since the baseline ({analysis.baseline[:OID]})", analysis.since_baseline.whole)
    yield Text(f"\nchanges on {branch_name(analysis.batch.branch)}", style="bold")
    yield Padding(changes(analysis.batch.changes, analysis.edits), (0, 2), expand=False)


def _additions(analysis: Analysis) -> Iterator[RenderableType]:
    """What plug-ins added, and what is the matter with them."""
    for plugin, metrics in analysis.metrics.items():
        yield Text(f"\nadded by {one_line(plugin)}", style="bold")
        for name, value in metrics.items():
            shown = (
                str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else value
            )
            yield Padding(Text.assemble((one_line(name), "dim"), f"  {one_line(str(shown))}"), (0, 2), expand=False)
    if analysis.troubles:
        yield Text("\n" + "\n".join(f"{one_line(one)} (batchhook doctor)" for one in analysis.troubles), style="yellow")


def _next(analysis: Analysis, *, tracebacks: bool) -> RenderableType:
    number = analysis.batch.id
    page = (f"batchhook report {number} --open", "all of it as a page in the browser")
    if analysis.verdict.is_good:
        return hints(page)
    whole = (f"batchhook analyze {number} --tracebacks", "every failure with its whole text")
    measured = (f"batchhook analyze {number} --tracebacks", "all that was measured")
    guilty = (f"batchhook rollback {number} --culprit", "only the changes that broke something, once that is proven")
    return hints(
        *([] if tracebacks or not analysis.failures else [whole]),
        *([measured] if analysis.slower and not (tracebacks or analysis.failures) else []),
        page,
        *([guilty] if analysis.blamed else []),
        (f"batchhook rollback {number} --dry-run", "what going back would change"),
        (f"batchhook rollback {number}", "the files as they were before this batch; can be undone"),
    )


def _rate(analysis: Analysis) -> Text:
    totals = analysis.outcome.totals
    counts = f"{totals.tests} tests in {totals.duration:.1f} s: {totals.passed} passed"
    for number, word in ((totals.failed, "failed"), (totals.errored, "errored"), (totals.skipped, "skipped")):
        counts += f", {number} {word}" if number else ""
    if totals.failures:
        counts += f"; failure rate {totals.failure_rate:.1%}, critical from {analysis.critical_threshold:.0%}"
    return Text(counts, style="dim")


def remembered(tested_at: float, command: str) -> Text:
    """Says that a run is an earlier one."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(tested_at))
    return Text(f"not run again: the same files were tested with the same suite at {when} ({command})", style="dim")
