"""Rollbacks, undos and redos: those carried out, and one that is only planned."""

from __future__ import annotations

from dataclasses import dataclass

from batchhook.core.commit import Commit
from batchhook.core.operations import Operation
from batchhook.core.rollback import FilePlan
from batchhook.core.views.patch import Patch


@dataclass(frozen=True, slots=True)
class OperationRow:
    """An operation.

    Attributes:
        is_effective: whether it is done, and was not taken back.
        taken_back_by: the operation that reverted it; 0 for none.
        is_interrupted: whether it stopped half-way, and no process works on it.
        files: first letter of what happened to each file, and its path; the first of them.
        file_count: number of all; None if the objects do not exist any more.
        can_undo: whether it can be undone in this work tree.
    """

    operation: Operation
    is_effective: bool
    taken_back_by: int = 0
    is_interrupted: bool = False
    files: tuple[tuple[str, str], ...] = ()
    file_count: int | None = None
    can_undo: bool = False


@dataclass(frozen=True, slots=True)
class RestoredBackup:
    """A rollback of a batch from its backup, or its undo; ``batch`` is 0 for an undo, ``undoes`` for a rollback."""

    number: int
    batch: int
    undoes: int
    status: str
    started_at: float


@dataclass(frozen=True, slots=True)
class OperationsView:
    """The operations, newest first, page by page; on the first page also those from backups."""

    rows: tuple[OperationRow, ...]
    page: int
    pages: int
    total: int
    from_backups: tuple[RestoredBackup, ...] = ()


@dataclass(frozen=True, slots=True)
class RollbackView:
    """The plan of a rollback.

    Attributes:
        number: the batch.
        title: what would be done, in a sentence.
        files: what happens to each file; the first of them.
        file_count: number of all.
        patch: the same as a patch.
        dropped: commits that leave the branch.
        stashed: files that are stashed first.
        is_empty: whether there is nothing to do.
        digest: equal for equal plans.
    """

    number: int
    title: str
    files: tuple[FilePlan, ...]
    file_count: int
    patch: Patch
    dropped: tuple[Commit, ...] = ()
    stashed: tuple[str, ...] = ()
    is_empty: bool = False
    digest: str = ""

    @property
    def confirmation(self) -> str:
        """The words to type."""
        return f"rollback {self.number}"
