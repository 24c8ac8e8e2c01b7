"""The analysis of a batch."""

from __future__ import annotations

import time
from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.text import Text

from batchhook.core.analysis import Analysis
from batchhook.core.failure_groups import CriticalFailure, ErrorGroup, group_by_error_type
from batchhook.core.plural import percentage
from batchhook.core.sanitize import one_line
from batchhook.report import phrases
from batchhook.report.console import comparisons, coverage, culprits, failures, skips
from batchhook.report.console.batches import branch_name, change_table, rollback_line, verdict_line
from batchhook.report.console.layout import Grid, Line, hints, more, section, unbroken

_MAX_MODULES = 5
_MAX_ERROR_TYPES = 5
_MESSAGE = 60
"""Characters of a message in the table of errors."""


def print_analysis(console: Console, analysis: Analysis, *, tracebacks: bool) -> None:
    """Print a batch's verdict, failures by culprit, slowdowns, differences and changes, and the next steps."""
    for part in (
        *_head(analysis),
        *_failures(analysis, tracebacks=tracebacks),
        *culprits.slowdowns(analysis, measurements=tracebacks),
        *failures.parallel_only(analysis.result.results),
        *failures.skipped(analysis.result.results),
        *(part for pair in phrases.comparisons(analysis) for part in comparisons.brief(*pair)),
        *coverage.coverage(analysis.coverage, analysis.commits),
        section(f"changes on {branch_name(analysis.batch.branch)}"),
        change_table(analysis.batch.changes, analysis.edits),
        *_plugins(analysis),
        Line(""),
        _next_steps(analysis, tracebacks=tracebacks),
    ):
        console.print(part)


def _head(analysis: Analysis) -> Iterator[RenderableType]:
    number, result = analysis.batch.id, analysis.result
    yield Line(verdict_line(number, analysis.verdict, result))
    if analysis.rollback:
        yield Line(rollback_line(analysis.rollback))
    if not result.broken_reason:
        yield Line(_totals(analysis), style="dim")
    if result.hint:
        yield Line(one_line(result.hint), style="yellow" if result.unrun else "dim")
    if analysis.is_reused:
        yield reused(analysis.tested_at, "batchhook test --fresh")
    yield from suite_differences(analysis)
    if analysis.includes_uncommitted:
        yield Line("tested in place, together with uncommitted changes", style="yellow")
    if analysis.is_searching:
        yield Line(f"the search for culprits is still running: batchhook wait {number}", style="yellow")
    if analysis.is_measuring:
        yield Line(f"slowdowns are still being measured: batchhook wait {number}", style="yellow")
    if analysis.auto_rollback and not analysis.rollback:
        yield Line(one_line(analysis.auto_rollback.summary(number)), style="yellow")
    if critical := analysis.critical_failure:
        yield from _critical(critical)


def suite_differences(analysis: Analysis) -> Iterator[Line]:
    """Yield what else than the files may make tests end differently than in the runs that they are compared with."""
    for difference in analysis.suite_differences:
        yield Line(f"these tests {difference}", style="yellow")


def _totals(analysis: Analysis) -> str:
    totals = analysis.result.totals
    text = phrases.totals(totals)
    if totals.failures:
        text += f"; failure rate {totals.failure_rate:.1%}, critical from {analysis.critical_threshold:.0%}"
    return text


def reused(tested_at: float, command: str) -> Line:
    """Return a line saying that an earlier run's result was reused, and the command for a fresh run."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(tested_at))
    return Line(f"not rerun: the same files were tested with the same suite at {when} ({command})", style="dim")


def _critical(critical: CriticalFailure) -> Iterator[RenderableType]:
    modules = Grid(("right bold red", "left"), indent=2)
    for module, totals in critical.modules[:_MAX_MODULES]:
        share = f"{totals.failures} of {totals.tests - totals.skipped}"
        modules.add(share, Text.assemble(unbroken(module), (f"  {percentage(totals.failure_rate)}", "dim")))
    yield from _table("most affected modules", modules, len(critical.modules) - _MAX_MODULES)
    errors = Grid(("right bold red", "left"), indent=2)
    types = group_by_error_type(critical.error_groups)
    for groups in types[:_MAX_ERROR_TYPES]:
        errors.add(str(sum(len(group.test_ids) for group in groups)), _error_type(groups))
    yield from _table("errors", errors, len(types) - _MAX_ERROR_TYPES)


def _table(heading: str, grid: Grid, left_out: int) -> Iterator[RenderableType]:
    yield section(heading)
    yield grid
    if left_out > 0:
        yield Line(more(left_out), style="dim", indent=2)


def _error_type(groups: tuple[ErrorGroup, ...]) -> Text:
    """Return an error type with its place; of several places, the one of several tests, which is the probable cause."""
    first = groups[0]
    text = Text.assemble((one_line(first.error_type), "bold"))
    if len(first.test_ids) == 1 < len(groups):
        return text.append(f"  at {len(groups)} places", style="dim")
    text.append(f"  {unbroken(first.location)}", style="cyan")
    if len(groups) > 1:
        text.append(f"  {len(first.test_ids)} of them; {len(groups) - 1} more places", style="dim")
    return text.append(f"\n{one_line(first.message, _MESSAGE)}") if first.message else text


def _failures(analysis: Analysis, *, tracebacks: bool) -> Iterator[RenderableType]:
    remarks = {result.test_id: phrases.flaky(analysis.flips.get(result.test_id, 0)) for result in analysis.failures}
    if analysis.attributions:
        yield from culprits.broken_tests(analysis, remarks, tracebacks=tracebacks)
        return
    if analysis.previous:
        new = set(analysis.since_previous.overall.newly_failing)
        remarks |= {
            test_id: ["also failed in the previous batch", *words]
            for test_id, words in remarks.items()
            if test_id not in new
        }
    yield from failures.by_module(analysis.failures, remarks, tracebacks=tracebacks)


def _plugins(analysis: Analysis) -> Iterator[RenderableType]:
    """Yield the metrics that plug-ins added, and the errors of plug-ins and notifications."""
    for plugin, metrics in analysis.metrics.items():
        yield section(f"added by {one_line(plugin)}")
        for name, value in metrics.items():
            shown = f"{value:g}" if isinstance(value, float) else one_line(phrases.metric(value))
            yield Line(Text.assemble((one_line(name), "dim"), f"  {shown}"), indent=2)
    if analysis.integration_errors:
        yield Line("")
        for error in analysis.integration_errors:
            yield Line(f"{one_line(error)} (batchhook doctor)", style="yellow")


def _next_steps(analysis: Analysis, *, tracebacks: bool) -> Grid:
    number = analysis.batch.id
    page = (f"batchhook report {number} --open", "open the full report in the browser")
    comparison = skips.next_step(analysis.uncompared_skips)
    if analysis.verdict.is_good:
        return hints(page, *comparison)
    details = f"batchhook analyze {number} --tracebacks"
    steps = []
    if analysis.failures and not tracebacks:
        steps.append((details, "every failure with its traceback"))
    elif analysis.confirmed_slowdowns and not tracebacks:
        steps.append((details, "all measurements"))
    steps.append(page)
    steps += comparison
    if analysis.rollback and not analysis.rollback.is_partial:
        return hints(*steps, (analysis.rollback.undo_command, "take its rollback back"))
    if not analysis.offers_rollback:
        return hints(*steps)
    if analysis.culprits and not analysis.rollback:
        steps.append(
            (f"batchhook rollback {number} --culprit", "revert only the culprits, once a test run confirms it")
        )
    steps.append((f"batchhook rollback {number} --dry-run", "preview a rollback of the whole batch"))
    steps.append((f"batchhook rollback {number}", "restore the files as they were before this batch; can be undone"))
    return hints(*steps)
