"""Objects by libgit2: in memory and fast, wherever libgit2 can."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pygit2
from pygit2.enums import DeltaStatus, DiffOption, MergeFlag

from batchhook.git.cli_backend import ByCommand
from batchhook.git.object_db import Difference, Merged, Objects, TreeFile, changed_by_both, clashes

_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""The name of the tree without entries (SHA-1; libgit2 opens no other repositories)."""

_CHUNK = 1 << 20
_LARGE = 8 << 20
"""Bytes. libgit2 holds a blob as a whole; git gives it out piece by piece."""

_Answer = TypeVar("_Answer")


def opened(common_dir: Path, command: ByCommand) -> Objects:
    """A repository by libgit2, or by the command where libgit2 does not open it: SHA-256 names, reftable, ….

    Raises:
        GitError: git does not open it either, for instance since somebody else owns it.
    """
    try:
        return ByLibgit(pygit2.Repository(os.fspath(common_dir)), command)
    except pygit2.GitError:
        command.check()
        return command


class ByLibgit:
    """``Objects`` by libgit2; what it cannot answer (a split index, an object that is not here), the command does."""

    name = "libgit2"

    def __init__(self, repository: pygit2.Repository, command: ByCommand) -> None:
        self._repository = repository
        self._command = command

    def differences(self, old: str, new: str) -> list[Difference]:
        """As ``Objects`` has it."""
        return self._first(lambda: self._differences(old, new), lambda: self._command.differences(old, new))

    def content(self, oid: str) -> Iterator[bytes]:
        """As ``Objects`` has it."""
        blob = self._first(lambda: self._blob(oid), lambda: None)
        if blob is None:
            yield from self._command.content(oid)
            return
        with pygit2.BlobIO(blob) as stream:
            while piece := stream.read(_CHUNK):
                yield piece

    def merged(self, base: str, ours: str, theirs: str) -> Merged:
        """As ``Objects`` has it."""
        return self._first(lambda: self._merged(base, ours, theirs), lambda: self._command.merged(base, ours, theirs))

    @staticmethod
    def _first(by_libgit: Callable[[], _Answer], by_command: Callable[[], _Answer]) -> _Answer:
        try:
            return by_libgit()
        except (pygit2.GitError, KeyError):  # a KeyError is an object that libgit2 does not find
            return by_command()

    def _differences(self, old: str, new: str) -> list[Difference]:
        diff = self._tree(old).diff_to_tree(self._tree(new), flags=DiffOption.INCLUDE_TYPECHANGE)
        return sorted(map(_difference, diff.deltas), key=lambda one: os.fsencode(one.path))

    def _blob(self, oid: str) -> pygit2.Blob | None:
        _, size = self._repository.odb.read_header(oid)
        return None if size > _LARGE else self._repository[oid].peel(pygit2.Blob)

    def _merged(self, base: str, ours: str, theirs: str) -> Merged:
        mine, others = self._differences(base, ours), self._differences(base, theirs)
        unlike = clashes(mine, others)
        if unlike:
            return Merged(ours, unlike)
        if any(map(self._has_driver, changed_by_both(mine, others))):
            return self._command.merged(base, ours, theirs)
        trees = [self._tree(oid) for oid in (base, ours, theirs)]
        index = self._repository.merge_trees(trees[0], trees[1], trees[2], flags=MergeFlag(0))
        if index.conflicts is not None:
            sides = [side for conflict in index.conflicts for side in conflict if side is not None]
            return Merged(ours, tuple(sorted({side.path for side in sides})))
        return Merged(str(index.write_tree(self._repository)))

    def _has_driver(self, path: str) -> bool:
        """Whether attributes, or the configuration, name another way to merge a file than line by line."""
        said = self._repository.get_attr(os.fsencode(path), "merge")
        if said is None and "merge.default" in self._repository.config:
            said = self._repository.config["merge.default"]
        return said not in {None, True, "text"}

    def _tree(self, oid: str) -> pygit2.Tree:
        if oid == _EMPTY_TREE:  # git knows it without its being stored
            oid = str(self._repository.TreeBuilder().write())
        return self._repository[oid].peel(pygit2.Tree)


def _difference(delta: pygit2.DiffDelta) -> Difference:
    path = os.fsdecode(delta.new_file.raw_path)
    old = None if delta.status == DeltaStatus.ADDED else _file(path, delta.old_file)
    new = None if delta.status == DeltaStatus.DELETED else _file(path, delta.new_file)
    return Difference(path, old, new)


def _file(path: str, file: pygit2.DiffFile) -> TreeFile:
    return TreeFile(path, f"{int(file.mode):06o}", str(file.id))
