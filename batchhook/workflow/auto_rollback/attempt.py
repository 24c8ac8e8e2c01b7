"""Automatic rollback of the culprits after a critical failure (setting ``auto_rollback``).

It is a rollback like any other: planned, pinned and recorded, and ``undo`` reverses it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from batchhook.core.culprits.attribution import group_by_culprit
from batchhook.core.culprits.search import MAX_ERROR_TO_REVERT
from batchhook.core.events import RunListener, StageBegan
from batchhook.core.operations import Operation, OperationKind, batch_rollbacks, effective_ids, find_interrupted
from batchhook.core.rollback import AutoRollbackResult, AutoRollbackStatus, RollbackMode
from batchhook.core.settings import AutoRollback
from batchhook.core.verdict import Verdict
from batchhook.errors import BatchhookError, ConflictError
from batchhook.git.snapshot import WorktreeState
from batchhook.store import attributions, critical_failures, operations, runs
from batchhook.workflow.auto_rollback.revert_candidates import RevertCandidates, check_candidates, find_candidates
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import head_oid
from batchhook.workflow.rollback.request import RollbackRequest, prepare_rollback
from batchhook.workflow.rollback.selection import for_batch
from batchhook.workflow.status import notices

_SECONDS_BETWEEN_CHECKS = 1.0
"""pre-commit hides unstaged edits while a hook runs, so a work tree counts as clean only if it is found so twice."""


def attempt_auto_rollback(project: Project, number: int, environment: Mapping[str, str], listener: RunListener) -> None:
    """Propose or carry out a rollback after a batch's critical failure, as the settings say.

    A stored result is final: a second call changes nothing.

    Args:
        project: the repository.
        number: of the batch.
        environment: the caller's.
        listener: is notified of the progress of the check.

    Raises:
        StoreError: the result could not be stored.
    """
    if project.settings.auto_rollback is AutoRollback.OFF:
        return
    if critical_failures.load_auto_rollback(project.database, number):
        return
    totals = runs.load_totals(project.database, number)
    if totals is None or totals[0] is not Verdict.CRITICAL:
        return
    listener(StageBegan("preparing a rollback"))
    try:
        result = _attempt(project, number, environment, listener)
    except BatchhookError as error:
        result = AutoRollbackResult(AutoRollbackStatus.REFUSED, reason=error.message)
    critical_failures.save_auto_rollback(project.database, number, result)
    notices.append_line(project.state, number, result.summary(number))


def _attempt(
    project: Project, number: int, environment: Mapping[str, str], listener: RunListener
) -> AutoRollbackResult:
    earlier = _earlier_result(project, number)
    if earlier is not None:
        return earlier
    candidates = find_candidates(project, number)
    if not check_candidates(project, candidates, environment, listener).passes:
        raise ConflictError("reverting the culprits does not fix the tests they broke, or breaks others")
    changes = tuple(change.oid for change in candidates.changes)
    if project.settings.auto_rollback is AutoRollback.PROPOSE:
        return AutoRollbackResult(AutoRollbackStatus.PROPOSED, changes)
    try:
        _check_certainty(project, candidates)
        operation = _apply(project, candidates)
    except BatchhookError as error:
        return AutoRollbackResult(AutoRollbackStatus.PROPOSED, changes, error.message)
    return AutoRollbackResult(AutoRollbackStatus.APPLIED, changes, operation=operation.id)


def _earlier_result(project: Project, number: int) -> AutoRollbackResult | None:
    """Return the result if no new attempt may be made; otherwise None.

    Returns:
        applied, if an attempt reverted the culprits and was killed before it stored its result; refused, if the user
        has rolled back the batch or a part of it, or if an operation in this work tree was interrupted.
    """
    past = operations.list_all(project.database)
    pending = find_interrupted(past, os.fspath(project.location.top))
    if pending is not None:
        reason = f"operation {pending.id} was interrupted (batchhook operations finish {pending.id}, or undo)"
        return AutoRollbackResult(AutoRollbackStatus.REFUSED, reason=reason)
    rollback = batch_rollbacks(past).get(number)
    if rollback is None:
        return None
    effective = effective_ids(past)
    culprits = frozenset(group_by_culprit(attributions.load_by_test_id(project.database, number)))
    for operation in past:
        if operation.id in effective and _is_own(project, operation, number, culprits):
            return AutoRollbackResult(AutoRollbackStatus.APPLIED, operation.selection.changes, operation=operation.id)
    return AutoRollbackResult(AutoRollbackStatus.REFUSED, reason=f"it is already {rollback.summary}")


def _is_own(project: Project, operation: Operation, number: int, culprits: frozenset[str]) -> bool:
    """Return whether an operation is as an automatic rollback of a batch: it reverts culprits in the files only."""
    selection = operation.selection
    return (
        project.settings.auto_rollback is AutoRollback.APPLY
        and (operation.kind, operation.mode) == (OperationKind.ROLLBACK, RollbackMode.FILES)
        and (selection.batches, selection.paths) == ((number,), ())
        and bool(selection.changes)
        and culprits.issuperset(selection.changes)
    )


def _check_certainty(project: Project, candidates: RevertCandidates) -> None:
    """Require more certainty of each culprit than a report does, as this rollback was not asked for."""
    by_test = attributions.load_by_test_id(project.database, candidates.batch)
    for change in candidates.changes:
        confidence = max(each.confidence for each in by_test.values() if each.culprit == change.oid)
        if confidence < 1 - MAX_ERROR_TO_REVERT:
            raise ConflictError(f"{change.oid[:8]} is not certain enough to be a culprit to be reverted automatically")


def _apply(project: Project, candidates: RevertCandidates) -> Operation:
    """Revert the candidates in a clean work tree.

    Raises:
        ConflictError: it is not clean, HEAD has moved, or git is in the middle of something.
    """
    selected = for_batch(project, candidates.batch, candidates.changes)
    with prepare_rollback(project, RollbackRequest(), selected=selected, head=candidates.head) as prepared:
        _check_clean(project, prepared.plan.before)
    time.sleep(_SECONDS_BETWEEN_CHECKS)
    with prepare_rollback(project, RollbackRequest(), selected=selected, head=candidates.head) as prepared:
        _check_clean(project, prepared.plan.before)
        return prepared.execute()


def _check_clean(project: Project, state: WorktreeState) -> None:
    tree = project.git.text("rev-parse", f"{head_oid(project)}^{{tree}}")
    if state.files != tree or (state.index != tree and not project.location.is_shadow):
        missing = "recorded" if project.location.is_shadow else "committed"
        raise ConflictError(f"the work tree holds changes that are not {missing}", "")
