"""Reverting recorded changes in a tree that holds only some of them: the index, or HEAD.

The files hold everything that was recorded. The index and HEAD may hold nothing of it; or some files as an early change
left them, and others as a later one did. A file that is there as one of the changes left it, or as one found it, gets
the content from before the changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set as AbstractSet

from batchhook.core.commit import Commit
from batchhook.core.rollback import TreeDelta
from batchhook.git import trees
from batchhook.git.object_db import ObjectDatabase, TreeEntry
from batchhook.workflow.rollback.worktree_session import WorktreeSession


def index_deltas(
    session: WorktreeSession, changes: Sequence[Commit], deltas: Sequence[TreeDelta]
) -> tuple[TreeDelta, ...]:
    """Return the deltas that revert changes in the index.

    What is staged, but not as one of the changes had it, stays staged.

    Args:
        session: the work tree.
        changes: the changes to revert, oldest first.
        deltas: those that revert them in the files, newest first; returned as they are if no change was recorded.
    """
    if not _has_records(changes):
        return tuple(deltas)
    versions, index = _versions(session.objects, changes), session.state.index
    reverted, conflicts = _revert(session, versions, deltas, index)
    if conflicts:
        reverted, _ = _revert(session, versions, deltas, index, frozenset(conflicts))
    return (TreeDelta(new=index, old=reverted),)


def head_deltas(
    session: WorktreeSession, changes: Sequence[Commit], deltas: Sequence[TreeDelta]
) -> tuple[TreeDelta, ...]:
    """Return the deltas that revert changes in HEAD; ``deltas`` as they are if the same lines were changed otherwise.

    Arguments as for ``index_deltas``.
    """
    if not _has_records(changes):
        return tuple(deltas)
    reverted, conflicts = _revert(session, _versions(session.objects, changes), deltas, session.head_tree)
    return tuple(deltas) if conflicts else (TreeDelta(new=session.head_tree, old=reverted),)


def _has_records(changes: Iterable[Commit]) -> bool:
    return any(change.is_recorded for change in changes)


def _revert(
    session: WorktreeSession,
    versions: Mapping[str, AbstractSet[TreeEntry | None]],
    deltas: Sequence[TreeDelta],
    tree: str,
    kept_paths: AbstractSet[str] = frozenset(),
) -> tuple[str, tuple[str, ...]]:
    """Return a tree without what changes did, except for paths to keep; and the paths that conflict."""
    git, location, objects = session.project.git, session.project.location, session.objects
    for delta in deltas:
        differences = objects.diff(delta.new, tree)
        known = {each.path for each in differences if each.new in versions.get(each.path, ())} | kept_paths
        new, _ = trees.overlay(git, location, delta.new, tree, known.__contains__)
        old, _ = (
            trees.overlay(git, location, delta.old, tree, kept_paths.__contains__) if kept_paths else (delta.old, None)
        )
        merged = objects.merge(new, tree, old)
        if merged.conflicts:
            return tree, merged.conflicts
        tree = merged.tree
    return tree, ()


def _versions(objects: ObjectDatabase, changes: Iterable[Commit]) -> defaultdict[str, set[TreeEntry | None]]:
    """Return each file's versions before and after each change, by path."""
    versions: defaultdict[str, set[TreeEntry | None]] = defaultdict(set)
    for change in changes:
        for each in objects.diff(change.base_tree, change.tree):
            versions[each.path] |= {each.old, each.new}
    return versions
