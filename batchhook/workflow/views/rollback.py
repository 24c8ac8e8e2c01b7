"""The plan of a rollback, before it is confirmed."""

from __future__ import annotations

import hashlib

from batchhook.core.rollback import HeadUpdate
from batchhook.core.views.operations import RollbackView
from batchhook.core.views.patch import parse_patch
from batchhook.workflow.context.project import Project
from batchhook.workflow.rollback.execute import PreparedPlan
from batchhook.workflow.rollback.plan import Plan
from batchhook.workflow.rollback.request import RollbackRequest, prepare_rollback

__all__ = ["RollbackView", "digest_plan", "load_rollback"]

_MAX_FILES = 200
_MAX_LINES = 2_000
_MAX_CHARACTERS = 400_000


def load_rollback(project: Project, number: int) -> RollbackView:
    """Plan the rollback of a batch in the files, as ``rollback N --dry-run`` does.

    Unlike the other pages it needs a project that may be written: planning reconciles, and stores objects in git.

    Raises:
        NoSuchBatchError, NotFinishedError: there is no such batch, or it is still open.
        ConflictError: the same lines were changed since, or something is in the way.
        BatchhookError: it is on another branch.
    """
    with prepare_rollback(project, RollbackRequest((number, number))) as prepared:
        return _view(number, prepared)


def _view(number: int, prepared: PreparedPlan) -> RollbackView:
    plan = prepared.plan
    where = "the files" if prepared.session.project.location.is_shadow else "the work tree and the index"
    if plan.reversal.head is not HeadUpdate.STAY:
        where = plan.branch
    cut = plan.diff[:_MAX_CHARACTERS]
    return RollbackView(
        number=number,
        title=f"Revert {plan.reversal.selection.description} in {where}",
        files=plan.files[:_MAX_FILES],
        file_count=len(plan.files),
        patch=parse_patch(cut, _MAX_LINES, is_cut=len(cut) < len(plan.diff)),
        dropped=plan.dropped_commits,
        stashed=plan.stashed_files,
        is_empty=plan.is_empty,
        digest=digest_plan(plan),
    )


def digest_plan(plan: Plan) -> str:
    """Return a digest that is equal for plans that lead from the same state to the same state."""
    parts = (
        plan.before.head,
        plan.before.index,
        plan.before.files,
        plan.after.head,
        plan.after.index,
        plan.after.files,
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
