"""``batchhook log``."""

from __future__ import annotations

from typing import Annotated

import typer

from batchhook.cli.options import Json, console, emit, options, project


def log(
    limit: Annotated[int, typer.Option("-n", metavar="N", min=1, help="Maximum number of batches.")] = 20,
    _json: Json = False,
) -> None:
    """List the batches, newest first."""
    from batchhook.workflow.status import overview

    with project() as opened:
        opened.reconcile()
        entries = overview.list_batches(opened, limit)
        if options.json:
            from batchhook.workflow import serializers

            emit(serializers.log_document(entries))
            return
        from batchhook.report.console import batches

        if entries:
            console().print(
                batches.log_table((entry.batch, entry.verdict, entry.totals, entry.rollback) for entry in entries)
            )
        else:
            console().print("No batches yet; the next commit starts the first one.")
        if opened.state.is_uninstalled():
            console().print(batches.UNINSTALLED, style="yellow")
