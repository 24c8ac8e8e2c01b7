"""Overviews: the status of a repository, lists of batches, and the changes of a batch.

What the commands ``status`` and ``log`` load: an analysis, which needs more, is in ``analyze.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from batchhook.core.batch import Batch, BatchStatus
from batchhook.core.commit import FileEdit
from batchhook.core.operations import BatchRollback, Operation, batch_rollbacks
from batchhook.core.results import Totals
from batchhook.core.verdict import Verdict
from batchhook.errors import NotFinishedError, StoreError
from batchhook.lazy import LazyModule
from batchhook.store import batches, branches, critical_failures, operations, runs
from batchhook.workflow.context import interrupted
from batchhook.workflow.context.checkout_hint import branch_label, checkout_hint
from batchhook.workflow.context.project import Project
from batchhook.workflow.counting.reconcile import Count
from batchhook.workflow.status import affected_note, gate, notices
from batchhook.workflow.status.wait import ActiveBatch, list_active

if TYPE_CHECKING:
    from batchhook.git import backends, object_db
    from batchhook.store import restorations
else:
    backends = LazyModule("batchhook.git.backends")
    object_db = LazyModule("batchhook.git.object_db")
    restorations = LazyModule("batchhook.store.restorations")


@dataclass(frozen=True, slots=True)
class BatchEntry:
    """A batch in a list.

    Attributes:
        batch: the batch; the open one of the checked-out branch has its changes, too.
        verdict, totals: of its run; None if it has none yet.
        rollback: the rollback of it that is in effect; None if there is none.
    """

    batch: Batch
    verdict: Verdict | None = None
    totals: Totals | None = None
    rollback: BatchRollback | None = None


@dataclass(frozen=True, slots=True)
class RepositoryStatus:
    """The status of a repository, seen from one of its work trees.

    Attributes:
        count: of the checked-out branch; None during a rebase.
        latest: the latest full batches, newest first.
        active: the full batches that are not finished, oldest first.
        unseen: notices of batches that did not pass and were not looked at: number -> lines.
        critical_batch: the batch of this branch with an unresolved critical failure.
        interrupted: the operation that was interrupted in this work tree.
        affected: how the tests ended that the latest commit can affect, in a few words; empty if that is unknown.
        is_installed: False after an uninstallation: no hook counts commits, only commands do.
    """

    count: Count | None
    latest: tuple[BatchEntry, ...]
    active: tuple[ActiveBatch, ...] = ()
    unseen: Mapping[int, Sequence[str]] = field(default_factory=dict)
    critical_batch: int | None = None
    interrupted: Operation | None = None
    affected: str = ""
    is_installed: bool = True


def load_status(project: Project, limit: int = 5) -> RepositoryStatus:
    """Load the status, with the count brought up to date.

    Args:
        project: the repository.
        limit: number of full batches to list.
    """
    count = project.reconcile()
    gate.update_gate_files(project)  # the setting may have changed
    rollbacks = load_rollbacks(project)
    latest = _load_entries(project, batches.list_latest(project.database, limit, sealed_only=True), rollbacks)
    return RepositoryStatus(
        count,
        latest,
        list_active(project),
        {
            number: lines
            for number, lines in notices.list_unseen(project.state).items()
            if number not in rollbacks and _needs_attention(project, number)
        },
        critical_failures.list_unresolved(project.database).get(count.branch) if count else None,
        interrupted.find(project.database, project.location),
        affected_note.read(project.state, count.branch, count.head) if count else "",
        not project.state.is_uninstalled(),
    )


def _needs_attention(project: Project, number: int) -> bool:
    """Return whether a batch did not pass, and was not pruned since."""
    totals = runs.load_totals(project.database, number)
    return totals is not None and not totals[0].is_good


def list_batches(project: Project, limit: int) -> tuple[BatchEntry, ...]:
    """Return the latest batches, newest first; open batches have no changes here."""
    return _load_entries(project, batches.list_latest(project.database, limit), load_rollbacks(project))


def _load_entries(
    project: Project, listed: Iterable[Batch], rollbacks: Mapping[int, BatchRollback]
) -> tuple[BatchEntry, ...]:
    return tuple(replace(_load_entry(project, batch), rollback=rollbacks.get(batch.id)) for batch in listed)


def _load_entry(project: Project, batch: Batch) -> BatchEntry:
    if batch.status is not BatchStatus.FINISHED:
        return BatchEntry(batch)
    totals = runs.load_totals(project.database, batch.id)
    return BatchEntry(batch) if totals is None else BatchEntry(batch, *totals)


def load_batch(project: Project, number: int) -> tuple[BatchEntry, dict[str, tuple[FileEdit, ...]]]:
    """Load a batch, open or full, with the files that its changes touched.

    Raises:
        NoSuchBatchError: there is no such batch.
        NotFinishedError: the batch is the open one of a branch that is not checked out.
    """
    count = project.reconcile()
    batch = batches.load(project.database, number)
    if batch.status is BatchStatus.OPEN:
        if count is None or count.batch != number:
            branch = branches.find(project.database, batch.branch)
            raise NotFinishedError(
                f"batch {number} is the open batch of {branch_label(batch.branch)}",
                checkout_hint(project, batch.branch, branch.tip if branch else ""),
            )
        batch = count.as_batch()
    edits = batches.load_edits(project.database, number)
    if not edits and batch.changes:
        repository = backends.open_repository(project.location.common_dir)
        edits = {change.oid: object_db.file_edits(repository, change) for change in batch.changes}
    return replace(_load_entry(project, batch), rollback=load_rollbacks(project).get(number)), edits


def load_rollbacks(project: Project) -> dict[int, BatchRollback]:
    """Load the rollbacks of batches that are in effect, also those from backups."""
    rollbacks = batch_rollbacks(operations.list_all(project.database))
    if project.state.restorations.is_dir():
        with suppress(StoreError):  # a damaged one; doctor reports it
            restored = restorations.RestorationStore(project.state.restorations).list_restored_batches()
            rollbacks |= {batch: BatchRollback(0) for batch in restored if batch not in rollbacks}
    return rollbacks
