"""What happens while files are watched, for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from batchhook.core.changes import Commit
from batchhook.workflow.counting.reconcile import Count
from batchhook.workflow.recording.record import Recorded

if TYPE_CHECKING:
    from batchhook.core.analysis import Analysis


class Kind(str, Enum):
    """What has happened."""

    BEGAN = "began"
    RECORDED = "recorded"
    COMMITTED = "committed"
    """A commit was counted that somebody made."""

    VERDICT = "verdict"
    """A batch has its verdict, and what follows from it is known."""

    TESTED = "tested"
    """The present state was tested, since somebody wanted to know."""

    WAITING = "waiting"
    """Files have changed, but something has to end first."""

    TROUBLE = "trouble"
    """Something could not be done; it is tried again."""

    POLLING = "polling"
    """Files are looked at again and again, since the system does not tell."""

    PAUSED = "paused"
    RESUMED = "resumed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class News:
    """Something that has happened.

    Attributes:
        at: seconds since the epoch.
        said: in words, where there are any.
        hint: what can be done about it.
        recorded: what was recorded.
        commit: what was committed.
        count: where the open batch stands after that.
        analysis: of a batch that has its verdict.
    """

    kind: Kind
    at: float
    said: str = ""
    hint: str = ""
    recorded: Recorded | None = None
    commit: Commit | None = None
    count: Count | None = None
    analysis: Analysis | None = None
