"""What lies in the state folder and can be thrown away: nobody needs it any more, or it is made again when needed."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Set as AbstractSet
from pathlib import Path

from batchhook.git import worktree
from batchhook.git.command import Git
from batchhook.store import locks
from batchhook.store.backup_gc import size_of
from batchhook.store.state_dir import StateDir

_SCRATCH = re.compile(r"(?P<what>.+)-(?P<number>\d+)")
_REPORT = re.compile(r"(?:.*_)?batch_(?P<number>\d+)\..+")
_LONG_AGO = 86400.0
_LOG_TAIL = 64 * 1024
"""Bytes of the log that stay."""


def scratch(state: StateDir, queued: AbstractSet[int]) -> list[Path]:
    """Folders of runs that have ended: of batches that the runner is done with, of processes that are no more."""
    return [folder for folder in _inside(state.runs) if _has_ended(folder, queued)]


def _has_ended(folder: Path, queued: AbstractSet[int]) -> bool:
    if folder.name.startswith("call-"):  # its name does not say whose it is; calls of plug-ins take seconds
        return time.time() - folder.stat().st_mtime > _LONG_AGO
    match = _SCRATCH.fullmatch(folder.name)
    if match is None:
        return False
    number = int(match["number"])
    return number not in queued if match["what"] == "batch" else not _is_alive(number)


def reports(state: StateDir, gone: AbstractSet[int]) -> list[Path]:
    """Reports about batches that are gone, and notices of their verdicts."""
    matches = ((path, _REPORT.fullmatch(path.name)) for path in _inside(state.reports))
    found = [path for path, match in matches if match and int(match["number"]) in gone]
    return found + [path for path in _inside(state.notices) if path.name.isdecimal() and int(path.name) in gone]


def worktrees(state: StateDir) -> dict[Path, Path]:
    """Private work trees in which nothing runs at this moment, and the lock of each; the next run makes one again."""
    locked = {folder: folder.with_name(f"{folder.name.rpartition('-')[2]}.lock") for folder in _inside(state.worktrees)}
    return {folder: lock for folder, lock in locked.items() if folder.is_dir() and not locks.is_locked(lock)}


def remove_worktree(git: Git, folder: Path, lock: Path) -> int:
    """Take a private work tree away, unless somebody has it now; gives the bytes that are free with that."""
    with locks.try_lock(lock) as mine:
        if not mine:
            return 0
        size = weight([folder])
        worktree.remove(git, folder)
        return size - weight([folder])


def log_excess(state: StateDir) -> int:
    """Bytes that the log is longer than what stays of it."""
    excess = size_of(state.log) - _LOG_TAIL
    return excess if excess > _LOG_TAIL else 0  # not for a few lines each time


def shorten_log(state: StateDir) -> int:
    """Keep the log's last part, unless the runner is writing to it; gives the bytes that are free with that."""
    excess = log_excess(state)
    if not excess or locks.is_locked(state.runner_lock):
        return 0
    with state.log.open("rb") as file:
        file.seek(-_LOG_TAIL, os.SEEK_END)
        begun, _, whole = file.read().partition(b"\n")
    temporary = state.log.with_name(f"{state.log.name}.new")
    temporary.write_bytes(whole or begun)
    temporary.replace(state.log)
    return excess


def weight(paths: Iterable[Path]) -> int:
    """Bytes of files, and of all that is in folders."""
    return sum(size_of(file) for path in paths for file in _files(path))


def remove(paths: Iterable[Path]) -> int:
    """Take files and folders away; gives the bytes that are free with that."""
    size = 0
    for path in paths:
        before = weight([path])
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        size += before - weight([path])
    return size


def _files(path: Path) -> Iterator[Path]:
    """The file, or all files in a folder; symbolic links are not followed."""
    if path.is_symlink() or not path.is_dir():
        yield path
        return
    for top, _, names in os.walk(path):
        yield from (Path(top) / name for name in names)


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
