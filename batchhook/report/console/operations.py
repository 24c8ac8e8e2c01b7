"""Going back, as people read it: what is going to be done, and what was done so far."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from batchhook.core.changes import Commit
from batchhook.core.operations import Kind, Operation, OperationStatus, in_effect
from batchhook.core.rollback import Mode
from batchhook.core.sanitize import one_line
from batchhook.report.console.layout import OID

_MOST_FILES = 20
"""Files that are named of those put aside; more are counted."""


def print_leaving(console: Console, branch: str, leaving: Sequence[Commit]) -> None:
    """Commits that leave a branch, newest first as git shows them."""
    console.print(f"These commits leave {one_line(branch)}:")
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="yellow", no_wrap=True)
    table.add_column()
    for commit in reversed(leaving):
        table.add_row(commit.oid[:OID], Text(one_line(commit.subject)))
    console.print(Padding(table, (0, 2), expand=False))


def print_aside(console: Console, paths: Sequence[str]) -> None:
    """Files that are put aside."""
    console.print("This is not committed and in the way; it is put aside in the stash:")
    for path in paths[:_MOST_FILES]:
        console.print(Text(f"  {one_line(path)}"))
    if len(paths) > _MOST_FILES:
        console.print(Text(f"  … and {len(paths) - _MOST_FILES} more", style="dim"))


def print_cut_short(console: Console, said: str, hint: str) -> None:
    """That an operation was interrupted, and what can be done about it."""
    console.print(Text(one_line(said), style="bold red"))
    console.print(Text.assemble(("→ ", "bold cyan"), (one_line(hint), "dim")))


def operations_table(operations: Sequence[Operation], past: Sequence[Operation], cut_short: int) -> Table:
    """Operations, one a line, with what became of them.

    Args:
        operations: those to show, newest first.
        past: all of them.
        cut_short: the number of the one that was interrupted here; 0 for none.
    """
    effective = in_effect(past)
    by = {each.undoes: each.id for each in past if each.id in effective}
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", justify="right")
    for heading in ("what", "status", "when", "pinned before"):
        table.add_column(heading)
    for each in operations:
        status = _status(each, effective, by, cut_short)
        when = time.strftime("%m-%d %H:%M", time.localtime(each.started_at))
        table.add_row(str(each.id), what(each), status, when, each.before[:12])
    return table


class ByCopies(NamedTuple):
    """A rollback from a backup, or the undo of one; ``batch`` is 0 for an undo, ``undoes`` for a rollback."""

    number: int
    batch: int
    undoes: int
    status: str
    started_at: float


def print_by_copies(console: Console, these: Sequence[ByCopies]) -> None:
    """Rollbacks from backups, which have numbers of their own."""
    undone = {one.undoes: one.number for one in these if one.undoes and one.status == "done"}
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("from backups", justify="right")
    for heading in ("what", "status", "when"):
        table.add_column(heading)
    for one in these:
        what_it_was = f"undo of {one.undoes}" if one.undoes else f"rollback of batch {one.batch} from its backup"
        status = f"taken back by {undone[one.number]}" if one.number in undone else one.status
        when = time.strftime("%m-%d %H:%M", time.localtime(one.started_at))
        table.add_row(str(one.number), what_it_was, "interrupted" if status == "intent" else status, when)
    console.print()
    console.print(table)


def what(operation: Operation) -> str:
    """What an operation is, in a few words."""
    if operation.kind is not Kind.ROLLBACK:
        return f"{operation.kind.value} of operation {operation.undoes}"
    selection, number = operation.selection, len(operation.selection.changes)
    said = selection.what
    if number and selection.batches:
        several = len(selection.batches) > 1
        batches = f"{'batches' if several else 'batch'} {', '.join(map(str, selection.batches))}"
        said = f"{number} {'change' if number == 1 else 'changes'} of {batches}"
    ways = {Mode.FILES: "", Mode.COMMIT: ", by a commit", Mode.RESET: ", by a reset"}
    return f"rollback of {said}{ways[operation.mode]}"


def _status(operation: Operation, effective: frozenset[int], by: Mapping[int, int], cut_short: int) -> Text:
    if operation.id == cut_short:
        return Text("interrupted", style="bold red")
    if operation.status is not OperationStatus.DONE:
        return Text(operation.status.value, style="dim")
    if operation.id in effective:
        return Text("done")
    return Text(f"taken back by {by[operation.id]}" if operation.id in by else "taken back", style="dim")
