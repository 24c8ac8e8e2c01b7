"""Rollback, undo and redo operations, and rules for which of them are in effect.

A rollback reverts changes, an undo reverts another operation, and a redo reverts an undo. All three are therefore one
act: to revert the difference that an earlier step made, starting from the files as they are now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from batchhook.errors import BatchhookError

if TYPE_CHECKING:
    from batchhook.core.rollback import RollbackMode, Selection

_HINT = "list all operations: batchhook operations"


class OperationKind(str, Enum):
    """Kind of an operation."""

    ROLLBACK = "rollback"
    UNDO = "undo"
    """Reverts a rollback or a redo."""

    REDO = "redo"
    """Reverts an undo."""


class OperationStatus(str, Enum):
    """Progress of an operation."""

    INTENT = "intent"
    """Recorded before the first file is touched. If no process is working on it, it was interrupted at any point."""

    DONE = "done"
    FAILED = "failed"
    """Refused by git before anything was changed."""

    REVERTED = "reverted"
    """Interrupted, and the part that had been done was reverted."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One rollback, undo or redo.

    Attributes:
        id: 1, 2, 3 … within the repository.
        mode: mode of the rollback; an undo or redo has that of the rollback at its root.
        selection: what was rolled back; likewise for an undo or redo.
        undoes: id of the operation that this one reverts; 0 for a rollback.
        worktree: path of the work tree in which it was done.
        branch: what was checked out: a full ref name, or the name of a detached HEAD.
        before, after: oids of snapshot commits of the complete work tree before and after (``git/snapshot.py``).
        head: oid at which it leaves HEAD; empty before the first commit.
        stash: oid of the stash entry that it made or applied (``stash_creators`` tells which); empty for none.
        empty_dirs: empty folders in which it placed files; an undo recreates them.
        started_at: seconds since the epoch.
    """

    id: int
    kind: OperationKind
    mode: RollbackMode
    selection: Selection
    status: OperationStatus
    worktree: str
    before: str
    after: str
    started_at: float
    undoes: int = 0
    branch: str = ""
    head: str = ""
    stash: str = ""
    empty_dirs: tuple[str, ...] = ()

    @property
    def reversal_kind(self) -> OperationKind:
        """Kind of an operation that reverts this one."""
        return OperationKind.REDO if self.kind is OperationKind.UNDO else OperationKind.UNDO


def effective_ids(operations: Iterable[Operation]) -> frozenset[int]:
    """Return the ids of operations in effect: done, and not reverted by an operation in effect."""
    reverted: set[int] = set()
    effective: set[int] = set()
    for operation in _newest_first(operations):
        if operation.status is OperationStatus.DONE and operation.id not in reverted:
            effective.add(operation.id)
            reverted.add(operation.undoes)
    return frozenset(effective)


def stash_creators(operations: Iterable[Operation]) -> frozenset[int]:
    """Return the ids of operations that created their stash entry; all others applied theirs.

    Reverting an operation that stashed work applies the entry, and the other way round. An entry that differs from
    that of the reverted operation is new, whatever the kind of operation.
    """
    entries: dict[int, str] = {}
    creators: set[int] = set()
    for operation in sorted(operations, key=lambda operation: operation.id):
        entries[operation.id] = operation.stash
        is_applied = operation.undoes in creators and entries[operation.undoes] == operation.stash
        if operation.stash and not is_applied:
            creators.add(operation.id)
    return frozenset(creators)


def ids_needing_snapshots(operations: Sequence[Operation]) -> frozenset[int]:
    """Return the ids of operations whose snapshots must be kept: they can be undone, or are unfinished."""
    effective = effective_ids(operations)
    return frozenset(
        operation.id
        for operation in operations
        if operation.status is OperationStatus.INTENT
        or (operation.id in effective and operation.kind is not OperationKind.UNDO)
    )


def rolled_back_batches(operations: Sequence[Operation]) -> frozenset[int]:
    """Return the ids of batches with a rollback in effect, even of only some of their changes."""
    effective = effective_ids(operations)
    return frozenset(
        batch
        for operation in operations
        if operation.kind is OperationKind.ROLLBACK and operation.id in effective
        for batch in operation.selection.batches
    )


@dataclass(frozen=True, slots=True)
class BatchRollback:
    """The rollback of a batch that is in effect.

    Attributes:
        operation: its id; 0 for a rollback from the batch's backup.
        is_partial: whether it reverted only some of the batch's changes or paths.
    """

    operation: int
    is_partial: bool = False

    @property
    def summary(self) -> str:
        """Return a phrase about the batch: ``rolled back by operation 3``."""
        how = f"by operation {self.operation}" if self.operation else "from its backup"
        return f"partly rolled back {how}" if self.is_partial else f"rolled back {how}"

    @property
    def undo_command(self) -> str:
        """Return the command that takes it back."""
        return f"batchhook undo {self.operation}" if self.operation else "batchhook undo --from-backup"


def batch_rollbacks(operations: Sequence[Operation]) -> dict[int, BatchRollback]:
    """Return the rollback in effect of each batch that has one; one of the whole batch goes before partial ones."""
    effective = effective_ids(operations)
    rollbacks: dict[int, BatchRollback] = {}
    for operation in _newest_first(operations):
        if operation.kind is not OperationKind.ROLLBACK or operation.id not in effective:
            continue
        is_partial = bool(operation.selection.changes or operation.selection.paths)
        for batch in operation.selection.batches:
            known = rollbacks.get(batch)
            if known is None or (known.is_partial and not is_partial):
                rollbacks[batch] = BatchRollback(operation.id, is_partial)
    return rollbacks


def root_rollbacks(operations: Iterable[Operation]) -> dict[int, int]:
    """Return for each operation the id of the rollback that it goes back to."""
    roots: dict[int, int] = {}
    for operation in sorted(operations, key=lambda operation: operation.id):
        roots[operation.id] = roots.get(operation.undoes, operation.undoes) or operation.id
    return roots


def find_interrupted(operations: Iterable[Operation], worktree: str) -> Operation | None:
    """Return the latest unfinished operation of a work tree."""
    return next((each for each in _in_worktree(operations, worktree) if each.status is OperationStatus.INTENT), None)


def find_undo_target(operations: Sequence[Operation], worktree: str, number: int = 0) -> Operation:
    """Return the operation that an undo reverts.

    Args:
        operations: all operations of the repository.
        worktree: path of the work tree in which to undo.
        number: id given by the user; 0 for the latest rollback.

    Raises:
        BatchhookError: there is nothing to undo, or the given operation is not in effect.
    """
    effective = effective_ids(operations)
    if number:
        requested = _require_effective(operations, worktree, number, effective)
        # Of a rollback that was undone and redone, only the latest operation can be reverted.
        is_undo = requested.kind is OperationKind.UNDO
        roots = root_rollbacks(operations)
        return next(
            operation
            for operation in _in_worktree(operations, worktree)
            if operation.id in effective
            and (operation.kind is OperationKind.UNDO) == is_undo
            and roots[operation.id] == roots[number]
        )
    for operation in _in_worktree(operations, worktree):
        if operation.id in effective and operation.kind is not OperationKind.UNDO:
            return operation
    raise BatchhookError("nothing to undo here", _HINT)


def find_redo_target(operations: Sequence[Operation], worktree: str) -> Operation:
    """Return the undo that a redo reverts: the latest, unless there was another rollback since.

    Raises:
        BatchhookError: there is nothing to redo.
    """
    effective = effective_ids(operations)
    for operation in _in_worktree(operations, worktree):
        if operation.id not in effective:
            continue
        if operation.kind is OperationKind.UNDO:
            return operation
        if operation.kind is OperationKind.ROLLBACK:
            break
    raise BatchhookError("nothing to redo here", _HINT)


def _require_effective(
    operations: Iterable[Operation], worktree: str, number: int, effective: frozenset[int]
) -> Operation:
    operation = next((each for each in operations if each.id == number), None)
    if operation is None:
        raise BatchhookError(f"no operation {number}", _HINT)
    if operation.worktree != worktree:
        hint = f"batchhook -C {operation.worktree} undo"
        raise BatchhookError(f"operation {number} was done in another work tree", hint)
    if number not in effective:
        reversal = next((each.id for each in operations if each.undoes == number and each.id in effective), 0)
        why = f"already reverted by operation {reversal}" if reversal else f"its status is {operation.status.value}"
        raise BatchhookError(f"operation {number} is not in effect: {why}", _HINT)
    return operation


def _newest_first(operations: Iterable[Operation]) -> list[Operation]:
    return sorted(operations, key=lambda operation: operation.id, reverse=True)


def _in_worktree(operations: Iterable[Operation], worktree: str) -> list[Operation]:
    return [operation for operation in _newest_first(operations) if operation.worktree == worktree]


def is_partial_write(content: bytes | None, before: bytes | None, after: bytes | None) -> bool:
    """Return whether a kill during the write may have left a file like this: missing, or truncated.

    Args:
        content: current content; None if the file is missing.
        before: content before the operation; None if the file did not exist.
        after: content that the operation writes; None if it deletes the file.
    """
    if content is None:
        return True
    return any(complete is not None and complete.startswith(content) for complete in (before, after))
