"""The overview: the open batch, the run going on, the timeline, and what wants attention."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from batchhook.core.batch import Batch
from batchhook.core.progress import Progress
from batchhook.core.verdict import Verdict
from batchhook.core.views.batch_rows import BatchRow
from batchhook.core.views.tests import TestRow


class Urgency(IntEnum):
    """Order of importance, shared by the overview, ``status`` and the board of ``watch``: the most urgent first."""

    INTERRUPTED = 0
    """An operation stopped half-way: nothing else can be done before it is ended."""

    CRITICAL = 1
    FAILED = 2
    REGRESSED = 3
    UNTESTED = 4
    """The suite could not run."""

    REMARK = 5
    """Everything else: a plug-in that fails, a test of the latest commit."""


_URGENCY = {
    Verdict.CRITICAL: Urgency.CRITICAL,
    Verdict.FAILED: Urgency.FAILED,
    Verdict.REGRESSED: Urgency.REGRESSED,
    Verdict.BROKEN: Urgency.UNTESTED,
}


def urgency_of(verdict: Verdict) -> Urgency | None:
    """Return how urgent a batch with this verdict is; None if it needs nothing."""
    return _URGENCY.get(verdict)


@dataclass(frozen=True, slots=True)
class AttentionItem:
    """Something that a person has to look at.

    Attributes:
        text: in a sentence, without a full stop.
        batch: number of the batch that it is about; 0 for none.
        operation: number of the operation that it is about; 0 for none.
        command: to type next; empty for none.
    """

    urgency: Urgency
    text: str
    batch: int = 0
    operation: int = 0
    command: str = ""


def by_urgency(items: Iterable[AttentionItem]) -> tuple[AttentionItem, ...]:
    """Sort by urgency; what is equally urgent, by batch, the latest first."""
    return tuple(sorted(items, key=lambda item: (item.urgency, -item.batch)))


@dataclass(frozen=True, slots=True)
class NarrowingStep:
    """A change, as the search for culprits sees it so far.

    Attributes:
        oid, subject: of the change; of the base, the subject is empty.
        passed, failed: number of the batch's failing tests that were seen passing and failing there.
        tests: number of all that are searched for.
    """

    oid: str
    subject: str
    passed: int
    failed: int
    tests: int

    @property
    def is_probed(self) -> bool:
        """Return whether any of the tests ran there."""
        return bool(self.passed or self.failed)


@dataclass(frozen=True, slots=True)
class RunningBatch:
    """A full batch that is not finished.

    Attributes:
        verdict: of its run; None until that has ended.
        progress: of what goes on.
        narrowing: what the search knows of each change, oldest first, after the base; empty if nothing is searched.
    """

    batch: Batch
    verdict: Verdict | None
    progress: Progress
    narrowing: tuple[NarrowingStep, ...] = ()


@dataclass(frozen=True, slots=True)
class OverviewView:
    """The overview of a repository.

    Attributes:
        name: of the repository: that of its folder.
        branch: that is checked out.
        open: its open batch; None during a rebase, or if nothing was counted yet.
        is_rebasing: whether counting waits for the end of a rebase.
        running: the full batches that are not finished, oldest first.
        attention: what wants attention, the most urgent first.
        timeline: the latest batches that are full, oldest first.
        total: number of all full batches.
        affected: how the tests of the latest commit ended; empty if that is unknown.
        flaky: the tests that lost most time by failing for no reason.
        baseline: oid of the baseline; empty if none is set.
    """

    name: str
    branch: str
    open: Batch | None
    is_rebasing: bool
    running: tuple[RunningBatch, ...]
    attention: tuple[AttentionItem, ...]
    timeline: tuple[BatchRow, ...]
    total: int
    affected: str = ""
    flaky: tuple[TestRow, ...] = ()
    baseline: str = ""

    @property
    def latest(self) -> BatchRow | None:
        """The latest batch that has a verdict."""
        return next((row for row in reversed(self.timeline) if row.verdict is not None), None)
