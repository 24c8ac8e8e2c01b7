"""Titles for recorded changes without a description, derived from the files that they touch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from batchhook.core.sanitize import one_line

_MAX_LENGTH = 72
"""Characters: the customary limit for a commit subject."""


@dataclass(frozen=True, slots=True)
class BlobChange:
    """Blob oids of one file before and after a change; empty where the file does not exist."""

    old: str
    new: str


def change_title(files: Mapping[str, BlobChange]) -> str:
    """Return a one-line title such as ``edit parcel/money.py``, ``add money.py and 2 more`` or ``move a.py to b.py``.

    Args:
        files: by path; at least one.
    """
    move = _find_move(files)
    if move:
        return one_line("move {} to {}".format(*move), _MAX_LENGTH)
    verbs = {_verb(change) for change in files.values()}
    verb = verbs.pop() if len(verbs) == 1 else "change"
    first = min(files, key=lambda path: (_verb(files[path]) == "delete", path))
    if len(files) == 1:
        return one_line(f"{verb} {_shorten(first, _MAX_LENGTH - len(verb) - 1)}", _MAX_LENGTH)
    more = f" and {len(files) - 1} more"
    return one_line(f"{verb} {PurePosixPath(first).name}", _MAX_LENGTH - len(more)) + more


def _verb(change: BlobChange) -> str:
    if not change.old:
        return "add"
    return "edit" if change.new else "delete"


def _find_move(files: Mapping[str, BlobChange]) -> tuple[str, str] | None:
    """Return the old and the new path if the change does nothing but move one file."""
    deleted = [path for path, change in files.items() if not change.new]
    added = [path for path, change in files.items() if not change.old]
    if len(files) != 2 or len(deleted) != 1 or len(added) != 1:  # noqa: PLR2004 - one deleted, one added
        return None
    (old,), (new,) = deleted, added
    return (old, new) if files[old].old == files[new].new else None


def _shorten(path: str, limit: int) -> str:
    return path if len(path) <= limit else PurePosixPath(path).name
