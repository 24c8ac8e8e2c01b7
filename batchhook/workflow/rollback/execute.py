"""From a plan to a deed: written down (``intent``), done, marked done. Each step can be repeated after a kill."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from batchhook.core.operations import Kind, Operation, OperationStatus, puts_aside
from batchhook.errors import GitError
from batchhook.git import branch, empty_dirs, snapshot, stash
from batchhook.git.location import read_head
from batchhook.git.snapshot import State
from batchhook.store import locks, operations, outbox
from batchhook.workflow.context.interrupted import said_of
from batchhook.workflow.notify import notifications
from batchhook.workflow.recording.timeline_step import note_what_was_left
from batchhook.workflow.rollback import commit_message, intent
from batchhook.workflow.rollback.request import Plan
from batchhook.workflow.rollback.worktree_session import Scene
from batchhook.workflow.status import gate, spawn


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan that can be carried out as long as its block lasts.

    Attributes:
        plan: what is going to be done.
        scene: what it is done in.
        ending: an operation that was interrupted, and is brought to an end by this; None for a new one.
        end: how it is going to end.
    """

    plan: Plan
    scene: Scene
    ending: Operation | None = None
    end: OperationStatus = OperationStatus.DONE

    @property
    def is_to_be_done(self) -> bool:
        """Whether there is something to do: an undo is written down even where nothing is left to take back."""
        return not self.plan.is_empty or self.plan.target.kind is not Kind.ROLLBACK or self.ending is not None

    def carry_out(self) -> Operation:
        """Pin all that the user has, write the intent down, act, and mark it done.

        Raises:
            GitError: git refused, for instance since a file was changed meanwhile; what was there is pinned.
            StoreError: it could not be written down, and nothing was touched.
        """
        project = self.scene.project
        if self.ending is None:
            operation, then = intent.written_down(self.scene, self.plan)
        else:
            operation, then = self.ending, self.plan.then
            intent.pin_what_was_found(self.scene, self.plan, operation)
        try:
            with locks.lock(project.state.recording_lock):  # what is half done is not to be recorded
                self._act(operation, then)
        except GitError as error:
            self._refused(operation, error)
            raise GitError(f"{error.message}; nothing was touched", error.hint) from error
        done = replace(operation, status=self.end, head=then.head)
        commit_message.settle(project, [*(each for each in self.scene.past if each.id != operation.id), done])
        operations.end(project.database, operation.id, self.end)
        self._tell(done)
        gate.settle(project)
        note_what_was_left(project, operation.id, then.files)
        return done

    def _tell(self, operation: Operation) -> None:
        """Have plug-ins and others told, who ask for it."""
        project = self.scene.project
        is_wanted = bool(outbox.plugins(project.database)) or notifications.is_wanted(project)
        if is_wanted and operation.status is OperationStatus.DONE:
            outbox.mark_operation(project.database, operation.id, untold=True)
        spawn.ensure_teller(project.location, project.database, os.environ)

    def _act(self, operation: Operation, then: State) -> None:
        project, now = self.scene.project, self.plan.now
        stores = self.puts_aside(operation) is not (self.end is OperationStatus.TAKEN_BACK)
        if operation.stash and stores:
            stash.store(project.git, operation.stash)
        snapshot.move(project.git, self.scene.index, now, then)
        empty_dirs.make_again(project.location.top, self._emptied(operation))
        if now.head != then.head:
            said = f"operation {operation.id}: {operation.kind.value} of {operation.selection.what}"
            branch.move(project.git, now.head, then.head, said)
        if operation.stash and not stores:
            stash.drop(project.git, operation.stash)

    def _emptied(self, operation: Operation) -> tuple[str, ...]:
        """The folders that are empty again without what was taken out."""
        if self.end is OperationStatus.TAKEN_BACK:
            return operation.folders
        return next((each.folders for each in self.scene.past if each.id == operation.undoes), ())

    def _refused(self, operation: Operation, error: GitError) -> None:
        """See whether anything was touched; if not, the operation is as if it had never been.

        Raises:
            GitError: something was, and it is to be finished or taken back.
        """
        project = self.scene.project
        if self.ending is not None or not self._is_untouched():
            raise GitError(error.message, f"it was done half-way, everything is pinned: {said_of(operation)[1]}")
        if self.puts_aside(operation):
            stash.drop(project.git, operation.stash)
        operations.end(project.database, operation.id, OperationStatus.FAILED)

    def puts_aside(self, operation: Operation) -> bool:
        """Whether an operation puts work into the stash, and does not take it out of it."""
        return operation.id in puts_aside([*(each for each in self.scene.past if each.id != operation.id), operation])

    def _is_untouched(self) -> bool:
        git, location, now = self.scene.project.git, self.scene.project.location, self.plan.now
        head = read_head(git, location).oid
        with snapshot.private_index(git, location) as index:
            return snapshot.look(git, head, index) == now
