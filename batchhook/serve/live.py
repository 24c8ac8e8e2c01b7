"""The stream that tells open pages when something has changed; they then fetch what they show again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import anyio

from batchhook.git.location import Location
from batchhook.store.state_dir import StateDir

POLL_SECONDS = 0.25
STREAM_PATIENCE = 0.5
"""Seconds that a stream has to end by itself; less than the server's patience with all requests."""

MAX_READERS = 20
"""Pages that are told at the same time; the others stay as they are."""


class Changes:
    """Notices when the repository's state changes: its database, the hooks' journal, the events of a run, HEAD.

    Args:
        location: of the repository.
    """

    def __init__(self, location: Location) -> None:
        self._state = StateDir.for_repository(location.common_dir)
        self._head = location.git_dir / "HEAD"
        self.readers = 0

    def _version(self) -> tuple[object, ...]:
        database = self._state.database
        files = [database, database.with_name(f"{database.name}-wal"), self._state.journal, self._head]
        with suppress(OSError):
            files += self._state.runs.glob("*/events.ndjson")
        return tuple(_stamp(file) for file in files)

    async def follow(self, end: anyio.Event) -> AsyncIterator[dict[str, str]]:
        """Yield an event each time something has changed; at most four a second.

        Args:
            end: is set when the server ends; a stream that ends by itself leaves no error behind.
        """
        self.readers += 1
        try:
            version = await asyncio.to_thread(self._version)
            while not end.is_set():
                with anyio.move_on_after(POLL_SECONDS):
                    await end.wait()
                now = await asyncio.to_thread(self._version)
                if now != version:
                    version = now
                    yield {"event": "changed", "data": ""}
        finally:
            self.readers -= 1


def _stamp(file: Path) -> tuple[int, int, int]:
    try:
        status = file.stat()
    except OSError:
        return 0, 0, 0
    return status.st_ino, status.st_size, status.st_mtime_ns
