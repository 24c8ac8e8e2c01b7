"""Carrying a plan out: pin everything, record the intent, act, mark it done. Each step can be repeated after a kill."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from batchhook.core.operations import Operation, OperationKind, OperationStatus, stash_creators
from batchhook.errors import GitError, StoreError
from batchhook.git import branch, empty_dirs, merge, refs, snapshot, stash
from batchhook.git.location import read_head
from batchhook.git.snapshot import WorktreeState
from batchhook.store import locks, operations
from batchhook.workflow.context.interrupted import describe
from batchhook.workflow.context.project import Project
from batchhook.workflow.notify.notifications import prepare_delivery
from batchhook.workflow.recording.record import record_operation_result
from batchhook.workflow.rollback import autostash, commit_message
from batchhook.workflow.rollback.plan import Plan, Reversal, make_plan
from batchhook.workflow.rollback.worktree_session import WorktreeSession, open_session
from batchhook.workflow.status import gate, spawn


@dataclass(frozen=True, slots=True)
class PreparedPlan:
    """A plan that can be carried out inside the block that prepared it.

    Attributes:
        plan: what is going to be done.
        session: the work tree in which it is done.
        recovered: the interrupted operation that this ends; None for a new operation.
        final_status: the operation's status afterwards.
    """

    plan: Plan
    session: WorktreeSession
    recovered: Operation | None = None
    final_status: OperationStatus = OperationStatus.DONE

    @property
    def has_work(self) -> bool:
        """True if there is something to do, or to record: an undo is recorded even if nothing is left to take back."""
        is_rollback = self.plan.reversal.kind is OperationKind.ROLLBACK
        return not self.plan.is_empty or not is_rollback or self.recovered is not None

    def execute(self) -> Operation:
        """Pin everything that the user has, record the intent, act, and mark the operation done.

        Raises:
            GitError: git refused, for instance because a file was changed just now; everything is pinned.
            StoreError: the intent could not be recorded, and nothing was changed.
        """
        project = self.session.project
        if self.recovered is None:
            operation, after = _record_intent(self.session, self.plan)
        else:
            operation, after = self.recovered, self.plan.after
            _pin_interrupted_state(self.session, self.plan, operation)
        try:
            with locks.lock(project.state.recording_lock):  # a half-done operation must not be recorded as a change
                self._act(operation, after)
        except GitError as error:
            self._handle_refusal(operation, error)
            raise GitError(f"{error.message}; nothing was changed", error.hint) from error
        done = replace(operation, status=self.final_status, head=after.head)
        commit_message.refresh(project, self._operations_with(done))
        prepare_delivery(project)
        operations.mark_ended(project.database, operation.id, self.final_status)
        spawn.ensure_dispatcher(project.location, project.database, os.environ)
        gate.update_gate_files(project)
        record_operation_result(project, operation.id, after.files)
        return done

    def creates_stash_entry(self, operation: Operation) -> bool:
        """Return whether an operation stashes work, rather than restoring what another one stashed."""
        return operation.id in stash_creators(self._operations_with(operation))

    def _operations_with(self, operation: Operation) -> list[Operation]:
        return [*(each for each in self.session.operations if each.id != operation.id), operation]

    def _act(self, operation: Operation, after: WorktreeState) -> None:
        project, before = self.session.project, self.plan.before
        stores = self.creates_stash_entry(operation) is not (self.final_status is OperationStatus.REVERTED)
        if operation.stash and stores:
            stash.store_entry(project.git, operation.stash)
        snapshot.switch(project.git, project.location, self.session.index, before, after)
        empty_dirs.recreate(project.location.top, self._emptied_folders(operation))
        if before.head != after.head:
            reason = f"operation {operation.id}: {operation.kind.value} of {operation.selection.description}"
            branch.move(project.git, before.head, after.head, reason)
        if operation.stash and not stores:
            stash.drop_entry(project.git, operation.stash)

    def _emptied_folders(self, operation: Operation) -> tuple[str, ...]:
        """Return the folders that are empty again without what is reverted."""
        if self.final_status is OperationStatus.REVERTED:
            return operation.empty_dirs
        return next((each.empty_dirs for each in self.session.operations if each.id == operation.undoes), ())

    def _handle_refusal(self, operation: Operation, error: GitError) -> None:
        """Mark an operation that git refused as failed, if nothing was changed.

        Raises:
            GitError: something was touched; the operation has to be finished or taken back.
        """
        project = self.session.project
        if self.recovered is not None or not self._is_untouched():
            raise GitError(error.message, f"it was done partly, and everything is pinned: {describe(operation)[1]}")
        if self.creates_stash_entry(operation):
            stash.drop_entry(project.git, operation.stash)
        operations.mark_ended(project.database, operation.id, OperationStatus.FAILED)

    def _is_untouched(self) -> bool:
        git, location = self.session.project.git, self.session.project.location
        head = read_head(git, location).oid
        with snapshot.temporary_index(git, location) as index:
            return snapshot.capture(git, head, index, self.session.omissions) == self.plan.before


@contextmanager
def prepare(project: Project, find_reversal: Callable[[WorktreeSession], Reversal]) -> Iterator[PreparedPlan]:
    """Plan an operation that can be carried out inside the block.

    Args:
        project: the repository.
        find_reversal: what to revert in a work tree.

    Raises:
        ConflictError: as for ``open_session`` and ``make_plan``.
    """
    with open_session(project) as session:
        yield PreparedPlan(make_plan(session, find_reversal(session)), session)


def _record_intent(session: WorktreeSession, plan: Plan) -> tuple[Operation, WorktreeState]:
    """Create the objects that a plan needs, pin them and everything that is there, and record the intent.

    Returns:
        the operation, and the state that it leads to, with the commit that was made for it.

    Raises:
        GitError, StoreError: it cannot be written, and nothing was changed.
    """
    try:
        return _pin_and_record(session, plan)
    except (GitError, StoreError) as error:
        hint = error.hint or "check that git's folder is writable and that the disk is not full"
        raise type(error)(f"{error.message}; nothing was changed", hint) from error


def _pin_and_record(session: WorktreeSession, plan: Plan) -> tuple[Operation, WorktreeState]:
    project, reversal = session.project, plan.reversal
    number = operations.next_id(project.database)
    name = f"batchhook operation {number}: {reversal.kind.value} of {reversal.selection.description}"
    entry = reversal.stash
    if plan.stashed_files:
        entry = autostash.create_entry(session, name, untracked=plan.stashes_untracked)
    after = _with_commit(session, plan, number)
    operation = Operation(
        id=number,
        kind=reversal.kind,
        mode=reversal.mode,
        selection=reversal.selection,
        status=OperationStatus.INTENT,
        worktree=session.worktree,
        before=snapshot.commit_state(project.git, plan.before, f"{name}, before"),
        after=snapshot.commit_state(project.git, after, f"{name}, after"),
        started_at=time.time(),
        undoes=reversal.undoes,
        branch=session.branch,
        head=after.head,
        stash=entry,
        empty_dirs=empty_dirs.find_affected(project.location.top, _new_paths(session, plan)),
    )
    pins = {
        refs.operation_before(number): operation.before,
        refs.operation_after(number): operation.after,
        refs.operation_stash(number): entry,
    }
    refs.pin(project.git, pins)
    operations.save_intent(project.database, operation)
    return operation, after


def _with_commit(session: WorktreeSession, plan: Plan, number: int) -> WorktreeState:
    """Return the state that a plan leads to, at the commit that it makes; no ref points at that yet."""
    if not plan.commit_tree:
        return plan.after
    reversal = plan.reversal
    message = commit_message.for_operation(session.project, number, reversal.selection, reversal.kind)
    head = branch.commit(session.project.git, plan.commit_tree, plan.before.head, message)
    return replace(plan.after, head=head)


def _new_paths(session: WorktreeSession, plan: Plan) -> list[str]:
    changed = merge.changed_paths(session.objects, plan.before.files, plan.after.files)
    return [path for path, (old, new) in changed.items() if new and not old]


def _pin_interrupted_state(session: WorktreeSession, plan: Plan, operation: Operation) -> None:
    """Pin what an interruption left, with whatever was done since, beside what earlier attempts pinned."""
    git, ref = session.project.git, refs.operation_interrupted(operation.id)
    earlier = git.run("rev-parse", "--verify", "--quiet", ref, check=False).stdout.decode().split()
    name = f"batchhook operation {operation.id}: found after it was interrupted"
    refs.pin(git, {ref: snapshot.commit_state(git, plan.before, name, *earlier)})
