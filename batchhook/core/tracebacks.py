"""Tracebacks of tests that ran in a private work tree."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ROOT = r"[^\"\n]*?/batchhook/worktrees/batchhook-\d+/"
_FRAME = re.compile(rf'\s*File "{_ROOT}(?P<path>[^"\n]+)", line (?P<line>\d+)(?:, in (?P<function>\S+))?')


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame in a file of the project.

    Attributes:
        path: relative to the top of the work tree.
        line: line number, from 1.
        function: name of the function; empty if the traceback does not tell.
        row: index of the frame among the lines of the traceback, from 0.
    """

    path: str
    line: int
    function: str
    row: int


def project_frames(traceback: str) -> tuple[Frame, ...]:
    """Return the frames in files of the project, outermost first."""
    rows = ((row, _FRAME.match(line)) for row, line in enumerate(traceback.splitlines()))
    return tuple(Frame(match["path"], int(match["line"]), match["function"] or "", row) for row, match in rows if match)


def shorten_paths(traceback: str) -> str:
    """Return a traceback with paths relative to the project instead of the private work tree."""
    return re.sub(rf'"{_ROOT}', '"', traceback)
