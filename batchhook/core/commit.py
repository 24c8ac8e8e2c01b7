"""Commits, the files that they touch, and the trailer of those that are rollbacks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

TRAILER = "Batchhook-Operation"
"""Commit message trailer that marks a commit as a rollback or an undo, which does not count as a change."""

_TRAILER_LINE = re.compile(rf"{TRAILER}: *(\d{{1,9}})")


class EditStatus(str, Enum):
    """Kind of a file edit, in git's terms."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"
    TYPE_CHANGED = "type changed"


@dataclass(frozen=True, slots=True)
class FileEdit:
    """One file touched by one change.

    Attributes:
        path: relative to the top of the work tree, with ``/`` as separator.
        mode: git file mode after the change, such as ``100644``; ``000000`` for a deleted file.
        sha256: hex digest of the content after the change; empty for a deleted file or a submodule.
    """

    path: str
    status: EditStatus
    mode: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, or a recorded change, which git stores as a commit too.

    Attributes:
        oid: hex object name.
        tree: hex object name of its tree.
        parents: hex object names, first parent first.
        base_tree: tree of the first parent; the empty tree for a root commit.
        author: ``Name <email>``.
        authored_at: seconds since the epoch; survives amend, rebase and cherry-pick.
        committed_at: seconds since the epoch.
        subject: first line of the message.
        is_rollback: whether its message carries batchhook's rollback trailer.
        is_recorded: whether it is a recorded snapshot of the work tree.
        preceding_record: oid of the recorded change before it on the timeline; empty if its parent precedes it.
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
    is_recorded: bool = False
    preceding_record: str = ""

    @property
    def parent(self) -> str:
        """Oid of the first parent; empty for a root commit."""
        return self.parents[0] if self.parents else ""

    @property
    def predecessor(self) -> str:
        """Oid of the step before it on the branch's timeline (``core/timeline.py``); empty if there is none."""
        return self.preceding_record or self.parent

    @property
    def is_empty(self) -> bool:
        """Return whether it changes no file (``git commit --allow-empty``)."""
        return self.tree == self.base_tree


def parse_trailers(message: str) -> tuple[int, ...]:
    """Return the operation ids in the trailers of a commit message, which form its last paragraph."""
    last = message.rstrip().rpartition("\n\n")[2]
    return tuple(int(match[1]) for line in last.splitlines() if (match := _TRAILER_LINE.fullmatch(line.strip())))
