"""Before an operation acts: all that the user has is pinned, and what is going to be done is written down."""

from __future__ import annotations

import time
from dataclasses import replace

from batchhook.core.operations import Operation, OperationStatus
from batchhook.errors import GitError, StoreError
from batchhook.git import branch, empty_dirs, merge, refs, snapshot
from batchhook.git.snapshot import State
from batchhook.store import operations
from batchhook.workflow.rollback import autostash, commit_message
from batchhook.workflow.rollback.request import Plan
from batchhook.workflow.rollback.worktree_session import Scene


def written_down(scene: Scene, plan: Plan) -> tuple[Operation, State]:
    """Make what a plan needs, pin it with all that is there, and write the intent down.

    Returns:
        the operation, and the state that it leads to, with the commit that was made for it.

    Raises:
        GitError, StoreError: it cannot be written, and nothing was touched.
    """
    try:
        return _written_down(scene, plan)
    except (GitError, StoreError) as error:
        hint = error.hint or "see that you may write into git's folder, and that the disk has room"
        raise type(error)(f"{error.message}; nothing was touched", hint) from error


def _written_down(scene: Scene, plan: Plan) -> tuple[Operation, State]:
    project, target = scene.project, plan.target
    number = operations.next_id(project.database)
    name = f"batchhook operation {number}: {target.kind.value} of {target.selection.what}"
    entry = autostash.make_entry(scene, name, untracked=plan.aside_untracked) if plan.aside else target.stash
    then = _with_commit(scene, plan, number)
    operation = Operation(
        id=number,
        kind=target.kind,
        mode=target.mode,
        selection=target.selection,
        status=OperationStatus.INTENT,
        top=scene.top,
        before=snapshot.commit(project.git, plan.now, f"{name}, before"),
        after=snapshot.commit(project.git, then, f"{name}, after"),
        started_at=time.time(),
        undoes=target.undoes,
        branch=scene.branch,
        head=then.head,
        stash=entry,
        folders=empty_dirs.to_be_filled(project.location.top, _coming(scene, plan)),
    )
    pins = {
        refs.operation_before(number): operation.before,
        refs.operation_after(number): operation.after,
        refs.operation_stash(number): entry,
    }
    refs.pin(project.git, pins)
    operations.intend(project.database, operation)
    return operation, then


def _with_commit(scene: Scene, plan: Plan, number: int) -> State:
    """The state that a plan leads to, with the commit that it makes; nothing points at that yet."""
    if not plan.commit_tree:
        return plan.then
    git, target = scene.project.git, plan.target
    entries = [commit_message.entry(scene.project, number, target.selection, target.kind)]
    said = commit_message.text(scene.project, entries)
    return replace(plan.then, head=branch.commit(git, plan.commit_tree, plan.now.head, said))


def _coming(scene: Scene, plan: Plan) -> list[str]:
    """Paths of the files that there are not yet."""
    changed = merge.changed_paths(scene.repository, plan.now.files, plan.then.files)
    return [path for path, (old, new) in changed.items() if new and not old]


def pin_what_was_found(scene: Scene, plan: Plan, operation: Operation) -> None:
    """Pin what an interruption left, and whatever was done since; beside what was found at earlier tries."""
    git, ref = scene.project.git, refs.operation_found(operation.id)
    earlier = git.run("rev-parse", "--verify", "--quiet", ref, check=False).stdout.decode().split()
    name = f"batchhook operation {operation.id}: found after it was interrupted"
    refs.pin(git, {ref: snapshot.commit(git, plan.now, name, *earlier)})
