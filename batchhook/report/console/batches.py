"""Batches: their changes, their status, and their verdicts."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from batchhook.core.batch import Batch, BatchStatus
from batchhook.core.commit import Commit, FileEdit
from batchhook.core.operations import BatchRollback
from batchhook.core.progress import Progress, format_progress
from batchhook.core.results import SuiteResult, Totals
from batchhook.core.sanitize import one_line
from batchhook.core.verdict import Verdict, summarize_verdict
from batchhook.report.console.layout import OID, Grid, hints, unbroken

UNINSTALLED = (
    "batchhook is not installed here any more: only its commands count what was committed. All results are kept; "
    "to install it again: batchhook install"
)
_STYLE = {
    Verdict.PASSED: "green",
    Verdict.KNOWN_FAILURES: "yellow",
    Verdict.REGRESSED: "yellow",
    Verdict.FAILED: "red",
    Verdict.CRITICAL: "bold red",
    Verdict.BROKEN: "yellow",
}
_DOING = {
    BatchStatus.SEALED: "is waiting for its tests",
    BatchStatus.RUNNING: "is being tested",
    BatchStatus.SEARCHING: "has failing tests, and their culprits are being searched",
    BatchStatus.MEASURING: "has been tested, and slowdowns are being measured",
    BatchStatus.CLOSING: "is being finished",
}


def branch_name(branch: str) -> str:
    """Return a branch's short name, or "detached HEAD"."""
    return one_line(branch.removeprefix("refs/heads/")) if branch.startswith("refs/") else "detached HEAD"


def verdict_line(number: int, verdict: Verdict, result: SuiteResult) -> Text:
    """Return ``batch 3 failed: 2 of 60 tests (3%)``."""
    return Text.assemble((f"batch {number} ", "bold"), (one_line(summarize_verdict(verdict, result)), _STYLE[verdict]))


def rollback_line(rollback: BatchRollback) -> Text:
    """Return ``rolled back by operation 3 (batchhook undo 3 takes it back)``."""
    return Text(f"{rollback.summary} ({rollback.undo_command} takes it back)", style="green")


def change_table(changes: Sequence[Commit], edits: Mapping[str, Sequence[FileEdit]]) -> Grid:
    """Return the changes of a batch, oldest first, with the files that they edited."""
    grid = Grid(("right dim", "left yellow", "left"), indent=2)
    for position, change in enumerate(changes, start=1):
        text = Text(one_line(change.subject))
        if change.is_recorded:
            text.append("  recorded", style="dim")
        for line in edit_lines(edits.get(change.oid, ())):
            text.append(f"\n{line}", style="dim")
        grid.add(str(position), change.oid[:OID], text)
    return grid


def edit_lines(edits: Iterable[FileEdit]) -> Iterator[str]:
    """Yield a line for each edited file: ``M parcel/money.py``."""
    return (unbroken(f"{edit.status.value[:1].upper()} {edit.path}") for edit in edits)


def print_status(
    console: Console, batch: Batch | None, waiting: Sequence[Batch], latest: Grid, affected: str = ""
) -> None:
    """Print the batches under way, the open one (None during a rebase), and the latest ones.

    Args:
        console: to print on.
        batch: the open one.
        waiting: those under way.
        latest: rows of the latest ones.
        affected: how the tests ended that the latest commit can affect; empty if that is unknown.
    """
    for each in waiting:
        console.print(
            Text.assemble((f"batch {each.id}", "bold"), f" {_DOING[each.status]}; follow it: batchhook wait {each.id}")
        )
    if batch is None:
        console.print("A rebase is in progress; counting resumes when it ends.")
    else:
        console.print(
            Text.assemble((f"batch {batch.id}", "bold"), f" on {branch_name(batch.branch)}  ", *fill_bar(batch))
        )
        console.print(change_table(batch.changes, {}))
        if affected:
            console.print(f"tests of the latest commit: {affected}")
    if latest.rows:
        console.print()
        console.print(latest)


def print_unresolved_failure(console: Console, number: int) -> None:
    """Print that a batch failed critically and has not been acted upon, with the ways to do so."""
    console.print(Text(f"Batch {number} failed critically, and nothing was done about it.", style="red"))
    console.print(
        hints(
            (f"batchhook analyze {number}", "see what broke"),
            (f"batchhook rollback {number} --culprit", "revert only what broke it, once a test run confirms it"),
            (f"batchhook ack {number}", "accept it as it is"),
        )
    )


def print_progress(console: Console, batch: Batch, verdict: Verdict | None, progress: Progress) -> None:
    """Print the progress of a batch whose end was not awaited."""
    verdict_word = f" ({verdict.value})" if verdict else ""
    console.print(
        Text.assemble(
            (f"batch {batch.id}", "bold"), f"{verdict_word} {_DOING[batch.status]}: {format_progress(progress)}"
        )
    )
    console.print(hints((f"batchhook wait {batch.id}", "follow it")))


def fill_bar(batch: Batch) -> tuple[Text, str]:
    """Return how full an open batch is, as a bar and in numbers."""
    bar = "■" * batch.filled + "□" * max(batch.quota.size - batch.filled, 0)
    return Text(bar, style="cyan"), f"  {batch.quota.format_progress(batch.filled)}"


def log_table(entries: Iterable[tuple[Batch, Verdict | None, Totals | None, BatchRollback | None]]) -> Grid:
    """Return batches, one a line, with the rollback of each that is in effect below its time."""
    grid = Grid(
        ("right", "left", "left", "left", "right", "right", "right", "left dim"),
        header=("batch", "branch", "changes", "verdict", "tests", "failed", "time", "sealed"),
    )
    for batch, verdict, totals, rollback in entries:
        span = "…".join(dict.fromkeys((batch.changes[0].oid[:OID], batch.head[:OID]))) if batch.changes else ""
        state = Text(verdict.value, style=_STYLE[verdict]) if verdict else Text(batch.status.value, style="dim")
        if verdict and batch.status is BatchStatus.MEASURING:
            state.append(", measuring slowdowns", style="dim")
        if totals and totals.not_run:
            state.append(f", {totals.not_run} not run", style="yellow")
        remarks = ["partly", "rolled back"] if rollback and rollback.is_partial else ["rolled back"] if rollback else []
        if rollback:
            state.stylize("dim")
        numbers = (str(totals.tests), str(totals.failures), f"{totals.duration:.1f} s") if totals else ("", "", "")
        sealed = time.strftime("%m-%d %H:%M", time.localtime(batch.sealed_at)) if batch.sealed_at else ""
        grid.add(str(batch.id), branch_name(batch.branch), span, state, *numbers, "\n".join([sealed, *remarks]))
    return grid
