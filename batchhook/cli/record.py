"""record: a change without a commit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from batchhook.cli.arguments import Json
from batchhook.cli.init_prompt import Yes, ensured
from batchhook.cli.options import console, emit, options, project
from batchhook.cli.run_summary import exit_code, print_end
from batchhook.errors import ExitCode
from batchhook.lazy import Late
from batchhook.report.console.progress import show as show_progress
from batchhook.report.console.record import print_nothing_recorded, print_recorded
from batchhook.workflow.recording.record import Recorded, record as record_change
from batchhook.workflow.rollback.selection import paths_from_top
from batchhook.workflow.status import analyze as analysis, spawn
from batchhook.workflow.status.wait import deadline, follow

if TYPE_CHECKING:
    from batchhook.workflow import serializers
else:
    serializers = Late("batchhook.workflow.serializers")


def record(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE", help="What the change is about; all is recorded.")
    ] = None,
    description: Annotated[
        str, typer.Option("-d", "--desc", "--description", metavar="TEXT", help="Why it was done.")
    ] = "",
    wait: Annotated[bool, typer.Option(help="Follow the tests to their end, if this change fills a batch.")] = True,
    yes: Yes = False,
    _json: Json = False,
) -> int:
    """Count a change without a commit: a snapshot of the whole work tree as it is."""
    ensured(options.folder, yes=yes)
    with project() as opened:
        done = record_change(opened, description, paths_from_top(opened, options.folder, files or []))
        waits = spawn.wake(opened.location, opened.database, os.environ, done.count)
        full = max(done.count.sealed, default=0)
        if not options.json:
            _print(done)
        if not (full and waits and wait):
            if options.json:
                emit(serializers.recorded_document(done))
            return ExitCode.OK
        show_progress(Console(stderr=True), f"batch {full}", follow(opened, full, deadline(None)))
        found = analysis.analyze(opened, full)
        if options.json:
            emit(serializers.recorded_document(done, found))
        else:
            print_end(console(), found)
        return exit_code(found.verdict)


def _print(done: Recorded) -> None:
    if done.change is None:
        print_nothing_recorded(console(), done.standing)
    else:
        print_recorded(console(), done.change, done.edits, done.standing, done.untouched)
