"""The change that each line of a tree stems from, by following lines through a sequence of differences."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

LineOwners = dict[int, str]
"""The change that added or modified a line, by its number; lines that none did are left out."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines that were replaced: ``old_count`` lines from ``old_start`` on by ``new_count`` from ``new_start`` on.

    As in a diff without context, a side without lines has the number of the line before.
    """

    old_start: int
    old_count: int
    new_start: int
    new_count: int


@dataclass(frozen=True, slots=True)
class FileHunks:
    """Difference of one file between two trees.

    Attributes:
        old_path: empty if the file is new.
        path: empty if the file was removed.
    """

    old_path: str
    path: str
    hunks: tuple[Hunk, ...] = ()


@dataclass(frozen=True, slots=True)
class TreeStep:
    """Difference of two trees, and the change that made it; an empty name for what belongs to none."""

    owner: str
    files: tuple[FileHunks, ...]


def trace_lines(differences: Iterable[TreeStep]) -> dict[str, LineOwners]:
    """Return the owners of lines in the last tree, by path.

    Args:
        differences: each from the tree that the one before led to.
    """
    owners: dict[str, LineOwners] = {}
    for difference in differences:
        before = dict(owners)
        # A file may be moved to the path of one that is moved, too.
        for file in difference.files:
            if file.old_path:
                owners.pop(file.old_path, None)
        for file in difference.files:
            if not file.path:
                continue
            lines = _move_lines(before.get(file.old_path, {}), file.hunks)
            if difference.owner:
                new = (line for hunk in file.hunks for line in range(hunk.new_start, hunk.new_start + hunk.new_count))
                lines |= dict.fromkeys(new, difference.owner)
            owners[file.path] = lines
    return {path: lines for path, lines in owners.items() if lines}


def _move_lines(lines: Mapping[int, str], hunks: Sequence[Hunk]) -> LineOwners:
    """Return the lines that hunks leave standing, by their new numbers."""
    starts = [_first_replaced(hunk) for hunk in hunks]
    moved: LineOwners = {}
    for line, owner in lines.items():
        position = bisect_right(starts, line) - 1
        if position < 0:
            moved[line] = owner
            continue
        hunk, start = hunks[position], starts[position]
        if line < start + hunk.old_count:
            continue  # replaced
        end = hunk.new_start + hunk.new_count if hunk.new_count else hunk.new_start + 1
        moved[end + line - (start + hunk.old_count)] = owner
    return moved


def _first_replaced(hunk: Hunk) -> int:
    return hunk.old_start if hunk.old_count else hunk.old_start + 1
