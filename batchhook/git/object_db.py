"""Questions about a repository's objects, answered by a backend (``pygit2_backend``, ``cli_backend``)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

from batchhook.core.commit import Commit, EditStatus, FileEdit

_SUBMODULE = "160000"
NO_MODE = "000000"
"""The mode of a missing file in a raw diff."""


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """An entry of a tree.

    Attributes:
        path: relative to the tree.
        mode: git's mode, six octal digits; ``160000`` is a submodule, whose oid is a commit of another repository.
        oid: its blob.
    """

    path: str
    mode: str
    oid: str

    @property
    def is_submodule(self) -> bool:
        """Return whether it is a submodule."""
        return self.mode == _SUBMODULE


@dataclass(frozen=True, slots=True)
class TreeDifference:
    """A path at which two trees differ.

    Attributes:
        path: relative to the trees.
        old, new: the entry in each; None if missing.
    """

    path: str
    old: TreeEntry | None
    new: TreeEntry | None

    @property
    def status(self) -> EditStatus:
        """Return how a change with this difference touched the file."""
        if self.old is None:
            return EditStatus.ADDED
        if self.new is None:
            return EditStatus.DELETED
        return EditStatus.MODIFIED if self.old.mode[:3] == self.new.mode[:3] else EditStatus.TYPE_CHANGED


@dataclass(frozen=True, slots=True)
class MergeResult:
    """The result of merging trees.

    Attributes:
        tree: the merged tree; meaningless with conflicts.
        conflicts: paths that the two sides changed differently.
    """

    tree: str
    conflicts: tuple[str, ...] = ()


def find_clashes(mine: Iterable[TreeDifference], others: Iterable[TreeDifference]) -> tuple[str, ...]:
    """Find paths at which two sides of a merge cannot both be kept, whatever the contents.

    Check this before merging: libgit2 fills an empty file from another of the same name, and returns a tree in which
    a file and a folder share one name, or which lacks the folder's files.

    Args:
        mine: one side's changes.
        others: the other side's changes.

    Returns:
        Paths of different files that both sides added, and of files that the other side replaced by a folder.
    """
    sides = [{one.path: one for one in side if one.new is not None} for side in (mine, others)]
    both = sides[0].keys() & sides[1].keys()
    clashes = {path for path in both if sides[0][path].old is None and sides[0][path].new != sides[1][path].new}
    for files, deeper in (sides, sides[::-1]):
        parents = (str(parent) for path in deeper for parent in PurePosixPath(path).parents)
        clashes.update(parent for parent in parents if parent in files)
    return tuple(sorted(clashes))


def paths_changed_by_both(mine: Iterable[TreeDifference], others: Iterable[TreeDifference]) -> tuple[str, ...]:
    """Return the paths that both sides of a merge changed, and not to the same content."""
    ours = {one.path: one.new for one in mine}
    return tuple(one.path for one in others if one.path in ours and one.new != ours[one.path])


class ObjectDatabase(Protocol):
    """A repository's objects; oids in hex.

    Each method raises GitError if an object is missing or damaged and git cannot fetch it.

    Attributes:
        name: the backend, as ``doctor`` shows it.
    """

    name: str

    def diff(self, old: str, new: str) -> list[TreeDifference]:
        """List the differences between two trees, by path; renames are not followed."""

    def read_blob(self, oid: str) -> Iterator[bytes]:
        """Yield a blob's bytes in pieces, so that large blobs need little memory."""

    def merge(self, base: str, ours: str, theirs: str) -> MergeResult:
        """Merge trees three-way; writes objects and nothing else."""


def file_edits(objects: ObjectDatabase, commit: Commit) -> tuple[FileEdit, ...]:
    """List the files that a commit touched, against its first parent, by path."""
    return tuple(
        FileEdit(
            path=one.path,
            status=one.status,
            mode=one.new.mode if one.new else NO_MODE,
            sha256=sha256(objects, one.new),
        )
        for one in objects.diff(commit.base_tree, commit.tree)
    )


def sha256(objects: ObjectDatabase, file: TreeEntry | None) -> str:
    """Return the SHA-256 of a file's content, in hex; empty for a submodule or a missing file."""
    if file is None or file.is_submodule:
        return ""
    digest = hashlib.sha256()
    for piece in objects.read_blob(file.oid):
        digest.update(piece)
    return digest.hexdigest()
