"""What all documents are."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from batchhook.core.sanitize import bytes_shown

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""A moment in ISO 8601, in UTC with its offset: ``2024-01-15T10:45:00+00:00``."""


class Document(BaseModel):
    """Any of the documents; unknown fields are a defect."""

    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True)


def shown(path: str) -> str:
    """A path as JSON can hold it: bytes that are no UTF-8 stand escaped."""
    return bytes_shown(path)


def iso_time(seconds: float) -> str:
    """A moment as files have it, given in seconds since the epoch."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
