"""Views of a watch session: a live board, plain lines, or JSON lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from rich.console import Console
from rich.live import Live

from batchhook.core.analysis import Analysis
from batchhook.core.batch import BatchStatus
from batchhook.report.console.watch_board import Board, describe_change, print_event, render_board
from batchhook.store import batches
from batchhook.workflow.context.project import Project
from batchhook.workflow.recording.record import summarize_count
from batchhook.workflow.status import analyze
from batchhook.workflow.watching.events import WatchEvent, WatchEventKind
from batchhook.workflow.watching.session import WatchSession

_MESSAGES = {
    WatchEventKind.ENDED: "stopped; runs in progress continue: batchhook status",
    WatchEventKind.PAUSED: "paused: saves are recorded after resuming",
    WatchEventKind.RESUMED: "resumed",
}


class JsonLinesView:
    """One JSON document per line for each event."""

    def show_event(self, event: WatchEvent) -> None:
        """Print an event."""
        from batchhook.workflow import serializers

        print(serializers.watch_document(event).model_dump_json(), flush=True)  # noqa: T201 - the command's output

    def update(self, session: WatchSession) -> None:
        """Do nothing: events only."""

    def close(self) -> None:
        """Do nothing: the end is an event."""


class PlainLinesView:
    """One line of text for each event."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def show_event(self, event: WatchEvent) -> None:
        """Print an event."""
        print_event(self._console, event.at, format_event(event))
        if event.hint:
            print_event(self._console, event.at, f"  {event.hint}", style="dim")

    def update(self, session: WatchSession) -> None:
        """Do nothing: events only."""

    def close(self) -> None:
        """Do nothing: the end is an event."""


class LiveBoardView:
    """A board on a terminal that is redrawn when something changes.

    Args:
        console: the terminal.
        where: the watched paths, for people.
        analysis: of the latest batch that has its verdict.
        has_keys: whether key presses are read.
    """

    def __init__(self, console: Console, where: str, analysis: Analysis | None, *, has_keys: bool) -> None:
        self.console = console
        self.analysis = analysis
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")
        self._board = Board(None, where, has_keys=has_keys)
        self._height = 0
        self._polling = self._omitted = self._tested = ""
        self._is_live = False

    def show_event(self, event: WatchEvent) -> None:
        """Keep what the board shows of an event; ``update`` reads the rest from the session."""
        if event.kind is WatchEventKind.VERDICT:
            self.analysis = event.analysis
        elif event.kind is WatchEventKind.POLLING:
            self._polling = format_event(event)
        elif event.kind is WatchEventKind.OMITTED:
            self._omitted = event.message
        elif event.kind is WatchEventKind.TESTED:
            self._tested = event.message

    def update(self, session: WatchSession) -> None:
        """Redraw the board if the session or the terminal changed."""
        count, manual_test = session.count, session.manual_test
        state = "paused" if session.is_paused else f"waiting for {session.blocked_by}" if session.blocked_by else ""
        current = replace(
            self._board,
            open=count.as_batch() if count else None,
            state=state,
            running=session.runs.running,
            manual_run=manual_test.progress() if manual_test else None,
            last_manual_run=self._tested,
            latest=self.analysis,
            notes=tuple(filter(None, (self._polling, self._omitted if session.omitted else "", session.error))),
        )
        height = self.console.height
        if current != self._board or height != self._height or not self._is_live:
            self._board, self._height = current, height
            if not self._is_live:
                self._live = Live(console=self.console, auto_refresh=False, vertical_overflow="crop")
                self._live.start()
                self._is_live = True
            self._live.update(render_board(current, height), refresh=True)

    @contextmanager
    def hidden(self) -> Iterator[Console]:
        """Yield the terminal without the board for the length of a block."""
        self._live.transient = True
        self._stop()
        yield self.console

    def close(self) -> None:
        """Leave the board on the terminal, without its keys."""
        if self._is_live:
            self._live.update(render_board(replace(self._board, has_keys=False), self.console.height), refresh=True)
        self._stop()

    def _stop(self) -> None:
        if self._is_live:
            self._live.stop()
        self._is_live = False


def format_event(event: WatchEvent) -> str:
    """Return an event as one line."""
    if event.count is not None and event.kind is WatchEventKind.RECORDED and event.recorded and event.recorded.change:
        return describe_change(event.recorded.change, summarize_count(event.count))
    if event.count is not None and event.kind is WatchEventKind.COMMITTED and event.commit:
        return describe_change(event.commit, summarize_count(event.count))
    if event.analysis is not None:
        return f"batch {event.analysis.batch.id} {event.message}"
    if event.kind is WatchEventKind.TESTED:
        return f"run now {event.message}"
    if event.kind is WatchEventKind.POLLING:
        return f"scanning files periodically: {event.message}"
    return event.message or _MESSAGES.get(event.kind, event.kind.value)


def latest_analysis(project: Project) -> Analysis | None:
    """Return the analysis of the latest batch that has its verdict, without marking it as seen."""
    for batch in batches.list_latest(project.database, 5, sealed_only=True):
        if batch.status is BatchStatus.FINISHED:
            return analyze.load_analysis(project, batch.id)
    return None
