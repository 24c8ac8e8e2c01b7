"""Batches: consecutive changes on one branch that are tested together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from batchhook.core.commit import Commit
from batchhook.core.settings import BatchUnit


class BatchStatus(str, Enum):
    """Stage of a batch, from open to finished."""

    OPEN = "open"
    SEALED = "sealed"
    RUNNING = "running"
    SEARCHING = "searching"
    """The run failed; the culprit of each failure is being searched."""

    MEASURING = "measuring"
    """Failures are settled; tests that seem slower are being measured."""

    CLOSING = "closing"
    """Results are final; reports are written and an automatic rollback is prepared."""

    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class BatchQuota:
    """Number of commits or file edits that fill a batch.

    Attributes:
        usual: the size without regard to the risk of the changes; 0 for ``size``.
    """

    size: int
    unit: BatchUnit = BatchUnit.COMMIT
    usual: int = 0

    def format_progress(self, filled: int) -> str:
        """Return the fill level as text: ``3/5``, ``3/5 files``, or ``3/4 by risk, usually 5``."""
        by_risk = f" by risk, usually {self.usual}" if self.usual not in {0, self.size} else ""
        return f"{filled}/{self.size}{' files' if self.unit is BatchUnit.FILE else ''}{by_risk}"


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive changes on one branch.

    Attributes:
        id: 1, 2, 3 … within the repository.
        branch: a full ref name, or the name of a detached HEAD (see ``git/location.py``).
        filled: units of the quota used so far.
        base: oid of the commit before the first change; empty if there is none.
        head: oid of the last change so far.
        changes: oldest first.
        opened_at, sealed_at: seconds since the epoch; sealed_at is 0 while the batch is open.
    """

    id: int
    branch: str
    quota: BatchQuota
    status: BatchStatus
    base: str
    head: str
    changes: tuple[Commit, ...] = ()
    opened_at: float = 0.0
    sealed_at: float = 0.0
    filled: int = 0
