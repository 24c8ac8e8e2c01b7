"""Events of a watch, for the terminal and for ``watch --json``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from batchhook.core.commit import Commit
from batchhook.workflow.counting.reconcile import Count
from batchhook.workflow.recording.record import RecordResult

if TYPE_CHECKING:
    from batchhook.core.analysis import Analysis


class WatchEventKind(str, Enum):
    """The kind of a watch event."""

    STARTED = "started"
    RECORDED = "recorded"
    COMMITTED = "committed"
    """A commit of the user's was counted."""

    VERDICT = "verdict"
    """A batch is finished: its verdict and culprits are known."""

    TESTED = "tested"
    """The user had the current files tested."""

    WAITING = "waiting"
    """Files have changed, but a Git operation must end first."""

    ERROR = "error"
    """Something failed; it is tried again."""

    POLLING = "polling"
    """Files are polled, since the system does not report changes."""

    OMITTED = "omitted"
    """Untracked files are too large for a snapshot."""

    PAUSED = "paused"
    RESUMED = "resumed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One event.

    Attributes:
        at: seconds since the epoch.
        message: in words; empty if the kind says it all.
        hint: the next step for the user.
        recorded: the recording.
        commit: the commit.
        count: the branch's count after the event.
        analysis: of the finished batch.
    """

    kind: WatchEventKind
    at: float
    message: str = ""
    hint: str = ""
    recorded: RecordResult | None = None
    commit: Commit | None = None
    count: Count | None = None
    analysis: Analysis | None = None
