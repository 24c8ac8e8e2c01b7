"""watch: each settled burst of saves is a change."""

from __future__ import annotations

import select
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from batchhook.cli.apply import carry_out
from batchhook.cli.arguments import Json
from batchhook.cli.init_prompt import Yes, ensured
from batchhook.cli.options import console, options, project
from batchhook.cli.terminal_input import Calls, Keys
from batchhook.cli.watch_view import JsonLines, LiveBoard, PlainLines, latest_analysis
from batchhook.core.sanitize import one_line
from batchhook.errors import BatchhookError, ExitCode
from batchhook.lazy import Late
from batchhook.report.console.analysis import print_analysis
from batchhook.workflow.context.project import Project
from batchhook.workflow.rollback.selection import paths_from_top
from batchhook.workflow.watching.debounced_events import Bursts
from batchhook.workflow.watching.runs import only_one
from batchhook.workflow.watching.session import Session
from batchhook.workflow.watching.watch_roots import ground

if TYPE_CHECKING:
    from batchhook.workflow.rollback import rollback as rolling_back, selection
else:
    rolling_back = Late("batchhook.workflow.rollback.rollback")
    selection = Late("batchhook.workflow.rollback.selection")

_LONGEST = 5.0
"""Seconds after which a burst is recorded though saves go on; or ten times the settle time, if that is more."""

Shown = JsonLines | PlainLines | LiveBoard


def watch(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH", help="Files and folders to watch; else all.")
    ] = None,
    settle: Annotated[
        float, typer.Option(metavar="S", min=0.05, max=60, help="Seconds of quiet that end a burst of saves.")
    ] = 0.3,
    poll: Annotated[
        float,
        typer.Option(metavar="S", min=0, max=3600, help="Look at all files every S seconds: for network drives."),
    ] = 0,
    seconds: Annotated[
        float | None, typer.Option("--for", metavar="S", min=0, help="End after S seconds; else when you say so.")
    ] = None,
    yes: Yes = False,
    _json: Json = False,
) -> int:
    """Record each burst of saves as a change, and show what its tests say."""
    options.in_lines = True
    ensured(options.folder, yes=yes)
    with ExitStack() as stack:
        opened = stack.enter_context(project())
        stack.enter_context(only_one(opened))
        watched = ground(opened.git, opened.location, paths_from_top(opened, options.folder, paths or []))
        calls = stack.enter_context(Calls())
        bursts = Bursts(watched, settle, max(_LONGEST, 10 * settle), poll)
        stack.callback(bursts.close)
        where = "all files" if watched.paths == ("",) else ", ".join(map(one_line, watched.paths))
        keys, shown = _faces(opened, where)
        stack.callback(shown.close)
        if keys is not None:
            stack.enter_context(keys)
        session = Session(opened, bursts, shown.tell)
        session.begin(where)
        _Loop(session, bursts, shown, keys, calls).run(float("inf") if seconds is None else seconds)
    return ExitCode.INTERRUPTED if calls.end is signal.SIGINT else ExitCode.OK


def _faces(opened: Project, where: str) -> tuple[Keys | None, Shown]:
    """The keyboard, if there is one, and whatever shows what happens."""
    out = console()
    if options.json:
        return None, JsonLines()
    if not out.is_terminal or out.is_dumb_terminal:
        return None, PlainLines(out)
    keys = Keys() if sys.stdin.isatty() else None
    return keys, LiveBoard(out, where, latest_analysis(opened), keys=keys is not None)


class _Loop:
    """Waiting for saves, keys and signals, and doing what they ask for."""

    def __init__(self, session: Session, bursts: Bursts, shown: Shown, keys: Keys | None, calls: Calls) -> None:
        self._session = session
        self._bursts = bursts
        self._shown = shown
        self._keys = keys
        self._calls = calls
        self._is_over = False

    def run(self, seconds: float) -> None:
        """Go on until somebody ends it, for some seconds at most."""
        end = time.monotonic() + seconds
        keys = [] if self._keys is None else [self._keys]
        inputs: Sequence[Bursts | Keys | Calls] = [self._bursts, self._calls, *keys]
        try:
            while not self._is_over and self._calls.end is None and time.monotonic() < end:
                self._session.turn()
                self._shown.draw(self._session)
                ready, _, _ = select.select(inputs, [], [], min(self._session.pause, max(end - time.monotonic(), 0)))
                if self._keys is not None and self._keys in ready:
                    self._obey(self._keys.pressed())
                self._calls.take()
                if self._calls.is_suspended:
                    self._suspend()
        finally:
            self._session.close()
            if self._calls.end is not signal.SIGHUP:
                self._shown.draw(self._session)

    def _obey(self, pressed: str) -> None:
        self._is_over = not pressed  # the terminal is gone
        for key in pressed:
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
        if isinstance(self._shown, LiveBoard) and self._shown.last is not None:
            with self._shown.away() as out:
                print_analysis(out, self._shown.last, tracebacks=False)
                out.print()

    def _roll_back(self) -> None:
        if not isinstance(self._shown, LiveBoard) or self._shown.last is None or self._keys is None:
            return
        number, opened = self._shown.last.batch.id, self._session.project
        with self._shown.away() as out, self._keys.given_back():
            try:
                opened.reconcile()
                chosen = selection.of_batches(opened, number, number, ())
                carry_out(rolling_back.planned_rollback(opened, chosen), dry_run=False, yes=False)
            except BatchhookError as error:
                out.print(f"batchhook: {one_line(error.message)}")
                if error.hint:
                    out.print(f"hint: {one_line(error.hint)}")
            out.print()
        self._session.after_operation()

    def _suspend(self) -> None:
        """Let the shell have its terminal, as Ctrl-Z asks."""
        with ExitStack() as stack:
            if isinstance(self._shown, LiveBoard):
                stack.enter_context(self._shown.away())
            if self._keys is not None:
                stack.enter_context(self._keys.given_back())
            self._calls.suspend()
