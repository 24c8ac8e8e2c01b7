"""What a change is called that nobody has described: by the files that it touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from batchhook.core.sanitize import one_line

_MOST = 72
"""Characters; what a subject should have."""


@dataclass(frozen=True, slots=True)
class Touch:
    """What became of one file: names of its contents before and after, empty for nothing."""

    old: str
    new: str


def described(files: Mapping[str, Touch]) -> str:
    """``edit parcel/money.py``, ``add money.py and 2 more``, ``move a.py to b.py``; one line, not long.

    Args:
        files: by path; at least one.
    """
    moved = _move(files)
    if moved:
        return one_line("move {} to {}".format(*moved), _MOST)
    verbs = {_verb(touch) for touch in files.values()}
    verb = verbs.pop() if len(verbs) == 1 else "change"
    first = min(files, key=lambda path: (_verb(files[path]) == "delete", path))
    if len(files) == 1:
        return one_line(f"{verb} {_short(first, _MOST - len(verb) - 1)}", _MOST)
    more = f" and {len(files) - 1} more"
    return one_line(f"{verb} {PurePosixPath(first).name}", _MOST - len(more)) + more


def _verb(touch: Touch) -> str:
    if not touch.old:
        return "add"
    return "edit" if touch.new else "delete"


def _move(files: Mapping[str, Touch]) -> tuple[str, str] | None:
    """Where a single file has gone from and to, if nothing else was done."""
    gone = [path for path, touch in files.items() if not touch.new]
    come = [path for path, touch in files.items() if not touch.old]
    if len(files) != 2 or len(gone) != 1 or len(come) != 1:  # noqa: PLR2004 - one gone, one come
        return None
    (old,), (new,) = gone, come
    return (old, new) if files[old].old == files[new].new else None


def _short(path: str, most: int) -> str:
    """A path, or its last part where it is long."""
    return path if len(path) <= most else PurePosixPath(path).name
