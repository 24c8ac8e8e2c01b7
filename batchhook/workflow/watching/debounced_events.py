"""File events, watched and debounced in a thread of their own."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from dataclasses import dataclass

from batchhook.core.debounce import Debouncer
from batchhook.errors import BatchhookError
from batchhook.git import shadow_index
from batchhook.workflow.watching.watch_roots import WatchRoots
from batchhook.workflow.watching.watcher import MAX_IGNORE_QUERIES, STEP, Watcher

_MAX_WAIT = 5.0
"""Seconds for one wait while nothing happens."""
_MAX_FAILURES = 20
_FAILURE_DELAY = 0.2


@dataclass(frozen=True, slots=True)
class SavesSettled:
    """Files were saved, and no save followed for the settle time; ``at`` is when the last save was seen (monotonic)."""

    at: float


@dataclass(frozen=True, slots=True)
class GitMoved:
    """Git wrote HEAD or the index: there may be a commit."""


@dataclass(frozen=True, slots=True)
class PollingStarted:
    """The system cannot report changes, for this reason: files are polled from now on."""

    reason: str


@dataclass(frozen=True, slots=True)
class WatcherFailed:
    """The watcher failed: no more events will come."""

    error: Exception


FileEvent = SavesSettled | GitMoved | PollingStarted | WatcherFailed


class DebouncedEvents:
    """A queue of file events that can be passed to ``select``.

    Args:
        roots: files and folders to watch.
        settle: seconds without saves that end a burst.
        max_duration: seconds after which a burst ends in any case.
        polling: seconds between two polls of all files; 0 to use the system's watcher.

    Raises:
        BatchhookError: the files cannot be watched.
    """

    def __init__(self, roots: WatchRoots, settle: float, max_duration: float, polling: float = 0.0) -> None:
        self._roots = roots
        self._settle = settle
        self._debouncer = Debouncer(settle, max_duration)
        self._watcher = Watcher(roots, polling)
        self._queue: queue.SimpleQueue[FileEvent] = queue.SimpleQueue()
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        self._ignored: set[str] = set()
        self._known: set[str] = set()
        self._stopped = False
        self._polling_reason = ""
        self._report_polling()
        self._thread = threading.Thread(target=self._run_thread, name="watcher", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """Return a descriptor that becomes readable with the first event."""
        return self._reading

    def pop_events(self) -> list[FileEvent]:
        """Remove and return all queued events."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._reading, 65536)
        events: list[FileEvent] = []
        with contextlib.suppress(queue.Empty):
            while True:
                events.append(self._queue.get_nowait())
        return events

    def close(self) -> None:
        """Stop watching."""
        self._stopped = True
        self._watcher.stop()
        self._thread.join()
        self._watcher.close()
        os.close(self._reading)
        os.close(self._writing)

    def _run_thread(self) -> None:
        failures = 0
        try:
            while not self._stopped:
                failures = 0 if self._try_step() else failures + 1
                if failures > _MAX_FAILURES:
                    self._step()  # raises the error
        except Exception as error:  # noqa: BLE001 - reported to the reader, whatever it is
            self._emit(WatcherFailed(error))

    def _try_step(self) -> bool:
        """Take a step; if it fails, such as when files were just moved, scan again so that nothing is missed."""
        try:
            self._step()
        except (BatchhookError, OSError):
            time.sleep(_FAILURE_DELAY)
            self._watcher.is_stale = True
            return False
        return True

    def _step(self) -> None:
        remaining = self._debouncer.remaining(time.monotonic())
        touched = self._watcher.poll(min(remaining, _MAX_WAIT))
        self._report_polling()
        self._debouncer.quiet_period = max(self._settle, self._watcher.interval * 1.2)  # at least one more poll
        if touched.has_git_moved:
            self._emit(GitMoved())
        if touched.is_uncertain or self._has_relevant_path(touched.paths):
            self._debouncer.trigger(time.monotonic() - STEP)  # a poll ends when it was quiet for a step
        elif self._debouncer.remaining(time.monotonic()) <= 0:
            event = SavesSettled(self._debouncer.last_event_at)
            self._known.clear()
            self._ignored.clear()  # the ignore rules may have changed
            self._debouncer.reset()
            self._emit(event)

    def _has_relevant_path(self, paths: frozenset[str]) -> bool:
        """Return whether Git tracks or would add one of the paths; it is asked about each once per burst."""
        fresh = paths - self._known - self._ignored
        if len(fresh) > MAX_IGNORE_QUERIES:
            return True
        ignored = shadow_index.find_ignored(self._roots.git, self._roots.location, fresh) if fresh else frozenset()
        if len(self._ignored) > MAX_IGNORE_QUERIES:  # an endless series of ignored files
            self._ignored.clear()
        self._ignored |= ignored
        self._known |= fresh - ignored
        return not self._known.isdisjoint(paths)

    def _report_polling(self) -> None:
        if self._watcher.polling_reason and not self._polling_reason:
            self._polling_reason = self._watcher.polling_reason
            self._emit(PollingStarted(self._polling_reason))

    def _emit(self, event: FileEvent) -> None:
        self._queue.put(event)
        with contextlib.suppress(BlockingIOError):  # the pipe is full: the reader is notified already
            os.write(self._writing, b"!")
