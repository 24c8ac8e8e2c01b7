"""Requests to roll back changes, and the plan that each mode leads to: files only, a commit, or a reset."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from batchhook.core.operations import OperationKind
from batchhook.core.rollback import HeadUpdate, RollbackMode, TreeDelta
from batchhook.errors import BatchhookError, ConflictError, UsageError
from batchhook.git import branch, history
from batchhook.workflow.context.project import Project
from batchhook.workflow.rollback import partial, selection
from batchhook.workflow.rollback.execute import PreparedPlan, prepare
from batchhook.workflow.rollback.plan import Reversal
from batchhook.workflow.rollback.selection import SelectedChanges
from batchhook.workflow.rollback.worktree_session import WorktreeSession, tree_of


@dataclass(frozen=True, slots=True)
class RollbackRequest:
    """The changes to roll back, as a user names them, and how to do it.

    Attributes:
        batch_range: the first and the last batch; None if no batch is named.
        changes: revisions, to roll back only these changes.
        paths: files and folders, relative to the top, to roll back only what was done to them.
        mode: what is done with the branch.
        force: move the branch even if its commits are on other branches, too.
        autostash: stash uncommitted work that is in the way.
    """

    batch_range: tuple[int, int] | None = None
    changes: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    mode: RollbackMode = RollbackMode.FILES
    force: bool = False
    autostash: bool = False


@contextmanager
def prepare_rollback(
    project: Project, request: RollbackRequest, *, selected: SelectedChanges | None = None, head: str = ""
) -> Iterator[PreparedPlan]:
    """Plan a rollback that can be carried out inside the block.

    Args:
        project: the repository; reconciled here, unless ``selected`` is given.
        request: what to roll back, and how.
        selected: already resolved changes; replace those named in ``request``, of which only mode, force and autostash
            are used.
        head: the commit that HEAD has to be at; empty for any.

    Raises:
        UsageError: the parts of the request do not go together.
        NoSuchBatchError, NotFinishedError: a batch does not exist, or is still open.
        ConflictError: the same lines were changed since, git is in the middle of something, an operation was
            interrupted, or the branch cannot be moved.
        BatchhookError: a batch or a change is on another branch; or no Git identity is configured.
    """
    if selected is None:
        selected = selection.resolve(project, request.batch_range, request.changes, request.paths)
    changes = selected

    def reversal(session: WorktreeSession) -> Reversal:
        if head and session.state.head != head:
            raise ConflictError("HEAD has moved; nothing was changed", "try again")
        return _reversal(session, changes, request)

    with prepare(project, reversal) as prepared:
        yield prepared


def _reversal(session: WorktreeSession, selected: SelectedChanges, request: RollbackRequest) -> Reversal:
    if session.project.location.is_shadow:
        return _without_git(session, selected, request)
    if request.mode is RollbackMode.RESET:
        return _reset(session, selected, request)
    if request.force:
        raise UsageError("--force needs --reset or --from-backup", "leave it out")
    deltas = selection.deltas(session.project, selected)
    if request.mode is RollbackMode.COMMIT:
        branch.check_identity(session.project.git)
    return Reversal(
        OperationKind.ROLLBACK,
        request.mode,
        selected.selection,
        files=deltas,
        index=partial.index_deltas(session, selected.changes, deltas),
        committed=partial.head_deltas(session, selected.changes, deltas),
        head=HeadUpdate.COMMIT if request.mode is RollbackMode.COMMIT else HeadUpdate.STAY,
        autostash=request.autostash,
    )


def _without_git(session: WorktreeSession, selected: SelectedChanges, request: RollbackRequest) -> Reversal:
    """Revert changes in a folder without git: there are only files, no index, no branch and no stash."""
    options = {RollbackMode.COMMIT: "--commit", RollbackMode.RESET: "--reset"}
    option = options.get(request.mode, "--stash" if request.autostash else "--force" if request.force else "")
    if option:
        raise UsageError(
            f"{option} needs a git repository, and {session.worktree} is not one; nothing was changed",
            f"without {option} the files are rolled back; batchhook undo reverses that",
        )
    deltas = selection.deltas(session.project, selected)
    return Reversal(OperationKind.ROLLBACK, request.mode, selected.selection, files=deltas, index=())


def _reset(session: WorktreeSession, selected: SelectedChanges, request: RollbackRequest) -> Reversal:
    """Move the branch back to before the first batch; everything after it leaves the branch."""
    project, what = session.project, selected.selection.description
    if selected.selection.changes or selected.selection.paths:
        raise UsageError(
            "--reset rolls back whole batches only", "without --reset, single changes and paths can be rolled back"
        )
    if any(change.is_recorded for change in selected.changes):
        raise ConflictError(
            f"{what} was recorded, not committed: it is not on {session.branch_name}; nothing was changed",
            "without --reset it is rolled back in the files",
        )
    if not selected.base:
        raise BatchhookError(f"there is nothing before {what} to move {session.branch_name} to", "")
    leaving = history.first_parent_chain(project.git, [session.state.head], [selected.base])
    oids = {commit.oid for commit in leaving}
    if not leaving or leaving[0].parent != selected.base or selected.changes[0].oid not in oids:
        raise ConflictError(
            f"the commits of {what} are no longer consecutive on {session.branch_name}; nothing was changed",
            "without --reset they are reverted in what is checked out",
        )
    holders = branch.refs_containing(project.git, project.location, session.branch, leaving[0].oid)
    if holders and not request.force:
        raise ConflictError(
            f"commits that would leave {session.branch_name} are also on {', '.join(holders)}; nothing was changed",
            "without --reset, or with --commit, the branch keeps what others have; --force moves it anyway",
        )
    deltas = (TreeDelta(new=session.head_tree, old=tree_of(project, selected.base)),)
    return Reversal(
        OperationKind.ROLLBACK,
        RollbackMode.RESET,
        selected.selection,
        files=deltas,
        index=deltas,
        head=HeadUpdate.MOVE,
        head_target=selected.base,
        autostash=request.autostash,
    )
