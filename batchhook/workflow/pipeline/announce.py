"""Having others told of a batch's end, after it: nobody waits for this."""

from __future__ import annotations

import os

from batchhook.core.changes import Batch
from batchhook.store import batches, outbox
from batchhook.store.outbox import Untold
from batchhook.workflow.context.project import Project
from batchhook.workflow.notify.notifications import is_wanted
from batchhook.workflow.status import spawn


def announce(project: Project, batch: Batch) -> None:
    """Have plug-ins and people told by a process of its own, and be done with the batch; after a kill, once more.

    Raises:
        StoreError: nothing could be stored; the next runner does it.
    """
    if outbox.plugins(project.database) or is_wanted(project, batch.branch):
        outbox.mark_batch(project.database, batch.id, Untold.END)
    spawn.ensure_teller(project.location, project.database, os.environ)
    batches.set_announced(project.database, batch.id)
