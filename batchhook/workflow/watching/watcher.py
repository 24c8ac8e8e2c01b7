"""What happens to files, seen through watchfiles: folder by folder, begun anew as folders come and go.

Folders are watched one by one (watchfiles would watch all below a path: git's own folder, private work trees, virtual
environments). A folder that has come is known as soon as its event is seen; what came in it before that is in the next
snapshot, for the snapshot is of all files, and is taken later.
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

from batchhook.core.rollback import within
from batchhook.git import shadow_index
from batchhook.workflow.watching.poller import Poller
from batchhook.workflow.watching.watch_roots import Ground, relative

STEP = 0.025
"""Seconds between two looks at what the system has told."""
_POLL = 1.0
"""Seconds between two looks at all files where the system does not tell."""
_AFTER_ERROR = 0.1
"""Seconds before it is begun anew: whatever was the matter may go on."""
_ONCE_MORE = 1.0
"""Seconds after which folders are looked for once more that came or went while others were."""
_MOST_TRIES = 5
_MOST_WAITS = 40
"""Times that is begun anew while folders that were just there go away."""
_GIT_FILES = frozenset({"HEAD", "index", "ORIG_HEAD", "COMMIT_EDITMSG", "rebase-merge", "rebase-apply"})
"""What is written in a git dir when HEAD or the index is moved, or taken away at a rebase's end."""
MOST_ASKED = 2000
"""Paths of which git is asked whether it ignores them; of more, the snapshot says whether anything has changed."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen in one look.

    Attributes:
        paths: what was touched, relative to the top; folders, too.
        is_unsure: something was touched whose name nobody knows, or may have been while nobody looked.
        is_git: whether git has moved HEAD or the index.
    """

    paths: frozenset[str] = frozenset()
    is_unsure: bool = False
    is_git: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether nothing was touched that is watched."""
        return not self.paths and not self.is_unsure


class Watcher:
    """Looks on.

    Args:
        ground: what to watch.
        polling: seconds between two looks at all files, whatever the system offers; 0 for its own watcher.

    Attributes:
        polls: why files are looked at again and again; empty where the system tells.
        folders: those that are watched, relative to the top.
        is_stale: whether others may have to be watched by now.
    """

    def __init__(self, ground: Ground, polling: float = 0.0) -> None:
        self.polls = "as it was asked" if polling else ""
        self.folders: frozenset[str] = frozenset()
        self.is_stale = True
        self._again = 0.0
        self._left: set[tuple[int, str]] = set()
        self._delay = polling or _POLL
        self._ground = ground
        self._stop = threading.Event()
        self._notify: RustNotify | Poller | None = None
        self._begin()

    def look(self, seconds: float) -> Seen:
        """What was touched, waited for for some seconds at most; ends when it was quiet for a step."""
        now = time.monotonic()
        assert self._notify is not None  # noqa: S101 - closed watchers are not asked
        if self._left:
            left, self._left = self._left, set()
            return self._seen(left)
        if self.is_stale or now >= self._again:
            self._begin(is_last=not self.is_stale)
            return Seen(is_unsure=True)
        milliseconds = max(int(min(seconds, self._again - now) * 1000), 1)
        try:
            told = self._notify.watch(int(STEP * 1000), int(STEP * 1000), milliseconds, self._stop)
        except WatchfilesRustInternalError:  # a file's name that is no UTF-8, for instance; it says nothing any more
            self._stop.wait(_AFTER_ERROR)
            self._begin()
            return Seen(is_unsure=True)
        if isinstance(told, str):
            return Seen()
        return self._seen(told)

    @property
    def interval(self) -> float:
        """Seconds between two looks at all files; 0 where the system tells."""
        return self._notify.interval if isinstance(self._notify, Poller) else 0.0

    def stop(self) -> None:
        """Have a look end that is being taken; for other threads."""
        self._stop.set()

    def close(self) -> None:
        """Look no more."""
        if self._notify is not None:
            self._notify.close()

    def _seen(self, told: set[tuple[int, str]]) -> Seen:
        top, git_dir = self._ground.location.top, f"{self._ground.location.git_dir}/"
        kinds: dict[str, set[int]] = {}
        for kind, path in told:
            kinds.setdefault(path, set()).add(kind)
        is_git = any(path.removeprefix(git_dir) in _GIT_FILES for path in kinds)
        paths = {inner: kinds[path] for path, inner in relative(top, kinds)}
        has_folders = self._has_folders(paths)
        if has_folders:
            self._begin()
        touched = frozenset(path for path in paths if self._ground.covers(path) and path not in self.folders)
        return Seen(touched, has_folders, is_git)

    def _has_folders(self, paths: Mapping[str, AbstractSet[int]]) -> bool:
        """Whether a folder to watch has come or gone. One that is made anew in a moment has to be watched anew, too."""
        gone = any(path in self.folders and kinds & {Change.added, Change.deleted} for path, kinds in paths.items())
        top = self._ground.location.top
        come = {path for path, kinds in paths.items() if Change.added in kinds and (top / path).is_dir()}
        come = {
            path for path in come if self._ground.covers(path) or any(within(one, [path]) for one in self._ground.paths)
        }
        if gone or not come or len(come) > MOST_ASKED:
            return gone or bool(come)
        return bool(come - shadow_index.ignored(self._ground.git, self._ground.location, come))

    def _begin(self, *, is_last: bool = False) -> None:
        """Watch all folders that there are now; and once more when it is quiet, unless this is the last time.

        A folder that goes and comes back while it is begun may be watched as it was, or not at all.

        Raises:
            BatchhookError, OSError: that failed, and has to be done again.
        """
        self.is_stale = True
        self.folders = frozenset()
        for _ in range(_MOST_TRIES):
            now = self._ground.folders()
            if now == self.folders:  # nothing has come while it was begun
                break
            self.folders = now
            self._watch(now)
        self.is_stale = False
        self._again = float("inf") if is_last else time.monotonic() + _ONCE_MORE

    def _watch(self, folders: frozenset[str]) -> None:
        location = self._ground.location
        paths = [os.fspath(location.top / folder) for folder in sorted(folders)]
        paths.append(os.fspath(location.git_dir))
        if not self.polls and not all(map(_is_text, paths)):
            self.polls = "the name of a folder is not UTF-8, and the system's watcher takes no others"
        if not self.polls:
            try:
                self._replace_patiently(paths)
            except (OSError, WatchfilesRustInternalError) as error:
                self.polls = _reason(error)
        if self.polls:
            self._replace(Poller(paths, self._delay))

    def _replace_patiently(self, paths: list[str]) -> None:
        """Let the system's watcher look on, while folders may go away at the same time."""
        tries = 0
        while not self._is_replaced(paths, is_last=tries == _MOST_WAITS):
            tries += 1
            time.sleep(STEP)

    def _is_replaced(self, paths: list[str], *, is_last: bool) -> bool:
        there = [path for path in paths if os.path.isdir(path)]  # noqa: PTH112 - it is asked very often
        try:
            self._replace(RustNotify(there, False, False, 0, False, False))  # noqa: FBT003 - theirs
        except FileNotFoundError:
            if is_last:
                raise
            return False
        return True

    def _replace(self, after: RustNotify | Poller) -> None:
        """Let another one look on, and end the one before it only then."""
        before, self._notify = self._notify, after
        if before is None:
            return
        with contextlib.suppress(RuntimeError):
            told = before.watch(1, 1, 1, self._stop)  # what it has seen since the last look
            self._left |= told if isinstance(told, set) else set()
        before.close()


def _is_text(path: str) -> bool:
    """Whether watchfiles can take a name: it has to be UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _reason(error: Exception) -> str:
    """Why the system's watcher cannot be had, in few words."""
    said = str(error)
    if "limit" in said:
        return "the system's watcher has no more room (fs.inotify.max_user_watches)"
    if "os error 24" in said:
        return "the system gives no more watchers (fs.inotify.max_user_instances)"
    return f"the system's watcher cannot be had: {said}"
