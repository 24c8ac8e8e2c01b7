"""Operations on a work tree, and which of them are in effect: what undo, redo and ``undo OP`` mean.

A rollback takes a difference out. An undo takes another operation's difference out again, and so does a redo: it takes
an undo out. So all three are one act: taking the difference that an operation made out of what is there now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from batchhook.core.rollback import Mode, Selection
from batchhook.errors import BatchhookError

_LIST = "batchhook operations shows what was done"


class Kind(str, Enum):
    """What an operation is."""

    ROLLBACK = "rollback"
    UNDO = "undo"
    """It takes a rollback, or a redo of one, out of effect."""

    REDO = "redo"
    """It takes an undo out of effect."""


class OperationStatus(str, Enum):
    """How far an operation came."""

    INTENT = "intent"
    """Written down; where no process is at it any more, it was interrupted, anywhere from there."""

    DONE = "done"
    FAILED = "failed"
    """Refused by git before anything was changed."""

    TAKEN_BACK = "taken back"
    """It was interrupted, and what it had done so far was taken back."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One rollback, undo or redo.

    Attributes:
        id: 1, 2, 3 … for the repository.
        mode: how the rollback was to be done; an undo and a redo have that of the rollback which they are about.
        selection: what was rolled back; of an undo and a redo, too.
        undoes: the operation that is taken out of effect; 0 for a rollback.
        top: the work tree in which it acted.
        branch: what was checked out there: a full ref name, or the name of a detached HEAD.
        before, after: commits that hold all that was there, and all that it leaves (``git/snapshot.py``).
        head: the commit at which it leaves HEAD; empty for none.
        stash: the stash entry that it made, or took back (``puts_aside`` says which); empty for none.
        folders: empty folders that it filled, and that are made again when it is taken back.
        started_at: seconds since the epoch.
    """

    id: int
    kind: Kind
    mode: Mode
    selection: Selection
    status: OperationStatus
    top: str
    before: str
    after: str
    started_at: float
    undoes: int = 0
    branch: str = ""
    head: str = ""
    stash: str = ""
    folders: tuple[str, ...] = ()

    @property
    def kind_of_taking_out(self) -> Kind:
        """What an operation is that takes this one out of effect."""
        return Kind.REDO if self.kind is Kind.UNDO else Kind.UNDO


def in_effect(operations: Iterable[Operation]) -> frozenset[int]:
    """Numbers of the operations that were done, and that none takes out which is in effect itself."""
    taken: set[int] = set()
    found: set[int] = set()
    for operation in _newest_first(operations):
        if operation.status is OperationStatus.DONE and operation.id not in taken:
            found.add(operation.id)
            taken.add(operation.undoes)
    return frozenset(found)


def puts_aside(operations: Iterable[Operation]) -> frozenset[int]:
    """Numbers of the operations that made their stash entry, or made it once more; the others took theirs back.

    Whatever takes out an operation which put work aside takes that back, and the other way round. An entry of its own
    is one that an operation has made, whatever its kind.
    """
    entries: dict[int, str] = {}
    found: set[int] = set()
    for operation in sorted(operations, key=lambda each: each.id):
        entries[operation.id] = operation.stash
        takes_back = operation.undoes in found and entries[operation.undoes] == operation.stash
        if operation.stash and not takes_back:
            found.add(operation.id)
    return frozenset(found)


def needed(operations: Sequence[Operation]) -> frozenset[int]:
    """Numbers of the operations whose snapshots are still needed: to be undone, or to be finished or taken back."""
    effective = in_effect(operations)
    return frozenset(
        operation.id
        for operation in operations
        if operation.status is OperationStatus.INTENT or (operation.id in effective and operation.kind is not Kind.UNDO)
    )


def rolled_back(operations: Sequence[Operation]) -> frozenset[int]:
    """Numbers of the batches of which a rollback is in effect, or of some of whose changes."""
    effective = in_effect(operations)
    return frozenset(
        batch
        for operation in operations
        if operation.kind is Kind.ROLLBACK and operation.id in effective
        for batch in operation.selection.batches
    )


def roots(operations: Iterable[Operation]) -> dict[int, int]:
    """For each operation the number of the rollback that it is about in the end."""
    found: dict[int, int] = {}
    for operation in sorted(operations, key=lambda each: each.id):
        found[operation.id] = found.get(operation.undoes, operation.undoes) or operation.id
    return found


def interrupted(operations: Iterable[Operation], top: str) -> Operation | None:
    """The latest operation of a work tree that was begun and not ended."""
    return next((each for each in _of(operations, top) if each.status is OperationStatus.INTENT), None)


def to_undo(operations: Sequence[Operation], top: str, number: int = 0) -> Operation:
    """The operation that is to be taken out of effect.

    Args:
        operations: all of the repository.
        top: the work tree.
        number: the one that is asked for; 0 for the latest rollback.

    Raises:
        BatchhookError: there is none, or it is not in effect.
    """
    effective = in_effect(operations)
    if number:
        asked = _asked(operations, top, number, effective)
        # Of what was rolled back, undone and rolled back again, the last act is the one to be taken out.
        same = [each for each in _of(operations, top) if (each.kind is Kind.UNDO) == (asked.kind is Kind.UNDO)]
        about = roots(operations)
        return next(each for each in same if each.id in effective and about[each.id] == about[number])
    for operation in _of(operations, top):
        if operation.id in effective and operation.kind is not Kind.UNDO:
            return operation
    raise BatchhookError("there is nothing to undo here", _LIST)


def to_redo(operations: Sequence[Operation], top: str) -> Operation:
    """The undo that is to be taken out of effect: the latest, unless something else was rolled back since.

    Raises:
        BatchhookError: there is none.
    """
    effective = in_effect(operations)
    for operation in _of(operations, top):
        if operation.id not in effective:
            continue
        if operation.kind is Kind.UNDO:
            return operation
        if operation.kind is Kind.ROLLBACK:
            break
    raise BatchhookError("there is nothing to redo here", _LIST)


def _asked(operations: Iterable[Operation], top: str, number: int, effective: frozenset[int]) -> Operation:
    found = next((each for each in operations if each.id == number), None)
    if found is None:
        raise BatchhookError(f"there is no operation {number}", _LIST)
    if found.top != top:
        raise BatchhookError(f"operation {number} was done in another work tree", f"batchhook -C {found.top} undo")
    if number not in effective:
        by = next((each.id for each in operations if each.undoes == number and each.id in effective), 0)
        why = f"operation {by} has taken it back already" if by else f"it is {found.status.value}"
        raise BatchhookError(f"operation {number} is not in effect: {why}", _LIST)
    return found


def _newest_first(operations: Iterable[Operation]) -> list[Operation]:
    return sorted(operations, key=lambda operation: operation.id, reverse=True)


def _of(operations: Iterable[Operation], top: str) -> list[Operation]:
    return [operation for operation in _newest_first(operations) if operation.top == top]


def is_torn(found: bytes | None, before: bytes | None, after: bytes | None) -> bool:
    """Whether a file may be what a kill left in the middle of writing: gone, or the beginning of what was to be there.

    Args:
        found: what is there; None for nothing.
        before: what was there.
        after: what was to be there.
    """
    if found is None:
        return True
    return any(whole is not None and whole.startswith(found) for whole in (before, after))
