"""Copying files. Where a file system has reflinks (Btrfs, XFS, bcachefs), a copy shares the original's blocks."""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator
from typing import IO

_CHUNK = 1 << 20
_FICLONE = 0x40049409
"""Source: ioctl_ficlone(2). Systems without it say that they know no such request."""


def copied(source: IO[bytes], target: IO[bytes]) -> Iterator[bytes]:
    """Copy a file; gives its bytes as the copy has them, which may be compared on the way.

    Args:
        source: opened at its beginning.
        target: empty, for reading and writing.
    """
    if clone(source.fileno(), target.fileno()):
        return pieces(target)
    return written(pieces(source), target)


def clone(source: int, target: int) -> bool:
    """Whether an empty file could be made to share the blocks of another one; both are descriptors."""
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return False
    return True


def pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """What is in a file, piece by piece."""
    while piece := stream.read(_CHUNK):
        yield piece


def written(content: Iterable[bytes], target: IO[bytes]) -> Iterator[bytes]:
    """Write pieces, and give them."""
    for piece in content:
        target.write(piece)
        yield piece
