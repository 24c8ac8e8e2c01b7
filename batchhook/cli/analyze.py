"""``batchhook analyze``."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from batchhook.cli.options import Json, LatestBatch, console, emit, options, project


def analyze(
    number: LatestBatch = None,
    tracebacks: Annotated[
        bool, typer.Option("--tracebacks", "-t", help="Show full failure messages and all timings.")
    ] = False,
    _json: Json = False,
) -> int:
    """Show a batch's failures by culprit, its slowdowns and changes, and the next steps."""
    from batchhook.cli.run_summary import exit_code
    from batchhook.workflow.status import analyze as analyses, spawn, wait as waiting

    with project() as opened:
        count = opened.reconcile()
        spawn.wake(opened.location, opened.database, os.environ, count)
        analysis = analyses.analyze(opened, waiting.find_full_batch(opened) if number is None else number)
        if options.json:
            from batchhook.report import json_models

            emit(json_models.analysis_document(analysis))
        else:
            from batchhook.report.console.analysis import print_analysis

            print_analysis(console(), analysis, tracebacks=tracebacks)
        return exit_code(analysis.verdict)
