"""What people read: tables and lines by rich, readable at 80 columns and without colours."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from batchhook.core.changes import Batch, BatchStatus, Commit, FileEdit
from batchhook.core.progress import Progress, said
from batchhook.core.results import SuiteOutcome, Totals
from batchhook.core.rollback import Fate, FileFate
from batchhook.core.sanitize import lines, one_line
from batchhook.core.verdict import Verdict, summary

_STYLE = {
    Verdict.PASSED: "green",
    Verdict.REGRESSED: "yellow",
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
_FATE_OTHERWISE = {
    Fate.MERGED: "changes back, keeps what else was done in it",
    Fate.REMOVED: "goes",
}
_DOING = {
    BatchStatus.SEALED: "waits for its tests",
    BatchStatus.RUNNING: "is being tested",
    BatchStatus.SEARCHING: "has failing tests, and what broke them is being found out",
    BatchStatus.MEASURING: "was tested, and what seems slower is being measured",
    BatchStatus.CLOSING: "is being closed",
}
OID = 8
"""Digits of a commit's name that are shown."""


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
        text = Text(one_line(change.subject))
        if change.is_record:
            text.append("  recorded", style="dim")
        if edits.get(change.oid):
            text.append("\n").append_text(files(edits[change.oid]))
        table.add_row(str(position), change.oid[:OID], text)
    return table


def files(edits: Sequence[FileEdit]) -> Text:
    """Files that a change touched, one a line: ``M parcel/money.py``."""
    shown = "\n".join(f"{edit.status.value[:1].upper()} {one_line(edit.path)}" for edit in edits)
    return Text(shown, style="dim")


def hints(*commands: tuple[str, str]) -> Table:
    """Commands to type next, and what each does."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold cyan", no_wrap=True)
    table.add_column(style="dim")
    for command, does in commands:
        table.add_row(f"→ {command}", does)
    return table


def print_status(console: Console, batch: Batch | None, waiting: Sequence[Batch], latest: Table) -> None:
    """The open batch, what is being tested, and the latest batches."""
    if batch is None:
        console.print("A rebase is under way; counting goes on at its end.")
    else:
        console.print(Text.assemble((f"batch {batch.id}", "bold"), f" on {branch_name(batch.branch)}  ", *fill(batch)))
        if batch.changes:
            console.print(Padding(changes(batch.changes, {}), (0, 2), expand=False))
    for each in waiting:
        console.print(
            Text.assemble(
                (f"batch {each.id}", "bold"), f" {_DOING[each.status]}; to follow it: batchhook wait {each.id}"
            )
        )
    if latest.row_count:
        console.print()
        console.print(latest)


def print_unanswered(console: Console, number: int) -> None:
    """A batch that failed critically, and what can be done about it."""
    console.print()
    console.print(Text(f"Batch {number} failed critically, and nothing was done about it.", style="red"))
    console.print(
        hints(
            (f"batchhook analyze {number}", "what broke"),
            (f"batchhook rollback {number} --culprit", "take out what broke it, once that is proven"),
            (f"batchhook ack {number}", "take it as it is"),
        )
    )


def print_under_way(console: Console, batch: Batch, verdict: Verdict | None, progress: Progress) -> None:
    """How far a batch is whose end was not waited for."""
    judged = f" ({verdict.value})" if verdict else ""
    console.print(Text.assemble((f"batch {batch.id}", "bold"), f"{judged} {_DOING[batch.status]}: {said(progress)}"))
    console.print(hints((f"batchhook wait {batch.id}", "follow it")))


def fill(batch: Batch) -> tuple[Text, str]:
    """How full an open batch is: a bar, and numbers."""
    bar = "■" * batch.filled + "□" * max(batch.fill.size - batch.filled, 0)
    return Text(bar, style="cyan"), f"  {batch.fill.counted(batch.filled)}"


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
        span = f"{batch.changes[0].oid[:OID]}…{batch.head[:OID]}" if batch.changes else ""
        state = Text(verdict.value, style=_STYLE[verdict]) if verdict else Text(batch.status.value, style="dim")
        numbers = (str(totals.tests), str(totals.failures), f"{totals.duration:.1f} s") if totals else ("", "", "")
        sealed = time.strftime("%m-%d %H:%M", time.localtime(batch.sealed_at)) if batch.sealed_at else ""
        table.add_row(str(batch.id), branch_name(batch.branch), span, state, *numbers, sealed)
    return table


def print_fates(console: Console, files: Sequence[FileFate], *, of_batch: bool = True) -> None:
    """What becomes of each file; ``of_batch``: where a batch, or a part of one, is taken out."""
    fates = _FATE if of_batch else _FATE | _FATE_OTHERWISE
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=False)
    table.add_column(style="dim")
    for file in files:
        table.add_row(Text(one_line(file.path)), fates[file.fate])
    console.print(Padding(table, (0, 2), expand=False))


def print_diff(console: Console, diff: str) -> None:
    """A patch, coloured line by line."""
    styles = {"+": "green", "-": "red", "@": "cyan"}
    for line in lines(diff).splitlines():
        console.print(Text(line, style=styles.get(line[:1], "")), soft_wrap=True)
