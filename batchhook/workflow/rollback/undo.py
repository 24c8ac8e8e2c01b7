"""Undoing and redoing: taking out what another operation did."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from batchhook.core.operations import Operation, to_redo, to_undo
from batchhook.core.rollback import HeadWay, Mode, Step, head_way
from batchhook.errors import ConflictError, UsageError
from batchhook.git import branch, history
from batchhook.git.snapshot import State
from batchhook.workflow.context import interrupted
from batchhook.workflow.context.project import Project
from batchhook.workflow.rollback.delta import difference
from batchhook.workflow.rollback.execute import Planned
from batchhook.workflow.rollback.plan import planned
from batchhook.workflow.rollback.recovery import planned_end
from batchhook.workflow.rollback.request import Target
from batchhook.workflow.rollback.worktree_session import Scene, tree_of


@contextmanager
def planned_undo(project: Project, number: int = 0, *, may_stash: bool = False) -> Iterator[Planned]:
    """Plan to take an operation of this work tree back, for the length of a block.

    Args:
        project: the repository.
        number: which one; 0 for one that was interrupted, else the latest rollback that is in effect.
        may_stash: whether uncommitted work that is in the way may be put aside in git's stash.

    Raises:
        BatchhookError: there is nothing to undo, or the operation is not in effect.
        UsageError: there is no stash: it is a folder without git, or the operation was interrupted.
        ConflictError: the same lines were changed since, the branch has moved on, or git is in the middle of something.
    """
    _check_stash(project, may_stash=may_stash)
    torn = interrupted.find(project.database, project.location)
    if torn is not None and number in {0, torn.id}:
        if may_stash:
            raise UsageError(
                "--stash is not for an operation that was interrupted; nothing was touched", "batchhook undo"
            )
        with planned_end(project, torn.id, finish=False) as made:
            yield made
        return

    def aim(scene: Scene) -> Target:
        return _taking_out(scene, to_undo(scene.past, scene.top, number), may_stash=may_stash)

    with planned(project, aim) as made:
        yield made


@contextmanager
def planned_redo(project: Project, *, may_stash: bool = False) -> Iterator[Planned]:
    """Plan to take the latest undo of this work tree back, for the length of a block.

    Args:
        project: the repository.
        may_stash: as for ``planned_undo``.

    Raises:
        BatchhookError: there is nothing to redo.
        UsageError, ConflictError: as for ``planned_undo``.
    """
    _check_stash(project, may_stash=may_stash)

    def aim(scene: Scene) -> Target:
        return _taking_out(scene, to_redo(scene.past, scene.top), may_stash=may_stash)

    with planned(project, aim) as made:
        yield made


def _check_stash(project: Project, *, may_stash: bool) -> None:
    if may_stash and project.location.is_private:
        raise UsageError(
            f"--stash needs a git repository, and {project.location.top} is none; nothing was touched",
            "move your changes aside by hand",
        )


def _taking_out(scene: Scene, operation: Operation, *, may_stash: bool) -> Target:
    git = scene.project.git
    if operation.mode is not Mode.FILES and operation.branch != scene.branch:
        name = operation.branch.removeprefix("refs/heads/")
        raise ConflictError(
            f"operation {operation.id} was done on {name}; nothing was touched", f"git switch {shlex.quote(name)}"
        )
    what = difference(scene, operation, may_stash=may_stash)
    before, after = what.before, what.after
    elsewhere = _is_elsewhere(scene, before, after)
    head = head_way(operation.mode, scene.now.head, before.head, after.head, is_elsewhere=elsewhere)
    if head is HeadWay.COMMIT:
        branch.check_identity(git)
    return Target(
        operation.kind_of_taking_out,
        operation.mode,
        operation.selection,
        files=(Step(after.files, before.files),),
        index=(Step(after.index, before.index),),
        committed=_committed(scene, before, after) if head is HeadWay.COMMIT else (),
        head=head,
        to=before.head if head is HeadWay.MOVE else "",
        undoes=operation.id,
        stash=what.entry,
        may_stash=may_stash,
        still_aside=what.still_aside,
    )


def _committed(scene: Scene, before: State, after: State) -> tuple[Step, ...]:
    return (Step(tree_of(scene.project, after.head), tree_of(scene.project, before.head)),)


def _is_elsewhere(scene: Scene, before: State, after: State) -> bool:
    """Whether commits that an operation had brought to the branch are on others, too, by now."""
    if scene.now.head != after.head or before.head == after.head:
        return False
    project = scene.project
    brought = history.first_parent_chain(project.git, [after.head], [before.head])
    return bool(brought and branch.holders(project.git, project.location, scene.branch, brought[0].oid))
