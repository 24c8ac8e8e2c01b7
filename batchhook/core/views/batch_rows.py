"""A batch in a list or on the timeline."""

from __future__ import annotations

from dataclasses import dataclass

from batchhook.core.batch import BatchQuota, BatchStatus
from batchhook.core.operations import BatchRollback
from batchhook.core.results import Totals
from batchhook.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class ChangeCell:
    """A change on the timeline; ``is_culprit`` if it broke a test."""

    oid: str
    subject: str
    is_recorded: bool = False
    is_culprit: bool = False


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch.

    Attributes:
        verdict, totals: of its run; None if it has none.
        filled: units of its quota.
        changes: the first of them; an open batch has none here.
        change_count: number of all.
        rollback: the rollback in effect; None if there is none.
    """

    number: int
    branch: str
    quota: BatchQuota
    status: BatchStatus
    filled: int
    sealed_at: float
    base: str
    head: str
    verdict: Verdict | None = None
    totals: Totals | None = None
    changes: tuple[ChangeCell, ...] = ()
    change_count: int = 0
    rollback: BatchRollback | None = None

    @property
    def state(self) -> str:
        """One word for a reader: the verdict, or the stage that it is in."""
        return self.verdict.value if self.verdict else self.status.value

    @property
    def is_under_way(self) -> bool:
        """Return whether the runner is not done with it."""
        return self.status not in {BatchStatus.OPEN, BatchStatus.FINISHED}

    @property
    def needs_action(self) -> bool:
        """Return whether it did not pass, and was not rolled back."""
        return self.verdict is not None and not self.verdict.is_good and self.rollback is None


@dataclass(frozen=True, slots=True)
class BatchesView:
    """All batches, newest first, page by page.

    Attributes:
        rows: of this page.
        page, pages: from 1.
        total: number of all batches.
    """

    rows: tuple[BatchRow, ...]
    page: int = 1
    pages: int = 1
    total: int = 0


def count_pages(total: int, size: int) -> int:
    """Return the number of pages; at least one."""
    return max(-(-total // size), 1)
