"""Taking differences out of a tree, in memory: three-way merges of trees."""

from __future__ import annotations

from collections.abc import Sequence

from batchhook.core.rollback import Step
from batchhook.git.object_db import Merged, Objects


def take_out(objects: Objects, tree: str, steps: Sequence[Step]) -> Merged:
    """Take differences out of a tree, one after the other, keeping all else that it holds.

    Renames are not followed: a file is its path, as it is in a batch's record.

    Raises:
        GitError: an object is missing or damaged.
    """
    for step in steps:
        merged = objects.merged(step.new, tree, step.old)
        if merged.conflicts:
            return Merged(tree, merged.conflicts)
        tree = merged.tree
    return Merged(tree)


def changed_paths(objects: Objects, old: str, new: str) -> dict[str, tuple[str, str]]:
    """What differs between two trees.

    Returns:
        path -> names of the old and the new content, empty where there is none.
    """
    return {
        one.path: (one.old.oid if one.old else "", one.new.oid if one.new else "")
        for one in objects.differences(old, new)
    }
