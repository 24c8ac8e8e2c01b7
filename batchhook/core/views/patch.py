"""A patch as git prints it, divided into files and lines, with the lines in which tests fail marked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum

from batchhook.core.results import TestResult
from batchhook.core.tracebacks import project_frames

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)")
_NOTES = ("Binary files ", "new file mode", "deleted file mode", "rename from ", "old mode ")
_MAX_COLUMNS = 400
"""Characters of a line; those of generated files can be endless."""


class LineKind(str, Enum):
    """Kind of a line in a patch."""

    ADDED = "added"
    REMOVED = "removed"
    CONTEXT = "context"
    HUNK = "hunk"
    """The heading of a hunk: its text is the function around it, if git knows one."""

    NOTE = "note"
    """A remark of git's, for instance that a file is binary."""

    @property
    def sign(self) -> str:
        """Return the sign that the line begins with."""
        return {"added": "+", "removed": "-"}.get(self.value, " ")


_KINDS = {"+": LineKind.ADDED, "-": LineKind.REMOVED}


@dataclass(frozen=True, slots=True)
class PatchLine:
    """A line of a patch.

    Attributes:
        number: line number in the new file, for a removed line in the old one; 0 for none.
        is_failing: whether a traceback points at it.
    """

    kind: LineKind
    text: str
    number: int = 0
    is_failing: bool = False


@dataclass(frozen=True, slots=True)
class PatchedFile:
    """A file of a patch, with the first of its lines.

    Attributes:
        path: of the new file; of the old one, if it was deleted.
    """

    path: str
    lines: tuple[PatchLine, ...]


@dataclass(frozen=True, slots=True)
class Patch:
    """The first lines of a patch; ``is_cut`` if there are more."""

    files: tuple[PatchedFile, ...] = ()
    is_cut: bool = False

    @property
    def has_failing_lines(self) -> bool:
        """Return whether a traceback points at one of its lines."""
        return any(line.is_failing for file in self.files for line in file.lines)


@dataclass(slots=True)
class _OpenFile:
    path: str = ""
    lines: list[PatchLine] = field(default_factory=list)


def parse_patch(text: str, most_lines: int, *, is_cut: bool = False) -> Patch:
    """Divide a patch into files and lines.

    Args:
        text: as ``git diff-tree -p`` prints it.
        most_lines: number of lines that are kept.
        is_cut: whether the text is only the beginning of one.
    """
    files: list[_OpenFile] = []
    count = 0
    reader = _PatchReader()
    for line in (part for each in text.split("\n") for part in reader.read(each)):
        if isinstance(line, str):
            files.append(_OpenFile(line))
            continue
        if count >= most_lines:
            is_cut = True
            break
        count += 1
        if not files:
            files.append(_OpenFile())
        files[-1].lines.append(line)
    return Patch(tuple(PatchedFile(file.path, tuple(file.lines)) for file in files), is_cut)


class _PatchReader:
    """Reads a patch line by line. The content of a hunk, which may look like anything, is counted."""

    def __init__(self) -> None:
        self._path = ""
        self._is_named = True
        self._numbers, self._left = [0, 0], [0, 0]
        """Of the old and the new file: number of the next line, and lines left in the hunk."""

    def read(self, line: str) -> Iterator[str | PatchLine]:
        """Yield the path of a file as soon as something is known of it, and what a line is."""
        if self._left[0] > 0 or self._left[1] > 0:
            yield from self._read_content(line)
        elif line.startswith("diff --git "):
            self._path, self._is_named = line.rpartition(" b/")[2], False
        elif match := _HUNK.match(line):
            yield from self._name_file()
            old, old_left, new, new_left = (int(number) if number else 1 for number in match.groups()[:4])
            self._numbers, self._left = [old, new], [old_left, new_left]
            yield PatchLine(LineKind.HUNK, match[5][:_MAX_COLUMNS])
        elif line.startswith(("--- ", "+++ ")):
            self._path = _strip_prefix(line[4:].rstrip("\t\r")) or self._path
        elif line.startswith(_NOTES):
            yield from self._name_file()
            yield PatchLine(LineKind.NOTE, line[:_MAX_COLUMNS])

    def _name_file(self) -> Iterator[str]:
        if not self._is_named:
            self._is_named = True
            yield self._path

    def _read_content(self, line: str) -> Iterator[PatchLine]:
        kind = _KINDS.get(line[:1], LineKind.CONTEXT)
        if line.startswith("\\"):  # no newline at the end of the file
            return
        is_old, is_new = kind is not LineKind.ADDED, kind is not LineKind.REMOVED
        number = self._numbers[1] if is_new else self._numbers[0]
        yield PatchLine(kind, line[1 : _MAX_COLUMNS + 1].removesuffix("\r"), number)
        for side, is_in in enumerate((is_old, is_new)):
            self._numbers[side] += is_in
            self._left[side] -= is_in


def _strip_prefix(name: str) -> str:
    """Return the path of a file without git's prefix; empty if there is no such file."""
    name = name.strip('"')
    return "" if name == "/dev/null" else name[2:]


def failing_places(results: Iterable[TestResult]) -> frozenset[tuple[str, int]]:
    """Return path and line of each place that tracebacks of failing tests point at."""
    places: set[tuple[str, int]] = set()
    for result in results:
        places |= {(frame.path, frame.line) for frame in project_frames(result.traceback)}
        path, _, line = result.location.rpartition(":")
        if path and line.isdecimal():
            places.add((path, int(line)))
    return frozenset(places)


def mark_failing(patch: Patch, places: Collection[tuple[str, int]]) -> Patch:
    """Mark the lines at places of the new files.

    Args:
        patch: of a change; lines that it removed are nowhere.
        places: path and line, as ``failing_places`` returns them.
    """
    return replace(
        patch,
        files=tuple(
            replace(
                file,
                lines=tuple(
                    replace(line, is_failing=True)
                    if line.kind in {LineKind.ADDED, LineKind.CONTEXT} and (file.path, line.number) in places
                    else line
                    for line in file.lines
                ),
            )
            for file in patch.files
        ),
    )
