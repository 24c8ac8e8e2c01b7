"""Who is told of a batch's end, after it: nobody waits for this."""

from __future__ import annotations

import os

from batchhook.store import batches, events
from batchhook.store.events import Untold
from batchhook.workflow import background
from batchhook.workflow.closing import Step, guarded
from batchhook.workflow.notifying import is_wanted
from batchhook.workflow.project import Project


def _to_the_teller(project: Project, number: int) -> None:
    """Have plug-ins and others told by a process of its own, which the next batch does not wait for."""
    if events.plugins(project.database) or is_wanted(project, batches.get(project.database, number).branch):
        events.mark_batch(project.database, number, Untold.END)
    background.ensure_teller(project.location, project.database, os.environ)


LISTENERS: tuple[Step, ...] = (_to_the_teller,)
"""Each is given the repository and the batch's number; after a kill it may be told a second time."""


def announce(project: Project, number: int) -> None:
    """Tell everybody, and be done with the batch.

    Raises:
        StoreError: nothing could be stored; all are told again by the next runner.
    """
    for listener in LISTENERS:
        guarded(listener, project, number)
    batches.set_announced(project.database, number)
