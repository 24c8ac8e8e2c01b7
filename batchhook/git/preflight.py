"""Check disk space, permissions and filters before anything is written to a work tree."""

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
"""Bytes to leave free."""


def check_writable(git: Git, top: Path, changes: Mapping[str, tuple[str, str]]) -> None:
    """Check that changes can be written to a work tree.

    Args:
        git: in the work tree.
        top: its top folder.
        changes: path -> (current oid, new oid); empty for none.

    Raises:
        ConflictError: disk space or a permission is missing, or a filter fails.
    """
    check_permissions(top, changes)
    check_disk_space(top, total_blob_size(git, (new for _, new in changes.values())))
    check_filters(git, {path: new for path, (_, new) in changes.items() if new})


def check_filters(git: Git, new_blobs: Mapping[str, str]) -> None:
    """Run the smudge filters of new files: a failing one would stop the checkout half-way.

    Args:
        git: in the work tree.
        new_blobs: path -> oid of the new content.

    Raises:
        ConflictError: a filter fails.
    """
    for path in _filtered(git, new_blobs):
        try:
            with git.stream("cat-file", "--filters", f"--path={path}", new_blobs[path]) as stream:
                while stream.read(_CHUNK):
                    pass
        except GitError as error:  # noqa: PERF203 - name the path that failed
            raise ConflictError(
                f"{path} cannot be written: {error.message}; nothing was changed",
                "fix the filter: git config --get-regexp filter",
            ) from error


def check_reversible_filters(git: Git, top: Path, changes: Mapping[str, tuple[str, str]]) -> None:
    """Check that git can restore the files to be overwritten: a clean filter may drop what only the file holds.

    Args:
        git: in the work tree.
        top: its top folder.
        changes: path -> (current oid, new oid); empty for none.

    Raises:
        ConflictError: a file contains more than git stores.
    """
    overwritten = {path: old for path, (old, _) in changes.items() if old and _is_plain(top / path)}
    lossy = [path for path in _filtered(git, overwritten) if not _is_reproducible(git, top, path, overwritten[path])]
    if lossy:
        raise ConflictError(
            f"git's filters drop a part of {', '.join(lossy)} that would be lost; nothing was changed",
            "copy the files and git checkout them first; or use rollback N --from-backup, which keeps them as they are",
        )


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()  # a link's target passes no filter


def _filtered(git: Git, paths: Iterable[str]) -> list[str]:
    """Return the paths whose contents pass a filter."""
    stdin = b"".join(os.fsencode(path) + b"\0" for path in paths)
    fields = git.run("check-attr", "-z", "--stdin", "filter", stdin=stdin).stdout.split(b"\0")[:-1]
    filtered = [path for path, value in zip(fields[::3], fields[2::3], strict=True) if value not in _NO_FILTER]
    return [os.fsdecode(path) for path in filtered]


def _is_reproducible(git: Git, top: Path, path: str, oid: str) -> bool:
    """Return whether smudging a blob gives a file's exact content; True if the filter fails."""
    same = True
    try:
        with git.stream("cat-file", "--filters", f"--path={path}", oid) as made, (top / path).open("rb") as there:
            while piece := made.read(_CHUNK):
                same = same and there.read(len(piece)) == piece
            same = same and not there.read(1)
    except GitError:
        return True
    return same


def check_permissions(top: Path, paths: Iterable[str]) -> None:
    """Check that files may be created, replaced and removed, which their folders' permissions decide.

    Raises:
        ConflictError: a folder is read-only.
    """
    for folder in sorted({_nearest_folder(top, path) for path in paths}):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ConflictError(f"no permission to write to {folder}; nothing was changed", f"chmod u+wx {folder}")


def _nearest_folder(top: Path, path: str) -> Path:
    """Return the nearest existing folder on a path."""
    folder = (top / path).parent
    while folder != top and not folder.is_dir():
        folder = folder.parent
    return folder


def check_disk_space(folder: Path, size: int) -> None:
    """Check that a file system has space for some more bytes.

    Raises:
        ConflictError: there is not enough space.
    """
    free = shutil.disk_usage(folder).free
    if size + _SPARE > free:
        raise ConflictError(
            f"not enough disk space in {folder}: {_mib(size)} needed, {_mib(free)} free; nothing was changed",
            "free some space, then try again",
        )


def total_blob_size(git: Git, oids: Iterable[str]) -> int:
    """Return the total size of blobs in bytes; missing ones count as 0."""
    stdin = "".join(f"{oid}\n" for oid in oids if oid).encode()
    if not stdin:
        return 0
    rows = git.text("cat-file", "--batch-check=%(objectsize)", stdin=stdin).splitlines()
    return sum(int(row) for row in rows if row.isdigit())


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.1f} MiB"
