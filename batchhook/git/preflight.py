"""Whether what is going to be written to a work tree can be: room and permission, asked before anything is touched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from batchhook.errors import ConflictError, GitError
from batchhook.git.command import Git

_CHUNK = 1 << 20
_NO_FILTER = (b"unspecified", b"unset", b"set")
_SPARE = 1 << 20
"""Bytes that are left free."""


def check(git: Git, top: Path, changes: Mapping[str, tuple[str, str]]) -> None:
    """See that changes can be written to a work tree.

    Args:
        git: in the work tree.
        top: its top folder.
        changes: path -> names of what is there and of what is to be there, empty for nothing.

    Raises:
        ConflictError: there is no room, no permission, or a filter fails.
    """
    check_permissions(top, changes)
    check_room(top, sizes(git, (new for _, new in changes.values())))
    check_filters(git, {path: new for path, (_, new) in changes.items() if new})


def check_filters(git: Git, comes: Mapping[str, str]) -> None:
    """Try the filters that files go through on their way into the work tree: one that fails would end it half-way.

    Args:
        git: in the work tree.
        comes: path -> name of the content that is to be there.

    Raises:
        ConflictError: one fails.
    """
    for path in _filtered(git, comes):
        try:
            with git.reading("cat-file", "--filters", f"--path={path}", comes[path]) as stream:
                while stream.read(_CHUNK):
                    pass
        except GitError as error:  # noqa: PERF203 - each filter for itself
            raise ConflictError(
                f"{path} cannot be written: {error.message}; nothing was touched", "mend the filter: git config"
            ) from error


def check_kept(git: Git, top: Path, changes: Mapping[str, tuple[str, str]]) -> None:
    """See that git could make again what is written over: its filters may take out of a file what nothing else holds.

    Args:
        git: in the work tree.
        top: its top folder.
        changes: path -> names of what is there and of what is to be there, empty for nothing.

    Raises:
        ConflictError: a file holds more than that.
    """
    goes = {path: old for path, (old, _) in changes.items() if old and _is_plain(top / path)}
    lossy = [path for path in _filtered(git, goes) if not _is_made_again(git, top, path, goes[path])]
    if lossy:
        raise ConflictError(
            f"git's filters leave out of {', '.join(lossy)} what would be lost; nothing was touched",
            "copy the files, and git checkout them first; or rollback N --from-backup, which keeps them as they are",
        )


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()  # what a link says goes through no filter


def _filtered(git: Git, paths: Iterable[str]) -> list[str]:
    """Those of these paths whose contents go through a filter."""
    stdin = b"".join(os.fsencode(path) + b"\0" for path in paths)
    fields = git.run("check-attr", "-z", "--stdin", "filter", stdin=stdin).stdout.split(b"\0")[:-1]
    filtered = [path for path, value in zip(fields[::3], fields[2::3], strict=True) if value not in _NO_FILTER]
    return [os.fsdecode(path) for path in filtered]


def _is_made_again(git: Git, top: Path, path: str, oid: str) -> bool:
    """Whether a file is what git makes of a content, as far as git can say."""
    same = True
    try:
        with git.reading("cat-file", "--filters", f"--path={path}", oid) as made, (top / path).open("rb") as there:
            while piece := made.read(_CHUNK):
                same = same and there.read(len(piece)) == piece
            same = same and not there.read(1)
    except GitError:
        return True
    return same


def check_permissions(top: Path, paths: Iterable[str]) -> None:
    """See that files may be replaced, made and removed: that is decided by the folder that a file is in.

    Raises:
        ConflictError: a folder is read-only.
    """
    for folder in sorted({_nearest(top, path) for path in paths}):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ConflictError(
                f"no permission to change what is in {folder}; nothing was touched", f"chmod u+wx {folder}"
            )


def _nearest(top: Path, path: str) -> Path:
    """The folder in which something has to be made for a path to exist."""
    folder = (top / path).parent
    while folder != top and not folder.is_dir():
        folder = folder.parent
    return folder


def check_room(folder: Path, size: int) -> None:
    """See that a file system has room for so many bytes more.

    Raises:
        ConflictError: it has not.
    """
    free = shutil.disk_usage(folder).free
    if size + _SPARE > free:
        raise ConflictError(
            f"there is no room in {folder}: {_mib(size)} are needed, {_mib(free)} are free; nothing was touched",
            "make room, then do it again",
        )


def sizes(git: Git, oids: Iterable[str]) -> int:
    """How large blobs are, in bytes, all together; those that are not here count nothing."""
    stdin = "".join(f"{oid}\n" for oid in oids if oid).encode()
    if not stdin:
        return 0
    rows = git.text("cat-file", "--batch-check=%(objectsize)", stdin=stdin).splitlines()
    return sum(int(row) for row in rows if row.isdigit())


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.1f} MiB"
