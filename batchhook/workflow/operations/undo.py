"""Undoing and redoing: taking out what another operation did."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from batchhook.core.operations import Operation, puts_aside, to_redo, to_undo
from batchhook.core.rollback import HeadWay, Mode, Step, head_way
from batchhook.errors import ConflictError, UsageError
from batchhook.git import branch, history, merge, snapshot, stash
from batchhook.git.snapshot import State
from batchhook.workflow.operations import aside, cut_short
from batchhook.workflow.operations.carrying_out import Planned
from batchhook.workflow.operations.interrupted import planned_end
from batchhook.workflow.operations.planning import planned
from batchhook.workflow.operations.scene import Scene, tree_of
from batchhook.workflow.operations.target import Target
from batchhook.workflow.project import Project


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
    torn = cut_short.find(project.database, project.location)
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
    before, after = (snapshot.read(git, oid) for oid in (operation.before, operation.after))
    entry, still_aside = operation.stash, ""
    if entry and operation.id in puts_aside(scene.past):
        is_gone = entry not in stash.entries(git)  # its owner has taken it back already
        if is_gone or (may_stash and _is_in_the_way(scene, before, after)):
            before, after = _without_work(scene, operation, before, after)
            entry, still_aside = "", "" if is_gone else entry
    elif entry and may_stash and _is_in_the_way(scene, before, after):
        after, entry = aside.without_work(scene, after, entry), ""  # it is put aside with all the rest
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
        stash=entry,
        may_stash=may_stash,
        still_aside=still_aside,
    )


def _without_work(scene: Scene, operation: Operation, before: State, after: State) -> tuple[State, State]:
    """What an operation found and left, without the work that it put aside."""
    undone = next((each for each in scene.past if each.id == operation.undoes), None)
    if undone is None:
        return aside.without_work(scene, before, operation.stash), after
    # What an undo puts aside holds the rollback as well, where nobody has committed that: so what it took out is asked.
    found, left = (snapshot.read(scene.project.git, oid) for oid in (undone.before, undone.after))
    if undone.stash and undone.id in puts_aside(scene.past):
        found = aside.without_work(scene, found, undone.stash)
    elif undone.stash:
        left = aside.without_work(scene, left, undone.stash)
    return replace(left, head=before.head), replace(found, head=after.head)


def _is_in_the_way(scene: Scene, before: State, after: State) -> bool:
    """Whether what is not committed is in the way of taking a difference out."""
    files = merge.take_out(scene.repository, scene.now.files, (Step(after.files, before.files),))
    index = merge.take_out(scene.repository, scene.now.index, (Step(after.index, before.index),))
    return bool(files.conflicts or index.conflicts)


def _committed(scene: Scene, before: State, after: State) -> tuple[Step, ...]:
    return (Step(tree_of(scene.project, after.head), tree_of(scene.project, before.head)),)


def _is_elsewhere(scene: Scene, before: State, after: State) -> bool:
    """Whether commits that an operation had brought to the branch are on others, too, by now."""
    if scene.now.head != after.head or before.head == after.head:
        return False
    project = scene.project
    brought = history.first_parent_chain(project.git, [after.head], [before.head])
    return bool(brought and branch.holders(project.git, project.location, scene.branch, brought[0].oid))
