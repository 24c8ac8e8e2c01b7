"""The dispatcher: the detached process, one per repository, that delivers events to plug-ins and notifications.

Run as ``python -m batchhook.workflow.pipeline.dispatcher TOP``. How far it has come is in the database, so a kill loses
no event, but may deliver one twice. Neither a commit nor the runner waits for it.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from batchhook.core.batch import Batch, BatchStatus
from batchhook.core.commit import Commit, FileEdit
from batchhook.core.events import EventKind, RepositoryEvent
from batchhook.core.operations import OperationStatus
from batchhook.core.verdict import Verdict
from batchhook.errors import BatchhookError, StoreError
from batchhook.git import backends, object_db
from batchhook.report import json_models
from batchhook.store import batches, branches, deliveries, events, locks, operations, runs, test_stats
from batchhook.workflow.context.project import Project, open_project
from batchhook.workflow.counting.reconcile import Count
from batchhook.workflow.coverage.compare import load_report
from batchhook.workflow.notify.notifications import notify_batch, notify_operation
from batchhook.workflow.notify.plugin_events import PluginSet
from batchhook.workflow.serializers import operation_document
from batchhook.workflow.status import spawn
from batchhook.workflow.status.analyze import load_analysis


def main() -> None:
    """Deliver all pending events, then exit."""
    dispatch(Path(sys.argv[1]), os.environ)


def dispatch(top: Path, environment: Mapping[str, str]) -> None:
    """Deliver all pending events, unless another dispatcher does.

    Raises:
        StoreError: the delivery could not be stored; the next dispatcher delivers what is left.
    """
    with open_project(top, environment=environment, timeout=60.0) as project:
        # Check again after releasing the lock: a process that adds an event just before that starts none.
        while _has_pending(project):
            with locks.try_lock(project.state.dispatcher_lock) as is_locked:
                if not is_locked:
                    break
                dispatcher = Dispatcher(project, PluginSet(project))
                while dispatcher.deliver_pending():
                    pass
        spawn.ensure_runner(project.location, project.database, environment)


def _has_pending(project: Project) -> bool:
    count = project.reconcile() if deliveries.load_plugins(project.database) else None
    return deliveries.has_pending(project.database, [change.oid for change in count.changes] if count else ())


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Delivers pending events to the installed plug-ins, and as notifications."""

    project: Project
    plugin_set: PluginSet

    def deliver_pending(self) -> bool:
        """Deliver all pending events in the order in which they happened; return whether there were any."""
        database = self.project.database
        handlers: Mapping[EventKind, Callable[[RepositoryEvent], None]] = {
            EventKind.BATCH_SEALED: self._deliver_sealed,
            EventKind.RUN_FINISHED: self._deliver_run,
            EventKind.BATCH_FINISHED: self._deliver_end,
            EventKind.OPERATION_ENDED: self._deliver_operation,
        }
        pending = events.unread(database, events.DISPATCHER)
        for event in pending:
            if event.kind in handlers:
                self._run_guarded(handlers[event.kind], event)
            events.advance(database, events.DISPATCHER, event.id)
        return self._deliver_open_changes() or bool(pending)

    @staticmethod
    def _run_guarded(deliver: Callable[[RepositoryEvent], None], event: RepositoryEvent) -> None:
        try:
            deliver(event)
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 - logged: a defect of ours must not keep other events from being delivered
            traceback.print_exc()

    def _deliver_sealed(self, event: RepositoryEvent) -> None:
        if not self.plugin_set.plugins:
            return
        batch = batches.load(self.project.database, event.batch)
        new = set(deliveries.filter_undelivered(self.project.database, [change.oid for change in batch.changes]))
        self._deliver_changes(batch, [change for change in batch.changes if change.oid in new])
        self.plugin_set.publish("batchhook_batch_sealed", batch=self._document(batch))
        deliveries.forget_changes(self.project.database, batch.id)

    def _deliver_run(self, event: RepositoryEvent) -> None:
        number = event.batch
        loaded = runs.load_for_batch(self.project.database, number)
        if not self.plugin_set.plugins or loaded is None:
            return
        batch, (run, verdict) = batches.load(self.project.database, number), loaded
        failing = (result.test_id for result in run.result.results if result.outcome.is_failure)
        flips = test_stats.load_flips(self.project.database, failing)
        is_reused = runs.is_reused(self.project.database, number)
        coverage = load_report(self.project.database, self.project.git, run.id, batch.changes, run.tree)
        document = json_models.test_document(batch.head, run, verdict, flips, remembered=is_reused, coverage=coverage)
        self.plugin_set.publish("batchhook_run_finished", batch=self._document(batch), run=document)

    def _deliver_end(self, event: RepositoryEvent) -> None:
        analysis = load_analysis(self.project, event.batch)
        if self.plugin_set.plugins and analysis.verdict is Verdict.CRITICAL:
            self.plugin_set.publish("batchhook_critical_failure", analysis=json_models.analysis_document(analysis))
        notify_batch(self.project, analysis)

    def _deliver_operation(self, event: RepositoryEvent) -> None:
        operation = operations.load(self.project.database, event.operation)
        if operation.status is not OperationStatus.DONE:
            return
        if self.plugin_set.plugins:
            self.plugin_set.publish("batchhook_rolled_back", operation=operation_document(operation))
        notify_operation(self.project, operation)

    def _deliver_open_changes(self) -> bool:
        """Deliver new changes of the checked-out branch's open batch; return whether there were any."""
        count = self.project.reconcile() if self.plugin_set.plugins else None
        if count is None or not count.changes:
            return False
        new = self._find_new_changes(count)
        self._deliver_changes(count.as_batch(), new)
        return bool(new)

    def _find_new_changes(self, count: Count) -> list[Commit]:
        """Return the undelivered changes; amended or rebased ones that were delivered under another name are none."""
        database = self.project.database
        oids = deliveries.filter_undelivered(database, [change.oid for change in count.changes])
        branch = branches.find(database, count.branch)
        if not oids or branch is None:
            return []
        ledger = branches.load_ledger(database, branch, oids)
        renamed = []
        for oid in oids:
            former_oids = ledger.former_oids(oid)
            if len(deliveries.filter_undelivered(database, former_oids)) < len(former_oids):
                renamed.append(oid)
        deliveries.mark_changes_delivered(database, renamed)
        return [change for change in count.changes if change.oid in set(oids).difference(renamed)]

    def _deliver_changes(self, batch: Batch, new: list[Commit]) -> None:
        document, oids = self._document(batch), {change.oid for change in new}
        for change in document.changes:
            if change.oid in oids:
                self.plugin_set.publish("batchhook_change_recorded", change=change, batch=document)
                deliveries.mark_changes_delivered(self.project.database, [change.oid])

    def _document(self, batch: Batch) -> json_models.BatchDocument:
        return json_models.batch_document(batch, self._load_edits(batch))

    def _load_edits(self, batch: Batch) -> dict[str, tuple[FileEdit, ...]]:
        """Return the files that a batch's changes touched; none if libgit2 cannot open the repository."""
        stored = batches.load_edits(self.project.database, batch.id) if batch.status is not BatchStatus.OPEN else {}
        if stored:
            return stored
        try:
            repository = backends.open_repository(self.project.location.common_dir)
        except BatchhookError:
            return {}
        return {change.oid: object_db.file_edits(repository, change) for change in batch.changes}


if __name__ == "__main__":
    main()
