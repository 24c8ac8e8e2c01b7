"""From a target to a plan: merged in memory, with all that stands against it said before anything is touched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from batchhook.core.operations import Kind
from batchhook.core.rollback import FileFate, HeadWay, fate_of
from batchhook.errors import ConflictError
from batchhook.git import branch, collisions, history, merge, preflight, snapshot, stash
from batchhook.git.snapshot import State
from batchhook.workflow.context.project import Project
from batchhook.workflow.rollback.autostash import Room, room_for
from batchhook.workflow.rollback.execute import Planned
from batchhook.workflow.rollback.request import Aim, Plan, Target
from batchhook.workflow.rollback.worktree_session import Scene, entered

_LARGEST_IN_DIFF = "16m"
"""Of larger files a plan only says that they differ: they would be held in memory."""


@contextmanager
def planned(project: Project, aim: Aim) -> Iterator[Planned]:
    """Plan to take a target out of what is there; it can be carried out as long as the block lasts.

    Raises:
        ConflictError: the same lines were changed since, something is in the way, git is in the middle of something,
            or an operation was interrupted.
    """
    with entered(project) as scene:
        yield Planned(_plan(scene, aim(scene)), scene)


def _plan(scene: Scene, target: Target) -> Plan:
    commit_tree = _commit_tree(scene, target)
    room = _merged(scene, target)
    head = target.to if target.head is HeadWay.MOVE else scene.now.head
    if commit_tree or head != scene.now.head:
        branch.check_movable(scene.project.git, scene.now.head)
    plan = put_together(scene, target, State(head, room.index, room.files))
    return replace(
        plan,
        leaving=history.first_parent_chain(scene.project.git, [scene.now.head], [head]) if target.to else (),
        commit_tree=commit_tree,
        aside=room.paths,
        aside_untracked=room.untracked,
    )


def put_together(scene: Scene, target: Target, then: State) -> Plan:
    """Put a plan together, and see that nothing is in the way of it.

    Raises:
        ConflictError: git does not look at some of the files, or ignores what is in their place.
    """
    _check_reach(scene, then)
    git, now = scene.project.git, scene.now
    small = ("-c", f"core.bigFileThreshold={_LARGEST_IN_DIFF}")
    diff = git.text(*small, "diff", "--no-ext-diff", "--no-color", "--no-renames", now.files, then.files)
    return Plan(target, _fates(scene, target, then), now, then, diff, scene.branch_name)


def _commit_tree(scene: Scene, target: Target) -> str:
    """The tree of the commit that is to be made; empty where it would hold nothing new."""
    if target.head is not HeadWay.COMMIT:
        return ""
    merged = merge.take_out(scene.repository, scene.committed, target.committed)
    _check_conflicts(target, merged.conflicts, committed=True)
    return merged.tree if merged.tree != scene.committed else ""


def _merged(scene: Scene, target: Target) -> Room:
    repository, now = scene.repository, scene.now
    files = merge.take_out(repository, now.files, target.files)
    staged = merge.take_out(repository, now.index, target.index)
    conflicts = files.conflicts + staged.conflicts
    if not conflicts:
        return Room(staged.tree, files.tree, (), untracked=False)
    by_commits = merge.take_out(repository, scene.committed, target.committed or target.files).conflicts
    _check_conflicts(target, by_commits, committed=True)
    if not target.may_stash:
        _check_conflicts(target, conflicts, committed=False)
    _check_intents(scene)
    return room_for(scene, target)


def _check_intents(scene: Scene) -> None:
    """Files of which git was told that they are going to be added have no place in a stash entry."""
    paths = stash.intents(scene.project.git)
    if paths:
        raise ConflictError(
            f"git add -N was said of {', '.join(paths)}, which cannot be put aside; nothing was touched",
            "git add the files, or git reset them, first",
        )


def _check_conflicts(target: Target, paths: Sequence[str], *, committed: bool) -> None:
    if not paths:
        return
    said = f"what {target.what} did was changed since, in: {', '.join(dict.fromkeys(paths))}; nothing was touched"
    if target.kind is not Kind.ROLLBACK and committed and target.stash and not target.may_stash:
        hint = "--stash puts what you changed since aside"
    elif target.kind is not Kind.ROLLBACK and committed:
        hint = f"refs/batchhook/operations/{target.undoes}/before holds what was there before it; git show REF:FILE"
    elif committed:
        hint = "take those changes back first; where a later batch made them: batchhook log, and roll that back first"
    else:
        hint = "these changes are not committed: commit them, or take them back; --stash puts them aside"
    raise ConflictError(said, hint)


def _check_reach(scene: Scene, then: State) -> None:
    now, repository, project = scene.now, scene.repository, scene.project
    changes = merge.changed_paths(repository, now.files, then.files)
    hidden = snapshot.hidden_from_git(project.git, [*changes, *merge.changed_paths(repository, now.index, then.index)])
    if hidden:
        raise ConflictError(
            f"git was told not to look at {', '.join(dict.fromkeys(hidden))}; nothing was touched",
            "git sparse-checkout disable, or git update-index --no-skip-worktree --no-assume-unchanged FILE",
        )
    files = [one for one in repository.differences(now.files, then.files) if one.new and not one.new.is_submodule]
    repositories = collisions.by_repositories(project.location.top, (one.path for one in files))
    if repositories:
        raise ConflictError(
            f"there is a repository in the way: {', '.join(repositories)}; nothing was touched", "move it aside first"
        )
    paths = collisions.by_others(project.location.top, changes)
    if paths:
        raise ConflictError(
            f"files that git ignores are in the way: {', '.join(paths)}; nothing was touched",
            "move them aside first",
        )
    preflight.check(project.git, project.location.top, changes)
    preflight.check_kept(project.git, project.location.top, changes)


def _fates(scene: Scene, target: Target, then: State) -> tuple[FileFate, ...]:
    """What becomes of each file that the differences touch; what is put aside beside these is no fate of its own."""
    repository, now = scene.repository, scene.now
    before: dict[str, str] = {}
    for step in target.files:  # the last one is the furthest back
        before |= {path: old for path, (_, old) in merge.changed_paths(repository, step.new, step.old).items()}
    touched = set(before)
    for step in target.index:
        touched |= merge.changed_paths(repository, step.new, step.old).keys()
    changed = merge.changed_paths(repository, now.index, then.index)
    changed |= merge.changed_paths(repository, now.files, then.files)
    return tuple(
        FileFate(path, fate_of(old, new, before.get(path, "")))
        for path, (old, new) in sorted(changed.items())
        if path in touched
    )
