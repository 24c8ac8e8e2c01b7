"""``batchhook wait``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from batchhook.cli.options import Json, console, emit, options, progress_console, project
from batchhook.errors import ExitCode

if TYPE_CHECKING:
    from batchhook.workflow.status.wait import ActiveBatch


def wait(
    number: Annotated[
        int | None, typer.Argument(metavar="N", min=1, help="Number of the batch; by default the latest full one.")
    ] = None,
    timeout: Annotated[float | None, typer.Option(min=0, metavar="S", help="Maximum seconds to wait.")] = None,
    _json: Json = False,
) -> int:
    """Follow a batch's run to its end; exit code of its verdict, 4 if it is still running, 5 if no batch is full."""
    from batchhook.cli.run_summary import exit_code, print_summary
    from batchhook.report.console import progress
    from batchhook.workflow.status import analyze, spawn, wait as waiting

    with project() as opened:
        count = opened.reconcile()
        batch = waiting.find_full_batch(opened, number)
        spawn.wake(opened.location, opened.database, os.environ, count)
        updates = waiting.follow_progress(opened, batch, waiting.deadline(timeout))
        progress.follow_progress(progress_console(), f"batch {batch}", updates)
        active = waiting.find_active(opened, batch)
        if active is not None and not waiting.is_settled(active):
            _show_active(active)
            return ExitCode.RUNNING
        analysis = analyze.analyze(opened, batch)
        if options.json:
            from batchhook.report import json_models

            emit(json_models.analysis_document(analysis))
        else:
            print_summary(console(), analysis)
        return exit_code(analysis.verdict)


def _show_active(active: ActiveBatch) -> None:
    if options.json:
        from batchhook.workflow import serializers

        emit(serializers.progress_document(active))
    else:
        from batchhook.report.console import batches

        batches.print_progress(console(), active.batch, active.verdict, active.progress)
