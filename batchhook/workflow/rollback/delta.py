"""What an operation made different, the work that it had put aside or taken back included."""

from __future__ import annotations

from dataclasses import dataclass, replace

from batchhook.core.operations import Operation, puts_aside
from batchhook.core.rollback import Step
from batchhook.git import merge, snapshot, stash
from batchhook.git.snapshot import State
from batchhook.workflow.rollback.autostash import without_work
from batchhook.workflow.rollback.worktree_session import Scene


@dataclass(frozen=True, slots=True)
class Difference:
    """What is to be taken out, to take an operation out.

    Attributes:
        before, after: the states between which it lies.
        entry: the stash entry that is taken back with it, or made once more; empty for none.
        still_aside: the entry that it had made and that stays, since other work is in the way; empty for none.
    """

    before: State
    after: State
    entry: str = ""
    still_aside: str = ""


def difference(scene: Scene, operation: Operation, *, may_stash: bool) -> Difference:
    """What is to be taken out.

    Args:
        scene: what it is taken out of.
        operation: the one.
        may_stash: whether what is in the way may be put aside; else its own entry has to fit, or it is a conflict.
    """
    before, after = (snapshot.read(scene.project.git, oid) for oid in (operation.before, operation.after))
    entry = operation.stash
    if not entry:
        return Difference(before, after)
    if operation.id in puts_aside(scene.past):
        is_gone = entry not in stash.entries(scene.project.git)  # its owner has taken it back already
        if is_gone or (may_stash and _does_not_fit(scene, before, after)):
            return Difference(*_of_rest(scene, operation, before, after), still_aside="" if is_gone else entry)
    elif may_stash and _does_not_fit(scene, before, after):
        return Difference(before, without_work(scene, after, entry))  # that work is put aside with all the rest
    return Difference(before, after, entry)


def _of_rest(scene: Scene, operation: Operation, before: State, after: State) -> tuple[State, State]:
    """The states that an operation found and left, without the work that it put aside."""
    undone = next((each for each in scene.past if each.id == operation.undoes), None)
    if undone is None:
        return without_work(scene, before, operation.stash), after
    # What an undo puts aside holds the rollback as well, where nobody has committed that: so what it took out is asked.
    found, left = (snapshot.read(scene.project.git, oid) for oid in (undone.before, undone.after))
    if undone.stash and undone.id in puts_aside(scene.past):
        found = without_work(scene, found, undone.stash)
    elif undone.stash:
        left = without_work(scene, left, undone.stash)
    return replace(left, head=before.head), replace(found, head=after.head)


def _does_not_fit(scene: Scene, before: State, after: State) -> bool:
    """Whether what is not committed is in the way of taking a difference out."""
    files = merge.take_out(scene.repository, scene.now.files, (Step(after.files, before.files),))
    index = merge.take_out(scene.repository, scene.now.index, (Step(after.index, before.index),))
    return bool(files.conflicts or index.conflicts)
