"""Formats of points in time."""

from __future__ import annotations

from datetime import datetime, timezone


def iso_time(seconds: float) -> str:
    """Format seconds since the epoch as ISO 8601 in UTC, for instance ``2024-10-15T12:00:00+00:00``."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
