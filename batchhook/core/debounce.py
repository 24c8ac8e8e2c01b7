"""Debouncing of file events: a burst of saves counts once, when it has settled or has lasted long enough."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Debouncer:
    """Timer of one burst of saves; all times are seconds of any one clock.

    Args:
        quiet_period: a burst ends after this long without a save.
        max_delay: a burst ends this long after its first save at the latest, so that constant saving cannot starve it.

    Attributes:
        started_at: time of the first save; None if no burst is pending.
        last_event_at: time of the latest save.
    """

    quiet_period: float
    max_delay: float
    started_at: float | None = None
    last_event_at: float = 0.0

    def trigger(self, now: float) -> None:
        """Register a save."""
        self.last_event_at = now
        if self.started_at is None:
            self.started_at = now

    def reset(self) -> None:
        """Clear the burst once it has been handled."""
        self.started_at = None

    def remaining(self, now: float) -> float:
        """Return the seconds until the burst ends if nothing more is saved; infinity if no burst is pending."""
        if self.started_at is None:
            return float("inf")
        return max(min(self.last_event_at + self.quiet_period, self.started_at + self.max_delay) - now, 0.0)
