"""Pruning of old batches, in an order in which a kill at any moment loses nothing that is kept.

First the rows are deleted, a few batches at a time, each with everything that depends on it, and each batch is marked
as pruned. Its pins, backups and reports follow; after a kill, the next pruning removes what is left of them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from batchhook.core.retention import (
    RetentionDecision,
    RetentionRule,
    StorageKind,
    StorageUsage,
    decide_retention,
    parse_age,
)
from batchhook.errors import ConflictError, StoreError
from batchhook.git import object_cleanup, refs
from batchhook.git.command import Git
from batchhook.git.location import read_head
from batchhook.store import backup_gc, batches, locks, pruning
from batchhook.store.backups import BackupStore
from batchhook.store.files import file_size
from batchhook.store.restorations import RestorationStore
from batchhook.workflow.context.project import Project
from batchhook.workflow.retention import scratch_gc, worktree_gc

_TRANSACTION_LIMIT = 0.2
"""Seconds for which one transaction deletes rows; a commit that needs the database waits that long."""
_PAUSE = 0.02
_PIN_OVERHEAD = 42
"""Bytes of a ref besides its name."""
_PINS = ("batches", "operations", "records")


@dataclass(frozen=True, slots=True)
class PrunePlan:
    """The things that pruning would remove.

    Attributes:
        rule: selects what is kept.
        decision: the batches that it removes, and those that it spares.
        parts: amount of each kind; sizes in the database are estimates.
        damaged: numbers of batches with an unreadable backup, for which no backup contents can be removed.
    """

    rule: RetentionRule
    decision: RetentionDecision
    usage: tuple[StorageUsage, ...]
    damaged: tuple[int, ...]

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to remove."""
        return not any(part.count or part.size for part in self.usage)


@dataclass(frozen=True, slots=True)
class PruneResult:
    """The things that pruning removed.

    Attributes:
        parts: amount of each kind, measured.
        shrink_error: why the database's file could not be made smaller; empty if it was. Freed pages are reused.
        unreferenced: bytes of snapshots that git's own gc will free.
    """

    freed: tuple[StorageUsage, ...]
    shrink_error: str
    unreferenced: int = 0


def measure_usage(project: Project) -> tuple[StorageUsage, ...]:
    """Measure all that batchhook stores for a repository, prunable or not."""
    state, database = project.state, project.database
    rows = pruning.measure_usage(database)
    pins = list_all_pins(project.git)
    backups = BackupStore(state.backups)
    return (
        *_row_usage(rows.batches, rows.runs, rows.outcomes, _database_size(project)),
        StorageUsage(StorageKind.BACKUPS, len(backups.list_batches()), scratch_gc.disk_usage([backups.root])),
        _pin_usage(pins, object_cleanup.list_exclusive(project.git, pins)),
        *(
            _measure_paths(kind, paths)
            for kind, paths in {
                StorageKind.RESTORATIONS: list(state.restorations.glob("*")),
                StorageKind.WORKTREES: worktree_gc.list_worktrees(project),
                StorageKind.SCRATCH: list(state.runs.glob("*")),
                StorageKind.REPORTS: list(state.reports.glob("*")),
                StorageKind.LOG: [path for path in (state.log,) if file_size(path)],
            }.items()
        ),
    )


def list_all_pins(git: Git) -> tuple[str, ...]:
    """Return the names of all pins."""
    return tuple(name for kind in _PINS for names in refs.list_pins(git, kind).values() for name in names)


def parse_rule(keep: int | None, older_than: str | None) -> RetentionRule | None:
    """Return the rule for ``--keep`` and ``--older-than``; None if neither is given.

    Args:
        keep: number of latest batches to keep.
        older_than: age from which on batches are removed, as ``parse_age`` takes it.

    Raises:
        UsageError: it is not an age.
    """
    if keep is None and older_than is None:
        return None
    return RetentionRule(keep, None if older_than is None else time.time() - parse_age(older_than))


def make_plan(project: Project, rule: RetentionRule) -> PrunePlan:
    """Find out what pruning by a rule would remove.

    Raises:
        GitError, StoreError: the repository or its state cannot be read.
    """
    state, database = project.state, project.database
    decision = _decide(project, rule)
    rows = pruning.estimate_removal(database, decision.expired, decision.cutoff)
    pruned = pruning.list_pruned(database) | frozenset(decision.expired)
    pins = _find_stale_pins(project, decision.expired)
    backups = backup_gc.find_unused(BackupStore(state.backups), pruned)
    excess = scratch_gc.excess_log_size(state)
    parts = (
        *_row_usage(rows.batches, rows.runs, rows.outcomes, rows.size),
        StorageUsage(StorageKind.BACKUPS, len(backups.batches), backups.size),
        _measure_paths(StorageKind.RESTORATIONS, _find_stale_restorations(project)),
        _pin_usage(pins, object_cleanup.list_exclusive(project.git, pins)),
        _measure_paths(StorageKind.WORKTREES, worktree_gc.list_idle(project)),
        _measure_paths(StorageKind.SCRATCH, scratch_gc.find_ended_runs(state, _queued_batches(project))),
        _measure_paths(StorageKind.REPORTS, scratch_gc.find_stale_reports(state, pruned)),
        StorageUsage(StorageKind.LOG, bool(excess), excess),
    )
    return PrunePlan(rule, decision, parts, backups.damaged)


def execute(project: Project, plan: PrunePlan) -> PruneResult:
    """Remove what a plan lists, except for what is needed by now.

    Raises:
        ConflictError: a rollback, an undo or another pruning is running.
        StoreError, GitError, OSError: something cannot be written; pruning again continues.
    """
    state = project.state
    with locks.try_lock(state.operation_lock) as is_locked:
        if not is_locked:
            raise ConflictError("another batchhook is at work here", "wait until it has ended")
        before, size = pruning.measure_usage(project.database), _database_size(project)
        pruned_before = pruning.list_pruned(project.database)
        _remove_rows(project, plan)
        pruned = pruning.list_pruned(project.database)
        pins = _find_stale_pins(project, ())
        snapshots = object_cleanup.list_exclusive(project.git, pins)
        refs.unpin(project.git, pins)
        freed = object_cleanup.prune_large_objects(project.git, snapshots)
        with locks.lock(state.backups_lock):
            backups = backup_gc.find_unused(BackupStore(state.backups), pruned)
            backup_gc.remove(BackupStore(state.backups), backups)
        replaced = _find_stale_restorations(project)
        reports = scratch_gc.find_stale_reports(state, pruned)
        scratch = scratch_gc.find_ended_runs(state, _queued_batches(project))
        trees = worktree_gc.remove_idle(project.git, state, worktree_gc.list_worktrees(project))
        log = scratch_gc.trim_log(state)
        rest = (
            StorageUsage(StorageKind.BACKUPS, len(backups.batches), backups.size),
            StorageUsage(StorageKind.RESTORATIONS, len(replaced), scratch_gc.remove_paths(replaced)),
            StorageUsage(StorageKind.PINS, len(pins), _measure_pins(pins) + freed),
            StorageUsage(StorageKind.WORKTREES, len(trees), sum(trees)),
            StorageUsage(StorageKind.SCRATCH, len(scratch), scratch_gc.remove_paths(scratch)),
            StorageUsage(StorageKind.REPORTS, len(reports), scratch_gc.remove_paths(reports)),
            StorageUsage(StorageKind.LOG, bool(log), log),
        )
        shrink_error = _shrink(project)
        after = pruning.measure_usage(project.database)
    rows = _row_usage(
        len(pruned - pruned_before),
        max(before.runs - after.runs, 0),
        max(before.outcomes - after.outcomes, 0),
        max(size - _database_size(project), 0),
    )
    return PruneResult((*rows, *rest), shrink_error, sum(snapshots.values()) - freed)


def _decide(project: Project, rule: RetentionRule) -> RetentionDecision:
    candidates = pruning.load_batches(project.database)
    heads = project.git.text("for-each-ref", "--format=%(refname)", "refs/heads").split()
    heads.append(read_head(project.git, project.location).branch)  # a branch without a commit is not listed
    detached = [batch.branch for batch in candidates if not batch.branch.startswith("refs/")]
    return decide_retention(candidates, pruning.load_operations(project.database), frozenset([*heads, *detached]), rule)


def _remove_rows(project: Project, plan: PrunePlan) -> None:
    """Delete rows in many short transactions, so that other processes get their turn."""
    database = project.database
    planned = frozenset(plan.decision.expired)
    while True:
        with database.transaction():
            expired = [number for number in _decide(project, plan.rule).expired if number in planned]
            removed = pruning.remove_batches(database, expired, _TRANSACTION_LIMIT)
        if removed == len(expired):
            break
        time.sleep(_PAUSE)
    while not _remove_runs(project, plan.decision.cutoff):
        time.sleep(_PAUSE)
    pruning.remove_orphans(database)


def _remove_runs(project: Project, cutoff: float) -> bool:
    with project.database.transaction():
        return pruning.remove_runs(project.database, cutoff, _TRANSACTION_LIMIT)


def _find_stale_pins(project: Project, expired: Sequence[int]) -> tuple[str, ...]:
    """Return the names of the pins of pruned and expired batches, and of their operations and records."""
    pruned = pruning.list_pruned(project.database) | frozenset(expired)
    operations = pruning.find_pruned_operations(project.database, expired)
    records = pruning.find_orphan_records(project.database, refs.list_pins(project.git, "records"), expired)
    return tuple(
        name
        for kind, numbers in zip(_PINS, (pruned, operations, records), strict=True)
        for number, names in refs.list_pins(project.git, kind).items()
        if number in numbers
        for name in names
    )


def _find_stale_restorations(project: Project) -> list[Path]:
    """Return the files replaced by ``restore`` that no undo needs; none if these cannot be read."""
    try:
        return RestorationStore(project.state.restorations).list_unused()
    except StoreError:
        return []


def _shrink(project: Project) -> str:
    try:
        project.database.vacuum()
    except StoreError as error:
        return error.message
    return ""


def _queued_batches(project: Project) -> frozenset[int]:
    return frozenset(batch.id for batch in batches.list_queued(project.database))


def _database_size(project: Project) -> int:
    path = project.state.database
    return sum(file_size(path.with_name(f"{path.name}{suffix}")) for suffix in ("", "-wal", "-shm"))


def _measure_pins(names: Iterable[str]) -> int:
    return sum(_PIN_OVERHEAD + len(name) for name in names)


def _pin_usage(names: Sequence[str], objects: Mapping[str, int]) -> StorageUsage:
    return StorageUsage(StorageKind.PINS, len(names), _measure_pins(names) + sum(objects.values()))


def _measure_paths(kind: StorageKind, paths: Iterable[Path]) -> StorageUsage:
    existing = list(paths)
    return StorageUsage(kind, len(existing), scratch_gc.disk_usage(existing))


def _row_usage(batch_count: int, runs: int, outcomes: int, size: int) -> tuple[StorageUsage, ...]:
    counts = {StorageKind.BATCHES: batch_count, StorageKind.RUNS: runs, StorageKind.OUTCOMES: outcomes}
    return (
        *(StorageUsage(kind, number, 0) for kind, number in counts.items()),
        StorageUsage(StorageKind.DATABASE, 0, size),
    )
