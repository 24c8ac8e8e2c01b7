"""When a burst of saves is over: it has been quiet for a while, or it has gone on for long enough."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Settling:
    """A burst of saves.

    Args:
        quiet: seconds without a save after which it is over.
        most: seconds after the first save after which it is over all the same, lest a stream of saves starves it.

    Attributes:
        since: when it began, in seconds of any clock; None where nothing was saved.
        last: when the latest save was seen.
    """

    quiet: float
    most: float
    since: float | None = None
    last: float = 0.0

    def touch(self, now: float) -> None:
        """Something was saved."""
        self.last = now
        if self.since is None:
            self.since = now

    def clear(self) -> None:
        """It has been dealt with."""
        self.since = None

    def left(self, now: float) -> float:
        """Seconds until it is over if nothing more is saved; infinity where nothing was."""
        if self.since is None:
            return float("inf")
        return max(min(self.last + self.quiet, self.since + self.most) - now, 0.0)
