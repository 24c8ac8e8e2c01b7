"""Rolling back and undoing: planned, shown, pinned, written down, done; in this order."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from batchhook.core.changes import Batch, BatchStatus, Commit
from batchhook.core.rollback import FileFate, Step, fate_of, steps_back
from batchhook.errors import BatchhookError, ConflictError, GitError, NotFinishedError
from batchhook.git import merge, objects, reach, refs, snapshot
from batchhook.git.location import read_head
from batchhook.git.objects import Objects
from batchhook.git.snapshot import State
from batchhook.store import batches, events, locks, operations
from batchhook.store.operations import Operation, OperationStatus
from batchhook.workflow import background, gate, notifying
from batchhook.workflow.project import Project

_LARGEST_IN_DIFF = "16m"
"""Of larger files a plan only says that they differ: they would be held in memory."""


@dataclass(frozen=True, slots=True)
class Target:
    """What an operation is to take out of the present state.

    Attributes:
        kind: ``rollback`` or ``undo``.
        files, index: the differences to be taken out of the work tree and of the index, newest first.
        batch: the batch that these are of; 0 for an undo.
        undoes: the operation that is taken back; 0 for a rollback.
        changes: of the batch, those that are taken out; empty for all.
    """

    kind: str
    files: tuple[Step, ...]
    index: tuple[Step, ...]
    batch: int = 0
    undoes: int = 0
    changes: tuple[Commit, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What an operation is going to do.

    Attributes:
        target: what it takes out.
        files: what becomes of each file, by path; empty where there is nothing to do.
        now, then: the states that it leads from and to.
        diff: the same as a patch of the work tree.
    """

    target: Target
    files: tuple[FileFate, ...]
    now: State
    then: State
    diff: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan that can be carried out as long as its block lasts."""

    plan: Plan
    project: Project
    index: Path

    def carry_out(self) -> Operation:
        """Pin all that the user has, write the intent down, act, and mark it done.

        Raises:
            GitError: git refused, for instance since a file was changed meanwhile; what was there is pinned.
        """
        git, database, plan, target = self.project.git, self.project.database, self.plan, self.plan.target
        number = operations.next_id(database)
        message = f"batchhook operation {number}: {target.kind}"
        operation = Operation(
            id=number,
            kind=target.kind,
            batch=target.batch,
            undoes=target.undoes,
            status=OperationStatus.INTENT,
            top=os.fspath(self.project.location.top),
            before=snapshot.commit(git, plan.now, f"{message}, before"),
            after=snapshot.commit(git, plan.then, f"{message}, after"),
            started_at=time.time(),
            changes=tuple(change.oid for change in target.changes),
        )
        refs.pin(git, {refs.operation_before(number): operation.before, refs.operation_after(number): operation.after})
        operations.intend(database, operation)
        try:
            snapshot.move(git, self.index, plan.now, plan.then)
        except GitError as error:
            if self._is_untouched():
                operations.end(database, number, OperationStatus.FAILED)
                raise
            hint = "it was done half-way; everything is pinned: batchhook undo"
            raise GitError(error.message, hint) from error
        operations.end(database, number, OperationStatus.DONE)
        if events.plugins(database) or notifying.is_wanted(self.project):
            events.mark_operation(database, number, untold=True)
        gate.settle(self.project)
        background.ensure_teller(self.project.location, database, os.environ)
        return replace(operation, status=OperationStatus.DONE)

    def _is_untouched(self) -> bool:
        with snapshot.private_index(self.project.git, self.project.location) as index:
            return snapshot.look(self.project.git, self.plan.now.head, index) == self.plan.now


@contextmanager
def planned_rollback(
    project: Project, number: int, changes: Sequence[Commit] = (), *, head: str = ""
) -> Iterator[Planned]:
    """Plan to bring the files of a batch back to their state before it, for the length of a block.

    Args:
        project: the repository.
        number: the batch's.
        changes: those of the batch that are to be taken out, oldest first; none for all.
        head: the commit that HEAD has to be at; empty for any.

    Raises:
        NoSuchBatchError, NotFinishedError: there is no such batch, or it is still open.
        ConflictError: the same lines were changed since, or git is in the middle of something.
        BatchhookError: the batch is another branch's.
    """
    batch = sealed(project, number)
    steps = steps_back(changes or batch.changes)
    what = ", ".join(change.oid[:8] for change in changes) or f"batch {number}"
    target = Target("rollback", files=steps, index=steps, batch=number, changes=tuple(changes))
    with _planned(project, what, target) as planned:
        if head and planned.plan.now.head != head:
            raise ConflictError("HEAD has moved meanwhile; nothing was touched", "do it again")
        yield planned


def sealed(project: Project, number: int) -> Batch:
    """A batch that can be rolled back in what is checked out.

    Raises:
        NoSuchBatchError, NotFinishedError: there is no such batch, or it is still open.
        BatchhookError: the batch is another branch's.
    """
    batch = batches.get(project.database, number)
    if batch.status is BatchStatus.OPEN:
        raise NotFinishedError(f"batch {number} is still open", "git reset or git revert, until it is full")
    _check_branch(project, batch)
    return batch


@contextmanager
def planned_undo(project: Project) -> Iterator[Planned]:
    """Plan to take the latest rollback of this work tree back, for the length of a block.

    Raises:
        BatchhookError: there is nothing to undo.
        ConflictError: the same lines were changed since, or git is in the middle of something.
    """
    operation = operations.to_undo(project.database, os.fspath(project.location.top))
    if operation is None:
        raise BatchhookError("there is nothing to undo here", "batchhook operations shows what was done")
    before, after = (snapshot.read(project.git, oid) for oid in (operation.before, operation.after))
    target = Target(
        "undo",
        files=(Step(after.files, before.files),),
        index=(Step(after.index, before.index),),
        undoes=operation.id,
    )
    with _planned(project, f"operation {operation.id}", target) as planned:
        yield planned


@contextmanager
def _planned(project: Project, what: str, target: Target) -> Iterator[Planned]:
    with _looked_at(project) as (repository, now, index):
        files = merge.take_out(repository, now.files, target.files)
        staged = merge.take_out(repository, now.index, target.index)
        _check_conflicts(what, files.conflicts + staged.conflicts)
        then = State(now.head, staged.tree, files.tree)
        _check_reach(project, repository, now, then)
        small = ("-c", f"core.bigFileThreshold={_LARGEST_IN_DIFF}")
        diff = project.git.text(*small, "diff", "--no-ext-diff", "--no-color", "--no-renames", now.files, then.files)
        plan = Plan(target, _fates(repository, target, now, then), now, then, diff)
        yield Planned(plan, project, index)


@contextmanager
def _looked_at(project: Project) -> Iterator[tuple[Objects, State, Path]]:
    """The work tree's state, with nobody of us and nothing of git's at work in it."""
    with locks.try_lock(project.state.operation_lock) as free:
        if not free:
            raise ConflictError("another batchhook is at work here", "wait until it has ended")
        _check_peace(project)
        head = read_head(project.git, project.location)
        with snapshot.private_index(project.git, project.location) as index:
            now = snapshot.look(project.git, head.oid, index)
            yield objects.open_repository(project.location.common_dir), now, index


def _check_peace(project: Project) -> None:
    under_way = snapshot.what_is_under_way(project.location)
    if under_way:
        raise ConflictError(f"{under_way} is under way", "finish or abort it first: git status")
    lock = project.location.git_dir / "index.lock"
    if lock.exists():
        raise ConflictError(
            "git's index is locked: another git is at work, or one was killed",
            f"wait for it; if there is none, remove {lock}",
        )


def _check_branch(project: Project, batch: Batch) -> None:
    head = read_head(project.git, project.location)
    if head.branch == batch.branch or project.git.succeeds("merge-base", "--is-ancestor", batch.head, "HEAD"):
        return
    name = batch.branch.removeprefix("refs/heads/")
    raise BatchhookError(
        f"batch {batch.id} is of {name}, and not in what is checked out here", f"git switch {shlex.quote(name)}"
    )


def _check_conflicts(what: str, paths: Sequence[str]) -> None:
    if paths:
        raise ConflictError(
            f"what {what} did was changed since, in: {', '.join(dict.fromkeys(paths))}; nothing was touched",
            "take those changes back first; where a later batch made them: batchhook log, and roll that back first",
        )


def _check_reach(project: Project, repository: Objects, now: State, then: State) -> None:
    changes = merge.changed_paths(repository, now.files, then.files)
    hidden = snapshot.hidden_from_git(project.git, [*changes, *merge.changed_paths(repository, now.index, then.index)])
    if hidden:
        raise ConflictError(
            f"git was told not to look at {', '.join(dict.fromkeys(hidden))}; nothing was touched",
            "git sparse-checkout disable, or git update-index --no-skip-worktree --no-assume-unchanged FILE",
        )
    paths = snapshot.in_the_way(project.location.top, changes)
    if paths:
        raise ConflictError(
            f"files that git ignores are in the way: {', '.join(paths)}; nothing was touched",
            "move them aside first",
        )
    reach.check(project.git, project.location.top, changes)


def _fates(repository: Objects, target: Target, now: State, then: State) -> tuple[FileFate, ...]:
    before: dict[str, str] = {}
    for step in target.files:  # the last one is the furthest back
        before |= {path: old for path, (_, old) in merge.changed_paths(repository, step.new, step.old).items()}
    changed = merge.changed_paths(repository, now.index, then.index)
    changed |= merge.changed_paths(repository, now.files, then.files)
    return tuple(
        FileFate(path, fate_of(old, new, before.get(path, ""))) for path, (old, new) in sorted(changed.items())
    )
