"""``batchhook show``."""

from __future__ import annotations

from batchhook.cli.options import Json, LatestBatch, console, emit, options, project


def show(number: LatestBatch = None, _json: Json = False) -> None:
    """Show a batch with its changes and the files that they touched."""
    from batchhook.workflow.status import overview, wait as waiting

    with project() as opened:
        entry, edits = overview.load_batch(opened, waiting.find_full_batch(opened) if number is None else number)
        if options.json:
            from batchhook.workflow import serializers

            emit(serializers.show_document(entry, edits))
            return
        from batchhook.report.console import batches

        out = console()
        out.print(batches.log_table([(entry.batch, entry.verdict, entry.totals, entry.rollback)]))
        if entry.rollback:
            out.print(batches.rollback_line(entry.rollback))
        out.print()
        out.print(batches.change_table(entry.batch.changes, edits))
