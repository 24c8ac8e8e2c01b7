"""The changes and files that break most."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class ChangeOrder(str, Enum):
    """Order of the changes."""

    BROKEN = "broken"
    """By the number of tests that they broke."""

    SLOWED = "slowed"
    """By the number of tests that they slowed down."""

    RECENT = "recent"


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change that broke tests, or made some slower.

    Attributes:
        subject, author: empty for a commit that no batch counted.
        batch: the one in which it was found out.
        broken: ids of the first tests that it broke.
        broken_count, slowed_count: number of all.
        files: number of files that it touched.
    """

    oid: str
    subject: str
    author: str
    authored_at: int
    batch: int
    broken: tuple[str, ...]
    broken_count: int
    slowed_count: int
    files: int


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file that such changes touched.

    Attributes:
        changes: number of changes that touched it.
        breaking: of these, the number that broke a test.
        tests: number of tests that these broke; a change that touched more files counts for each.
    """

    path: str
    changes: int
    breaking: int
    tests: int

    @property
    def rate(self) -> float:
        """Share of its changes that broke a test, 0 to 1."""
        return self.breaking / self.changes if self.changes else 0.0


@dataclass(frozen=True, slots=True)
class ChangesView:
    """The changes that broke something in the latest batches, and the files that they touched.

    Attributes:
        rows: changes of this page.
        files: those that break most.
        batches: number of batches that were looked at, the latest.
        changes: number of their changes.
        breaking: number of changes that broke something, or slowed it down.
    """

    rows: tuple[ChangeRow, ...]
    files: tuple[FileRow, ...]
    order: ChangeOrder
    page: int
    pages: int
    batches: int
    changes: int
    breaking: int
