"""Read and merge objects with libgit2: in memory, and fast."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pygit2
from pygit2.enums import DeltaStatus, DiffOption, MergeFlag

from batchhook.git.cli_backend import CliBackend
from batchhook.git.object_db import (
    MergeResult,
    ObjectDatabase,
    TreeDifference,
    TreeEntry,
    find_clashes,
    paths_changed_by_both,
)

_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""The empty tree's oid (SHA-1; libgit2 opens no other repositories)."""

_CHUNK = 1 << 20
_LARGE = 8 << 20
"""Bytes. libgit2 loads a blob whole, so larger ones are streamed by the git command."""

_Result = TypeVar("_Result")


def open_with_pygit2(common_dir: Path, command: CliBackend) -> ObjectDatabase:
    """Open a repository with libgit2, or with the command where libgit2 cannot (SHA-256, reftable …).

    Raises:
        GitError: git cannot open it either, for instance because another user owns it.
    """
    try:
        return Pygit2Backend(pygit2.Repository(os.fspath(common_dir)), command)
    except pygit2.GitError:
        command.check()
        return command


class Pygit2Backend:
    """``ObjectDatabase`` by libgit2, with the git command as fallback (split index, promised objects)."""

    name = "libgit2"

    def __init__(self, repository: pygit2.Repository, command: CliBackend) -> None:
        self._repository = repository
        self._command = command

    def diff(self, old: str, new: str) -> list[TreeDifference]:
        """See ``ObjectDatabase``."""
        return self._with_fallback(lambda: self._diff(old, new), lambda: self._command.diff(old, new))

    def read_blob(self, oid: str) -> Iterator[bytes]:
        """See ``ObjectDatabase``."""
        blob = self._with_fallback(lambda: self._blob(oid), lambda: None)
        if blob is None:
            yield from self._command.read_blob(oid)
            return
        with pygit2.BlobIO(blob) as stream:
            while piece := stream.read(_CHUNK):
                yield piece

    def merge(self, base: str, ours: str, theirs: str) -> MergeResult:
        """See ``ObjectDatabase``."""
        return self._with_fallback(
            lambda: self._merge(base, ours, theirs), lambda: self._command.merge(base, ours, theirs)
        )

    @staticmethod
    def _with_fallback(primary: Callable[[], _Result], fallback: Callable[[], _Result]) -> _Result:
        try:
            return primary()
        except (pygit2.GitError, KeyError):  # libgit2 raises KeyError for an object that it does not find
            return fallback()

    def _diff(self, old: str, new: str) -> list[TreeDifference]:
        diff = self._tree(old).diff_to_tree(self._tree(new), flags=DiffOption.INCLUDE_TYPECHANGE)
        return sorted(map(_tree_difference, diff.deltas), key=lambda one: os.fsencode(one.path))

    def _blob(self, oid: str) -> pygit2.Blob | None:
        _, size = self._repository.odb.read_header(oid)
        return None if size > _LARGE else self._repository[oid].peel(pygit2.Blob)

    def _merge(self, base: str, ours: str, theirs: str) -> MergeResult:
        mine, others = self._diff(base, ours), self._diff(base, theirs)
        clashes = find_clashes(mine, others)
        if clashes:
            return MergeResult(ours, clashes)
        if any(map(self._has_driver, paths_changed_by_both(mine, others))):
            return self._command.merge(base, ours, theirs)
        trees = [self._tree(oid) for oid in (base, ours, theirs)]
        index = self._repository.merge_trees(trees[0], trees[1], trees[2], flags=MergeFlag(0))
        if index.conflicts is not None:
            sides = [side for conflict in index.conflicts for side in conflict if side is not None]
            return MergeResult(ours, tuple(sorted({side.path for side in sides})))
        return MergeResult(str(index.write_tree(self._repository)))

    def _has_driver(self, path: str) -> bool:
        """Return whether attributes or configuration ask for another merge than line by line."""
        driver = self._repository.get_attr(os.fsencode(path), "merge")
        if driver is None and "merge.default" in self._repository.config:
            driver = self._repository.config["merge.default"]
        return driver not in {None, True, "text"}

    def _tree(self, oid: str) -> pygit2.Tree:
        if oid == _EMPTY_TREE:  # git knows it even if it is not stored
            oid = str(self._repository.TreeBuilder().write())
        return self._repository[oid].peel(pygit2.Tree)


def _tree_difference(delta: pygit2.DiffDelta) -> TreeDifference:
    path = os.fsdecode(delta.new_file.raw_path)
    old = None if delta.status == DeltaStatus.ADDED else _tree_entry(path, delta.old_file)
    new = None if delta.status == DeltaStatus.DELETED else _tree_entry(path, delta.new_file)
    return TreeDifference(path, old, new)


def _tree_entry(path: str, file: pygit2.DiffFile) -> TreeEntry:
    return TreeEntry(path, f"{int(file.mode):06o}", str(file.id))
