"""Taking recorded changes out of a tree that holds only some of them: what is staged, or what is committed.

Of what was recorded, files hold all. The index, and HEAD, may hold none of it, or the first states of some files and
the last ones of others. A file that is there as one of the changes left it, or found it, gets what was before them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set as AbstractSet

from batchhook.core.changes import Commit
from batchhook.core.rollback import Step
from batchhook.git import trees
from batchhook.git.object_db import Objects, TreeFile
from batchhook.workflow.rollback.worktree_session import Scene


def of_index(scene: Scene, changes: Sequence[Commit], steps: Sequence[Step]) -> tuple[Step, ...]:
    """The differences that take changes out of what is staged.

    Args:
        scene: what there is.
        changes: those that are taken out, oldest first.
        steps: what takes them out of the files, newest first.

    Returns:
        the same steps where nothing was recorded. What is staged otherwise than any of the changes had it stays staged.
    """
    if not _is_recorded(changes):
        return tuple(steps)
    seen = _states(scene.repository, changes)
    taken_out, conflicts = _taken_out(scene, seen, steps, scene.now.index)
    if conflicts:
        taken_out, _ = _taken_out(scene, seen, steps, scene.now.index, frozenset(conflicts))
    return (Step(new=scene.now.index, old=taken_out),)


def of_head(scene: Scene, changes: Sequence[Commit], steps: Sequence[Step]) -> tuple[Step, ...]:
    """The same for what is committed; where other things were done to the same lines, the steps are as they are."""
    if not _is_recorded(changes):
        return tuple(steps)
    taken_out, conflicts = _taken_out(scene, _states(scene.repository, changes), steps, scene.committed)
    return tuple(steps) if conflicts else (Step(new=scene.committed, old=taken_out),)


def _is_recorded(changes: Iterable[Commit]) -> bool:
    return any(change.is_record for change in changes)


def _taken_out(
    scene: Scene,
    seen: Mapping[str, AbstractSet[TreeFile | None]],
    steps: Sequence[Step],
    tree: str,
    kept: AbstractSet[str] = frozenset(),
) -> tuple[str, tuple[str, ...]]:
    """A tree without what changes did, but for paths that are kept; and the paths that conflict."""
    git, location, repository = scene.project.git, scene.project.location, scene.repository
    for step in steps:
        differs = repository.differences(step.new, tree)
        as_seen = {one.path for one in differs if one.new in seen.get(one.path, ())} | kept
        new, _ = trees.with_changes(git, location, step.new, tree, as_seen.__contains__)
        old, _ = trees.with_changes(git, location, step.old, tree, kept.__contains__) if kept else (step.old, None)
        merged = repository.merged(new, tree, old)
        if merged.conflicts:
            return tree, merged.conflicts
        tree = merged.tree
    return tree, ()


def _states(repository: Objects, changes: Iterable[Commit]) -> defaultdict[str, set[TreeFile | None]]:
    """How changes found each file, and how they left it, by path."""
    found: defaultdict[str, set[TreeFile | None]] = defaultdict(set)
    for change in changes:
        for one in repository.differences(change.base_tree, change.tree):
            found[one.path] |= {one.old, one.new}
    return found
