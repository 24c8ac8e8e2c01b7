"""Taking differences out of a tree, in memory: a three-way merge of trees by libgit2."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import pygit2
from pygit2.enums import MergeFlag

from batchhook.core.rollback import Step
from batchhook.errors import GitError
from batchhook.git.objects import EMPTY_TREE


@dataclass(frozen=True, slots=True)
class Merged:
    """A tree without some differences.

    Attributes:
        tree: its name; of no use where there are conflicts.
        conflicts: paths that were changed on the same lines since.
    """

    tree: str
    conflicts: tuple[str, ...] = ()


def take_out(repository: pygit2.Repository, tree: str, steps: Sequence[Step]) -> Merged:
    """Take differences out of a tree, one after the other, keeping all else that it holds.

    Renames are not followed: a file is its path, as it is in a batch's record.
    """
    for step in steps:
        merged = _merged(repository, step, tree)
        if merged.conflicts is not None:
            sides = [side for conflict in merged.conflicts for side in conflict if side is not None]
            return Merged(tree, tuple(sorted({side.path for side in sides})))
        tree = str(merged.write_tree(repository))
    return Merged(tree)


def _merged(repository: pygit2.Repository, step: Step, tree: str) -> pygit2.Index:
    ancestor, ours, theirs = (_tree(repository, oid) for oid in (step.new, tree, step.old))
    try:
        return repository.merge_trees(ancestor, ours, theirs, flags=MergeFlag(0))
    except pygit2.GitError as error:  # libgit2 reads the index on the way, and knows no split one
        raise GitError(f"libgit2 cannot merge here: {error}", "git update-index --no-split-index") from error


def _tree(repository: pygit2.Repository, oid: str) -> pygit2.Tree:
    if oid == EMPTY_TREE:  # git knows it without its being stored
        oid = str(repository.TreeBuilder().write())
    try:
        return repository[oid].peel(pygit2.Tree)
    except KeyError as error:
        raise GitError(f"the repository lacks the tree {oid}", "git fsck; in a partial clone: git fetch") from error


def changed_paths(repository: pygit2.Repository, old: str, new: str) -> dict[str, tuple[str, str]]:
    """What differs between two trees.

    Returns:
        path -> names of the old and the new content, empty where there is none.
    """
    diff = _tree(repository, old).diff_to_tree(_tree(repository, new))
    return {
        os.fsdecode(delta.new_file.raw_path): (_name(delta.old_file), _name(delta.new_file)) for delta in diff.deltas
    }


def _name(file: pygit2.DiffFile) -> str:
    oid = str(file.id)
    return oid if oid.strip("0") else ""
