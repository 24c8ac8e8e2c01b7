"""Which batches may go, and why others have to stay."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from batchhook.errors import UsageError

_SECONDS = {"h": 3600.0, "d": 86400.0, "w": 604800.0}
_AGE = re.compile(r"(\d{1,6})\s*([hdw])", re.IGNORECASE)


class Reason(str, Enum):
    """Why a batch stays that is older than what was to be kept."""

    QUEUED = "the runner is not done with it"
    CRITICAL = "it failed critically, and nothing was done about it"
    UNDOABLE = "its rollback can be undone, or is not done with"
    RECENT = "its rollback, or the undo of that, is younger than what is kept"
    LATEST = "it is the latest of its branch"


@dataclass(frozen=True, slots=True)
class Rule:
    """What is kept: whatever one of the two keeps; without either, everything.

    Attributes:
        keep: so many of the latest full batches; None for no such rule.
        after: batches that were sealed at or after this time, in seconds since the epoch; None for no such rule.
    """

    keep: int | None = None
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """A full batch, as far as pruning has to know it.

    Attributes:
        branch: its name.
        opened_at, sealed_at: seconds since the epoch.
        is_queued: whether the runner has something left to do for it.
        has_run: whether it has its run.
        is_standing: whether it failed critically and waits for an answer.
    """

    id: int
    branch: str
    opened_at: float
    sealed_at: float
    is_queued: bool = False
    has_run: bool = True
    is_standing: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A rollback or an undo.

    Attributes:
        batch: the batch that was rolled back; by an undo, the one whose rollback it takes back.
        is_needed: whether it can be undone, was cut short in its middle, or somebody is still to be told of it.
        started_at: seconds since the epoch.
    """

    batch: int
    is_needed: bool
    started_at: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What goes and what stays.

    Attributes:
        going: numbers of the batches that may go, oldest first.
        spared: those that stay although they are older than what was to be kept.
        before: what is older than this (seconds since the epoch) and of no batch may go as well.
    """

    going: tuple[int, ...]
    spared: dict[int, Reason]
    before: float


def decide(batches: Sequence[Past], steps: Sequence[Step], alive: frozenset[str], rule: Rule) -> Decision:
    """Decide which batches may go.

    Args:
        batches: all full ones.
        steps: all rollbacks and undos.
        alive: names of the branches that there still are: the next batch of each is compared with its latest one.
        rule: what is kept.
    """
    if rule == Rule():
        return Decision((), {}, 0.0)
    ordered = sorted(batches, key=lambda batch: batch.id)
    before = _before(ordered, rule)
    latest = _latest(batch for batch in ordered if batch.branch in alive)
    of_batch: defaultdict[int, list[Step]] = defaultdict(list)
    for step in steps:
        of_batch[step.batch].append(step)
    going: list[int] = []
    spared: dict[int, Reason] = {}
    for batch in ordered[: -rule.keep or None] if rule.keep is not None else ordered:
        if rule.after is not None and batch.sealed_at >= rule.after:
            continue
        reason = _reason(batch, of_batch[batch.id], latest, before)
        if reason is None:
            going.append(batch.id)
        else:
            spared[batch.id] = reason
    return Decision(tuple(going), spared, before)


def _before(ordered: Sequence[Past], rule: Rule) -> float:
    """The time since which everything is kept."""
    times = [] if rule.after is None else [rule.after]
    if rule.keep is not None:
        times.append(ordered[-rule.keep].opened_at if 0 < rule.keep < len(ordered) else 0.0)
    return min(times, default=0.0)


def _latest(ordered: Iterable[Past]) -> frozenset[int]:
    """For each branch its latest full batch, and the latest that has a run."""
    full: dict[str, int] = {}
    run: dict[str, int] = {}
    for batch in ordered:
        full[batch.branch] = batch.id
        if batch.has_run:
            run[batch.branch] = batch.id
    return frozenset(full.values()) | frozenset(run.values())


def _reason(batch: Past, steps: Sequence[Step], latest: frozenset[int], before: float) -> Reason | None:
    """Why a batch has to stay; None where it may go."""
    reasons = {
        Reason.QUEUED: batch.is_queued,
        Reason.CRITICAL: batch.is_standing,
        Reason.UNDOABLE: any(step.is_needed for step in steps),
        Reason.RECENT: any(step.started_at >= before for step in steps),
        Reason.LATEST: batch.id in latest,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def parse_age(text: str) -> float:
    """Seconds that ``30d``, ``12h`` or ``2w`` means.

    Raises:
        UsageError: it is none of these.
    """
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text} is no age", "a number and h (hours), d (days) or w (weeks): 30d")
    return int(found[1]) * _SECONDS[found[2].lower()]


class Kind(str, Enum):
    """What takes room."""

    BATCHES = "batches"
    RUNS = "runs"
    OUTCOMES = "outcomes"
    DATABASE = "database"
    BACKUPS = "backups"
    KEPT = "replaced by copies"
    PINS = "pins"
    WORKTREES = "work trees"
    SCRATCH = "scratch folders"
    REPORTS = "reports"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Part:
    """How much of one kind there is, would go, or went.

    Attributes:
        number: how many; 0 where they are not counted.
        size: bytes; 0 where they stand in another part (rows in the database).
    """

    kind: Kind
    number: int
    size: int
