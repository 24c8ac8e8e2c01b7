"""Whether what is going to be written to a work tree can be: room and permission, asked before anything is touched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from batchhook.errors import ConflictError
from batchhook.git.command import Git

_SPARE = 1 << 20
"""Bytes that are left free."""


def check(git: Git, top: Path, changes: Mapping[str, tuple[str, str]]) -> None:
    """See that changes can be written to a work tree.

    Args:
        git: in the work tree.
        top: its top folder.
        changes: path -> names of what is there and of what is to be there, empty for nothing.

    Raises:
        ConflictError: there is no room, or no permission.
    """
    check_permissions(top, changes)
    check_room(top, sizes(git, (new for _, new in changes.values())))


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
