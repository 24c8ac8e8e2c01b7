"""Looking at all files again and again, where the system does not tell what happens to them.

watchfiles can do that, too, but goes by times in whole seconds: of two saves in one second it misses the second.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Iterable, Iterator

from watchfiles import Change

_SHARE = 10
"""A look takes at most one part in so many of the time."""

_Mark = tuple[int, ...]


class Poller:
    """Looks at what is directly in some folders; used as watchfiles' own watcher is.

    Args:
        folders: their paths; those that are not there are empty.
        delay: seconds between two looks at least.

    Attributes:
        interval: seconds between two looks, so that they do not take too much of the processor.
    """

    def __init__(self, folders: Iterable[str], delay: float) -> None:
        self.interval = delay
        self._delay = delay
        self._folders = tuple(folders)
        self._known: dict[str, _Mark] = {}
        self._next = 0.0
        self._look()

    def watch(self, _debounce: int, _step: int, milliseconds: int, stop: threading.Event) -> set[tuple[int, str]] | str:
        """What has happened: kinds and paths; or ``timeout``, or ``stop`` where that was asked for."""
        end = time.monotonic() + milliseconds / 1000
        while not stop.wait(max(min(self._next, end) - time.monotonic(), 0.0)):
            if time.monotonic() >= self._next:
                found = self._look()
                if found:
                    return found
            elif time.monotonic() >= end:
                return "timeout"
        return "stop"

    def close(self) -> None:
        """Nothing is held."""

    def _look(self) -> set[tuple[int, str]]:
        begun = time.monotonic()
        before, self._known = self._known, {path: mark for folder in self._folders for path, mark in _inside(folder)}
        took = time.monotonic() - begun
        self.interval = max(self._delay, took * (_SHARE - 1))
        self._next = time.monotonic() + self.interval
        return set(_differences(before, self._known))


def _differences(before: dict[str, _Mark], after: dict[str, _Mark]) -> Iterator[tuple[int, str]]:
    for path, mark in after.items():
        known = before.get(path)
        if known is None or mark[0] != known[0]:  # made anew, for instance a folder that went and came back
            yield Change.added.value, path
        elif mark != known:
            yield Change.modified.value, path
    yield from ((Change.deleted.value, path) for path in before if path not in after)


def _inside(folder: str) -> Iterator[tuple[str, _Mark]]:
    """What is in a folder: of each its inode, and of what is no folder how it is."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    there = entry.stat(follow_symlinks=False)
                except OSError:  # gone meanwhile
                    continue
                of_files = (there.st_mtime_ns, there.st_ctime_ns, there.st_size, there.st_mode)
                yield entry.path, (there.st_ino, *(() if stat.S_ISDIR(there.st_mode) else of_files))
    except OSError:
        return
