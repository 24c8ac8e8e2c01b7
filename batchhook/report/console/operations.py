"""Rollbacks, undos and redos: plans, checks, and the operations so far."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from batchhook.core.commit import Commit
from batchhook.core.operations import Operation, OperationStatus, effective_ids
from batchhook.core.revert_check import RevertCheck
from batchhook.core.rollback import FileAction, FilePlan
from batchhook.core.sanitize import one_line, sanitize_lines
from batchhook.report.console.failures import named
from batchhook.report.console.layout import OID, Grid, Line, more, unbroken
from batchhook.report.operation_phrases import describe

_MAX_FILES = 20
"""Stashed files that are named."""
_MAX_TESTS = 5
"""Tests named of one kind in a revert check."""
_ACTIONS = {
    FileAction.RESTORED: "restored",
    FileAction.MERGED: "merged: other edits are kept",
    FileAction.RECREATED: "recreated",
    FileAction.DELETED: "deleted",
}
_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def print_file_actions(console: Console, files: Sequence[FilePlan], *, of_batch: bool = True) -> None:
    """Print the effect on each file; ``of_batch`` is true where a batch, or a part of one, is reverted."""
    grid = Grid(("left", "left dim"), indent=2)
    for file in files:
        added = "; added by the batch" if of_batch and file.action is FileAction.DELETED else ""
        grid.add(unbroken(file.path), f"{_ACTIONS[file.action]}{added}")
    console.print(grid)


def print_diff(console: Console, diff: str) -> None:
    """Print a patch verbatim, coloured line by line."""
    for line in sanitize_lines(diff).splitlines():
        console.print(Text(line, style=_DIFF_STYLES.get(line[:1], "")), soft_wrap=True)


def print_dropped_commits(console: Console, branch: str, commits: Sequence[Commit]) -> None:
    """Print the commits that leave a branch, newest first as git shows them."""
    console.print(f"These commits leave {unbroken(branch)}:")
    grid = Grid(("left yellow", "left"), indent=2)
    for commit in reversed(commits):
        grid.add(commit.oid[:OID], one_line(commit.subject))
    console.print(grid)


def print_stashed_files(console: Console, paths: Sequence[str]) -> None:
    """Print the uncommitted files that are stashed."""
    console.print("Uncommitted and in the way, saved in the stash:")
    for path in paths[:_MAX_FILES]:
        console.print(Line(unbroken(path), indent=2))
    if len(paths) > _MAX_FILES:
        console.print(Line(more(len(paths) - _MAX_FILES), style="dim", indent=2))


def print_revert_check(
    console: Console, changes: Sequence[Commit], blocked: Mapping[Commit, Sequence[str]], check: RevertCheck
) -> None:
    """Print the result of testing without the culprits.

    Args:
        console: where to.
        changes: the culprits that are reverted.
        blocked: those that cannot be, with the files in which later changes edited the same lines.
        check: what the tests showed.
    """
    base = "recorded" if any(change.is_recorded for change in changes) else "committed"
    console.print(f"Tested in a private work tree, on what is {base}, without:")
    for change in changes:
        console.print(Line(_commit(change), indent=2, hang=OID + 2))
    if blocked:
        console.print("What these broke stays: others changed the same lines since.")
        for change, files in blocked.items():
            conflict = _commit(change).append(f"  in {', '.join(map(unbroken, files))}", style="dim")
            console.print(Line(conflict, indent=2, hang=OID + 2))
    for test_ids, label, style in (
        (check.fixed, "fixed:", "green"),
        (check.still_failing, "still failing:", "red"),
        (check.newly_failing, "would break:", "red"),
        (check.flaky, "failed, but is flaky:", "yellow"),
    ):
        for line in named(test_ids, _MAX_TESTS, label, style):
            console.print(line)
    if check.passes:
        console.print("No other test fails that did not fail before.")


def _commit(change: Commit) -> Text:
    return Text.assemble((change.oid[:OID], "yellow"), f"  {one_line(change.subject)}")


def print_interrupted(console: Console, message: str, hint: str) -> None:
    """Print that an operation was interrupted, and the next step."""
    console.print(Text(one_line(message), style="bold red"))
    console.print(Text.assemble(("→ ", "bold cyan"), (one_line(hint), "dim")))


def operations_table(operations: Sequence[Operation], past: Sequence[Operation], interrupted: int) -> Grid:
    """Return operations, one a line, with their effect today.

    Args:
        operations: those to show, newest first.
        past: all of them.
        interrupted: the number of the one that was interrupted here; 0 for none.
    """
    effective = effective_ids(past)
    undone_by = {each.undoes: each.id for each in past if each.id in effective}
    grid = Grid(("right", "left", "left", "left", "left"), header=("", "what", "status", "when", "pinned before"))
    for each in operations:
        status = _status(each, effective, undone_by, interrupted)
        grid.add(str(each.id), describe(each), status, _when(each.started_at), each.before[:12])
    return grid


class RestorationRow(NamedTuple):
    """A rollback from a backup, or its undo; ``batch`` is 0 for an undo, ``undoes`` for a rollback."""

    number: int
    batch: int
    undoes: int
    status: str
    started_at: float


def print_restorations(console: Console, restorations: Sequence[RestorationRow]) -> None:
    """Print rollbacks from backups, which are numbered separately."""
    undone_by = {each.undoes: each.number for each in restorations if each.undoes and each.status == "done"}
    grid = Grid(("right", "left", "left", "left"), header=("from backups", "what", "status", "when"))
    for each in restorations:
        kind = f"undo of {each.undoes}" if each.undoes else f"rollback of batch {each.batch} from its backup"
        status = f"taken back by {undone_by[each.number]}" if each.number in undone_by else each.status
        grid.add(str(each.number), kind, "interrupted" if status == "intent" else status, _when(each.started_at))
    console.print()
    console.print(grid)


def _status(operation: Operation, effective: frozenset[int], undone_by: Mapping[int, int], interrupted: int) -> Text:
    if operation.id == interrupted:
        return Text("interrupted", style="bold red")
    if operation.status is not OperationStatus.DONE:
        return Text(operation.status.value, style="dim")
    if operation.id in effective:
        return Text("done")
    return Text(f"taken back by {undone_by[operation.id]}" if operation.id in undone_by else "taken back", style="dim")


def _when(seconds: float) -> str:
    return time.strftime("%m-%d %H:%M", time.localtime(seconds))
