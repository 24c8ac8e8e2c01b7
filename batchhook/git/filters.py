"""Convert file contents between work tree and repository: line endings, filters, encodings.

Git itself converts, with the repository's settings and attributes but a temporary object folder, so it works where the
repository's objects are damaged, and leaves nothing behind.
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


class FilterConverter:
    """Conversions in one work tree. Created by ``open_converter``."""

    def __init__(self, git: Git, folder: Path) -> None:
        self._git = git
        self._variables = {"GIT_OBJECT_DIRECTORY": os.fspath(folder)}

    def filtered_paths(self, paths: Sequence[str]) -> frozenset[str]:
        """Return the paths whose contents git may convert.

        Raises:
            GitError: git failed.
        """
        if not paths:
            return frozenset()
        if self._git.run("config", "--get", "core.autocrlf", check=False).stdout.strip() in {b"true", b"input"}:
            return frozenset(paths)
        stdin = b"".join(os.fsencode(path) + b"\0" for path in paths)
        fields = self._git.run("check-attr", "-z", "--stdin", *_ATTRIBUTES, stdin=stdin).stdout.split(b"\0")[:-1]
        rows = zip(fields[::3], fields[2::3], strict=True)
        return frozenset(os.fsdecode(path) for path, value in rows if value not in _NONE)

    def smudge(self, path: str, source: Path) -> Iterator[bytes]:
        """Convert a stored content to what the work tree gets.

        Args:
            path: relative to the top.
            source: a file with the content.

        Raises:
            GitError: a filter failed.
        """
        oid = self._git.text("hash-object", "-w", "--no-filters", "--", os.fspath(source), variables=self._variables)
        try:
            yield from self._blob("--filters", f"--path={path}", oid)
        except GitError as error:
            raise GitError(f"{path} cannot be restored from its copy; nothing was changed: {error.message}") from error

    def clean(self, path: str) -> Iterator[bytes]:
        """Convert a work tree's file to what git stores; arguments and errors as for ``smudge``."""
        oid = self._git.text("hash-object", "-w", "--", path, variables=self._variables)
        yield from self._blob("blob", oid)

    def _blob(self, *arguments: str) -> Iterator[bytes]:
        with self._git.stream("cat-file", *arguments, variables=self._variables) as stream:
            while piece := stream.read(_CHUNK):
                yield piece


@contextmanager
def open_converter(git: Git, near: Path) -> Iterator[FilterConverter]:
    """Yield a converter; its temporary objects are removed after the block.

    Args:
        git: in the work tree's top folder.
        near: a folder with enough disk space for the contents.
    """
    with tempfile.TemporaryDirectory(prefix="converting-", dir=near) as folder:
        yield FilterConverter(git, Path(folder))
