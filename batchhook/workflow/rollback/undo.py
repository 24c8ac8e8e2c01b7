"""Undo and redo: reverting what another operation did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from batchhook.core.operations import Operation, find_redo_target, find_undo_target, stash_creators
from batchhook.core.rollback import HeadUpdate, RollbackMode, TreeDelta, choose_head_update
from batchhook.errors import ConflictError, UsageError
from batchhook.git import branch, history, merge, snapshot, stash
from batchhook.git.snapshot import WorktreeState
from batchhook.workflow.context import interrupted
from batchhook.workflow.context.checkout_hint import branch_label, checkout_hint
from batchhook.workflow.context.project import Project
from batchhook.workflow.rollback.autostash import without_stashed_work
from batchhook.workflow.rollback.execute import PreparedPlan, prepare
from batchhook.workflow.rollback.plan import Reversal
from batchhook.workflow.rollback.recovery import prepare_recovery
from batchhook.workflow.rollback.worktree_session import WorktreeSession, tree_of


@dataclass(frozen=True, slots=True)
class OperationDelta:
    """The effect of an operation, including the work that it stashed or restored.

    Attributes:
        before, after: the states between which it lies.
        stash: the stash entry that is restored or stored again when it is reverted; empty for none.
        kept_stash: the operation's stash entry that stays, as newer work is in its way; empty for none.
    """

    before: WorktreeState
    after: WorktreeState
    stash: str = ""
    kept_stash: str = ""


@contextmanager
def prepare_undo(project: Project, number: int = 0, *, autostash: bool = False) -> Iterator[PreparedPlan]:
    """Plan to undo an operation of this work tree; it can be carried out inside the block.

    Args:
        project: the repository.
        number: of the operation; 0 for an interrupted one, else the latest rollback that is in effect.
        autostash: stash uncommitted work that is in the way.

    Raises:
        BatchhookError: there is nothing to undo, or the operation is not in effect.
        UsageError: there is no stash, because this is a folder without git; or the operation was interrupted.
        ConflictError: the same lines were changed since, the branch has moved on, or git is in the middle of something.
    """
    _check_stash(project, autostash=autostash)
    pending = interrupted.find(project.database, project.location)
    if pending is not None and number in {0, pending.id}:
        if autostash:
            raise UsageError(
                "--stash does not apply to an interrupted operation; nothing was changed", "batchhook undo"
            )
        with prepare_recovery(project, pending.id, finish=False) as prepared:
            yield prepared
        return

    def reversal(session: WorktreeSession) -> Reversal:
        operation = find_undo_target(session.operations, session.worktree, number)
        return _reversal(session, operation, autostash=autostash)

    with prepare(project, reversal) as prepared:
        yield prepared


@contextmanager
def prepare_redo(project: Project, *, autostash: bool = False) -> Iterator[PreparedPlan]:
    """Plan to redo what the latest undo of this work tree took back; it can be carried out inside the block.

    Raises:
        BatchhookError: there is nothing to redo.
        UsageError, ConflictError: as for ``prepare_undo``.
    """
    _check_stash(project, autostash=autostash)

    def reversal(session: WorktreeSession) -> Reversal:
        return _reversal(session, find_redo_target(session.operations, session.worktree), autostash=autostash)

    with prepare(project, reversal) as prepared:
        yield prepared


def _check_stash(project: Project, *, autostash: bool) -> None:
    if autostash and project.location.is_shadow:
        raise UsageError(
            f"--stash needs a git repository, and {project.location.top} is not one; nothing was changed",
            "move your changes aside by hand",
        )


def _reversal(session: WorktreeSession, operation: Operation, *, autostash: bool) -> Reversal:
    if operation.mode is not RollbackMode.FILES and operation.branch != session.branch:
        raise ConflictError(
            f"operation {operation.id} was done on {branch_label(operation.branch)}; nothing was changed",
            checkout_hint(session.project, operation.branch, operation.head),
        )
    delta = _operation_delta(session, operation, autostash=autostash)
    before, after = delta.before, delta.after
    head = choose_head_update(
        operation.mode,
        session.state.head,
        before.head,
        after.head,
        is_on_other_branches=_is_on_other_refs(session, before, after),
    )
    committed: tuple[TreeDelta, ...] = ()
    if head is HeadUpdate.COMMIT:
        branch.check_identity(session.project.git)
        committed = (TreeDelta(tree_of(session.project, after.head), tree_of(session.project, before.head)),)
    return Reversal(
        operation.reversal_kind,
        operation.mode,
        operation.selection,
        files=(TreeDelta(after.files, before.files),),
        index=(TreeDelta(after.index, before.index),),
        committed=committed,
        head=head,
        head_target=before.head if head is HeadUpdate.MOVE else "",
        undoes=operation.id,
        stash=delta.stash,
        autostash=autostash,
        kept_stash=delta.kept_stash,
    )


def _is_on_other_refs(session: WorktreeSession, before: WorktreeState, after: WorktreeState) -> bool:
    """Return whether commits that an operation brought to the branch are on other refs, too, by now."""
    if session.state.head != after.head or before.head == after.head:
        return False
    project = session.project
    brought = history.first_parent_chain(project.git, [after.head], [before.head])
    return bool(brought and branch.refs_containing(project.git, project.location, session.branch, brought[0].oid))


def _operation_delta(session: WorktreeSession, operation: Operation, *, autostash: bool) -> OperationDelta:
    """Return what to revert of an operation.

    With ``autostash``, the operation's own stash entry is restored only if it fits; without, it has to fit.
    """
    git, entry = session.project.git, operation.stash
    before, after = (snapshot.read_state(git, oid) for oid in (operation.before, operation.after))
    if not entry:
        return OperationDelta(before, after)
    if operation.id in stash_creators(session.operations):
        is_dropped = entry not in stash.list_entries(git)  # the user has popped or dropped it
        if is_dropped or (autostash and _has_conflicts(session, before, after)):
            rest = _without_own_stash(session, operation, before, after)
            return OperationDelta(*rest, kept_stash="" if is_dropped else entry)
    elif autostash and _has_conflicts(session, before, after):
        # The work that it restored is stashed again, together with everything else.
        return OperationDelta(before, without_stashed_work(session, after, entry))
    return OperationDelta(before, after, entry)


def _without_own_stash(
    session: WorktreeSession, operation: Operation, before: WorktreeState, after: WorktreeState
) -> tuple[WorktreeState, WorktreeState]:
    """Return the states before and after an operation, without the work that it stashed."""
    undone = next((each for each in session.operations if each.id == operation.undoes), None)
    if undone is None:
        return without_stashed_work(session, before, operation.stash), after
    # An undo also stashes the rollback itself if that is not committed. So the undone operation's states are used.
    earlier, later = (snapshot.read_state(session.project.git, oid) for oid in (undone.before, undone.after))
    if undone.stash and undone.id in stash_creators(session.operations):
        earlier = without_stashed_work(session, earlier, undone.stash)
    elif undone.stash:
        later = without_stashed_work(session, later, undone.stash)
    return replace(later, head=before.head), replace(earlier, head=after.head)


def _has_conflicts(session: WorktreeSession, before: WorktreeState, after: WorktreeState) -> bool:
    """Return whether uncommitted work is in the way of reverting a delta."""
    files = merge.revert_deltas(session.objects, session.state.files, (TreeDelta(after.files, before.files),))
    index = merge.revert_deltas(session.objects, session.state.index, (TreeDelta(after.index, before.index),))
    return bool(files.conflicts or index.conflicts)
