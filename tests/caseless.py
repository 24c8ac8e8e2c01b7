"""A file system that does not tell ``a`` from ``A``, and keeps the name that a file was given: as on macOS and Windows.

``python -m tests.caseless BEHIND MOUNTED`` serves a folder so by FUSE, until it is unmounted.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import mfusepy

_SHOWN = ("st_atime", "st_ctime", "st_gid", "st_ino", "st_mode", "st_mtime", "st_nlink", "st_size", "st_uid")


class Caseless(mfusepy.Operations):  # type: ignore[misc] # it has no types
    """All that is asked of a file system, handed on to a folder of an ordinary one.

    Args:
        behind: the folder.
    """

    use_ns = True

    def __init__(self, behind: Path) -> None:
        self._behind = behind

    def _at(self, path: str) -> Path:
        """Where a path is behind: each name as it is there, if it is there in any case."""
        place = self._behind
        for name in path.strip("/").split("/"):
            place /= _as_there(place, name)
        return place

    def access(self, path: str, amode: int) -> int:
        if not os.access(self._at(path), amode, follow_symlinks=False):
            raise OSError(errno.EACCES, "")
        return 0

    def chmod(self, path: str, mode: int) -> int:
        self._at(path).chmod(mode)
        return 0

    def chown(self, path: str, uid: int, gid: int) -> int:
        os.lchown(self._at(path), uid, gid)
        return 0

    def create(self, path: str, mode: int, fi: object = None) -> int:  # noqa: ARG002 - libfuse's
        return os.open(self._at(path), os.O_RDWR | os.O_CREAT, mode)

    def flush(self, path: str, fh: int) -> int:  # noqa: ARG002 - libfuse's
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:  # noqa: ARG002 - libfuse's
        return 0

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        found = os.lstat(self._at(path)) if fh is None else os.fstat(fh)
        shown = {name: getattr(found, name) for name in _SHOWN}
        return shown | {name: getattr(found, f"{name}_ns") for name in _SHOWN if name.endswith("time")}

    def link(self, target: str, source: str) -> int:
        os.link(self._at(source), self._at(target), follow_symlinks=False)
        return 0

    def mkdir(self, path: str, mode: int) -> int:
        self._at(path).mkdir(mode)
        return 0

    def open(self, path: str, flags: int) -> int:
        return os.open(self._at(path), flags & ~os.O_EXCL)

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:  # noqa: ARG002 - libfuse's
        return os.pread(fh, size, offset)

    def readdir(self, path: str, fh: int) -> Iterable[tuple[str, dict[str, int], int]]:  # noqa: ARG002 - libfuse's
        here = self._at(path)
        for name in (".", "..", *(each.name for each in here.iterdir())):
            found = (here / name).lstat()  # a name without its number is passed over by who reads
            yield name, {"st_ino": found.st_ino, "st_mode": found.st_mode}, 0

    def readlink(self, path: str) -> str:
        return str(self._at(path).readlink())

    def release(self, path: str, fh: int) -> int:  # noqa: ARG002 - libfuse's
        os.close(fh)
        return 0

    def rename(self, old: str, new: str) -> int:
        source, target = self._at(old), self._at(new)
        if os.path.lexists(target) and not os.path.samestat(source.lstat(), target.lstat()):
            source = source.replace(target)
        source.rename(target.with_name(new.rpartition("/")[2]))
        return 0

    def rmdir(self, path: str) -> int:
        self._at(path).rmdir()
        return 0

    def statfs(self, path: str) -> dict[str, int]:
        found = os.statvfs(self._at(path))
        return {name: getattr(found, name) for name in dir(found) if name.startswith("f_") and name != "f_fsid"}

    def symlink(self, target: str, source: str) -> int:
        self._at(target).symlink_to(source)
        return 0

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        os.truncate(self._at(path) if fh is None else fh, length)
        return 0

    def unlink(self, path: str) -> int:
        self._at(path).unlink()
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        if times:
            os.utime(self._at(path), ns=times, follow_symlinks=False)
        return 0

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:  # noqa: ARG002 - libfuse's
        return os.pwrite(fh, data, offset)


def _as_there(folder: Path, name: str) -> str:
    if os.path.lexists(folder / name) or not folder.is_dir():
        return name
    return next((each.name for each in folder.iterdir() if each.name.casefold() == name.casefold()), name)


def serve(behind: Path, mounted: str) -> None:
    """Serve until somebody unmounts it. Nothing is remembered by the kernel: it would tell ``a`` from ``A``."""
    nothing = {"attr_timeout": 0, "entry_timeout": 0, "negative_timeout": 0}
    mfusepy.FUSE(Caseless(behind), mounted, foreground=True, nothreads=True, use_ino=True, hard_remove=True, **nothing)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2])
