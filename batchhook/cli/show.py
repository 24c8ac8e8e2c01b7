"""``batchhook show``."""

from __future__ import annotations

from batchhook.cli.options import BatchNumber, Json, console, emit, options, project


def show(number: BatchNumber, _json: Json = False) -> None:
    """Show a batch with its changes and the files that they touched."""
    from batchhook.workflow.status import analyze

    with project() as opened:
        entry, edits = analyze.load_batch(opened, number)
        if options.json:
            from batchhook.workflow import serializers

            emit(serializers.show_document(entry, edits))
            return
        from batchhook.report.console import batches

        out = console()
        out.print(batches.log_table([(entry.batch, entry.verdict, entry.totals)]))
        out.print()
        out.print(batches.change_table(entry.batch.changes, edits))
