"""Going back by itself after a critical failure (setting ``auto_rollback``): prepared, proven, and done.

It is a rollback of the guilty changes like any other: planned, pinned, written down, and taken back by ``undo``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from batchhook.core.culprits.search import DELTA_TO_REVERT
from batchhook.core.operations import Kind, Operation, in_effect, interrupted
from batchhook.core.rollback import WayBack, WayBackStatus
from batchhook.core.settings import AutoRollback
from batchhook.core.verdict import Verdict
from batchhook.errors import BatchhookError, ConflictError
from batchhook.git.snapshot import State
from batchhook.store import attributions, auto_rollbacks, operations, runs
from batchhook.workflow.auto_rollback.revert_candidates import Guilty, find_guilty, prove_guilty
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import here
from batchhook.workflow.rollback import selection
from batchhook.workflow.rollback.rollback import planned_rollback
from batchhook.workflow.status import notices
from batchhook.workflow.suite.run import RunListener

# pre-commit hides edits that are not staged for as long as a hook runs: a work tree is clean if it is so twice.
_BETWEEN_TWO_LOOKS = 1.0


def attempt(project: Project, number: int, environment: Mapping[str, str], listener: RunListener) -> None:
    """Look for a way back from a batch's critical failure, if that is set; a second time changes nothing.

    Args:
        project: the repository.
        number: the batch's.
        environment: the caller's.
        listener: is told how the proof goes.

    Raises:
        StoreError: nothing could be stored.
    """
    if project.settings.auto_rollback is AutoRollback.OFF or auto_rollbacks.of_batch(project.database, number):
        return
    found = runs.totals(project.database, number)
    if found is None or found[0] is not Verdict.CRITICAL:
        return
    listener.stage("preparing a way back")
    try:
        way = _found(project, number, environment, listener)
    except BatchhookError as error:
        way = WayBack(WayBackStatus.REFUSED, reason=error.message)
    auto_rollbacks.put(project.database, number, way)
    notices.add(project.state, number, way.summary(number))


def _found(project: Project, number: int, environment: Mapping[str, str], listener: RunListener) -> WayBack:
    earlier = _earlier(project, number)
    if earlier is not None:
        return earlier
    guilty = find_guilty(project, number)
    if not prove_guilty(project, guilty, environment, listener).holds:
        raise ConflictError("without the changes that are to blame the tests do not pass", "")
    changes = tuple(change.oid for change in guilty.changes)
    if project.settings.auto_rollback is AutoRollback.PROPOSE:
        return WayBack(WayBackStatus.PROPOSED, changes)
    try:
        _check_certainty(project, number, guilty)
        operation = _apply(project, number, guilty)
    except BatchhookError as error:
        return WayBack(WayBackStatus.PROPOSED, changes, error.message)
    return WayBack(WayBackStatus.APPLIED, changes, operation=operation.id)


def _earlier(project: Project, number: int) -> WayBack | None:
    """What became of a rollback of this batch that an attempt made before it was killed, or the user did meanwhile."""
    past = operations.all_of(project.database)
    torn = interrupted(past, os.fspath(project.location.top))
    if torn is not None:
        which = f"operation {torn.id} was interrupted"
        return WayBack(WayBackStatus.REFUSED, reason=f"{which} (batchhook operations finish {torn.id}, or undo)")
    effective = in_effect(past)
    for done in past:
        if done.kind is Kind.ROLLBACK and done.id in effective and number in done.selection.batches:
            return WayBack(WayBackStatus.APPLIED, done.selection.changes, operation=done.id)
    return None


def _check_certainty(project: Project, number: int, guilty: Guilty) -> None:
    """See that each change surely broke something: what is done unasked has to be surer than what is told."""
    found = attributions.by_id(project.database, number)
    for change in guilty.changes:
        surest = max(one.confidence for one in found.values() if one.change == change.oid)
        if surest < 1 - DELTA_TO_REVERT:
            raise ConflictError(f"that {change.oid[:8]} is to blame is not sure enough", "")


def _apply(project: Project, number: int, guilty: Guilty) -> Operation:
    """Take the guilty changes out of a work tree that holds nothing but what is committed.

    Raises:
        ConflictError: it holds more, HEAD has moved, or git is in the middle of something.
    """
    chosen = selection.of_batch(project, number, guilty.changes)
    with planned_rollback(project, chosen, head=guilty.head) as planned:
        _check_clean(project, planned.plan.now)
    time.sleep(_BETWEEN_TWO_LOOKS)
    with planned_rollback(project, chosen, head=guilty.head) as planned:
        _check_clean(project, planned.plan.now)
        return planned.carry_out()


def _check_clean(project: Project, now: State) -> None:
    known = project.git.text("rev-parse", f"{here(project)}^{{tree}}")
    if now.files != known or (now.index != known and not project.location.is_private):
        held = "recorded" if project.location.is_private else "committed"
        raise ConflictError(f"the work tree holds changes that are not {held}", "")
