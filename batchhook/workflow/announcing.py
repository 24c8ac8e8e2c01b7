"""Who is told of a batch's end, after it: nobody waits for this."""

from __future__ import annotations

from batchhook.store import batches
from batchhook.workflow.closing import Step, guarded
from batchhook.workflow.project import Project

LISTENERS: tuple[Step, ...] = ()
"""Each is given the repository and the batch's number; after a kill it may be told a second time."""


def announce(project: Project, number: int) -> None:
    """Tell everybody, and be done with the batch.

    Raises:
        StoreError: nothing could be stored; all are told again by the next runner.
    """
    for listener in LISTENERS:
        guarded(listener, project, number)
    batches.set_announced(project.database, number)
