"""Rolling back: the target of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from batchhook.core.operations import Kind
from batchhook.core.rollback import HeadWay, Mode, Step
from batchhook.errors import BatchhookError, ConflictError, UsageError
from batchhook.git import branch, history
from batchhook.workflow.context.project import Project
from batchhook.workflow.rollback import partial, selection
from batchhook.workflow.rollback.execute import Planned
from batchhook.workflow.rollback.plan import planned
from batchhook.workflow.rollback.request import How, Target
from batchhook.workflow.rollback.selection import Chosen
from batchhook.workflow.rollback.worktree_session import Scene, tree_of

_PLAIN = How()


@contextmanager
def planned_rollback(project: Project, chosen: Chosen, how: How = _PLAIN, *, head: str = "") -> Iterator[Planned]:
    """Plan to take changes out of what is there, for the length of a block.

    Args:
        project: the repository.
        chosen: the changes.
        how: in which way.
        head: the commit that HEAD has to be at; empty for any.

    Raises:
        UsageError: what is chosen cannot be taken out in this way.
        ConflictError: the same lines were changed since, git is in the middle of something, an operation was
            interrupted, or the branch cannot be moved.
        BatchhookError: git does not know in whose name to commit.
    """

    def aim(scene: Scene) -> Target:
        if head and scene.now.head != head:
            raise ConflictError("HEAD has moved meanwhile; nothing was touched", "do it again")
        return _target(scene, chosen, how)

    with planned(project, aim) as made:
        yield made


def _target(scene: Scene, chosen: Chosen, how: How) -> Target:
    if scene.project.location.is_private:
        return _without_git(scene, chosen, how)
    if how.mode is Mode.RESET:
        return _reset(scene, chosen, how)
    if how.force:
        raise UsageError("--force is for --reset and --from-backup", "leave it out")
    steps = selection.steps(scene.project, chosen)
    if how.mode is Mode.COMMIT:
        branch.check_identity(scene.project.git)
    return Target(
        Kind.ROLLBACK,
        how.mode,
        chosen.selection,
        files=steps,
        index=partial.of_index(scene, chosen.changes, steps),
        committed=partial.of_head(scene, chosen.changes, steps),
        head=HeadWay.COMMIT if how.mode is Mode.COMMIT else HeadWay.STAY,
        may_stash=how.stash,
    )


def _without_git(scene: Scene, chosen: Chosen, how: How) -> Target:
    """In a folder without git there is nothing but its files: no index, no branch, no stash."""
    modes = {Mode.COMMIT: "--commit", Mode.RESET: "--reset"}
    option = modes.get(how.mode, "--stash" if how.stash else "--force" if how.force else "")
    if option:
        raise UsageError(
            f"{option} needs a git repository, and {scene.top} is none; nothing was touched",
            f"without {option} it is taken out of the files; batchhook undo brings it back",
        )
    steps = selection.steps(scene.project, chosen)
    return Target(Kind.ROLLBACK, how.mode, chosen.selection, files=steps, index=())


def _reset(scene: Scene, chosen: Chosen, how: How) -> Target:
    """Move the branch back to before the first batch: that, and all that came after it, leaves the branch."""
    project, what = scene.project, chosen.selection.what
    if chosen.selection.changes or chosen.selection.paths:
        raise UsageError(
            "--reset takes whole batches out", "without --reset, single changes and paths can be taken out"
        )
    if any(change.is_record for change in chosen.changes):
        raise ConflictError(
            f"{what} was recorded, not committed: {scene.branch_name} does not hold it; nothing was touched",
            "without --reset it is taken out of the files",
        )
    if not chosen.base:
        raise BatchhookError(f"there is nothing before {what} that {scene.branch_name} could be moved to", "")
    leaving = history.first_parent_chain(project.git, [scene.now.head], [chosen.base])
    if not leaving or leaving[0].parent != chosen.base or chosen.changes[0].oid not in {each.oid for each in leaving}:
        raise ConflictError(
            f"the commits of {what} are not in a row behind {scene.branch_name}, as they were; nothing was touched",
            "without --reset they are taken out of what is there",
        )
    holders = branch.holders(project.git, project.location, scene.branch, leaving[0].oid)
    if holders and not how.force:
        raise ConflictError(
            f"commits that would leave {scene.branch_name} are also on {', '.join(holders)}; nothing was touched",
            "without --reset, or with --commit, the branch stays what others have; --force moves it all the same",
        )
    step = (Step(new=scene.committed, old=tree_of(project, chosen.base)),)
    return Target(
        Kind.ROLLBACK,
        Mode.RESET,
        chosen.selection,
        files=step,
        index=step,
        head=HeadWay.MOVE,
        to=chosen.base,
        may_stash=how.stash,
    )
