"""Layout of console output: paragraphs and tables.

On a terminal, text wraps at spaces with a hanging indent; test ids, paths and commands are never broken, a line that is
too long for them overflows. In a pipe or a file nothing wraps. No line ends in blanks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, NewLine, RenderResult
from rich.segment import Segment
from rich.text import Text

from batchhook.core.sanitize import one_line

OID = 8
"""Digits of an abbreviated commit id."""

NO_BREAK = "\N{NO-BREAK SPACE}"
"""A blank at which no line is broken; printed as an ordinary one."""
_COMMAND = re.compile(r"\b(?:batchhook|git) [a-z][a-z-]*(?: (?:\d+|--[a-z][a-z-]*|set|show|compare|finish))*")
_GAP = "  "
"""Between columns."""
_MIN_COLUMN = 24
"""Width below which the last column of a row moves to a line of its own."""


class OutputConsole(Console):
    """A console for people, without markup, highlighting and emoji codes.

    Args:
        file: defaults to standard output.
        stderr: write to standard error instead.
        width: of the terminal; detected by default.
        wrap: wrap paragraphs; by default, if the file is a terminal.
    """

    def __init__(
        self,
        *,
        file: IO[str] | None = None,
        stderr: bool = False,
        width: int | None = None,
        wrap: bool | None = None,
    ) -> None:
        super().__init__(file=file, stderr=stderr, width=width, highlight=False, markup=False, emoji=False)
        self._wrap = wrap

    @property
    def wraps(self) -> bool:
        """Return whether paragraphs wrap at the width of the terminal."""
        return self.file.isatty() if self._wrap is None else self._wrap

    def print(self, *objects: Any, soft_wrap: bool | None = None, **options: Any) -> None:  # noqa: ANN401 - as rich
        """Print objects; strings and ``Text`` as paragraphs, or verbatim with ``soft_wrap``."""
        blocks = [Line(each, wrap=not soft_wrap) if isinstance(each, (str, Text)) else each for each in objects]
        super().print(*(blocks or [NewLine()]), **{"crop": False, **options})

    def on_broken_pipe(self) -> None:
        """Raise instead of exiting with 1, as rich does: ``cli/main.py`` decides on the exit code."""
        raise BrokenPipeError


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph; each of its lines wraps on its own.

    Attributes:
        text: may have several lines, also empty ones.
        style: of all of it.
        indent: blanks before each line.
        hang: further blanks before continuation lines.
        wrap: False for verbatim text, such as a traceback.
    """

    text: Text | str
    style: str = ""
    indent: int = 0
    hang: int = 2
    wrap: bool = True

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the paragraph."""
        text = self.text.copy() if isinstance(self.text, Text) else Text(self.text)
        text.stylize_before(self.style)
        width = _width(console, options) if self.wrap else None
        for line in text.split("\n", allow_blank=True):
            for place, part in enumerate(_wrapped(line, width and width - self.indent, self.hang)):
                yield from _rendered(console, self.indent + (self.hang if place else 0), part)


@dataclass(slots=True)
class Grid:
    """Rows in columns that are as wide as their content; the last column wraps, the others never do.

    Attributes:
        columns: "left" or "right" alignment of each column, with its style: ``"right dim"``.
        header: a heading for each column; none by default.
        indent: blanks before each line.
    """

    columns: tuple[str, ...]
    header: tuple[str, ...] = ()
    indent: int = 0
    rows: list[tuple[Text, ...]] = field(default_factory=list)

    def add(self, *cells: Text | str, style: str = "") -> None:
        """Add a row; only its last cell may have several lines."""
        row = []
        for column, cell in zip(self.columns, cells, strict=True):
            text = cell.copy() if isinstance(cell, Text) else Text(cell)
            text.stylize_before(f"{column.partition(' ')[2]} {style}".strip())
            row.append(text)
        self.rows.append(tuple(row))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the rows."""
        header = [tuple(Text(heading, "dim") for heading in self.header)] if self.header else []
        width = _width(console, options)
        widths = self._widths([*header, *self.rows], width)
        for row in [*header, *self.rows]:
            yield from self._row(console, row, widths, width)

    def _widths(self, rows: list[tuple[Text, ...]], width: int | None) -> list[int]:
        """Return the widths of the columns but the last; on a terminal, cells above half its width do not count."""
        most = (width - self.indent) // 2 if width else None
        lengths = [[cell_len(row[column].plain) for row in rows] for column in range(len(self.columns) - 1)]
        return [max((each for each in column if not most or each <= most), default=0) for column in lengths]

    def _row(self, console: Console, row: tuple[Text, ...], widths: list[int], width: int | None) -> Iterator[Segment]:
        left = Text()
        for column, (cell, column_width) in enumerate(zip(row, widths, strict=False)):
            blanks = " " * (column_width - cell_len(cell.plain))
            is_right = self.columns[column].startswith("right")
            left = Text.assemble(left, blanks if is_right else "", cell, "" if is_right else blanks, _GAP)
        lines = row[-1].split("\n", allow_blank=True)
        if self.columns[-1].startswith("right"):
            longest = max(cell_len(each[-1].plain) for each in self.rows) if self.rows else 0
            lines[0] = Text.assemble(" " * (longest - cell_len(lines[0].plain)), lines[0])
        offset = cell_len(left.plain)
        room = width - self.indent - offset if width else None
        is_prose = not self.columns[-1].startswith("right")
        if room is not None and is_prose and room < min(_MIN_COLUMN, max(cell_len(line.plain) for line in lines)):
            yield from _rendered(console, self.indent, left)
            left, offset, room = Text(" " * 4), 4, width and width - self.indent - 4
        for number, line in enumerate(lines):
            for place, part in enumerate(_wrapped(line, room, 0)):
                head = left if not number and not place else Text(" " * offset)
                yield from _rendered(console, self.indent, Text.assemble(head, part))


def unbroken(text: str) -> str:
    """Return a test id, a path or a command on one line, safe for a terminal and never wrapped inside."""
    return one_line(text).replace(" ", NO_BREAK)


def section(heading: str, style: str = "bold") -> Line:
    """Return a heading after an empty line."""
    return Line(f"\n{heading}", style=style)


def more(number: int, noun: str = "") -> str:
    """Return the line that stands for entries left out."""
    return f"… and {number} more{f' {noun}' if noun else ''}"


def hints(*commands: tuple[str, str]) -> Grid:
    """Return commands to type next, each with its effect."""
    grid = Grid(("left bold cyan", "left dim"))
    for command, effect in commands:
        grid.add(f"→ {unbroken(command)}", effect)
    return grid


def _width(console: Console, options: ConsoleOptions) -> int | None:
    wraps = console.wraps if isinstance(console, OutputConsole) else console.is_terminal
    return options.max_width if wraps else None


def _wrapped(line: Text, width: int | None, hang: int) -> Iterator[Text]:
    """Divide a line at spaces into parts no wider than ``width``, the second and further ones less by ``hang``."""
    if width is None:
        yield line
        return
    plain = _COMMAND.sub(lambda command: command[0].replace(" ", NO_BREAK), line.plain)
    start = end = 0
    for word in re.finditer(r"[^ ]+", plain):
        if end > start and cell_len(plain[start : word.end()]) > width:
            yield line[start:end]
            start, width = word.start(), width - (0 if start else hang)
        end = word.end()
    yield line[start:end]


def _rendered(console: Console, indent: int, line: Text) -> Iterator[Segment]:
    line = Text.assemble(" " * indent, line)
    line.plain = line.plain.replace(NO_BREAK, " ").rstrip()
    yield from line.render(console)
    yield Segment.line()
