"""Reading and merging a repository's objects: by libgit2, and by the git command wherever libgit2 cannot."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

from batchhook.core.changes import Commit, EditStatus, FileEdit

_SUBMODULE = "160000"
NO_MODE = "000000"
"""The mode of a file that does not exist."""


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file as a tree holds it.

    Attributes:
        path: relative to the tree.
        mode: git's mode, six octal digits; ``160000`` is a submodule, whose oid names a commit elsewhere.
        oid: hex name of its blob.
    """

    path: str
    mode: str
    oid: str

    @property
    def is_submodule(self) -> bool:
        """Whether its content is another repository's business."""
        return self.mode == _SUBMODULE


@dataclass(frozen=True, slots=True)
class Difference:
    """A path at which two trees differ.

    Attributes:
        path: relative to the trees.
        old, new: what is there in each; None for nothing.
    """

    path: str
    old: TreeFile | None
    new: TreeFile | None

    @property
    def status(self) -> EditStatus:
        """What a change that made this difference did."""
        if self.old is None:
            return EditStatus.ADDED
        if self.new is None:
            return EditStatus.DELETED
        return EditStatus.MODIFIED if self.old.mode[:3] == self.new.mode[:3] else EditStatus.TYPE_CHANGED


@dataclass(frozen=True, slots=True)
class Merged:
    """A tree that a merge gave.

    Attributes:
        tree: its name; of no use where there are conflicts.
        conflicts: paths at which both sides did something different.
    """

    tree: str
    conflicts: tuple[str, ...] = ()


def clashes(mine: Iterable[Difference], others: Iterable[Difference]) -> tuple[str, ...]:
    """Paths at which two sides of a merge cannot both be kept, whatever the files hold.

    Said before anybody merges: libgit2 fills an empty file from another one of the same name, and gives a tree in which
    a file and a folder have one name, or in which what is in the folder is lost.

    Args:
        mine: what one side changed.
        others: what the other side changed.

    Returns:
        paths of different files that both sides added, and of files where the other side has put a folder.
    """
    sides = [{one.path: one for one in side if one.new is not None} for side in (mine, others)]
    both = sides[0].keys() & sides[1].keys()
    found = {path for path in both if sides[0][path].old is None and sides[0][path].new != sides[1][path].new}
    for files, deeper in (sides, sides[::-1]):
        parents = (str(parent) for path in deeper for parent in PurePosixPath(path).parents)
        found.update(parent for parent in parents if parent in files)
    return tuple(sorted(found))


def changed_by_both(mine: Iterable[Difference], others: Iterable[Difference]) -> tuple[str, ...]:
    """Paths at which both sides of a merge have something else than before, and not the same."""
    ours = {one.path: one.new for one in mine}
    return tuple(one.path for one in others if one.path in ours and one.new != ours[one.path])


class Objects(Protocol):
    """What is asked of a repository's objects. Names of trees and blobs are git's, in hex.

    Each question raises GitError: an object is missing or damaged, and git cannot fetch it either.

    Attributes:
        name: by what they are read.
    """

    name: str

    def differences(self, old: str, new: str) -> list[Difference]:
        """The paths at which two trees differ, by path; renames are not followed."""

    def content(self, oid: str) -> Iterator[bytes]:
        """A blob's bytes, piece by piece: however large it is, little of it is in memory."""

    def merged(self, base: str, ours: str, theirs: str) -> Merged:
        """A three-way merge of trees. The objects are written, and nothing else."""


def file_edits(objects: Objects, commit: Commit) -> tuple[FileEdit, ...]:
    """The files that a commit touched, compared with its first parent; by path."""
    return tuple(
        FileEdit(
            path=one.path,
            status=one.status,
            mode=one.new.mode if one.new else NO_MODE,
            sha256=sha256(objects, one.new),
        )
        for one in objects.differences(commit.base_tree, commit.tree)
    )


def sha256(objects: Objects, file: TreeFile | None) -> str:
    """SHA-256 of a file's content, in hex; empty for a submodule, or no file."""
    if file is None or file.is_submodule:
        return ""
    digest = hashlib.sha256()
    for piece in objects.content(file.oid):
        digest.update(piece)
    return digest.hexdigest()
