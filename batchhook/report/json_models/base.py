"""The base class of all documents, and the forms of times and paths in them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from batchhook.core.sanitize import escape_bytes

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""ISO 8601 in UTC, with the offset: ``2024-01-15T10:45:00+00:00``."""


class Document(BaseModel):
    """Base of all documents; an unknown field is an error."""

    # Of some ninety models a command uses ten: each is built when it is first used.
    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True, defer_build=True)


def json_path(path: str) -> str:
    """Return a path as JSON can hold it: bytes that are not UTF-8 are escaped."""
    return escape_bytes(path)
