"""The display of ``watch``: a board that is redrawn on a terminal, or plain lines."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.text import Text

from batchhook.core.analysis import Analysis
from batchhook.core.batch import Batch
from batchhook.core.commit import Commit
from batchhook.core.culprits.attribution import summarize_attributions
from batchhook.core.progress import Progress, format_clock
from batchhook.core.sanitize import one_line
from batchhook.core.verdict import Verdict
from batchhook.report.console.batches import branch_name, fill_bar, verdict_line
from batchhook.report.console.layout import OID, more

_MAX_CHANGES = 8
_OTHER_LINES = 8
"""Lines that the board usually has besides the changes."""
_BAR = 20
_KEYS = (("r", "run now"), ("p", "pause"), ("a", "analyze"), ("b", "roll back"), ("q", "quit"))


@dataclass(frozen=True, slots=True)
class Board:
    """Content of the board.

    Attributes:
        open: the open batch; None during a rebase.
        where: what is watched, in words.
        state: what the watch is doing unless it is simply watching.
        running: full batches under way, with their progress.
        manual_run: the progress of a run started by key, if there is one.
        last_manual_run: the outcome of the last such run.
        latest: the latest batch with a verdict.
        notes: remarks, for instance that files are polled, or an error.
        has_keys: whether keys can be pressed.
    """

    open: Batch | None
    where: str
    state: str = ""
    running: Sequence[tuple[Batch, Progress]] = ()
    manual_run: Progress | None = None
    last_manual_run: str = ""
    latest: Analysis | None = None
    notes: Sequence[str] = ()
    has_keys: bool = True


def render_board(board: Board, height: int) -> RenderableType:
    """Return the board for a terminal with ``height`` lines; of a large batch, the latest changes that fit."""
    return Group(*map(_cut, _lines(board, height)))


def _lines(board: Board, height: int) -> Iterator[Text]:
    """Yield the lines in the order of importance that the overview page and ``status`` have."""
    yield _head(board)
    is_urgent = board.latest is not None and not board.latest.verdict.is_good and board.latest.rollback is None
    if board.latest is not None and is_urgent:
        yield from _verdict(board.latest)
    for batch, progress in board.running:
        yield _run(f"batch {batch.id}", progress)
    if board.open is not None:
        limit = max(min(height - _OTHER_LINES - len(board.running), _MAX_CHANGES), 1)
        yield from _changes(board.open, limit)
    if board.manual_run is not None:
        yield _run("run now", board.manual_run)
    elif board.last_manual_run:
        yield Text.assemble(("run now ", "bold"), one_line(board.last_manual_run))
    if board.latest is not None and not is_urgent:
        yield from _verdict(board.latest)
    for note in board.notes:
        yield Text(one_line(note), style="yellow")
    if board.has_keys:
        yield _keys(board)


def _verdict(latest: Analysis) -> Iterator[Text]:
    line = verdict_line(latest.batch.id, latest.verdict, latest.result)
    yield line.append(f"; {latest.rollback.summary}", style="green") if latest.rollback else line
    if latest.attributions:
        yield Text(f"  {summarize_attributions(latest.attributions)}")


def _head(board: Board) -> Text:
    if board.open is None:
        head = Text("a rebase is in progress; counting resumes when it ends", style="bold")
    else:
        head = Text.assemble(
            (f"batch {board.open.id}", "bold"), f" on {branch_name(board.open.branch)}  ", *fill_bar(board.open)
        )
    style = "yellow" if board.state else "dim"
    return head.append(f"  {one_line(board.state or f'watching {board.where}')}", style=style)


def _changes(batch: Batch, limit: int) -> Iterator[Text]:
    hidden = max(len(batch.changes) - limit, 0)
    width = len(str(len(batch.changes)))
    if hidden:
        yield Text(f"  {more(hidden)} before", style="dim")
    for position, change in enumerate(batch.changes[hidden:], start=hidden + 1):
        yield Text.assemble(
            (f"  {position:>{width}}  {_time_of_day(change.committed_at)}  ", "dim"),
            (change.oid[:OID], "yellow"),
            f"  {one_line(change.subject)}",
        )


def _run(label: str, progress: Progress) -> Text:
    stage = "tests" if progress.stage == "testing" else progress.stage
    filled = min(_BAR * progress.done // (progress.total or 1), _BAR)
    line = Text.assemble(
        (label, "bold"), f" {one_line(stage)} ", ("━" * filled, "cyan"), ("━" * (_BAR - filled), "bright_black")
    )
    if progress.total:
        line.append(f" {progress.done}/{progress.total}")
    if progress.failed:
        line.append(f"  {progress.failed} failed", style="red")
    if progress.seconds_left is not None:
        line.append(f"  about {format_clock(progress.seconds_left)} left", style="dim")
    return line


def may_roll_back(latest: Analysis | None) -> bool:
    """Return whether a rollback of the latest batch may help: not if it never had a suite that can run."""
    return latest is None or latest.verdict is not Verdict.BROKEN or latest.offers_rollback


def _keys(board: Board) -> Text:
    is_paused = board.state == "paused"
    keys = [
        Text.assemble((f"{key} ", "bold cyan"), ("resume" if is_paused and key == "p" else action, "dim"))
        for key, action in _KEYS
        if key != "b" or may_roll_back(board.latest)
    ]
    return Text("   ").join(keys)


def _cut(line: Text) -> Text:
    """Keep a line from wrapping, so that the board keeps its height."""
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


def _time_of_day(seconds: float) -> str:
    """Format a time in seconds since the epoch as the local time of day."""
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def print_event(console: Console, at: float, message: str, *, style: str = "") -> None:
    """Print an event as one line."""
    console.print(Text.assemble((f"{_time_of_day(at)} ", "dim"), (one_line(message), style)), soft_wrap=True)


def describe_change(change: Commit, progress: str) -> str:
    """Describe a counted change in one line, with the progress of the open batch."""
    verb = "recorded" if change.is_recorded else "committed"
    return f"{verb} {change.oid[:OID]} {one_line(change.subject)} ({progress})"
