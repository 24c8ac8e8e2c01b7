"""A change is one counted step; a batch is `size` of them in a row on one branch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from batchhook.core.settings import Unit


class EditStatus(str, Enum):
    """How a change touched a file; git's words."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"
    TYPE_CHANGED = "type changed"


@dataclass(frozen=True, slots=True)
class FileEdit:
    """One file touched by one change.

    Attributes:
        path: relative to the repository's top, ``/`` between folders.
        mode: git's mode after the change, for instance ``100644``; ``000000`` for a deleted file.
        sha256: of the content after the change, in hex; empty for a deleted file or a submodule.
    """

    path: str
    status: EditStatus
    mode: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, as far as counting needs to know it; or a recorded change, which git holds as a commit, too.

    Attributes:
        oid: hex object name.
        tree: hex object name of its tree.
        parents: hex object names; the first is the state just before.
        base_tree: the first parent's tree; the empty tree's name for a commit without parents.
        author: ``Name <mail>``.
        authored_at: seconds since the epoch; survives amend, rebase and cherry-pick.
        committed_at: seconds since the epoch.
        subject: the first line of its message.
        is_rollback: whether its message marks it as one that batchhook made, or prepared, to go back.
        is_record: whether it was recorded, not committed: a snapshot of a work tree.
        follows: the recorded change that it came after on its branch's line; empty where that is its first parent.
    """

    oid: str
    tree: str
    parents: tuple[str, ...]
    base_tree: str
    author: str
    authored_at: int
    committed_at: int
    subject: str
    is_rollback: bool = False
    is_record: bool = False
    follows: str = ""

    @property
    def parent(self) -> str:
        """The first parent's name, empty for a commit without parents."""
        return self.parents[0] if self.parents else ""

    @property
    def before(self) -> str:
        """The step before it on its branch's line (``core/timeline.py``), empty where there was none."""
        return self.follows or self.parent

    @property
    def is_empty(self) -> bool:
        """Whether it changed no file (``--allow-empty``)."""
        return self.tree == self.base_tree


class BatchStatus(str, Enum):
    """Where a batch stands on its way."""

    OPEN = "open"
    SEALED = "sealed"
    RUNNING = "running"
    SEARCHING = "searching"
    """Its run has ended with failures; which change is to blame for each is being found out."""

    MEASURING = "measuring"
    """All is known of its failures; whether tests became slower is being looked at, and measured where it seems so."""

    CLOSING = "closing"
    """All is known; what follows from it is being done: reports are written, a way back is prepared."""

    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Fill:
    """What fills a batch: how much, and of what."""

    size: int
    unit: Unit = Unit.COMMIT

    def counted(self, filled: int) -> str:
        """How full it is with so much in it: ``3/5``, ``3/5 files``."""
        return f"{filled}/{self.size}{' files' if self.unit is Unit.FILE else ''}"


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes in a row on one branch.

    Attributes:
        id: 1, 2, 3 … for the repository.
        branch: a full ref name, or the name of a detached HEAD (see ``git/location.py``).
        fill: what fills it.
        filled: how much is in it.
        base: the commit just before its first change; empty where there was none.
        head: its last change so far.
        changes: oldest first.
        opened_at, sealed_at: seconds since the epoch; sealed_at is 0 while it is open.
    """

    id: int
    branch: str
    fill: Fill
    status: BatchStatus
    base: str
    head: str
    changes: tuple[Commit, ...] = ()
    opened_at: float = 0.0
    sealed_at: float = 0.0
    filled: int = 0
