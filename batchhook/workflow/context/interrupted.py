"""Operations that were interrupted: finding one, and what is said of it by every command that meets it."""

from __future__ import annotations

import os

from batchhook.core.operations import Operation, interrupted
from batchhook.git.location import Location
from batchhook.store import locks, operations
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir


def find(database: Database, location: Location) -> Operation | None:
    """The operation that was interrupted in a work tree, if one was and no process is at it."""
    if locks.is_locked(StateDir.of(location.common_dir).operation_lock):
        return None
    return interrupted(operations.all_of(database), os.fspath(location.top))


def said_of(operation: Operation) -> tuple[str, str]:
    """What is said of an operation that was interrupted, and what can be done about it."""
    return (
        f"operation {operation.id} ({operation.kind.value} of {operation.selection.what}) was interrupted",
        f"batchhook operations finish {operation.id}; or batchhook undo {operation.id}, which takes it back",
    )
