"""Watching: what settles is recorded, full batches are run, and whoever shows it is told what happens."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable
from dataclasses import replace

from batchhook.core.culprits import attribution
from batchhook.core.verdict import summary
from batchhook.errors import BatchhookError
from batchhook.git import commit_in_progress, shadow_index, snapshot
from batchhook.git.location import Location, read_head
from batchhook.store import batches
from batchhook.workflow.context import config
from batchhook.workflow.context.project import Project
from batchhook.workflow.counting.reconcile import Count
from batchhook.workflow.recording.record import record
from batchhook.workflow.status import spawn
from batchhook.workflow.watching.debounced_events import Burst, Bursts, Ended, GitMoved, Polling
from batchhook.workflow.watching.events import Kind, News
from batchhook.workflow.watching.runs import ByHand, Runs

_SOON = 0.25
"""Seconds between two looks while something goes on."""
_SELDOM = 1.0
"""And while nothing does: somebody else may have started a run."""
_AGAIN = 0.5
"""Seconds after which is tried again what could not be done."""

Tell = Callable[[News], None]


class Session:
    """One watching of one work tree; nothing in it waits for long.

    Args:
        project: the repository.
        bursts: the saves.
        tell: is told what happens.

    Attributes:
        count: where the open batch stands; None in the middle of a rebase.
        runs: of full batches.
        by_hand: the run of the present state, if there is one.
        is_paused: whether saves are left alone.
        waits: what has to end before what was saved is recorded; empty for nothing.
        trouble: what could not be done; empty where all is well.
    """

    def __init__(self, project: Project, bursts: Bursts, tell: Tell) -> None:
        self.project = project
        self.is_paused = False
        self.waits = ""
        self.by_hand: ByHand | None = None
        self._bursts = bursts
        self._tell = tell
        self._is_due = True  # what was changed before we came is a change of its own
        self._again = 0.0
        self._look = 0.0
        self.trouble = ""
        self.count: Count | None = None
        self._known: set[str] = set()
        self.runs = Runs(project)
        self._has_moved = True

    def begin(self, where: str) -> None:
        """Say that it has begun, with all loaded that the first change needs."""
        importlib.import_module("batchhook.git.object_db")
        self._recount()
        self._say(Kind.BEGAN, f"watching {where}")

    @property
    def pause(self) -> float:
        """Seconds after which something is to be done, if nothing happens before."""
        now = time.monotonic()
        waits = [self._look - now]
        if self._is_due and not self.is_paused:
            waits.append(self._again - now)
        return max(min(waits), 0.0)

    def turn(self) -> None:
        """Do what is to be done now.

        Raises:
            BatchhookError: it cannot go on.
        """
        for told in self._bursts.take():
            self._hear(told)
        try:
            self._do_what_is_due(time.monotonic())
        except (BatchhookError, OSError) as error:
            self._have_trouble(error)

    def _do_what_is_due(self, now: float) -> None:
        if self._is_due and not self.is_paused and now >= self._again:
            self._record()
        elif self._has_moved:
            self._recount()
        if now >= self._look:
            self._look_at_runs()
            is_going = self.runs.going or self.by_hand
            self._look = time.monotonic() + (_SOON if is_going else _SELDOM)

    def toggle_pause(self) -> None:
        """Leave saves alone from now on, or record what has come together meanwhile."""
        self.is_paused = not self.is_paused
        self._say(Kind.PAUSED if self.is_paused else Kind.RESUMED)

    def test_now(self) -> None:
        """Test the present state, after recording what is not recorded yet; a run that goes on is not disturbed."""
        if self.by_hand is not None:
            return
        self._flush()
        self.by_hand = ByHand(self.project)
        self._look = 0.0

    def after_operation(self) -> None:
        """A rollback was made: what it left is no change, and was told the core as such."""
        self._has_moved = True
        self._look = 0.0

    def close(self) -> None:
        """Record what was just saved, and end."""
        try:
            self._flush()
        finally:
            if self.by_hand is not None:
                self.by_hand.close()
            self._say(Kind.ENDED)

    def _hear(self, told: Burst | GitMoved | Polling | Ended) -> None:
        match told:
            case Burst():
                self._is_due = True
            case GitMoved():
                self._has_moved = True
                self._again = 0.0
            case Polling():
                self._say(Kind.POLLING, told.reason)
            case Ended():
                raise told.error

    def _flush(self) -> None:
        """Record at once what was saved, settled or not, seen or not."""
        for told in self._bursts.take():
            self._hear(told)
        if self.is_paused:
            return
        try:
            self._record()
        except (BatchhookError, OSError) as error:
            self._have_trouble(error)

    def _record(self) -> None:
        self._is_due = True
        self._again = time.monotonic() + _AGAIN
        waits = under_way(self.project.location)
        waits = waits or ("the solving of conflicts" if snapshot.has_conflicts(self.project.git) else "")
        waits = waits or ("a commit" if commit_in_progress.is_under_way(self.project.location.top) else "")
        if waits:
            self._wait(waits)
            return
        try:
            self.project = _with_settings(self.project)
            done = record(self.project, "")
        except BatchhookError:
            waits = under_way(self.project.location)  # it has begun meanwhile
            if not waits:
                raise
            self._wait(waits)
            return
        self._is_due = self._has_moved = False
        self.waits = self.trouble = ""
        self._counted(done.count, done.change.oid if done.change else "")
        if done.change is not None:
            self._tell(News(Kind.RECORDED, time.time(), recorded=done, count=done.count))

    def _recount(self) -> None:
        """See what git has done, unless it is still at it."""
        self._has_moved = bool(under_way(self.project.location))
        if self._has_moved:
            return
        self._counted(self.project.reconcile())
        if not self._is_due:
            self.trouble = ""

    def _counted(self, count: Count | None, recorded: str = "") -> None:
        """Take in where the open batch stands, and have run what is full."""
        before, self.count = self.count, count
        if count is None:
            return
        full = [change for number in count.sealed for change in batches.get(self.project.database, number).changes]
        line = {change.oid: change for change in (*full, *count.changes)}
        if before is not None and before.branch == count.branch and self._known <= line.keys():  # it has but grown
            for oid, change in line.items():
                if oid not in self._known and oid != recorded:
                    self._tell(News(Kind.COMMITTED, time.time(), commit=change, count=count))
        self._known = {change.oid for change in count.changes}
        if count.sealed:
            self._look = 0.0
        spawn.wake(self.project.location, self.project.database, os.environ, count)

    def _look_at_runs(self) -> None:
        for found in self.runs.look():
            said = summary(found.verdict, found.outcome)
            blamed = attribution.summary(found.attributions)
            hint = "" if found.verdict.is_good else f"batchhook analyze {found.batch.id}"
            self._tell(News(Kind.VERDICT, time.time(), f"{said}: {blamed}" if blamed else said, hint, analysis=found))
        if self.by_hand is None:
            return
        try:
            said_of_it = self.by_hand.result()
        except BatchhookError as error:
            self._tell(News(Kind.TROUBLE, time.time(), error.message, error.hint))
            said_of_it = ""
        if said_of_it is not None:
            self.by_hand.close()
            self.by_hand = None
        if said_of_it:
            self._tell(News(Kind.TESTED, time.time(), said_of_it))

    def _wait(self, reason: str) -> None:
        if reason != self.waits:
            self.waits = reason
            self._say(Kind.WAITING, f"{reason} is under way: what was saved is recorded when it has ended")

    def _have_trouble(self, error: BatchhookError | OSError) -> None:
        """Say what could not be done, once; it is tried again."""
        self._again = self._look = time.monotonic() + 2 * _AGAIN
        message, hint = (error.message, error.hint) if isinstance(error, BatchhookError) else (str(error), "")
        if message != self.trouble:
            self.trouble = message
            self._tell(News(Kind.TROUBLE, time.time(), message, hint))

    def _say(self, kind: Kind, said: str = "") -> None:
        self._tell(News(kind, time.time(), said, count=self.count))


def under_way(location: Location) -> str:
    """What git is in the middle of, in a work tree; empty for nothing."""
    begun = snapshot.what_is_under_way(location)
    return begun or ("a command of git (index.lock)" if shadow_index.is_git_busy(location) else "")


def _with_settings(project: Project) -> Project:
    """The same with the settings as they are now.

    Raises:
        ConfigurationError: they are wrong, as they are now.
    """
    settings = config.load(
        project.said, lambda: read_head(project.git, project.location).branch, validated_before=project.state.settings
    )
    return project if settings == project.settings else replace(project, settings=settings)
