"""The watch of a work tree: settled saves are recorded, full batches are run, and every event is reported."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from batchhook.core.culprits import attribution
from batchhook.core.verdict import summarize_verdict
from batchhook.errors import BatchhookError
from batchhook.git import commit_in_progress, shadow_index, snapshot
from batchhook.git.location import Location, read_head
from batchhook.report.phrases import omitted_files
from batchhook.store import batches
from batchhook.workflow.context import config
from batchhook.workflow.context.project import Project
from batchhook.workflow.counting.reconcile import Count
from batchhook.workflow.recording.record import record
from batchhook.workflow.status import spawn
from batchhook.workflow.watching.debounced_events import (
    DebouncedEvents,
    GitMoved,
    PollingStarted,
    SavesSettled,
    WatcherFailed,
)
from batchhook.workflow.watching.events import WatchEvent, WatchEventKind
from batchhook.workflow.watching.runs import ActiveRuns, ManualTest

_BUSY_INTERVAL = 0.25
"""Seconds between two polls of the runs while there are any."""
_IDLE_INTERVAL = 1.0
"""And while there are none: another process may have started one."""
_RETRY_DELAY = 0.5
"""Seconds until a failed recording is tried again."""

EventHandler = Callable[[WatchEvent], None]


class WatchSession:
    """One watch of one work tree. No call waits for long.

    Args:
        project: the repository.
        events: the file events.
        on_event: called with each event of the watch.

    Attributes:
        count: the branch's count; None during a rebase.
        runs: of full batches.
        manual_test: the run of the current files, if there is one.
        is_paused: whether saves are not recorded for now.
        blocked_by: the Git operation that must end before saves can be recorded; empty for none.
        error: message of the last failure; empty if all is well.
        omitted: untracked files that are too large for a snapshot -> bytes.
    """

    def __init__(self, project: Project, events: DebouncedEvents, on_event: EventHandler) -> None:
        self.project = project
        self.is_paused = False
        self.blocked_by = ""
        self.manual_test: ManualTest | None = None
        self._events = events
        self._on_event = on_event
        self._has_unrecorded = True  # changes made before the watch are one change of their own
        self._retry_at = 0.0
        self._next_poll = 0.0
        self.error = ""
        self.omitted: Mapping[str, int] = {}
        self.count: Count | None = None
        self._known_changes: set[str] = set()
        self.runs = ActiveRuns(project)
        self._has_git_moved = True

    def start(self, where: str) -> None:
        """Start watching.

        Args:
            where: description of the watched files.
        """
        importlib.import_module("batchhook.git.object_db")  # the first recording needs it
        self._recount()
        self._emit(WatchEventKind.STARTED, f"watching {where}")

    @property
    def timeout(self) -> float:
        """Seconds until ``step`` must be called if no file event comes before."""
        now = time.monotonic()
        times = [self._next_poll]
        if self._has_unrecorded and not self.is_paused:
            times.append(self._retry_at)
        return max(min(times) - now, 0.0)

    def step(self) -> None:
        """Handle file events, record what has settled, and poll the runs.

        Raises:
            BatchhookError: the watch cannot continue.
        """
        for event in self._events.pop_events():
            self._handle_file_event(event)
        try:
            self._run_due_work(time.monotonic())
        except (BatchhookError, OSError) as error:
            self._report_error(error)

    def _run_due_work(self, now: float) -> None:
        if self._has_unrecorded and not self.is_paused and now >= self._retry_at:
            self._record()
        elif self._has_git_moved:
            self._recount()
        if now >= self._next_poll:
            self._poll_runs()
            is_going = self.runs.running or self.manual_test
            self._next_poll = time.monotonic() + (_BUSY_INTERVAL if is_going else _IDLE_INTERVAL)

    def toggle_pause(self) -> None:
        """Stop recording saves, or start again and record the changes made in between."""
        self.is_paused = not self.is_paused
        self._emit(WatchEventKind.PAUSED if self.is_paused else WatchEventKind.RESUMED)

    def test_now(self) -> None:
        """Record unrecorded changes, and test the result; if such a test is running, do nothing."""
        if self.manual_test is not None:
            return
        self._record_now()
        self.manual_test = ManualTest(self.project)
        self._next_poll = 0.0

    def note_operation(self) -> None:
        """Update the count after a rollback; its result is on the timeline already, and is no change."""
        self._has_git_moved = True
        self._next_poll = 0.0

    def close(self) -> None:
        """Record the last saves, and stop."""
        try:
            self._record_now()
        finally:
            if self.manual_test is not None:
                self.manual_test.close()
            self._emit(WatchEventKind.ENDED)

    def _handle_file_event(self, event: SavesSettled | GitMoved | PollingStarted | WatcherFailed) -> None:
        match event:
            case SavesSettled():
                self._has_unrecorded = True
            case GitMoved():
                self._has_git_moved = True
                self._retry_at = 0.0
            case PollingStarted():
                self._emit(WatchEventKind.POLLING, event.reason)
            case WatcherFailed():
                raise event.error

    def _record_now(self) -> None:
        """Record all saves at once, settled or not, seen or not."""
        for event in self._events.pop_events():
            self._handle_file_event(event)
        if self.is_paused:
            return
        try:
            self._record()
        except (BatchhookError, OSError) as error:
            self._report_error(error)

    def _record(self) -> None:
        self._has_unrecorded = True
        self._retry_at = time.monotonic() + _RETRY_DELAY
        blocker = describe_git_activity(self.project.location)
        blocker = blocker or ("conflict resolution" if snapshot.has_conflicts(self.project.git) else "")
        blocker = blocker or ("a commit" if commit_in_progress.is_committing(self.project.location.top) else "")
        if blocker:
            self._set_blocked(blocker)
            return
        try:
            self.project = _reload_settings(self.project)
            result = record(self.project, "")
        except BatchhookError:
            blocker = describe_git_activity(self.project.location)  # it may have started just now
            if not blocker:
                raise
            self._set_blocked(blocker)
            return
        self._has_unrecorded = self._has_git_moved = False
        self.blocked_by = self.error = ""
        if result.omitted.keys() - self.omitted.keys():
            self._emit(WatchEventKind.OMITTED, omitted_files(result.omitted))
        self.omitted = result.omitted
        self._apply_count(result.count, result.change.oid if result.change else "")
        if result.change is not None:
            self._on_event(WatchEvent(WatchEventKind.RECORDED, time.time(), recorded=result, count=result.count))

    def _recount(self) -> None:
        """Update the count after Git wrote HEAD or the index, unless it is still at work."""
        self._has_git_moved = bool(describe_git_activity(self.project.location))
        if self._has_git_moved:
            return
        self._apply_count(self.project.reconcile())
        if not self._has_unrecorded:
            self.error = ""

    def _apply_count(self, count: Count | None, recorded: str = "") -> None:
        """Report new commits, and start the runner for full batches."""
        before, self.count = self.count, count
        if count is None:
            return
        full = [change for number in count.sealed for change in batches.load(self.project.database, number).changes]
        changes = {change.oid: change for change in (*full, *count.changes)}
        is_same_branch = before is not None and before.branch == count.branch
        if is_same_branch and self._known_changes <= changes.keys():  # none was rewritten or reset
            for oid, change in changes.items():
                if oid not in self._known_changes and oid != recorded:
                    self._on_event(WatchEvent(WatchEventKind.COMMITTED, time.time(), commit=change, count=count))
        self._known_changes = {change.oid for change in count.changes}
        if count.sealed:
            self._next_poll = 0.0
        spawn.wake(self.project.location, self.project.database, os.environ, count)

    def _poll_runs(self) -> None:
        for analysis in self.runs.poll():
            verdict = summarize_verdict(analysis.verdict, analysis.result)
            culprits = attribution.summarize_attributions(analysis.attributions)
            message = f"{verdict}: {culprits}" if culprits else verdict
            hint = analysis.result.hint if analysis.result.unrun else ""
            hint = hint if analysis.verdict.is_good else f"batchhook analyze {analysis.batch.id}"
            self._on_event(WatchEvent(WatchEventKind.VERDICT, time.time(), message, hint, analysis=analysis))
        if self.manual_test is None:
            return
        try:
            result = self.manual_test.summary()
        except BatchhookError as error:
            self._on_event(WatchEvent(WatchEventKind.ERROR, time.time(), error.message, error.hint))
            result = ""
        if result is not None:
            self.manual_test.close()
            self.manual_test = None
        if result:
            self._on_event(WatchEvent(WatchEventKind.TESTED, time.time(), result))

    def _set_blocked(self, reason: str) -> None:
        if reason != self.blocked_by:
            self.blocked_by = reason
            self._emit(WatchEventKind.WAITING, f"{reason} is under way: saves are recorded when it has ended")

    def _report_error(self, error: BatchhookError | OSError) -> None:
        """Report an error, once; what failed is tried again."""
        self._retry_at = self._next_poll = time.monotonic() + 2 * _RETRY_DELAY
        message, hint = (error.message, error.hint) if isinstance(error, BatchhookError) else (str(error), "")
        if message != self.error:
            self.error = message
            self._on_event(WatchEvent(WatchEventKind.ERROR, time.time(), message, hint))

    def _emit(self, kind: WatchEventKind, message: str = "") -> None:
        self._on_event(WatchEvent(kind, time.time(), message, count=self.count))


def describe_git_activity(location: Location) -> str:
    """Return the Git operation in progress in a work tree; empty for none."""
    operation = snapshot.operation_in_progress(location)
    return operation or ("a command of git (index.lock)" if shadow_index.is_git_busy(location) else "")


def _reload_settings(project: Project) -> Project:
    """Return the project with the current settings.

    Raises:
        ConfigurationError: the settings are wrong now.
    """
    settings = config.load(
        project.sources, lambda: read_head(project.git, project.location).branch, cache=project.state.settings
    )
    return project if settings == project.settings else replace(project, settings=settings)
