"""Reading tracebacks of tests that ran in a private work tree: frames in the project's files."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ROOT = r"[^\"\n]*?/batchhook/worktrees/batchhook-\d+/"
_FRAME = re.compile(rf'\s*File "{_ROOT}(?P<path>[^"\n]+)", line (?P<line>\d+)(?:, in (?P<function>\S+))?')


@dataclass(frozen=True, slots=True)
class Frame:
    """One call, in a file of the project.

    Attributes:
        path: relative to the checkout's top.
        line: its number, from 1.
        function: that it is in; empty where the traceback does not say.
        row: number of the traceback's line that names it, from 0.
    """

    path: str
    line: int
    function: str
    row: int


def frames(traceback: str) -> tuple[Frame, ...]:
    """The calls in the project's files, outermost first."""
    rows = ((row, _FRAME.match(line)) for row, line in enumerate(traceback.splitlines()))
    return tuple(Frame(match["path"], int(match["line"]), match["function"] or "", row) for row, match in rows if match)


def shortened(traceback: str) -> str:
    """A traceback whose files are named as in the project, and not as in the private work tree."""
    return re.sub(rf'"{_ROOT}', '"', traceback)
