"""The last steps of a batch job."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from functools import partial

from batchhook.core.batch import Batch
from batchhook.errors import StoreError
from batchhook.store import batches
from batchhook.workflow.auto_rollback.attempt import attempt_auto_rollback
from batchhook.workflow.context.job import BatchJob
from batchhook.workflow.context.project import Project
from batchhook.workflow.notify.plugin_events import add_metrics
from batchhook.workflow.prediction.training import retrain_if_due
from batchhook.workflow.reports.write import write_reports
from batchhook.workflow.status import spawn


def finalize(project: Project, job: BatchJob) -> None:
    """Attempt the automatic rollback, collect metrics, write reports, and mark the batch as finished.

    A step that fails is logged, and does not affect the others. After a kill, all are repeated.

    Raises:
        StoreError: the result could not be stored; the next runner finalizes the batch again.
    """
    number = job.batch.id
    _run_guarded(partial(attempt_auto_rollback, project, number, job.environment, job.listener))
    _run_guarded(partial(add_metrics, project, number))
    _run_guarded(partial(write_reports, project, number))
    batches.finish(project.database, number)
    _run_guarded(partial(retrain_if_due, project, number))  # the batch does not wait for it


def _run_guarded(step: Callable[[], None]) -> None:
    try:
        step()
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - logged: a defect in one step must not block the queue
        traceback.print_exc()


def request_dispatch(project: Project, batch: Batch) -> None:
    """Start the dispatcher of events to plug-ins and notifications, and close the job.

    The dispatcher is a process of its own, so the runner does not wait for it. After a kill, this is repeated.

    Raises:
        StoreError: nothing could be stored; the next runner does it.
    """
    spawn.ensure_dispatcher(project.location, project.database, os.environ)
    batches.mark_finalized(project.database, batch.id)
