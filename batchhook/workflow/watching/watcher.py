"""File watching with watchfiles, folder by folder, restarted as folders come and go.

Folders are watched one by one: watchfiles would watch everything below a path, such as Git's own folder, private work
trees and virtual environments. A new folder is known as soon as its event is seen; files created in it before that are
in the next snapshot, which is taken later and holds all files.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Mapping, Set as AbstractSet
from dataclasses import dataclass

from watchfiles import Change
from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

from batchhook.core.paths import is_within
from batchhook.git import shadow_index
from batchhook.workflow.watching.poller import Poller
from batchhook.workflow.watching.watch_roots import WatchRoots, relative_paths

STEP = 0.025
"""Seconds between two reads of the system's events."""
_POLL_INTERVAL = 1.0
"""Seconds between two polls of all files, where the system does not report changes."""
_ERROR_DELAY = 0.1
"""Seconds to wait after an error before watching again: its cause may persist."""
_RESCAN_DELAY = 1.0
"""Seconds after which folders are scanned again, for those that came or went during the scan."""
_MAX_SCANS = 5
_MAX_START_RETRIES = 40
"""Number of new starts while folders disappear that were just there."""
_GIT_FILES = frozenset({"HEAD", "index", "ORIG_HEAD", "COMMIT_EDITMSG", "rebase-merge", "rebase-apply"})
"""Files in a git dir that change when HEAD or the index does, and folders that are removed when a rebase ends."""
MAX_IGNORE_QUERIES = 2000
"""Paths to ask Git about whether it ignores them; with more, the snapshot shows whether anything has changed."""


@dataclass(frozen=True, slots=True)
class Touched:
    """The changes seen in one poll.

    Attributes:
        paths: touched files and folders, relative to the top.
        is_uncertain: whether more may have been touched: by an unknown name, or while nothing was watched.
        has_git_moved: whether Git wrote HEAD or the index.
    """

    paths: frozenset[str] = frozenset()
    is_uncertain: bool = False
    has_git_moved: bool = False


class Watcher:
    """Watches the folders of some roots.

    Args:
        roots: files and folders to watch.
        polling: seconds between two polls of all files; 0 to use the system's watcher if there is one.

    Attributes:
        polling_reason: the reason why files are polled; empty if the system reports changes.
        folders: watched folders, relative to the top.
        is_stale: whether the folders must be scanned again.
    """

    def __init__(self, roots: WatchRoots, polling: float = 0.0) -> None:
        self.polling_reason = "as requested" if polling else ""
        self.folders: frozenset[str] = frozenset()
        self.is_stale = True
        self._rescan_at = 0.0
        self._pending: set[tuple[int, str]] = set()
        self._delay = polling or _POLL_INTERVAL
        self._roots = roots
        self._stop = threading.Event()
        self._notify: RustNotify | Poller | None = None
        self._rescan()

    def poll(self, seconds: float) -> Touched:
        """Wait up to some seconds for changes; return them after a step without further ones."""
        now = time.monotonic()
        assert self._notify is not None  # noqa: S101 - a closed watcher is not polled
        if self._pending:
            pending, self._pending = self._pending, set()
            return self._interpret(pending)
        if self.is_stale or now >= self._rescan_at:
            self._rescan(is_last=not self.is_stale)
            return Touched(is_uncertain=True)
        milliseconds = max(int(min(seconds, self._rescan_at - now) * 1000), 1)
        try:
            changes = self._notify.watch(int(STEP * 1000), int(STEP * 1000), milliseconds, self._stop)
        except WatchfilesRustInternalError:  # such as a file name that is not UTF-8; no events come after it
            self._stop.wait(_ERROR_DELAY)
            self._rescan()
            return Touched(is_uncertain=True)
        if isinstance(changes, str):
            return Touched()
        return self._interpret(changes)

    @property
    def interval(self) -> float:
        """Seconds between two polls of all files; 0 if the system reports changes."""
        return self._notify.interval if isinstance(self._notify, Poller) else 0.0

    def stop(self) -> None:
        """End a running poll; for other threads."""
        self._stop.set()

    def close(self) -> None:
        """Release the system's watcher."""
        if self._notify is not None:
            self._notify.close()

    def _interpret(self, changes: set[tuple[int, str]]) -> Touched:
        top, git_dir = self._roots.location.top, f"{self._roots.location.git_dir}/"
        kinds: dict[str, set[int]] = {}
        for kind, path in changes:
            kinds.setdefault(path, set()).add(kind)
        has_git_moved = any(path.removeprefix(git_dir) in _GIT_FILES for path in kinds)
        paths = {inner: kinds[path] for path, inner in relative_paths(top, kinds)}
        has_folders = self._has_folder_change(paths)
        if has_folders:
            self._rescan()
        touched = frozenset(path for path in paths if self._roots.covers(path) and path not in self.folders)
        return Touched(touched, has_folders, has_git_moved)

    def _has_folder_change(self, paths: Mapping[str, AbstractSet[int]]) -> bool:
        """Return whether a folder to watch was created or removed (a recreated one must be watched again, too)."""
        is_removed = any(
            path in self.folders and kinds & {Change.added, Change.deleted} for path, kinds in paths.items()
        )
        top = self._roots.location.top
        created = {path for path, kinds in paths.items() if Change.added in kinds and (top / path).is_dir()}
        created = {
            path
            for path in created
            if self._roots.covers(path) or any(is_within(root, [path]) for root in self._roots.paths)
        }
        if is_removed or not created or len(created) > MAX_IGNORE_QUERIES:
            return is_removed or bool(created)
        return bool(created - shadow_index.find_ignored(self._roots.git, self._roots.location, created))

    def _rescan(self, *, is_last: bool = False) -> None:
        """Scan the folders and watch them; do it again when it is quiet, unless this is the last time.

        A folder that was removed and recreated during the scan may be watched as it was before, or not at all.

        Raises:
            BatchhookError, OSError: it failed, and must be repeated.
        """
        self.is_stale = True
        self.folders = frozenset()
        for _ in range(_MAX_SCANS):
            folders = self._roots.list_folders()
            if folders == self.folders:  # none was created during the scan
                break
            self.folders = folders
            self._watch(folders)
        self.is_stale = False
        self._rescan_at = float("inf") if is_last else time.monotonic() + _RESCAN_DELAY

    def _watch(self, folders: frozenset[str]) -> None:
        location = self._roots.location
        paths = [os.fspath(location.top / folder) for folder in sorted(folders)]
        paths.append(os.fspath(location.git_dir))
        if not self.polling_reason and not all(map(_is_text, paths)):
            self.polling_reason = "a folder's name is not UTF-8, which the system's watcher does not support"
        if not self.polling_reason:
            try:
                self._replace_with_retries(paths)
            except (OSError, WatchfilesRustInternalError) as error:
                self.polling_reason = _reason(error)
        if self.polling_reason:
            self._replace(Poller(paths, self._delay))

    def _replace_with_retries(self, paths: list[str]) -> None:
        """Start the system's watcher, while folders may disappear at the same time."""
        retries = 0
        while not self._try_replace(paths, is_last=retries == _MAX_START_RETRIES):
            retries += 1
            time.sleep(STEP)

    def _try_replace(self, paths: list[str], *, is_last: bool) -> bool:
        existing = [path for path in paths if os.path.isdir(path)]  # noqa: PTH112 - called very often
        try:
            self._replace(RustNotify(existing, False, False, 0, False, False))  # noqa: FBT003 - watchfiles' own signature
        except FileNotFoundError:
            if is_last:
                raise
            return False
        return True

    def _replace(self, after: RustNotify | Poller) -> None:
        """Switch to a new watcher, then close the one before it."""
        before, self._notify = self._notify, after
        if before is None:
            return
        with contextlib.suppress(RuntimeError):
            changes = before.watch(1, 1, 1, self._stop)  # since the last poll
            self._pending |= changes if isinstance(changes, set) else set()
        before.close()


def _is_text(path: str) -> bool:
    """Return whether a name is UTF-8, as watchfiles requires."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _reason(error: Exception) -> str:
    """Return in a few words why the system's watcher cannot be used."""
    message = str(error)
    if "limit" in message:
        return "the limit of watched folders is reached (fs.inotify.max_user_watches)"
    if "os error 24" in message:
        return "the limit of file watchers is reached (fs.inotify.max_user_instances)"
    return f"the system's watcher is not available: {message}"
