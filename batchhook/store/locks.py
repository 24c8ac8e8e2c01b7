"""File locks that the system releases when their holder dies, however it dies."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batchhook.errors import StoreError

_UNSUPPORTED = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL})
"""Errors of flock(2) on a file system without locks, such as some network drives."""


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Hold a lock inside the block, unless another process has it.

    Args:
        path: the lock's file; created if it or its folder is missing, and never removed.

    Yields:
        whether the lock is held. It is that of flock(2): a child inherits it only along with the descriptor.
    """
    with try_lock_fd(path) as descriptor:
        yield descriptor is not None


@contextmanager
def try_lock_fd(path: Path) -> Iterator[int | None]:
    """Hold a lock as ``try_lock`` does, and yield its descriptor: a child that inherits it holds the lock, too.

    Yields:
        the descriptor; None if another process has the lock.
    """
    with _open(path) as descriptor:
        try:
            _flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, path)
        except BlockingIOError:
            yield None
        else:
            yield descriptor


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Wait for a lock and hold it inside the block; arguments as for ``try_lock``."""
    with _open(path) as descriptor:
        _flock(descriptor, fcntl.LOCK_EX, path)
        yield


def is_locked(path: Path) -> bool:
    """Return whether a process holds a lock."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        try:  # a shared lock, so that two checks at the same time do not see each other
            _flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB, path)
        except BlockingIOError:
            return True
    return False


@contextmanager
def _open(path: Path) -> Iterator[int]:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileNotFoundError:  # a folder of ours was removed, to free space or by restoring an incomplete backup
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path, flags, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _flock(descriptor: int, operation: int, path: Path) -> None:
    """Lock a file.

    Raises:
        BlockingIOError: another process has the lock.
        StoreError: the file system has no locks.
    """
    try:
        fcntl.flock(descriptor, operation)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        raise StoreError(
            f"{path.parent} is on a drive without file locks, so processes could overwrite each other's data",
            "mount it with locks, or move the repository to a local disk",
        ) from error
