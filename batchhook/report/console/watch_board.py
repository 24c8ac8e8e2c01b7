"""What happens while files are watched: a board that renews itself in a terminal, or plain lines."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from batchhook.core.analysis import Analysis
from batchhook.core.changes import Batch, Commit
from batchhook.core.culprits import attribution
from batchhook.core.progress import Progress, clock
from batchhook.core.sanitize import one_line
from batchhook.report.console import layout

_MOST_CHANGES = 8
_OTHER_LINES = 8
"""Lines of the board that are no changes, as a rule."""
_BAR = 20
KEYS = (("r", "run now"), ("p", "pause"), ("a", "analyze"), ("b", "roll back"), ("q", "quit"))


@dataclass(frozen=True, slots=True)
class Board:
    """All that is on the board.

    Attributes:
        open: the open batch; None in the middle of a rebase.
        where: what is watched, in words.
        state: what it is doing, if that is not watching.
        going: full batches whose runs are going on.
        by_hand: how far the run of the present state is, if there is one.
        tested: how the last such run ended.
        last: of the latest batch that has its verdict.
        notes: what is to be known, for instance that files are polled, or what could not be done.
        keys: whether keys can be pressed.
    """

    open: Batch | None
    where: str
    state: str = ""
    going: Sequence[tuple[Batch, Progress]] = ()
    by_hand: Progress | None = None
    tested: str = ""
    last: Analysis | None = None
    notes: Sequence[str] = ()
    keys: bool = True


def board(shown: Board, height: int) -> RenderableType:
    """The board.

    Args:
        shown: what is on it.
        height: lines of the terminal: not all changes of a large batch may have room.
    """
    parts: list[RenderableType] = [_head(shown)]
    if shown.open is not None and shown.open.changes:
        parts.append(_changes(shown.open, max(min(height - _OTHER_LINES - len(shown.going), _MOST_CHANGES), 1)))
    runs = [_run(f"batch {batch.id}", progress) for batch, progress in shown.going]
    runs += [_run("run now", shown.by_hand)] if shown.by_hand is not None else []
    parts += runs
    if shown.tested and shown.by_hand is None:
        parts.append(_cut(Text.assemble(("run now ", "bold"), one_line(shown.tested))))
    parts += _verdict(shown.last)
    parts += [_cut(Text(one_line(note), style="yellow")) for note in shown.notes]
    if shown.keys:
        parts.append(_keys(paused=shown.state == "paused"))
    return Group(*parts)


def _head(shown: Board) -> Text:
    if shown.open is None:
        head = Text("a rebase is under way; counting goes on at its end", style="bold")
    else:
        bar, filled = layout.fill(shown.open)
        head = Text.assemble(
            (f"batch {shown.open.id}", "bold"), f" on {layout.branch_name(shown.open.branch)}  ", bar, filled
        )
    style = "yellow" if shown.state else "dim"
    return _cut(head.append(f"  {one_line(shown.state or f'watching {shown.where}')}", style=style))


def _changes(batch: Batch, most: int) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
    for style in ("dim", "dim", "yellow"):
        table.add_column(style=style, no_wrap=True, justify="right" if style == "dim" else "left")
    table.add_column(no_wrap=True, overflow="ellipsis")
    left_out = len(batch.changes) - most
    if left_out > 0:
        table.add_row("", "", "", Text(f"… {left_out} more before", style="dim"))
    for position, change in enumerate(batch.changes, start=1):
        if position > left_out:
            table.add_row(
                f"  {position}", moment(change.committed_at), change.oid[: layout.OID], one_line(change.subject)
            )
    return table


def _run(what: str, progress: Progress) -> Table:
    row = Table.grid(padding=(0, 1))
    row.add_column(no_wrap=True)
    row.add_column(width=_BAR)
    row.add_column(no_wrap=True)
    doing = "tests" if progress.stage == "testing" else progress.stage
    numbers = Text(f"{progress.done}/{progress.total}" if progress.total else "")
    if progress.failed:
        numbers.append(f"  {progress.failed} failed", style="red")
    if progress.left is not None:
        numbers.append(f"  about {clock(progress.left)} left", style="dim")
    bar = ProgressBar(total=progress.total or 1, completed=progress.done, width=_BAR)
    row.add_row(Text.assemble((what, "bold"), f" {one_line(doing)}"), bar, numbers)
    return row


def _verdict(found: Analysis | None) -> list[RenderableType]:
    if found is None:
        return []
    lines = [_cut(layout.verdict_line(found.batch.id, found.verdict, found.outcome))]
    if found.attributions:
        lines.append(_cut(Text(f"  {attribution.summary(found.attributions)}")))
    return list(lines)


def _keys(*, paused: bool) -> Text:
    line = Text()
    for key, does in KEYS:
        line.append(f"{key} ", style="bold cyan")
        line.append(f"{'resume' if paused and key == 'p' else does}   ", style="dim")
    line.rstrip()
    return _cut(line)


def _cut(line: Text) -> Text:
    """A line that does not go on in the next one: the board is to keep its height."""
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


def moment(at: float) -> str:
    """The time of day, here."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def print_line(console: Console, at: float, said: str, *, style: str = "") -> None:
    """Something that has happened, as one line."""
    console.print(Text.assemble((f"{moment(at)} ", "dim"), (one_line(said), style)), soft_wrap=True)


def change_line(change: Commit, standing: str) -> str:
    """A change, and where the open batch stands with it."""
    what = "recorded" if change.is_record else "committed"
    return f"{what} {change.oid[: layout.OID]} {one_line(change.subject)} ({standing})"
