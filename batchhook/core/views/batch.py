"""The page of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from batchhook.core.analysis import Analysis
from batchhook.core.batch import Batch
from batchhook.core.commit import FileEdit
from batchhook.core.summaries import RunPoint
from batchhook.core.views.batch_rows import BatchRow
from batchhook.core.views.overview import RunningBatch
from batchhook.core.views.patch import Patch


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch with everything that is known about it.

    Attributes:
        batch: with its changes, as far as they are known.
        row: the same in a list.
        analysis: None until its run has ended.
        edits: files touched by each change, by the change's oid.
        history: its run and those of the batches before it, oldest first.
        patches: what the guilty changes did, by their oids, with the failing lines marked.
        running: what goes on; None if it is finished, or open.
        earlier, later: numbers of the neighbours; 0 for none.
        can_acknowledge: whether it failed critically and waits for an answer.
        can_roll_back: whether it is full, and no rollback of all of it is in effect.
    """

    batch: Batch
    row: BatchRow
    analysis: Analysis | None = None
    edits: Mapping[str, tuple[FileEdit, ...]] = field(default_factory=dict)
    history: tuple[RunPoint, ...] = ()
    patches: Mapping[str, Patch] = field(default_factory=dict)
    running: RunningBatch | None = None
    earlier: int = 0
    later: int = 0
    can_acknowledge: bool = False
    can_roll_back: bool = False
