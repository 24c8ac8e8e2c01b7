"""Files in the state folder that can be deleted: no longer needed, or created again when needed."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Set as AbstractSet
from pathlib import Path

from batchhook.store import locks
from batchhook.store.files import file_size, replace_file
from batchhook.store.state_dir import StateDir

_SCRATCH = re.compile(r"(?P<owner>.+)-(?P<number>\d+)")
_REPORT = re.compile(r"(?:.*_)?batch_(?P<number>\d+)\..+")
_CALL_EXPIRY = 86400.0
"""Seconds."""
_LOG_TAIL = 64 * 1024
"""Bytes of the log that are kept."""


def find_ended_runs(state: StateDir, queued: AbstractSet[int]) -> list[Path]:
    """Return the scratch folders of batches that are not queued, and of processes that have ended."""
    return [folder for folder in _list_folder(state.runs) if _has_ended(folder, queued)]


def _has_ended(folder: Path, queued: AbstractSet[int]) -> bool:
    if folder.name.startswith("call-"):  # its name holds no process; calls of plug-ins take seconds
        return time.time() - folder.stat().st_mtime > _CALL_EXPIRY
    match = _SCRATCH.fullmatch(folder.name)
    if match is None:
        return False
    number = int(match["number"])
    return number not in queued if match["owner"] == "batch" else not _is_alive(number)


def find_stale_reports(state: StateDir, pruned: AbstractSet[int]) -> list[Path]:
    """Return the reports and notices of pruned batches."""
    matches = ((path, _REPORT.fullmatch(path.name)) for path in _list_folder(state.reports))
    stale = [path for path, match in matches if match and int(match["number"]) in pruned]
    return stale + [path for path in _list_folder(state.notices) if path.name.isdecimal() and int(path.name) in pruned]


def excess_log_size(state: StateDir) -> int:
    """Return the bytes that trimming the log would free."""
    excess = file_size(state.log) - _LOG_TAIL
    return excess if excess > _LOG_TAIL else 0  # not worth it for a few lines


def trim_log(state: StateDir) -> int:
    """Cut the log down to its last part, unless the runner is writing to it; return the bytes freed."""
    excess = excess_log_size(state)
    if not excess or locks.is_locked(state.runner_lock):
        return 0
    with state.log.open("rb") as file:
        file.seek(-_LOG_TAIL, os.SEEK_END)
        partial_line, _, lines = file.read().partition(b"\n")
    replace_file(state.log, lines or partial_line, durable=False)
    return excess


def disk_usage(paths: Iterable[Path]) -> int:
    """Return the size of files, and of everything in folders, in bytes."""
    return sum(file_size(file) for path in paths for file in _list_files(path))


def remove_paths(paths: Iterable[Path]) -> int:
    """Remove files and folders; return the bytes freed."""
    size = 0
    for path in paths:
        before = disk_usage([path])
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        size += before - disk_usage([path])
    return size


def _list_files(path: Path) -> Iterator[Path]:
    """Yield a file itself, or all files below a folder; symbolic links are not followed."""
    if path.is_symlink() or not path.is_dir():
        yield path
        return
    for top, _, names in os.walk(path):
        yield from (Path(top) / name for name in names)


def _list_folder(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
