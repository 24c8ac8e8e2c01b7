"""Detect a running ``git commit``: while its hooks run, pre-commit hides unstaged edits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_PROCESSES = Path("/proc")


def is_committing(top: Path) -> bool:
    """Return whether a ``git commit`` runs in a work tree and has not reached its post-commit hook.

    The repository does not show this, so processes are inspected (proc(5)); False where there is no ``/proc``.

    Args:
        top: the work tree's top folder.
    """
    return any(_is_within(process, top) and not _has_committed(process) for process in _commit_processes())


def _commit_processes() -> Iterator[Path]:
    for process in _PROCESSES.glob("[0-9]*"):
        if _read(process / "comm") == b"git\n" and b"commit" in _read(process / "cmdline").split(b"\0"):
            yield process


def _is_within(process: Path, top: Path) -> bool:
    try:
        return Path(os.readlink(process / "cwd")).is_relative_to(top)  # noqa: PTH115 - the target need not exist
    except OSError:  # it has ended, or belongs to another user
        return False


def _has_committed(process: Path) -> bool:
    """Return whether a commit waits for its post-commit hook; hidden edits are back by then."""
    children = _read(process / "task" / process.name / "children").split()
    return any(b"post-commit" in _read(_PROCESSES / child.decode() / "cmdline") for child in children)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
