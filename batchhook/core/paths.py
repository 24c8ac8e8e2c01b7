"""Paths as words: the folders on the way, and whether one that somebody else wrote down may be gone to."""

from __future__ import annotations

from pathlib import PurePosixPath

_GIT = (".git", "git~1")
"""What folders of git's own are called, the second one by Windows; in any case of letters."""

# What HFS+ leaves out of names when it compares them: a name with these in it may lead to the git dir there.
_IGNORED = dict.fromkeys([*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF])


def folders_of(path: str) -> list[str]:
    """The folders that a file is in, the innermost first, without the top; all are relative to that."""
    return [str(folder) for folder in PurePosixPath(path).parents][:-1]


def stays_inside(path: str) -> bool:
    """Whether a relative path leads to a place below the top of a work tree, and into no folder of git's own.

    What links on the way would do to it is not looked at.
    """
    parts = path.split("/")
    if "\0" in path or PurePosixPath(path).is_absolute():
        return False
    return not any(part in {"", ".", ".."} or part.translate(_IGNORED).lower().rstrip(". ") in _GIT for part in parts)
