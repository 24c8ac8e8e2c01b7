"""``batchhook ack``."""

from __future__ import annotations

from batchhook.cli.options import BatchNumber, Json, console, emit, options, project


def ack(number: BatchNumber, _json: Json = False) -> None:
    """Acknowledge a critical failure: the pre-commit hook no longer mentions it."""
    from batchhook.workflow.status import gate

    with project() as opened:
        gate.acknowledge(opened, number)
    if options.json:
        from batchhook.workflow import serializers

        emit(serializers.ack_document(number))
    else:
        console().print(f"Batch {number} is acknowledged.")
