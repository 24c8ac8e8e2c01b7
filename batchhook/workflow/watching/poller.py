"""Polling of all files, where the system does not report changes.

watchfiles can poll, too, but compares times in whole seconds: of two saves in one second it misses the second.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Iterable, Iterator

from watchfiles import Change

_DUTY_DIVISOR = 10
"""Polling takes at most one part in this many of the time."""

_Signature = tuple[int, ...]


class Poller:
    """Polls the entries of some folders; a stand-in for watchfiles' ``RustNotify``.

    Args:
        folders: their paths; missing ones count as empty.
        delay: minimum seconds between two polls.

    Attributes:
        interval: current seconds between two polls, longer if a poll takes much processor time.
    """

    def __init__(self, folders: Iterable[str], delay: float) -> None:
        self.interval = delay
        self._delay = delay
        self._folders = tuple(folders)
        self._known: dict[str, _Signature] = {}
        self._next = 0.0
        self._scan()

    def watch(self, _debounce: int, _step: int, milliseconds: int, stop: threading.Event) -> set[tuple[int, str]] | str:
        """Wait for changes; return their kinds and paths, or ``timeout``, or ``stop`` once that event is set."""
        end = time.monotonic() + milliseconds / 1000
        while not stop.wait(max(min(self._next, end) - time.monotonic(), 0.0)):
            if time.monotonic() >= self._next:
                changes = self._scan()
                if changes:
                    return changes
            elif time.monotonic() >= end:
                return "timeout"
        return "stop"

    def close(self) -> None:
        """Do nothing: a poller holds no resources."""

    def _scan(self) -> set[tuple[int, str]]:
        started_at = time.monotonic()
        before, self._known = (
            self._known,
            {path: signature for folder in self._folders for path, signature in _list_entries(folder)},
        )
        seconds = time.monotonic() - started_at
        self.interval = max(self._delay, seconds * (_DUTY_DIVISOR - 1))
        self._next = time.monotonic() + self.interval
        return set(_diff(before, self._known))


def _diff(before: dict[str, _Signature], after: dict[str, _Signature]) -> Iterator[tuple[int, str]]:
    for path, signature in after.items():
        known = before.get(path)
        if known is None or signature[0] != known[0]:  # recreated, such as a folder that was removed and came back
            yield Change.added.value, path
        elif signature != known:
            yield Change.modified.value, path
    yield from ((Change.deleted.value, path) for path in before if path not in after)


def _list_entries(folder: str) -> Iterator[tuple[str, _Signature]]:
    """Yield a folder's entries: the inode of each, and for files also times, size and mode."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:  # just removed
                    continue
                content = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_mode)
                yield entry.path, (status.st_ino, *(() if stat.S_ISDIR(status.st_mode) else content))
    except OSError:
        return
