"""Backups, and making room."""

from __future__ import annotations

from batchhook.api.opening import Opening
from batchhook.report import json_models
from batchhook.workflow import backups, serializers as composed
from batchhook.workflow.retention import prune


class Room(Opening):
    """A part of ``Workflow``."""

    def backup(self, number: int) -> json_models.BackupsDocument:
        """Make the file copies of the state before a batch anew, and read them.

        Raises:
            NoSuchBatchError, NotFinishedError: there is no such batch, or it is still open.
            GitError: git does not have its commits any more.
        """
        with self._opened() as project:
            project.reconcile()
            backups.back_up_again(project, number)
            return composed.backups_document(backups.verified(project, number))

    def verify_backups(self, number: int | None = None) -> json_models.BackupsDocument:
        """Read the file copies of a batch, or of all, and compare each with its SHA-256.

        Raises:
            StoreError: something is missing or damaged.
        """
        with self._opened() as project:
            project.reconcile()
            return composed.backups_document(backups.verified(project, number))

    def prune(
        self, *, keep: int | None = None, older_than: str | None = None, dry_run: bool = False
    ) -> json_models.PruneDocument:
        """Throw old batches away, with their outcomes, backups, pins and reports; cannot be taken back.

        Args:
            keep: keep the latest so many full batches.
            older_than: keep what is younger: ``"12h"``, ``"30d"``, ``"8w"``. With neither, it only says what there is.
            dry_run: only say what would go.

        Raises:
            UsageError: that is no age.
            ConflictError: a rollback, an undo or another pruning is under way.
        """
        with self._opened() as project:
            project.reconcile()
            rule = prune.rule(keep, older_than)
            if rule is None:
                return json_models.prune_document(prune.whole(project))
            planned = prune.plan(project, rule)
            if planned.is_empty or dry_run:
                return json_models.prune_document(planned.parts, planned.decision, done=not dry_run)
            return json_models.prune_document(prune.carry_out(project, planned).parts, planned.decision, done=True)
