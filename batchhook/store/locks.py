"""Locks that the system lets go of when their holder dies, however it dies."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batchhook.errors import StoreError

_NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL})
"""What flock(2) fails with on a file system that has none: some network drives."""


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Hold a lock for the length of a block, if nobody else has it.

    Args:
        path: the lock's file; made where it is missing, and left behind.

    Yields:
        whether the lock was had. It is flock(2)'s: children inherit it only where the descriptor is handed to them.
    """
    with held(path) as descriptor:
        yield descriptor is not None


@contextmanager
def held(path: Path) -> Iterator[int | None]:
    """As ``try_lock``, but yields the lock's descriptor: a child that inherits it holds the lock as long as it lives.

    Yields:
        the descriptor; None where somebody else has the lock.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            _flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, path)
        except BlockingIOError:
            yield None
        else:
            yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold a lock for the length of a block, after whoever has it now; arguments as for ``try_lock``."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _flock(descriptor, fcntl.LOCK_EX, path)
        yield
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether somebody holds a lock."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        try:
            _flock(
                file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB, path
            )  # shared: two that only look do not disturb each other
        except BlockingIOError:
            return True
    return False


def _flock(descriptor: int, how: int, path: Path) -> None:
    """Lock a file.

    Raises:
        BlockingIOError: somebody else has the lock.
        StoreError: the file system has no locks.
    """
    try:
        fcntl.flock(descriptor, how)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        raise StoreError(
            f"{path.parent} is on a drive without file locks: without them two processes would be in each other's way",
            "mount it with locks, or move the repository to a local disk",
        ) from error
