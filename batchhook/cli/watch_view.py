"""Showing what happens while files are watched: as a board, as plain lines, or as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live

from batchhook.core.analysis import Analysis
from batchhook.core.changes import BatchStatus
from batchhook.lazy import Late
from batchhook.report.console.watch_board import Board, board, change_line, print_line
from batchhook.store import batches
from batchhook.workflow.context.project import Project
from batchhook.workflow.recording.record import standing
from batchhook.workflow.status import analyze
from batchhook.workflow.watching.events import Kind, News
from batchhook.workflow.watching.session import Session

if TYPE_CHECKING:
    from batchhook.workflow import serializers
else:
    serializers = Late("batchhook.workflow.serializers")

_ENDED = {
    Kind.ENDED: "ended; runs that are going on go on: batchhook status",
    Kind.PAUSED: "paused: what is saved now is recorded when it goes on",
    Kind.RESUMED: "going on",
}


class JsonLines:
    """One document a line, for programs."""

    def tell(self, news: News) -> None:
        """Something has happened."""
        print(serializers.watch_document(news).model_dump_json(), flush=True)  # noqa: T201 - this is the output

    def draw(self, session: Session) -> None:
        """Where everything stands: programs ask for that."""

    def close(self) -> None:
        """The end was told."""


class PlainLines:
    """One line for everything that happens.

    Args:
        console: where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def tell(self, news: News) -> None:
        """Something has happened."""
        print_line(self._console, news.at, line_of(news))
        if news.hint:
            print_line(self._console, news.at, f"  {news.hint}", style="dim")

    def draw(self, session: Session) -> None:
        """Where everything stands: the lines said it."""

    def close(self) -> None:
        """The end was told."""


class LiveBoard:
    """A board in a terminal that renews itself.

    Args:
        console: the terminal.
        where: what is watched, in words.
        last: of the latest batch that has its verdict.
        keys: whether keys can be pressed.
    """

    def __init__(self, console: Console, where: str, last: Analysis | None, *, keys: bool) -> None:
        self.console = console
        self.last = last
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")
        self._shown = Board(None, where, keys=keys)
        self._height = 0
        self._polling = self._tested = ""
        self._is_on = False

    def tell(self, news: News) -> None:
        """Something has happened: most of it is on the board anyway."""
        if news.kind is Kind.VERDICT:
            self.last = news.analysis
        elif news.kind is Kind.POLLING:
            self._polling = line_of(news)
        elif news.kind is Kind.TESTED:
            self._tested = news.said

    def draw(self, session: Session) -> None:
        """Show where everything stands, if that is something new."""
        count, by_hand = session.count, session.by_hand
        shown = replace(
            self._shown,
            open=count.as_batch() if count else None,
            state="paused" if session.is_paused else f"waits for {session.waits}" if session.waits else "",
            going=session.runs.going,
            by_hand=by_hand.progress() if by_hand else None,
            tested=self._tested,
            last=self.last,
            notes=tuple(note for note in (self._polling, session.trouble) if note),
        )
        height = self.console.height
        if shown != self._shown or height != self._height or not self._is_on:
            self._shown, self._height = shown, height
            if not self._is_on:
                self._live = Live(console=self.console, auto_refresh=False, vertical_overflow="crop")
                self._live.start()
                self._is_on = True
            self._live.update(board(shown, height), refresh=True)

    @contextmanager
    def away(self) -> Iterator[Console]:
        """The terminal without the board, for the length of a block."""
        self._live.transient = True
        self._end()
        yield self.console

    def close(self) -> None:
        """Leave the board as it is, without its keys."""
        if self._is_on:
            self._live.update(board(replace(self._shown, keys=False), self.console.height), refresh=True)
        self._end()

    def _end(self) -> None:
        if self._is_on:
            self._live.stop()
        self._is_on = False


def line_of(news: News) -> str:
    """Something that has happened, as one line."""
    if news.count is not None and news.kind is Kind.RECORDED and news.recorded and news.recorded.change:
        return change_line(news.recorded.change, standing(news.count))
    if news.count is not None and news.kind is Kind.COMMITTED and news.commit:
        return change_line(news.commit, standing(news.count))
    if news.analysis is not None:
        return f"batch {news.analysis.batch.id} {news.said}"
    if news.kind is Kind.TESTED:
        return f"run now {news.said}"
    if news.kind is Kind.POLLING:
        return f"files are looked at again and again: {news.said}"
    return news.said or _ENDED.get(news.kind, news.kind.value)


def latest_analysis(project: Project) -> Analysis | None:
    """Of the latest batch that has its verdict; it does not count as seen."""
    for batch in batches.latest(project.database, 5, full=True):
        if batch.status is BatchStatus.FINISHED:
            return analyze.analyzed(project, batch.id)
    return None
