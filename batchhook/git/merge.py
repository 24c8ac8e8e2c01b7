"""Revert differences in a tree, by three-way merges in memory."""

from __future__ import annotations

from collections.abc import Sequence

from batchhook.core.rollback import TreeDelta
from batchhook.git.object_db import MergeResult, ObjectDatabase


def revert_deltas(objects: ObjectDatabase, tree: str, steps: Sequence[TreeDelta]) -> MergeResult:
    """Revert differences in a tree, one after another, keeping everything else.

    Renames are not followed: a file is identified by its path, as in a batch's record.

    Raises:
        GitError: an object is missing or damaged.
    """
    for step in steps:
        merged = objects.merge(step.new, tree, step.old)
        if merged.conflicts:
            return MergeResult(tree, merged.conflicts)
        tree = merged.tree
    return MergeResult(tree)


def changed_paths(objects: ObjectDatabase, old: str, new: str) -> dict[str, tuple[str, str]]:
    """Compare two trees.

    Returns:
        path -> (old oid, new oid); empty for a missing side.
    """
    return {
        one.path: (one.old.oid if one.old else "", one.new.oid if one.new else "") for one in objects.diff(old, new)
    }
