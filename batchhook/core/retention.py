"""Retention rules: which batches can be pruned, and why others are kept."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from batchhook.errors import UsageError

_SECONDS = {"h": 3600.0, "d": 86400.0, "w": 604800.0}
_AGE = re.compile(r"(\d{1,6})\s*([hdw])", re.IGNORECASE)


class KeepReason(str, Enum):
    """Reason to keep a batch that the retention rule would prune."""

    QUEUED = "the runner has not finished it"
    CRITICAL = "it failed critically and was not acknowledged"
    UNDOABLE = "its rollback can be undone or is unfinished"
    RECENT = "it was rolled back, or that was undone, within the retention period"
    LATEST = "it is the latest of its branch"


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Rule for what to keep. A batch is kept if either part keeps it; without any part, everything is kept.

    Attributes:
        keep: number of latest full batches to keep.
        sealed_after: keep batches sealed at or after this time, in seconds since the epoch.
    """

    keep: int | None = None
    sealed_after: float | None = None


@dataclass(frozen=True, slots=True)
class PruneCandidate:
    """A full batch, with the facts that decide whether it can be pruned.

    Attributes:
        opened_at, sealed_at: seconds since the epoch.
        is_queued: whether the runner has not finished it.
        has_run: whether its run is stored.
        is_unacknowledged: whether it failed critically and awaits an acknowledgement.
    """

    id: int
    branch: str
    opened_at: float
    sealed_at: float
    is_queued: bool = False
    has_run: bool = True
    is_unacknowledged: bool = False


@dataclass(frozen=True, slots=True)
class RollbackEvent:
    """A rollback or an undo of one.

    Attributes:
        batch: id of the batch that was rolled back; for an undo, by the rollback that it reverted.
        is_needed: whether it can be undone, is unfinished, or has events awaiting delivery.
        started_at: seconds since the epoch.
    """

    batch: int
    is_needed: bool
    started_at: float


@dataclass(frozen=True, slots=True)
class RetentionDecision:
    """Batches to prune and to keep.

    Attributes:
        expired: ids of the batches to prune, oldest first.
        keep_reasons: why batches are kept that the rule would prune, by id.
        cutoff: seconds since the epoch; data that is older and belongs to no batch can be pruned too.
    """

    expired: tuple[int, ...]
    keep_reasons: dict[int, KeepReason]
    cutoff: float


def decide_retention(
    batches: Sequence[PruneCandidate],
    events: Sequence[RollbackEvent],
    live_branches: frozenset[str],
    rule: RetentionRule,
) -> RetentionDecision:
    """Decide which batches to prune.

    Args:
        batches: all full batches.
        events: all rollbacks and undos.
        live_branches: names of existing branches, whose next batch will be compared with their latest one.
        rule: what to keep in any case.
    """
    if rule == RetentionRule():
        return RetentionDecision((), {}, 0.0)
    ordered = sorted(batches, key=lambda batch: batch.id)
    cutoff = _cutoff(ordered, rule)
    latest = _latest_ids(batch for batch in ordered if batch.branch in live_branches)
    events_by_batch: defaultdict[int, list[RollbackEvent]] = defaultdict(list)
    for event in events:
        events_by_batch[event.batch].append(event)
    expired: list[int] = []
    keep_reasons: dict[int, KeepReason] = {}
    for batch in ordered[: -rule.keep or None] if rule.keep is not None else ordered:
        if rule.sealed_after is not None and batch.sealed_at >= rule.sealed_after:
            continue
        reason = _keep_reason(batch, events_by_batch[batch.id], latest, cutoff)
        if reason is None:
            expired.append(batch.id)
        else:
            keep_reasons[batch.id] = reason
    return RetentionDecision(tuple(expired), keep_reasons, cutoff)


def _cutoff(ordered: Sequence[PruneCandidate], rule: RetentionRule) -> float:
    """Return the time from which everything is kept."""
    times = [] if rule.sealed_after is None else [rule.sealed_after]
    if rule.keep is not None:
        times.append(ordered[-rule.keep].opened_at if 0 < rule.keep < len(ordered) else 0.0)
    return min(times, default=0.0)


def _latest_ids(ordered: Iterable[PruneCandidate]) -> frozenset[int]:
    """Return for each branch its latest batch, and its latest batch with a run."""
    latest: dict[str, int] = {}
    latest_with_run: dict[str, int] = {}
    for batch in ordered:
        latest[batch.branch] = batch.id
        if batch.has_run:
            latest_with_run[batch.branch] = batch.id
    return frozenset(latest.values()) | frozenset(latest_with_run.values())


def _keep_reason(
    batch: PruneCandidate, events: Sequence[RollbackEvent], latest: frozenset[int], cutoff: float
) -> KeepReason | None:
    reasons = {
        KeepReason.QUEUED: batch.is_queued,
        KeepReason.CRITICAL: batch.is_unacknowledged,
        KeepReason.UNDOABLE: any(event.is_needed for event in events),
        KeepReason.RECENT: any(event.started_at >= cutoff for event in events),
        KeepReason.LATEST: batch.id in latest,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def parse_age(text: str) -> float:
    """Return the seconds in an age such as ``30d``, ``12h`` or ``2w``.

    Raises:
        UsageError: invalid format.
    """
    match = _AGE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"invalid age: {text}", "a number and h (hours), d (days) or w (weeks): 30d")
    return int(match[1]) * _SECONDS[match[2].lower()]


class StorageKind(str, Enum):
    """Kind of stored data, as named in reports about disk usage."""

    BATCHES = "batches"
    RUNS = "runs"
    OUTCOMES = "outcomes"
    DATABASE = "database"
    BACKUPS = "backups"
    RESTORATIONS = "replaced files"
    PINS = "pins"
    WORKTREES = "work trees"
    SCRATCH = "scratch folders"
    REPORTS = "reports"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class StorageUsage:
    """Amount of one kind of data: stored, to be pruned, or pruned.

    Attributes:
        count: number of items; 0 if they are not counted.
        size: bytes; 0 if they are part of another kind (database rows).
    """

    kind: StorageKind
    count: int
    size: int
