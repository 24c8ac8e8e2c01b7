"""The teller: the one detached process of a repository that tells plug-ins, and people, what has happened.

Run as ``python -m batchhook.workflow.pipeline.dispatcher TOP``. What is to be told is marked in the database, so that
nothing is lost when it is killed, and something may be told twice. Nobody waits for it: not a commit, and not the
runner.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from batchhook.core.changes import Batch, BatchStatus, Commit, FileEdit
from batchhook.core.verdict import Verdict
from batchhook.errors import BatchhookError, StoreError
from batchhook.git import backends, object_db
from batchhook.report import json_models
from batchhook.store import batches, branches, locks, operations, outbox, runs, test_stats
from batchhook.store.outbox import Untold
from batchhook.workflow.context.project import Project, opened
from batchhook.workflow.counting.reconcile import Count
from batchhook.workflow.notify.notifications import notify_of_batch, notify_of_operation
from batchhook.workflow.notify.plugin_events import Audience
from batchhook.workflow.serializers import operation_document
from batchhook.workflow.status import spawn
from batchhook.workflow.status.analyze import analyzed


def main() -> None:
    """Tell all that is to be told, then end."""
    tell_all(Path(sys.argv[1]), os.environ)


def tell_all(top: Path, environment: Mapping[str, str]) -> None:
    """Tell all that is to be told, unless another process is at it.

    Raises:
        StoreError: it could not be noted; what is left is told at the next occasion.
    """
    with opened(top, environment=environment, timeout=60.0) as project:
        while _is_news(project):  # again without the lock: what is marked while we leave would find us still at work
            with locks.try_lock(project.state.teller_lock) as mine:
                if not mine:
                    break
                teller = _Teller(project, Audience(project))
                while teller.tell():
                    pass
        spawn.ensure_runner(project.location, project.database, environment)


def _is_news(project: Project) -> bool:
    count = project.reconcile() if outbox.plugins(project.database) else None
    return outbox.is_news(project.database, [change.oid for change in count.changes] if count else ())


@dataclass(frozen=True, slots=True)
class _Teller:
    project: Project
    audience: Audience

    def tell(self) -> bool:
        """Tell everything there is, in the order in which it happened; gives whether there was anything."""
        database = self.project.database
        told = False
        for number, untold in outbox.untold_batches(database):
            for part, how in ((Untold.SEALED, self._sealed), (Untold.RUN, self._run), (Untold.END, self._end)):
                if part in untold:
                    self._guarded(how, number)
                    outbox.told_batch(database, number, part)
                    told = True
        for number in outbox.untold_operations(database):
            self._guarded(self._operation, number)
            outbox.mark_operation(database, number, untold=False)
            told = True
        return self._open() or told

    @staticmethod
    def _guarded(how: Callable[[int], None], number: int) -> None:
        """Tell of something; a defect of ours in it must not keep the rest from being told."""
        try:
            how(number)
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 - told in the log
            traceback.print_exc()

    def _sealed(self, number: int) -> None:
        if not self.audience.plugins:
            return
        batch = batches.get(self.project.database, number)
        new = set(outbox.not_told(self.project.database, [change.oid for change in batch.changes]))
        self._changes(batch, [change for change in batch.changes if change.oid in new])
        self.audience.tell("batchhook_batch_sealed", batch=self._shown(batch))

    def _run(self, number: int) -> None:
        found = runs.of_batch(self.project.database, number)
        if not self.audience.plugins or found is None:
            return
        batch, (run, verdict) = batches.get(self.project.database, number), found
        failing = (result.test_id for result in run.outcome.results if result.outcome.is_failure)
        flips = test_stats.flips(self.project.database, failing)
        is_remembered = runs.is_remembered(self.project.database, number)
        document = json_models.test_document(batch.head, run, verdict, flips, remembered=is_remembered)
        self.audience.tell("batchhook_run_finished", batch=self._shown(batch), run=document)

    def _end(self, number: int) -> None:
        found = analyzed(self.project, number)
        if self.audience.plugins and found.verdict is Verdict.CRITICAL:
            document = json_models.analysis_document(found)
            self.audience.tell("batchhook_critical_failure", analysis=document)
        notify_of_batch(self.project, found)

    def _operation(self, number: int) -> None:
        operation = operations.get(self.project.database, number)
        if self.audience.plugins:
            self.audience.tell("batchhook_rolled_back", operation=operation_document(operation))
        notify_of_operation(self.project, operation)

    def _open(self) -> bool:
        """Tell of new changes of the open batch of the branch that is checked out."""
        count = self.project.reconcile() if self.audience.plugins else None
        if count is None or not count.changes:
            return False
        new = self._new(count)
        self._changes(count.as_batch(), new)
        return bool(new)

    def _new(self, count: Count) -> list[Commit]:
        """The changes that are new, and no other names of changes that were told: amended or rebased ones."""
        database = self.project.database
        oids = outbox.not_told(database, [change.oid for change in count.changes])
        branch = branches.find(database, count.branch)
        if not oids or branch is None:
            return []
        ledger = branches.ledger(database, branch, oids)
        renamed = [oid for oid in oids if len(outbox.not_told(database, names := ledger.earlier(oid))) < len(names)]
        outbox.told_changes(database, renamed)
        return [change for change in count.changes if change.oid in set(oids).difference(renamed)]

    def _changes(self, batch: Batch, new: list[Commit]) -> None:
        shown = self._shown(batch)
        for change in shown.changes:
            if change.oid in {one.oid for one in new}:
                self.audience.tell("batchhook_change_recorded", change=change, batch=shown)
                outbox.told_changes(self.project.database, [change.oid])

    def _shown(self, batch: Batch) -> json_models.BatchDocument:
        return json_models.batch_document(batch, self._edits(batch))

    def _edits(self, batch: Batch) -> dict[str, tuple[FileEdit, ...]]:
        """The files that a batch's changes touched; none where libgit2 cannot open the repository."""
        known = batches.edits(self.project.database, batch.id) if batch.status is not BatchStatus.OPEN else {}
        if known:
            return known
        try:
            repository = backends.open_repository(self.project.location.common_dir)
        except BatchhookError:
            return {}
        return {change.oid: object_db.file_edits(repository, change) for change in batch.changes}


if __name__ == "__main__":
    main()
