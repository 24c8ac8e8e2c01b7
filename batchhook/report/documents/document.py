"""What all documents are."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Document(BaseModel):
    """Any of the documents; unknown fields are a defect."""

    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True)


def shown(path: str) -> str:
    """A path as JSON can hold it: bytes that are no UTF-8 stand escaped."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
