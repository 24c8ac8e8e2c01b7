"""What going back means: which states are exchanged for which, and what becomes of each file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from batchhook.core.changes import Commit


@dataclass(frozen=True, slots=True)
class Step:
    """A difference to be taken out of the present state: what leads from ``new`` back to ``old``; tree names."""

    new: str
    old: str


def steps_back(changes: Sequence[Commit]) -> tuple[Step, ...]:
    """The differences that take changes out, newest first.

    Changes that follow each other make one step; where something else came between (a pull, a merged branch), that
    stays, and the changes before it are a step of their own.

    Args:
        changes: oldest first.
    """
    steps: list[Step] = []
    for change in reversed(changes):
        if steps and steps[-1].old == change.tree:
            steps[-1] = Step(new=steps[-1].new, old=change.base_tree)
        else:
            steps.append(Step(new=change.tree, old=change.base_tree))
    return tuple(steps)


class Fate(str, Enum):
    """What becomes of a file."""

    RESTORED = "restored"
    """It gets back the content that it had."""

    MERGED = "merged"
    """It loses what the batch did, and keeps what was done since."""

    RECREATED = "recreated"
    """It was deleted by the batch, and is there again."""

    REMOVED = "removed"
    """It was added by the batch, and is gone."""


@dataclass(frozen=True, slots=True)
class FileFate:
    """What becomes of one file; its path is relative to the repository's top."""

    path: str
    fate: Fate


def fate_of(now: str, then: str, before: str) -> Fate:
    """What becomes of a file.

    Args:
        now: its content's name in the work tree; empty where it does not exist.
        then: what it will be.
        before: what it was before the batch.
    """
    if not then:
        return Fate.REMOVED
    if not now:
        return Fate.RECREATED
    return Fate.RESTORED if then == before else Fate.MERGED


class WayBackStatus(str, Enum):
    """What became of a way back that batchhook was to find by itself."""

    REFUSED = "refused"
    PROPOSED = "proposed"
    """It is prepared, and it is proven that it mends what is broken."""

    APPLIED = "applied"


@dataclass(frozen=True, slots=True)
class WayBack:
    """A way back from a critical failure that was looked for by itself (setting ``auto_rollback``).

    Attributes:
        changes: names of the changes that are taken out, oldest first; empty where it was refused.
        reason: why it was refused, or was proposed only where it was to be applied; empty for neither.
        operation: the number of the rollback; 0 where it was not applied.
    """

    status: WayBackStatus
    changes: tuple[str, ...] = ()
    reason: str = ""
    operation: int = 0

    def summary(self, batch: int) -> str:
        """What became of it, in a line."""
        changes = ", ".join(oid[:8] for oid in self.changes)
        if self.status is WayBackStatus.REFUSED:
            return f"no way back by itself from batch {batch}: {self.reason}"
        if self.status is WayBackStatus.APPLIED:
            return f"took {changes} out of the work tree, once it was proven that this mends it (batchhook undo)"
        why = f"; not done by itself: {self.reason}" if self.reason else ""
        return f"it is proven that taking {changes} out mends it: batchhook rollback {batch} --culprit{why}"
