"""``batchhook record``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from batchhook.cli.options import Json, console, emit, options, progress_console, project
from batchhook.cli.prompts import ensure_repository
from batchhook.errors import ExitCode

if TYPE_CHECKING:
    from batchhook.core.analysis import Analysis
    from batchhook.workflow.recording.record import RecordResult

InitWithoutAsking = Annotated[
    bool, typer.Option("-y", "--yes", help="Without a git repository, create a private one; do not ask.")
]


def record(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE", help="The files to name in the change; all are recorded.")
    ] = None,
    description: Annotated[
        str, typer.Option("-d", "--desc", "--description", metavar="TEXT", help="The reason for the change.")
    ] = "",
    wait: Annotated[bool, typer.Option(help="If the change fills a batch, follow its tests to their end.")] = True,
    yes: InitWithoutAsking = False,
    _json: Json = False,
) -> int:
    """Count a change without a commit: a snapshot of the whole work tree."""
    ensure_repository(options.folder, yes=yes)
    from batchhook.workflow.recording.record import record as record_change
    from batchhook.workflow.rollback.selection import paths_from_top
    from batchhook.workflow.status import analyze, spawn, wait as waiting

    with project() as opened:
        result = record_change(opened, description, paths_from_top(opened, options.folder, files or []))
        is_running = spawn.wake(opened.location, opened.database, os.environ, result.count)
        full = max(result.count.sealed, default=0)
        if not options.json:
            _print(result)
        if not (full and is_running and wait):
            if options.json:
                _emit(result)
            return ExitCode.OK
        from batchhook.cli.run_summary import exit_code, print_summary
        from batchhook.report.console import progress

        progress.follow_progress(
            progress_console(), f"batch {full}", waiting.follow_progress(opened, full, waiting.deadline(None))
        )
        analysis = analyze.analyze(opened, full)
        if options.json:
            _emit(result, analysis)
        else:
            print_summary(console(), analysis)
        return exit_code(analysis.verdict)


def _emit(result: RecordResult, analysis: Analysis | None = None) -> None:
    from batchhook.workflow import serializers

    emit(serializers.record_document(result, analysis))


def _print(result: RecordResult) -> None:
    from batchhook.report import phrases
    from batchhook.report.console import recording
    from batchhook.report.console.layout import unbroken

    if result.change is None:
        recording.print_nothing_recorded(console(), result.summary, result.omitted)
    else:
        unchanged = ", ".join(map(unbroken, result.untouched))
        remarks = [f"No changes in {unchanged}; the others were recorded."] if unchanged else []
        remarks += [phrases.omitted_files(result.omitted)] if result.omitted else []
        recording.print_recorded(console(), result.change, result.edits, result.summary, remarks)
