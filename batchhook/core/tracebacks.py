"""Tracebacks of tests that ran in a private work tree."""

from __future__ import annotations

import re
from dataclasses import dataclass

# As store/worktree_places.py has them; the last one is that of earlier versions, in results that they stored.
_PLACES = r"batchhook-\d+/[0-9a-f]{12}/\d+/[^/\n]+|batchhook/worktrees/\d+/[^/\n]+|batchhook/worktrees/batchhook-\d+"
_ROOT = rf"[^\"\n]*?/(?:{_PLACES})/"
_ANY_ROOT = re.compile(rf"(?P<quote>[\"']){_ROOT}|(?<![^\s(=])/[^\s\"']*?/(?:{_PLACES})/")
_PYTHON_FRAME = rf'\s*File "{_ROOT}(?P<path>[^"\n]+)", line (?P<line>\d+)(?:, in (?P<function>\S+))?'
# pytest's tracebacks end the code of each frame with such a line; the paths are relative to where it was started.
_PYTEST_PATH = r"(?P<node_path>(?!\.\./)[^\s:\"/][^:\"\n]*\.py)"
_PYTEST_FRAME = rf"{_PYTEST_PATH}:(?P<node_line>\d+): ?(?:in (?P<node_function>\S+)|\w*)$"
_FRAME = re.compile(f"{_PYTHON_FRAME}|{_PYTEST_FRAME}")


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
    return tuple(_frame(match, row) for row, match in rows if match)


def _frame(match: re.Match[str], row: int) -> Frame:
    path, line = match["path"] or match["node_path"], match["line"] or match["node_line"]
    return Frame(path, int(line), match["function"] or match["node_function"] or "", row)


def shorten_paths(traceback: str) -> str:
    """Return a traceback with paths relative to the project instead of the private work tree."""
    return _ANY_ROOT.sub(lambda match: match["quote"] or "", traceback)
