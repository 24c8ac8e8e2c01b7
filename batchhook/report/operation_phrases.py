"""Phrases about operations that the terminal and the pages share."""

from __future__ import annotations

from batchhook.core.operations import Operation, OperationKind
from batchhook.core.plural import plural
from batchhook.core.rollback import RollbackMode

_MODES = {RollbackMode.FILES: "", RollbackMode.COMMIT: ", by a commit", RollbackMode.RESET: ", by a reset"}


def describe(operation: Operation) -> str:
    """Return an operation in a few words: ``rollback of batch 3, by a commit``."""
    if operation.kind is not OperationKind.ROLLBACK:
        return f"{operation.kind.value} of operation {operation.undoes}"
    selection = operation.selection
    target = selection.description
    if selection.changes and selection.batches:
        batches = "batches" if len(selection.batches) > 1 else "batch"
        target = f"{plural(len(selection.changes), 'change')} of {batches} {', '.join(map(str, selection.batches))}"
    return f"rollback of {target}{_MODES[operation.mode]}"
