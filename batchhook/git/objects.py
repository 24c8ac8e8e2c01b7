"""Reading a repository's objects with pygit2: what a change touched, what a file held."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import DeltaStatus, FileMode

from batchhook.core.changes import Commit, EditStatus, FileEdit
from batchhook.errors import GitError

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""The name of the tree without entries (SHA-1; libgit2 opens no other repositories)."""

_CHUNK = 1 << 20
_STATUS = {
    DeltaStatus.ADDED: EditStatus.ADDED,
    DeltaStatus.DELETED: EditStatus.DELETED,
    DeltaStatus.TYPECHANGE: EditStatus.TYPE_CHANGED,
}


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
        return self.mode == "160000"


def open_repository(common_dir: Path) -> pygit2.Repository:
    """Open a repository for reading.

    Raises:
        GitError: libgit2 cannot: SHA-256 objects, reftable, or a damaged repository.
    """
    try:
        return pygit2.Repository(os.fspath(common_dir))
    except pygit2.GitError as error:
        raise GitError(
            f"libgit2 cannot open this repository: {error}",
            "commits are counted and `batchhook test` works; runs of batches and rollback do not, yet",
        ) from error


def file_edits(repository: pygit2.Repository, commit: Commit) -> tuple[FileEdit, ...]:
    """The files that a commit touched, compared with its first parent; by path."""
    return tuple(
        FileEdit(
            path=os.fsdecode(delta.new_file.raw_path),
            status=_STATUS.get(delta.status, EditStatus.MODIFIED),
            mode=f"{int(delta.new_file.mode):06o}",
            sha256=_sha256(repository, delta.new_file),
        )
        for delta in _deltas(repository, commit.base_tree, commit.tree)
    )


def files_before(repository: pygit2.Repository, commit: Commit) -> dict[str, TreeFile | None]:
    """What each file that a commit touches was just before; nothing for one that did not exist."""
    found: dict[str, TreeFile | None] = {}
    for delta in _deltas(repository, commit.base_tree, commit.tree):
        old = delta.old_file
        path = os.fsdecode(old.raw_path)
        existed = delta.status != DeltaStatus.ADDED
        found[path] = TreeFile(path, f"{int(old.mode):06o}", str(old.id)) if existed else None
    return found


def _deltas(repository: pygit2.Repository, old: str, new: str) -> Iterator[pygit2.DiffDelta]:
    # Git knows the empty tree without its being stored; libgit2 does not.
    if old == EMPTY_TREE:
        diff = repository[new].peel(pygit2.Tree).diff_to_tree(swap=True)
    else:
        diff = repository[old].peel(pygit2.Tree).diff_to_tree(repository[new].peel(pygit2.Tree))
    return iter(diff.deltas)


def content(repository: pygit2.Repository, oid: str) -> Iterator[bytes]:
    """A blob's bytes, piece by piece."""
    blob = repository[oid].peel(pygit2.Blob)
    with pygit2.BlobIO(blob) as stream:
        while piece := stream.read(_CHUNK):
            yield piece


def _sha256(repository: pygit2.Repository, file: pygit2.DiffFile) -> str:
    if file.mode in {FileMode.COMMIT, FileMode.UNREADABLE}:
        return ""
    digest = hashlib.sha256()
    for piece in content(repository, str(file.id)):
        digest.update(piece)
    return digest.hexdigest()
