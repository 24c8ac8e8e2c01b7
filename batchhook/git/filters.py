"""What git makes of a file on its way between a work tree and its objects: line ends, filters, encodings.

Git itself does it, with the repository's settings and attributes, but with a folder of its own for objects: so it works
where the repository's objects are damaged, and leaves nothing there.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from batchhook.errors import GitError
from batchhook.git.command import Git

_CHUNK = 1 << 20
_ATTRIBUTES = ("text", "crlf", "eol", "filter", "ident", "working-tree-encoding")
_NONE = (b"unspecified", b"unset")


class Conversion:
    """Conversions in one work tree. Made by ``converting``."""

    def __init__(self, git: Git, folder: Path) -> None:
        self._git = git
        self._variables = {"GIT_OBJECT_DIRECTORY": os.fspath(folder)}

    def concerned(self, paths: Sequence[str]) -> frozenset[str]:
        """Those of these paths whose contents git may convert.

        Raises:
            GitError: git does not say.
        """
        if not paths:
            return frozenset()
        if self._git.run("config", "--get", "core.autocrlf", check=False).stdout.strip() in {b"true", b"input"}:
            return frozenset(paths)
        stdin = b"".join(os.fsencode(path) + b"\0" for path in paths)
        fields = self._git.run("check-attr", "-z", "--stdin", *_ATTRIBUTES, stdin=stdin).stdout.split(b"\0")[:-1]
        rows = zip(fields[::3], fields[2::3], strict=True)
        return frozenset(os.fsdecode(path) for path, value in rows if value not in _NONE)

    def to_work_tree(self, path: str, place: Path) -> Iterator[bytes]:
        """What a work tree gets for a content of git's.

        Args:
            path: where, relative to the top.
            place: a file with the content.

        Raises:
            GitError: a filter failed.
        """
        oid = self._git.text("hash-object", "-w", "--no-filters", "--", os.fspath(place), variables=self._variables)
        try:
            yield from self._blob("--filters", f"--path={path}", oid)
        except GitError as error:
            raise GitError(f"{path} cannot be made of its copy; nothing was touched: {error.message}") from error

    def to_git(self, path: str) -> Iterator[bytes]:
        """What git gets of a work tree's file; arguments and errors as for ``to_work_tree``."""
        oid = self._git.text("hash-object", "-w", "--", path, variables=self._variables)
        yield from self._blob("blob", oid)

    def _blob(self, *arguments: str) -> Iterator[bytes]:
        with self._git.reading("cat-file", *arguments, variables=self._variables) as stream:
            while piece := stream.read(_CHUNK):
                yield piece


@contextmanager
def converting(git: Git, near: Path) -> Iterator[Conversion]:
    """Convert for the length of a block.

    Args:
        git: in the work tree's top folder.
        near: a folder in which there is room for the contents.
    """
    with tempfile.TemporaryDirectory(prefix="converting-", dir=near) as folder:
        yield Conversion(git, Path(folder))
