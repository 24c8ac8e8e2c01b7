"""Interrupted operations, and the message about them that all commands share."""

from __future__ import annotations

import os

from batchhook.core.operations import Operation, find_interrupted
from batchhook.git.location import Location
from batchhook.store import locks, operations
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir


def find(database: Database, location: Location) -> Operation | None:
    """Return the operation that was interrupted in a work tree, if no process still works on it."""
    if locks.is_locked(StateDir.for_repository(location.common_dir).operation_lock):
        return None
    return find_interrupted(operations.list_all(database), os.fspath(location.top))


def describe(operation: Operation) -> tuple[str, str]:
    """Return message and hint about an interrupted operation."""
    return (
        f"operation {operation.id} ({operation.kind.value} of {operation.selection.description}) was interrupted",
        f"batchhook operations finish {operation.id}; or take it back: batchhook undo {operation.id}",
    )
