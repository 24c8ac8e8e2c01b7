"""Whether somebody is committing: while hooks run, frameworks hide edits that are not staged."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_PROCESSES = Path("/proc")


def is_under_way(top: Path) -> bool:
    """Whether a ``git commit`` is at work in a work tree, up to its post-commit hook.

    Nothing in the repository says so. Where the system does not tell what other processes do (other than Linux), no.

    Args:
        top: the work tree's top folder.
    """
    return any(_is_within(process, top) and not _has_committed(process) for process in _commits())


def _commits() -> Iterator[Path]:
    for process in _PROCESSES.glob("[0-9]*"):
        if _read(process / "comm") == b"git\n" and b"commit" in _read(process / "cmdline").split(b"\0"):
            yield process


def _is_within(process: Path, top: Path) -> bool:
    try:
        return Path(os.readlink(process / "cwd")).is_relative_to(top)  # noqa: PTH115 - a link that leads to a name
    except OSError:  # it has ended, or is somebody else's
        return False


def _has_committed(process: Path) -> bool:
    """Whether it is waiting for its last hook; files are as they were by then."""
    inner = _read(process / "task" / process.name / "children").split()
    return any(b"post-commit" in _read(_PROCESSES / child.decode() / "cmdline") for child in inner)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
