"""Names and texts of reports, made fit to store and to show: they are untrusted, of any length, of any characters."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections import deque
from collections.abc import Iterable

from batchhook.engines.command.reports.case import MAX_NAME, MAX_TEXT

NAME_SEPARATOR = " > "
"""Between the names of nested suites, and before that of the test; the notation of vitest."""

_ESCAPE_SEQUENCES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b[@-Z\\^_]"
    # What stands for ESC where XML forbids it: here (xml_stream.py), in Go, pytest, dotnet, node and ctest.
    r"|(?:\x7f|\ufffd|#x1B|\\u001[bB]|\\x1[bB]|\[NON-XML-CHAR-0x1B\])\[[0-9;]*[mK]"
    # vitest leaves it out.
    r"|\[\d{1,2}(?:;\d{1,3}){0,4}m",
)
_STACK_LINE = re.compile(r"\s+at \S|\s*>?\s*\d+ \||(?:\S*[/\\])\S+:\d+$")
"""A frame of Java, .NET or JavaScript; a line of the source, as jest shows it; a frame of PHPUnit."""
_ERROR_TYPE = re.compile(r"(?:[\w$]+(?:\.|\\|::))*(?P<type>[A-Z]\w*)")
_LEADING_ERROR_TYPE = re.compile(
    r"(?:Uncaught )?(?:[\w$]+(?:\.|\\|::))*"
    r"(?P<type>(?:[A-Z]\w*)?(?:Error|Exception|Failure|Failed|Interrupt|Exit|Warning))"
    r"(?: \[\w+\])?(?: ?:[ \n]|:?$)\s*",
)
_MAX_FRAME = 500
_MAX_SUMMARY = 2_000
_MAX_SUMMARY_LINES = 12
_NOTE = "\n[... {} characters omitted ...]\n"
_ROOM_FOR_NOTE = 60
_MAX_DIGITS = 9


class TextBuffer:
    """A text that grows by pieces, of which only the start and the end are kept.

    Args:
        limit: most characters of the text, with the note of how many were omitted in the middle.
    """

    __slots__ = ("_end", "_end_size", "_half", "_omitted", "_start", "_start_size")

    def __init__(self, limit: int = MAX_TEXT) -> None:
        self._half = (limit - _ROOM_FOR_NOTE) // 2
        self._start: list[str] = []
        self._start_size = 0
        self._end: deque[str] = deque()
        self._end_size = 0
        self._omitted = 0

    def __bool__(self) -> bool:
        return bool(self._start)

    def add(self, piece: str) -> None:
        """Append a piece of any length."""
        room = self._half - self._start_size
        if room > 0 and piece:
            self._start.append(piece[:room])
            self._start_size += min(len(piece), room)
            piece = piece[room:]
        if not piece:
            return
        if len(piece) > self._half:
            self._omitted += len(piece) - self._half
            piece = piece[-self._half :]
        self._end.append(piece)
        self._end_size += len(piece)
        while self._end_size - len(self._end[0]) >= self._half:
            dropped = len(self._end.popleft())
            self._end_size -= dropped
            self._omitted += dropped

    def text(self) -> str:
        """Return the text; a note stands for what was omitted."""
        end = "".join(self._end)
        omitted = self._omitted + max(len(end) - self._half, 0)
        if not omitted:
            return "".join(self._start) + end
        return "".join(self._start) + _NOTE.format(omitted) + end[-self._half :]


def shorten(text: str, limit: int = MAX_TEXT) -> str:
    """Shorten a long text in the middle, with a note of how much was omitted."""
    if len(text) <= limit - _ROOM_FOR_NOTE:
        return text
    buffer = TextBuffer(limit)
    buffer.add(text)
    return buffer.text()


def clean_text(text: str, limit: int = MAX_TEXT) -> str:
    """Return a text of several lines, bounded, without colours and control characters."""
    text = _strip_escapes(shorten(text, limit))
    if not text.isprintable():
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = "\n".join(map(_clean_line, text.split("\n")))
    return text.strip("\n").rstrip()


def clean_name(text: str) -> str:
    """Return a name on one line, without control characters.

    A long name is cut and ends in a digest of all of it, so that long names which begin alike stay different, and the
    same from run to run.
    """
    name = _strip_escapes(text)
    if not name.isprintable():
        name = "".join(each if each.isprintable() else " " for each in name)
    name = name.strip()
    if len(name) <= MAX_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{name[: MAX_NAME - len(digest) - 1]}…{digest}"


def join_names(names: Iterable[str]) -> str:
    """Return the name of a test inside suites: their names and its own, outermost first."""
    return clean_name(NAME_SEPARATOR.join(name for name in map(clean_name, names) if name))


def paragraph(text: str) -> str:
    """Return a text, bounded, without its blank lines."""
    return "\n".join(line for line in clean_text(text).split("\n") if line.strip())


def summarize(text: str) -> str:
    """Return the first lines of a failure's text, without its stack trace."""
    lines: list[str] = []
    for line in clean_text(text).split("\n"):
        if len(lines) == _MAX_SUMMARY_LINES or (len(line) <= _MAX_FRAME and _STACK_LINE.match(line)):
            break
        if line.strip():
            lines.append(line.rstrip())
    return shorten("\n".join(lines), _MAX_SUMMARY)


def class_of_type(text: str) -> str:
    """Return the class name in the ``type`` of a failure, such as ``org.junit.ComparisonFailure``; empty if none."""
    match = _ERROR_TYPE.fullmatch(text.strip()[:MAX_NAME])
    return match["type"] if match else ""


def split_error(text: str) -> tuple[str, str]:
    """Return error type and message of ``ValueError: no number``; the type is empty if the text has none."""
    match = _LEADING_ERROR_TYPE.match(text)
    return (match["type"], text[match.end() :]) if match else ("", text)


def parse_seconds(text: str) -> float:
    """Return a duration; 0 if the text is none, or none that can be.

    ``1,234.5`` has thousands, ``0,25`` a decimal comma: tools write in the notation of the machine's language.
    """
    digits = text.strip().removesuffix("s")
    if "," in digits:
        whole, _, fraction = digits.rpartition(",")
        is_decimal = "." not in digits and "," not in whole and (whole.strip("-") in {"", "0"} or len(fraction) != 3)  # noqa: PLR2004 - digits in a group
        digits = f"{whole}.{fraction}" if is_decimal else digits.replace(",", "")
    try:
        return usable_seconds(float(digits))
    except ValueError:
        return 0.0


def usable_seconds(seconds: object, unit: float = 1.0) -> float:
    """Return a number of units as seconds; 0 if it is no number, not finite or negative."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        return 0.0
    value = float(seconds) * unit
    return value if math.isfinite(value) and value > 0 else 0.0


def parse_line(text: str) -> int:
    """Return a line number; 0 if the text is none."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS else 0


def _strip_escapes(text: str) -> str:
    return _ESCAPE_SEQUENCES.sub("", text) if "[" in text or "\x1b" in text else text


def _clean_line(line: str) -> str:
    if line.replace("\t", "").isprintable():
        return line
    return "".join(each if each.isprintable() or each == "\t" else _stand_in(each) for each in line)


def _stand_in(character: str) -> str:
    return " " if unicodedata.category(character) == "Zs" else ""
