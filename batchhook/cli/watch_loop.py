"""The loop of ``batchhook watch``: wait for saves, keys and signals, and act on them."""

from __future__ import annotations

import select
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

from batchhook.cli.apply import apply_plan
from batchhook.cli.options import console, options, project
from batchhook.cli.terminal_input import Keyboard, SignalReceiver, is_output_closed
from batchhook.cli.watch_view import JsonLinesView, LiveBoardView, PlainLinesView, latest_analysis
from batchhook.core.sanitize import one_line
from batchhook.errors import BatchhookError, ExitCode
from batchhook.report.console.analysis import print_analysis
from batchhook.report.console.watch_board import may_roll_back
from batchhook.store import operations
from batchhook.workflow.context.project import Project
from batchhook.workflow.rollback.request import RollbackRequest, prepare_rollback
from batchhook.workflow.rollback.selection import paths_from_top
from batchhook.workflow.watching.debounced_events import DebouncedEvents
from batchhook.workflow.watching.runs import lock_worktree
from batchhook.workflow.watching.session import WatchSession
from batchhook.workflow.watching.watch_roots import resolve_roots

_MAX_BURST = 5.0
"""Seconds after which a burst is recorded although saves continue; ten times the settle time if that is longer."""

View = JsonLinesView | PlainLinesView | LiveBoardView


def run_watch(paths: Sequence[str], settle: float, poll: float, seconds: float) -> ExitCode:
    """Watch files until a key, a signal, or the end of the time.

    Args:
        paths: files and folders to watch; none for all.
        settle: seconds without a save that end a burst.
        poll: seconds between scans; 0 to be notified by the system.
        seconds: maximum duration; may be infinite.

    Raises:
        BrokenPipeError: the reader of the output has gone.
    """
    with ExitStack() as stack:
        opened = stack.enter_context(project())
        stack.enter_context(lock_worktree(opened))
        roots = resolve_roots(opened.git, opened.location, paths_from_top(opened, options.folder, paths))
        signals = stack.enter_context(SignalReceiver())
        events = DebouncedEvents(roots, settle, max(_MAX_BURST, 10 * settle), poll)
        stack.callback(events.close)
        where = "all files" if roots.paths == ("",) else ", ".join(map(one_line, roots.paths))
        keyboard, view = _open_view(opened, where)
        stack.callback(view.close)
        if keyboard is not None:
            stack.enter_context(keyboard)
        session = WatchSession(opened, events, view.show_event)
        session.start(where)
        _WatchLoop(session, events, view, keyboard, signals).run(seconds)
    return ExitCode.INTERRUPTED if signals.end_signal is signal.SIGINT else ExitCode.OK


def _open_view(opened: Project, where: str) -> tuple[Keyboard | None, View]:
    """Return the view for the kind of output, and the keyboard if there is a terminal."""
    out = console()
    if options.json:
        return None, JsonLinesView()
    if not out.is_terminal or out.is_dumb_terminal:
        return None, PlainLinesView(out)
    keyboard = Keyboard() if sys.stdin.isatty() else None
    return keyboard, LiveBoardView(out, where, latest_analysis(opened), has_keys=keyboard is not None)


class _WatchLoop:
    def __init__(
        self,
        session: WatchSession,
        events: DebouncedEvents,
        view: View,
        keyboard: Keyboard | None,
        signals: SignalReceiver,
    ) -> None:
        self._session = session
        self._events = events
        self._view = view
        self._keyboard = keyboard
        self._signals = signals
        self._is_over = False

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        keyboards = [] if self._keyboard is None else [self._keyboard]
        inputs: Sequence[DebouncedEvents | Keyboard | SignalReceiver] = [self._events, self._signals, *keyboards]
        try:
            while not self._is_over and self._signals.end_signal is None and time.monotonic() < end:
                self._session.step()
                self._view.update(self._session)
                if is_output_closed():
                    raise BrokenPipeError
                timeout = min(self._session.timeout, max(end - time.monotonic(), 0))
                ready, _, _ = select.select(inputs, [], [], timeout)
                if self._keyboard is not None and self._keyboard in ready:
                    self._handle_keys(self._keyboard.read())
                self._signals.drain()
                if self._signals.is_suspend_requested:
                    self._suspend()
        finally:
            self._session.close()
            if self._signals.end_signal is not signal.SIGHUP:
                self._view.update(self._session)

    def _handle_keys(self, keys: str) -> None:
        self._is_over = not keys  # the terminal was closed
        for key in keys:
            match key:
                case "q":
                    self._is_over = True
                case "p":
                    self._session.toggle_pause()
                case "r":
                    self._session.test_now()
                case "a":
                    self._analyze()
                case "b":
                    self._roll_back()

    def _analyze(self) -> None:
        if isinstance(self._view, LiveBoardView) and self._view.analysis is not None:
            with self._view.hidden() as out:
                print_analysis(out, self._view.analysis, tracebacks=False)
                out.print()

    def _roll_back(self) -> None:
        if not isinstance(self._view, LiveBoardView) or self._view.analysis is None or self._keyboard is None:
            return
        if not may_roll_back(self._view.analysis):
            return
        analysis, opened = self._view.analysis, self._session.project
        number, own = analysis.batch.id, {change.oid for change in analysis.batch.changes}
        culprits = () if analysis.rollback else analysis.culprits
        guilty = tuple(change.oid for change, _ in culprits if change.oid in own)
        guilty = guilty if len(guilty) < len(own) else ()
        with self._view.hidden() as out, self._keyboard.suspended():
            opened.reconcile()
            if not (guilty and self._offer(RollbackRequest(None, guilty))):
                if guilty:
                    out.print(f"\nOr the whole batch {number}:")
                self._offer(RollbackRequest((number, number)))
            out.print()
            self._view.analysis = latest_analysis(opened)
        self._session.note_operation()

    def _offer(self, request: RollbackRequest) -> bool:
        """Show the plan of a rollback and ask for confirmation; return whether it was carried out."""
        opened = self._session.project
        before = len(operations.list_all(opened.database))
        try:
            apply_plan(prepare_rollback(opened, request), dry_run=False, yes=False)
        except BatchhookError as error:
            out = console()
            out.print(f"batchhook: {one_line(error.message)}")
            if error.hint:
                out.print(f"hint: {one_line(error.hint)}")
        return len(operations.list_all(opened.database)) > before

    def _suspend(self) -> None:
        """Return the terminal to the shell, as Ctrl-Z requests."""
        with ExitStack() as stack:
            if isinstance(self._view, LiveBoardView):
                stack.enter_context(self._view.hidden())
            if self._keyboard is not None:
                stack.enter_context(self._keyboard.suspended())
            self._signals.suspend()
