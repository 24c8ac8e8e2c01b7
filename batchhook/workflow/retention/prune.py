"""Making room: what may go is shown, and taken away in an order in which a kill at any moment loses nothing.

First the rows go, some batches at a time, each with all that hangs on it; with that a batch is noted as pruned. What
else is of it (pins, backups, reports) goes after, and by the next pruning, where this one was killed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from batchhook.core.retention import Decision, Kind, Part, Rule, decide, parse_age
from batchhook.errors import ConflictError, StoreError
from batchhook.git import refs
from batchhook.git.location import read_head
from batchhook.store import backup_gc, batches, locks, pruning
from batchhook.store.backup_gc import size_of
from batchhook.store.backups import Backups
from batchhook.store.restorations import Kept
from batchhook.workflow.context.project import Project
from batchhook.workflow.retention import scratch_gc

_HOLD = 0.2
"""Seconds that rows are taken out in one go: a commit that asks the database waits as long."""
_PAUSE = 0.02
_NAME = 42
"""Bytes that a ref takes beside its name."""
_PINS = ("batches", "operations", "records")


@dataclass(frozen=True, slots=True)
class Plan:
    """What would go.

    Attributes:
        rule: what is kept.
        decision: which batches go, and which stay all the same.
        parts: how much of each kind; sizes in the database are estimates.
        damaged: numbers of batches whose backups cannot be read, so that no contents can go.
    """

    rule: Rule
    decision: Decision
    parts: tuple[Part, ...]
    damaged: tuple[int, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be done."""
        return not any(part.number or part.size for part in self.parts)


@dataclass(frozen=True, slots=True)
class Freed:
    """What went.

    Attributes:
        parts: how much of each kind, measured.
        unshrunk: why the database's file is as long as before; empty where it is not. Its room is used again.
    """

    parts: tuple[Part, ...]
    unshrunk: str


def whole(project: Project) -> tuple[Part, ...]:
    """All that there is, whether it may go or not."""
    state, database = project.state, project.database
    rows = pruning.whole(database)
    pins = [name for kind in _PINS for names in refs.pinned(project.git, kind).values() for name in names]
    backups = Backups(state.backups)
    return (
        *_rows_of(rows.batches, rows.runs, rows.outcomes, _database_size(project)),
        Part(Kind.BACKUPS, len(backups.batches()), scratch_gc.weight([backups.root])),
        Part(Kind.PINS, len(pins), _pins_size(pins)),
        *(
            _part(kind, paths)
            for kind, paths in {
                Kind.KEPT: list(state.kept.glob("*")),
                Kind.WORKTREES: [path for path in state.worktrees.glob("*") if path.is_dir()],
                Kind.SCRATCH: list(state.runs.glob("*")),
                Kind.REPORTS: list(state.reports.glob("*")),
                Kind.LOG: [path for path in (state.log,) if size_of(path)],
            }.items()
        ),
    )


def rule(keep: int | None, older_than: str | None) -> Rule | None:
    """What somebody wants to keep: the latest so many batches, and all that is younger; None for no wish.

    Raises:
        UsageError: that is no age.
    """
    if keep is None and older_than is None:
        return None
    return Rule(keep, None if older_than is None else time.time() - parse_age(older_than))


def plan(project: Project, rule: Rule) -> Plan:
    """What would go, and what stays all the same.

    Raises:
        GitError, StoreError: it cannot be found out.
    """
    state, database = project.state, project.database
    decision = _decide(project, rule)
    rows = pruning.weigh(database, decision.going, decision.before)
    gone = pruning.pruned(database) | frozenset(decision.going)
    pins = _pins(project, decision.going)
    backups = backup_gc.unneeded(Backups(state.backups), gone)
    excess = scratch_gc.log_excess(state)
    parts = (
        *_rows_of(rows.batches, rows.runs, rows.outcomes, rows.size),
        Part(Kind.BACKUPS, len(backups.batches), backups.size),
        _part(Kind.KEPT, _kept(project)),
        Part(Kind.PINS, len(pins), _pins_size(pins)),
        _part(Kind.WORKTREES, scratch_gc.worktrees(state)),
        _part(Kind.SCRATCH, scratch_gc.scratch(state, _queued(project))),
        _part(Kind.REPORTS, scratch_gc.reports(state, gone)),
        Part(Kind.LOG, bool(excess), excess),
    )
    return Plan(rule, decision, parts, backups.damaged)


def carry_out(project: Project, planned: Plan) -> Freed:
    """Take away what a plan says, as far as nothing has come to need it meanwhile.

    Raises:
        ConflictError: a rollback, an undo or another pruning is under way.
        StoreError, GitError, OSError: something cannot be written; doing it again goes on.
    """
    state = project.state
    with locks.try_lock(state.operation_lock) as free:
        if not free:
            raise ConflictError("another batchhook is at work here", "wait until it has ended")
        before, size = pruning.whole(project.database), _database_size(project)
        gone_before = pruning.pruned(project.database)
        _remove_rows(project, planned)
        gone = pruning.pruned(project.database)
        pins = _pins(project, ())
        refs.unpin(project.git, pins)
        with locks.lock(state.backups_lock):
            backups = backup_gc.unneeded(Backups(state.backups), gone)
            backup_gc.take_away(Backups(state.backups), backups)
        replaced = _kept(project)
        reports = scratch_gc.reports(state, gone)
        scratch = scratch_gc.scratch(state, _queued(project))
        trees = [scratch_gc.remove_worktree(project.git, *each) for each in scratch_gc.worktrees(state).items()]
        log = scratch_gc.shorten_log(state)
        rest = (
            Part(Kind.BACKUPS, len(backups.batches), backups.size),
            Part(Kind.KEPT, len(replaced), scratch_gc.remove(replaced)),
            Part(Kind.PINS, len(pins), _pins_size(pins)),
            Part(Kind.WORKTREES, sum(map(bool, trees)), sum(trees)),
            Part(Kind.SCRATCH, len(scratch), scratch_gc.remove(scratch)),
            Part(Kind.REPORTS, len(reports), scratch_gc.remove(reports)),
            Part(Kind.LOG, bool(log), log),
        )
        unshrunk = _shrink(project)
        after = pruning.whole(project.database)
    rows = _rows_of(
        len(gone - gone_before),
        max(before.runs - after.runs, 0),
        max(before.outcomes - after.outcomes, 0),
        max(size - _database_size(project), 0),
    )
    return Freed((*rows, *rest), unshrunk)


def _decide(project: Project, rule: Rule) -> Decision:
    past = pruning.past(project.database)
    heads = project.git.text("for-each-ref", "--format=%(refname)", "refs/heads").split()
    heads.append(read_head(project.git, project.location).branch)  # before its first commit it is in no list
    detached = [batch.branch for batch in past if not batch.branch.startswith("refs/")]
    return decide(past, pruning.steps(project.database), frozenset([*heads, *detached]), rule)


def _remove_rows(project: Project, planned: Plan) -> None:
    """Take rows out, in many short transactions: others get their turn in between."""
    database = project.database
    wanted = frozenset(planned.decision.going)
    while True:
        with database.transaction():
            going = [number for number in _decide(project, planned.rule).going if number in wanted]
            done = pruning.remove_batches(database, going, _HOLD)
        if done == len(going):
            break
        time.sleep(_PAUSE)
    while not _remove_runs(project, planned.decision.before):
        time.sleep(_PAUSE)
    pruning.remove_unmentioned(database)


def _remove_runs(project: Project, before: float) -> bool:
    with project.database.transaction():
        return pruning.remove_runs(project.database, before, _HOLD)


def _pins(project: Project, going: Sequence[int]) -> tuple[str, ...]:
    """Names of the pins that are of nobody: of batches that were pruned or are going, and all that is theirs."""
    gone = pruning.pruned(project.database) | frozenset(going)
    operations = pruning.leftover_operations(project.database, going)
    records = pruning.leftover_records(project.database, refs.pinned(project.git, "records"), going)
    return tuple(
        name
        for kind, numbers in zip(_PINS, (gone, operations, records), strict=True)
        for number, names in refs.pinned(project.git, kind).items()
        if number in numbers
        for name in names
    )


def _kept(project: Project) -> list[Path]:
    """What going back by copies has replaced, and no undo needs; nothing where that cannot be read."""
    try:
        return Kept(project.state.kept).unneeded()
    except StoreError:
        return []


def _shrink(project: Project) -> str:
    try:
        project.database.shrink()
    except StoreError as error:
        return error.message
    return ""


def _queued(project: Project) -> frozenset[int]:
    return frozenset(batch.id for batch in batches.queued(project.database))


def _database_size(project: Project) -> int:
    path = project.state.database
    return sum(size_of(path.with_name(f"{path.name}{suffix}")) for suffix in ("", "-wal", "-shm"))


def _pins_size(names: Iterable[str]) -> int:
    return sum(_NAME + len(name) for name in names)


def _part(kind: Kind, paths: Iterable[Path]) -> Part:
    found = list(paths)
    return Part(kind, len(found), scratch_gc.weight(found))


def _rows_of(full: int, runs: int, outcomes: int, size: int) -> tuple[Part, ...]:
    counts = {Kind.BATCHES: full, Kind.RUNS: runs, Kind.OUTCOMES: outcomes}
    return (*(Part(kind, number, 0) for kind, number in counts.items()), Part(Kind.DATABASE, 0, size))
