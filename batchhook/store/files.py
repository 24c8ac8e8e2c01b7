"""Files: replacing one atomically, sizes, and copying contents. On the hook's path."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_CHUNK_BYTES = 1 << 20
_FICLONE = 0x40049409
"""From ioctl_ficlone(2). Systems without it report an unknown request."""

TEMPORARY_SUFFIX = ".new"
"""Ends the hidden name of a file that is being written. A process that was killed leaves it behind."""


def replace_file(path: Path, content: str | bytes, *, mode: int = 0o600, durable: bool = True) -> None:
    """Write a file so that readers, and a crash, see either the old or the new content.

    Args:
        path: the file; its folder exists.
        content: text is encoded as UTF-8, with ``?`` for lone surrogates.
        mode: its permissions, before the umask.
        durable: flush it to the disk, so that a power failure cannot lose it after it has replaced the old one.

    Raises:
        OSError: the disk is full or cannot be written; the old content is intact.
    """
    with replacement(path, mode=mode, durable=durable) as file:
        file.write(content if isinstance(content, bytes) else content.encode("utf-8", "replace"))


@contextmanager
def replacement(path: Path, *, mode: int = 0o600, durable: bool = True) -> Iterator[IO[bytes]]:
    """Open a new file that takes the place of ``path`` at the end of the block, as with ``replace_file``.

    If the block raises, the old file stays.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    temporary.unlink(missing_ok=True)  # left by a process with the same id
    try:
        with open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def file_size(file: Path) -> int:
    """Return a file's bytes; 0 if it does not exist."""
    try:
        return file.lstat().st_size
    except OSError:
        return 0


def copy_chunks(source: IO[bytes], target: IO[bytes]) -> Iterator[bytes]:
    """Copy a file and yield the copy's bytes. The copy shares the source's blocks where the file system can (reflinks).

    Args:
        source: opened at its beginning.
        target: empty, opened for reading and writing.
    """
    if clone(source.fileno(), target.fileno()):
        return read_chunks(target)
    return write_chunks(read_chunks(source), target)


def clone(source: int, target: int) -> bool:
    """Make an empty file share the blocks of another one (Btrfs, XFS, bcachefs); both are descriptors.

    Returns:
        whether the file system supports it.
    """
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return False
    return True


def read_chunks(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield a file's bytes."""
    while chunk := stream.read(_CHUNK_BYTES):
        yield chunk


def write_chunks(content: Iterable[bytes], target: IO[bytes]) -> Iterator[bytes]:
    """Write chunks, and yield each after it was written."""
    for chunk in content:
        target.write(chunk)
        yield chunk
