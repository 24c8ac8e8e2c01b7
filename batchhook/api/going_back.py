"""Going back, and taking that back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager

from batchhook.api.opening import Opening, Quiet
from batchhook.core.rollback import Mode, batch_range
from batchhook.report import json_models
from batchhook.store import operations as stored
from batchhook.store.restorations import Kept
from batchhook.workflow import serializers as composed
from batchhook.workflow.auto_rollback import revert_candidates
from batchhook.workflow.context import interrupted
from batchhook.workflow.restore import apply, diff as restore_diff
from batchhook.workflow.rollback import selection
from batchhook.workflow.rollback.execute import Planned
from batchhook.workflow.rollback.recovery import planned_end
from batchhook.workflow.rollback.request import How
from batchhook.workflow.rollback.rollback import planned_rollback
from batchhook.workflow.rollback.undo import planned_redo, planned_undo


class GoingBack(Opening):
    """A part of ``Workflow``."""

    def rollback(
        self,
        what: int | str | None = None,
        *,
        changes: Sequence[str] = (),
        paths: Sequence[str | os.PathLike[str]] = (),
        culprit: bool = False,
        mode: Mode | str = Mode.FILES,
        force: bool = False,
        stash: bool = False,
        dry_run: bool = False,
    ) -> json_models.OperationDocument:
        """Take changes out of what is there; nobody is asked, and ``undo`` takes it back.

        Args:
            what: the batch's number, or ``"3..5"`` for several of one branch.
            changes: only these: names of commits, of full batches or of the open one.
            paths: only in these files and folders; relative to the folder that this object was made for.
            culprit: only the changes that broke something, once it is proven that this mends it.
            mode: ``files``, ``commit`` (one commit, which fills no batch) or ``reset`` (the branch moves back).
            force: with ``reset``, even if others have the commits.
            stash: put uncommitted work that is in the way aside, in git's stash.
            dry_run: only say what would change.

        Returns:
            the operation; ``id`` is None where it was not carried out, since there was nothing to do or it was dry.

        Raises:
            NoSuchBatchError, NotFinishedError: there is no such batch, or it is still open.
            ConflictError: the same lines were changed since, git is in the middle of something, others have the
                commits, an operation was interrupted, or the proof does not hold.
            BatchhookError: the batch is another branch's, or git does not know in whose name to commit.
            UsageError: what is asked for does not go together.
        """
        how = How(Mode(mode), force=force, stash=stash)
        with self._opened() as project:
            project.reconcile()
            batches = None if what is None else batch_range(str(what))
            these = selection.paths_from_top(project, self._folder, [os.fspath(path) for path in paths])
            if culprit:
                number = selection.one_batch(batches, changes, these)
                found, proof = revert_candidates.find_and_prove(project, number, os.environ, Quiet(), how)
                done = self._carry_out(revert_candidates.planned(project, number, found, proof, how), dry_run=dry_run)
                return done.model_copy(update={"proof": json_models.ProofDocument.model_validate(proof)})
            chosen = selection.chosen(project, batches, changes, these)
            return self._carry_out(planned_rollback(project, chosen, how), dry_run=dry_run)

    def rollback_from_backup(
        self, number: int, *, force: bool = False, dry_run: bool = False
    ) -> json_models.RestorationDocument:
        """Bring the files of a batch back from their copies alone, where git's objects are gone or damaged.

        Args:
            number: the batch's.
            force: also files that were changed since; what they hold is kept.
            dry_run: only say what would change.

        Raises:
            StoreError: there is no backup, or what of it is needed is damaged.
            ConflictError: files were changed since, or something is in the way.
        """
        with self._opened() as project:
            return self._restore(apply.planned_rollback(project, number, force=force), dry_run=dry_run)

    def undo_from_backup(self, *, force: bool = False, dry_run: bool = False) -> json_models.RestorationDocument:
        """Take the latest ``rollback_from_backup`` back; arguments as there.

        Raises:
            BatchhookError: there is none.
            StoreError, ConflictError: as there.
        """
        with self._opened() as project:
            return self._restore(apply.planned_undo(project, force=force), dry_run=dry_run)

    @staticmethod
    def _restore(planning: AbstractContextManager[apply.Planned], *, dry_run: bool) -> json_models.RestorationDocument:
        with planning as planned:
            diff = restore_diff.diff_of(planned.plan, planned.project.location.top)
            done = planned.carry_out() if planned.plan.files and not dry_run else None
            return composed.restored_document(planned.plan, diff, done)

    def undo(
        self, operation: int | None = None, *, stash: bool = False, dry_run: bool = False
    ) -> json_models.OperationDocument:
        """Take an operation back: exactly what was there before it.

        Args:
            operation: which one; the latest rollback that is in effect, or one that was interrupted, if it is None.
            stash: put uncommitted work that is in the way aside, in git's stash.
            dry_run: only say what would change.

        Raises:
            BatchhookError: there is nothing to undo, or the operation is not in effect.
            ConflictError: the same lines were changed since, the branch has moved on, or git is in the middle of
                something.
        """
        with self._opened() as project:
            return self._carry_out(planned_undo(project, operation or 0, may_stash=stash), dry_run=dry_run)

    def redo(self, *, stash: bool = False, dry_run: bool = False) -> json_models.OperationDocument:
        """Take the latest undo back; arguments as for ``undo``.

        Raises:
            BatchhookError: there is nothing to redo.
            ConflictError: as for ``undo``.
        """
        with self._opened() as project:
            return self._carry_out(planned_redo(project, may_stash=stash), dry_run=dry_run)

    def finish(self, operation: int | None = None, *, dry_run: bool = False) -> json_models.OperationDocument:
        """Finish an operation that was interrupted (``status`` says so); ``undo`` takes it back instead.

        Raises:
            BatchhookError: it was not interrupted.
            ConflictError: the same lines were changed since.
        """
        with self._opened() as project:
            return self._carry_out(planned_end(project, operation or 0, finish=True), dry_run=dry_run)

    def operations(self) -> json_models.OperationsDocument:
        """Rollbacks, undos and redos so far, newest first."""
        with self._opened() as project:
            torn = interrupted.find(project.database, project.location)
            return composed.operations_document(
                stored.latest(project.database), torn.id if torn else 0, Kept(project.state.kept).all()
            )

    @staticmethod
    def _carry_out(planning: AbstractContextManager[Planned], *, dry_run: bool) -> json_models.OperationDocument:
        with planning as planned:
            operation = None if dry_run or not planned.is_to_be_done else planned.carry_out()
            return composed.plan_document(planned.plan, operation)
