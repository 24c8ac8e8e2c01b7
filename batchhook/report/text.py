"""What people read: tables and lines by rich, readable at 80 columns and without colours."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from batchhook.core.analysis import Analysis
from batchhook.core.changes import Batch, BatchStatus, Commit, FileEdit
from batchhook.core.outcomes import SuiteOutcome, TestResult, Totals, by_module
from batchhook.core.rollback import Fate, FileFate
from batchhook.core.text import lines, one_line
from batchhook.core.verdicts import Verdict, summary

_STYLE = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "red",
    Verdict.CRITICAL: "bold red",
    Verdict.BROKEN: "yellow",
}
_FATE = {
    Fate.RESTORED: "gets its old content back",
    Fate.MERGED: "loses what the batch did, keeps what came since",
    Fate.RECREATED: "is there again",
    Fate.REMOVED: "goes; the batch had added it",
}
_OID = 8
_MOST_MODULES = 10
"""Modules shown one by one where tracebacks are not asked for."""

_MOST_FAILURES = 5
"""Failing tests shown for one module where tracebacks are not asked for."""


def branch_name(branch: str) -> str:
    """A branch as people call it."""
    return one_line(branch.removeprefix("refs/heads/")) if branch.startswith("refs/") else "detached HEAD"


def verdict_line(number: int, verdict: Verdict, outcome: SuiteOutcome) -> Text:
    """``batch 3 failed: 2 of 60 tests (3%)``."""
    said = Text(one_line(summary(verdict, outcome)), style=_STYLE[verdict])
    return Text.assemble((f"batch {number} ", "bold"), said)


def changes(these: Sequence[Commit], edits: Mapping[str, Sequence[FileEdit]]) -> Table:
    """The changes of a batch, oldest first, with the files that they touched."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right", style="dim")
    table.add_column(style="yellow", no_wrap=True)
    table.add_column()
    for position, change in enumerate(these, start=1):
        files = [f"{file.status.value[:1].upper()} {one_line(file.path)}" for file in edits.get(change.oid, ())]
        text = Text(one_line(change.subject))
        if files:
            text.append("\n" + "\n".join(files), style="dim")
        table.add_row(str(position), change.oid[:_OID], text)
    return table


def hints(*commands: tuple[str, str]) -> Table:
    """Commands to type next, and what each does."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold cyan", no_wrap=True)
    table.add_column(style="dim")
    for command, does in commands:
        table.add_row(f"→ {command}", does)
    return table


def print_analysis(console: Console, analysis: Analysis, *, tracebacks: bool) -> None:
    """A finished batch: verdict, failures by module, changes, and what to type next."""
    number = analysis.batch.id
    console.print(verdict_line(number, analysis.verdict, analysis.outcome))
    if analysis.outcome.broken:
        if analysis.outcome.hint:
            console.print(Text(one_line(analysis.outcome.hint), style="dim"))
    else:
        console.print(_rate(analysis))
    if analysis.is_remembered:
        console.print(remembered(analysis.tested_at, "batchhook test --fresh"))
    if analysis.has_more:
        console.print(Text("tested in place, together with changes that were not committed", style="yellow"))
    for part in failures(
        analysis.failures,
        set(analysis.new_failures),
        tracebacks=tracebacks,
        compared=analysis.previous,
        flips=analysis.flips,
    ):
        console.print(part)
    for part in unsteady(analysis.outcome.results):
        console.print(part)
    if analysis.fixed:
        console.print(Text(f"\nfixed since batch {analysis.previous}: {len(analysis.fixed)}", style="green"))
        console.print(Padding(Text("\n".join(one_line(test) for test in analysis.fixed)), (0, 2), expand=False))
    console.print(Text(f"\nchanges on {branch_name(analysis.batch.branch)}", style="bold"))
    console.print(Padding(changes(analysis.batch.changes, analysis.edits), (0, 2), expand=False))
    if not analysis.verdict.is_good:
        more = (
            ()
            if tracebacks or not analysis.failures
            else ((f"batchhook analyze {number} --tracebacks", "every failure with its whole text"),)
        )
        console.print()
        console.print(
            hints(
                *more,
                (f"batchhook rollback {number} --dry-run", "what going back would change"),
                (f"batchhook rollback {number}", "the files as they were before this batch; can be undone"),
            )
        )


def _rate(analysis: Analysis) -> Text:
    totals = analysis.outcome.totals
    counts = f"{totals.tests} tests in {totals.duration:.1f} s: {totals.passed} passed"
    for number, word in ((totals.failed, "failed"), (totals.errored, "errored"), (totals.skipped, "skipped")):
        counts += f", {number} {word}" if number else ""
    if totals.failures:
        counts += f"; failure rate {totals.failure_rate:.1%}, critical from {analysis.critical_threshold:.0%}"
    return Text(counts, style="dim")


def failures(
    failed: Sequence[TestResult],
    new: set[str],
    *,
    tracebacks: bool,
    compared: int = 0,
    flips: Mapping[str, int] | None = None,
) -> Iterable[RenderableType]:
    """Failing tests by module, the module with most of them first.

    Args:
        failed: the failing results.
        new: ids of those that did not fail before.
        tracebacks: whether to show the whole texts.
        compared: number of the batch that "before" means; 0 where nothing is compared.
        flips: how often each both failed and did not on one tree.
    """
    modules = list(by_module(failed).items())
    most = len(failed) if tracebacks else _MOST_FAILURES
    for module, totals in modules if tracebacks else modules[:_MOST_MODULES]:
        these = [result for result in failed if result.module == module]
        yield Text(f"\n{one_line(module)}: {totals.failures} failing", style="bold")
        for result in these[:most]:
            known = ["failed before, too"] if compared and result.test_id not in new else []
            known += _flips((flips or {}).get(result.test_id, 0))
            yield Padding(_failure(result, known, full=tracebacks), (0, 2), expand=False)
        if len(these) > most:
            yield Padding(Text(f"… and {len(these) - most} more", style="dim"), (0, 2), expand=False)
    rest = 0 if tracebacks else sum(totals.failures for _, totals in modules[_MOST_MODULES:])
    if rest:
        yield Text(f"\n… and {rest} more in {len(modules) - _MOST_MODULES} other modules", style="dim")


def _flips(times: int) -> list[str]:
    return [f"flaky: failed and passed on one tree ({times} times)"] if times else []


def _failure(result: TestResult, known: Sequence[str], *, full: bool) -> RenderableType:
    name = one_line(result.test_id.removeprefix(f"{result.module}."))
    head = Text.assemble((name, "red"), (f"  {one_line(result.location)}", "cyan"))
    if result.subtests_failed:
        head.append(f"  {result.subtests_failed} subtests", style="dim")
    for word in known:
        head.append(f"  {word}", style="dim")
    said = ": ".join(part for part in (result.error_type, one_line(result.message, 160)) if part)
    text = Text(said or result.outcome.value, style="dim")
    if full:
        text = Text(_shortened(lines(result.traceback)) or said)
    below = [Padding(text, (0, 2), expand=False)]
    if result.note:
        below.append(Padding(Text(f"→ {one_line(result.note)}", style="yellow"), (0, 2), expand=False))
    return Group(head, *below)


def unsteady(results: Iterable[TestResult]) -> Iterable[RenderableType]:
    """Tests that failed among strangers only, by what is known of the cause."""
    groups: dict[str, list[str]] = {}
    for result in results:
        if result.needs_company:
            groups.setdefault(result.note, []).append(one_line(result.test_id))
    for note, names in groups.items():
        yield Text(f"\n{one_line(note)}: {len(names)}", style="yellow")
        more = [f"… and {len(names) - _MOST_FAILURES} more"] if len(names) > _MOST_FAILURES else []
        yield Padding(Text("\n".join([*names[:_MOST_FAILURES], *more])), (0, 2), expand=False)


def remembered(tested_at: float, command: str) -> Text:
    """Says that a run is an earlier one."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(tested_at))
    return Text(f"not run again: the same files were tested with the same suite at {when} ({command})", style="dim")


def _shortened(traceback: str) -> str:
    """A traceback whose files are named as in the project, and not as in the private work tree."""
    return re.sub(r'"[^"\n]*/batchhook/worktrees/batchhook-\d+/', '"', traceback)


def print_status(console: Console, batch: Batch | None, waiting: Sequence[Batch], latest: Table) -> None:
    """The open batch, what is being tested, and the latest batches."""
    if batch is None:
        console.print("A rebase is under way; counting goes on at its end.")
    else:
        filled = len(batch.changes)
        bar = Text("■" * filled + "□" * max(batch.size - filled, 0), style="cyan")
        console.print(
            Text.assemble(
                (f"batch {batch.id}", "bold"), f" on {branch_name(batch.branch)}  ", bar, f"  {filled}/{batch.size}"
            )
        )
        if batch.changes:
            console.print(Padding(changes(batch.changes, {}), (0, 2), expand=False))
    for each in waiting:
        doing = "is being tested" if each.status is BatchStatus.RUNNING else "waits for its tests"
        console.print(Text.assemble((f"batch {each.id}", "bold"), f" {doing}; to follow it: batchhook wait {each.id}"))
    if latest.row_count:
        console.print()
        console.print(latest)


def log_table(entries: Iterable[tuple[Batch, Verdict | None, Totals | None]]) -> Table:
    """Batches, one a line."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading, justify in (("batch", "right"), ("branch", "left"), ("changes", "left"), ("verdict", "left")):
        table.add_column(heading, justify="right" if justify == "right" else "left")
    table.add_column("tests", justify="right")
    table.add_column("failed", justify="right")
    table.add_column("time", justify="right")
    table.add_column("sealed", justify="right", style="dim")
    for batch, verdict, totals in entries:
        span = f"{batch.changes[0].oid[:_OID]}…{batch.head[:_OID]}" if batch.changes else ""
        state = Text(verdict.value, style=_STYLE[verdict]) if verdict else Text(batch.status.value, style="dim")
        numbers = (str(totals.tests), str(totals.failures), f"{totals.duration:.1f} s") if totals else ("", "", "")
        sealed = time.strftime("%m-%d %H:%M", time.localtime(batch.sealed_at)) if batch.sealed_at else ""
        table.add_row(str(batch.id), branch_name(batch.branch), span, state, *numbers, sealed)
    return table


def print_fates(console: Console, files: Sequence[FileFate]) -> None:
    """What becomes of each file."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=False)
    table.add_column(style="dim")
    for file in files:
        table.add_row(Text(one_line(file.path)), _FATE[file.fate])
    console.print(Padding(table, (0, 2), expand=False))


def print_diff(console: Console, diff: str) -> None:
    """A patch, coloured line by line."""
    styles = {"+": "green", "-": "red", "@": "cyan"}
    for line in lines(diff).splitlines():
        console.print(Text(line, style=styles.get(line[:1], "")), soft_wrap=True)
