"""Settled bursts of saves, told to whoever waits for them in another thread."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from dataclasses import dataclass

from batchhook.core.debounce import Settling
from batchhook.errors import BatchhookError
from batchhook.git import shadow_index
from batchhook.workflow.watching.watch_roots import Ground
from batchhook.workflow.watching.watcher import MOST_ASKED, STEP, Watcher

_IDLE = 5.0
"""Seconds for which is waited at once while nothing happens."""
_MOST_FAILURES = 20
_BETWEEN_FAILURES = 0.2


@dataclass(frozen=True, slots=True)
class Burst:
    """Files were saved, and it is quiet now; ``at`` is when the last save was seen (monotonic)."""

    at: float


@dataclass(frozen=True, slots=True)
class GitMoved:
    """Git has moved HEAD or the index: there may be a commit."""


@dataclass(frozen=True, slots=True)
class Polling:
    """From now on files are looked at again and again, for this reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more will be told, since this happened."""

    error: Exception


Told = Burst | GitMoved | Polling | Ended


class Bursts:
    """What the watcher's thread tells, and something to wait for it with.

    Args:
        ground: what to watch.
        settle: seconds of quiet that end a burst.
        most: seconds after which a burst ends all the same.
        polling: seconds between two looks at all files; 0 for the system's watcher.

    Raises:
        BatchhookError: it cannot be watched.
    """

    def __init__(self, ground: Ground, settle: float, most: float, polling: float = 0.0) -> None:
        self._ground = ground
        self._quiet = settle
        self._settling = Settling(settle, most)
        self._watcher = Watcher(ground, polling)
        self._told: queue.SimpleQueue[Told] = queue.SimpleQueue()
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        self._ignored: set[str] = set()
        self._known: set[str] = set()
        self._stopped = False
        self._polls = ""
        self._tell_polling()
        self._thread = threading.Thread(target=self._work, name="watcher", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """A descriptor that can be read as soon as something was told."""
        return self._reading

    def take(self) -> list[Told]:
        """What was told since the last time."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._reading, 65536)
        found: list[Told] = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._told.get_nowait())
        return found

    def close(self) -> None:
        """End the watching."""
        self._stopped = True
        self._watcher.stop()
        self._thread.join()
        self._watcher.close()
        os.close(self._reading)
        os.close(self._writing)

    def _work(self) -> None:
        failures = 0
        try:
            while not self._stopped:
                failures = 0 if self._is_well() else failures + 1
                if failures > _MOST_FAILURES:
                    self._step()  # it raises what is the matter
        except Exception as error:  # noqa: BLE001 - whoever waits is to know, whatever it is
            self._tell(Ended(error))

    def _is_well(self) -> bool:
        """Take a step; where files or git's index were moved just then, see that nothing is missed."""
        try:
            self._step()
        except (BatchhookError, OSError):
            time.sleep(_BETWEEN_FAILURES)
            self._watcher.is_stale = True
            return False
        return True

    def _step(self) -> None:
        left = self._settling.left(time.monotonic())
        seen = self._watcher.look(min(left, _IDLE))
        self._tell_polling()
        self._settling.quiet = max(self._quiet, self._watcher.interval * 1.2)  # it has to be looked at once more
        if seen.is_git:
            self._tell(GitMoved())
        if seen.is_unsure or self._has_news(seen.paths):
            self._settling.touch(time.monotonic() - STEP)  # it was quiet for a step, as a look ends
        elif self._settling.left(time.monotonic()) <= 0:
            burst = Burst(self._settling.last)
            self._known.clear()
            self._ignored.clear()  # what is ignored may be part of what was changed
            self._settling.clear()
            self._tell(burst)

    def _has_news(self, paths: frozenset[str]) -> bool:
        """Whether git does not ignore all of what was touched; it is asked about a path once in a burst."""
        fresh = paths - self._known - self._ignored
        if len(fresh) > MOST_ASKED:
            return True
        ignored = shadow_index.ignored(self._ground.git, self._ground.location, fresh) if fresh else frozenset()
        if len(self._ignored) > MOST_ASKED:  # an endless row of files that nobody wants
            self._ignored.clear()
        self._ignored |= ignored
        self._known |= fresh - ignored
        return not self._known.isdisjoint(paths)

    def _tell_polling(self) -> None:
        if self._watcher.polls and not self._polls:
            self._polls = self._watcher.polls
            self._tell(Polling(self._polls))

    def _tell(self, told: Told) -> None:
        self._told.put(told)
        with contextlib.suppress(BlockingIOError):  # full of calls that nobody has taken yet
            os.write(self._writing, b"!")
