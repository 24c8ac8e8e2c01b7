r"""JSON read in pieces: a document of any size becomes a stream of events, with texts of a bounded length.

The standard library's ``json`` holds a whole document in memory, and a report is as long as its tests like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import BinaryIO, NamedTuple

from batchhook.engines.command.reports.case import ReportError
from batchhook.engines.command.reports.stream import cut_short, read_text
from batchhook.engines.command.reports.texts import TextBuffer

MAX_DEPTH = 100
"""Arrays and objects inside each other."""

Scalar = str | float | bool | None

MAX_VALUES = 1_000
"""Values of one test that are kept; further ones, such as those of a compared object, are passed over."""

_BLANKS = " \t\n\r"
_PLAIN = re.compile(r'[^"\\]+')
_BLANK = re.compile(r"[ \t\n\r]+")
_WORD = re.compile(r"[-+.\w]+")
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None, "NaN": 0.0, "Infinity": 0.0, "-Infinity": 0.0}
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "/": "/"}
_HIGH_SURROGATES, _LOW_SURROGATES = range(0xD800, 0xDC00), range(0xDC00, 0xE000)
_REPLACEMENT = "\ufffd"
_HEX = re.compile("[0-9a-fA-F]{4}")
_HEX_DIGITS = 4
_MAX_WORD = 400
_TEXT_START = re.compile(r"^[ \t]*\{", re.MULTILINE)


class JsonEvent(Enum):
    """Kind of a piece of a document."""

    KEY = "key"
    VALUE = "value"
    """A string, number, boolean or null."""

    START_OBJECT = "{"
    END_OBJECT = "}"
    START_ARRAY = "["
    END_ARRAY = "]"


class JsonPiece(NamedTuple):
    """A piece of a document.

    Attributes:
        value: of a key or a value; numbers are floats.
    """

    event: JsonEvent
    value: Scalar = None


_ENDS = frozenset({JsonEvent.END_OBJECT, JsonEvent.END_ARRAY})


def read_json(file: BinaryIO) -> Iterator[JsonPiece]:
    """Read an object piece by piece.

    Lines before the one that begins with its ``{`` are passed over: they are what a package manager prints. So is all
    that comes after its end.

    Args:
        file: open for reading in binary mode.

    Raises:
        ReportError: it is cut short, or no JSON.
    """
    return _JsonReader(read_text(file)).read()


def read_members(pieces: Iterator[JsonPiece]) -> Iterator[tuple[str, JsonPiece]]:
    """Yield each key of an object whose start was read, with the first piece of its value.

    The caller reads the rest of the value, with ``read_members``, ``read_items`` or ``read_value``, before it goes on.

    Raises:
        ReportError: the document is damaged.
    """
    for piece in pieces:
        if piece.event is JsonEvent.END_OBJECT:
            return
        if piece.event is not JsonEvent.KEY:
            read_value(pieces, piece, 0)
            continue
        first = next(pieces, None)
        if first is None or first.event in _ENDS:
            raise _no_json(str(piece.value))
        yield str(piece.value), first


def read_items(pieces: Iterator[JsonPiece]) -> Iterator[JsonPiece]:
    """Yield the first piece of each value in an array whose start was read; the caller reads the rest of the value.

    Raises:
        ReportError: the document is damaged.
    """
    for piece in pieces:
        if piece.event is JsonEvent.END_ARRAY:
            return
        yield piece


def read_value(pieces: Iterator[JsonPiece], first: JsonPiece, limit: int = MAX_VALUES) -> object:
    """Return a value as ``json.loads`` does, with at most ``limit`` values inside; what is over that is passed over.

    Args:
        pieces: of the document.
        first: the first piece of the value, already taken from ``pieces``.
        limit: 0 to read a value and keep nothing of it.

    Raises:
        ReportError: the document is damaged.
    """
    room = limit

    def read(piece: JsonPiece) -> object:
        nonlocal room
        room -= 1
        if piece.event is JsonEvent.START_OBJECT:
            table: dict[str, object] = {}
            for key, start in read_members(pieces):
                value = read(start)
                if room > 0:
                    table[key] = value
            return table
        if piece.event is JsonEvent.START_ARRAY:
            values: list[object] = []
            for start in read_items(pieces):
                value = read(start)
                if room > 0:
                    values.append(value)
            return values
        return piece.value

    return read(first)


class _JsonReader:
    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self._text = ""
        self._place = 0

    def read(self) -> Iterator[JsonPiece]:
        """Yield the pieces of the document.

        The grammar between the values is not checked where it does not matter for reading: a comma too much is no
        reason to lose what tests did.
        """
        self._find_start()
        closers: list[str] = []
        is_key = False  # whether a string that comes next in this object is a key
        while True:
            character = self._next_token()
            if character in "{[":
                closers.append("}" if character == "{" else "]")
                if len(closers) > MAX_DEPTH:
                    raise ReportError(f"the report nests values more than {MAX_DEPTH} deep")
                is_key = character == "{"
                yield JsonPiece(JsonEvent.START_OBJECT if is_key else JsonEvent.START_ARRAY)
            elif character in "}]":
                if closers.pop() != character:
                    raise _no_json(character)
                yield JsonPiece(JsonEvent.END_OBJECT if character == "}" else JsonEvent.END_ARRAY)
                if not closers:
                    return
            elif character == ",":
                is_key = closers[-1] == "}"
            elif character == ":":
                is_key = False
            elif character == '"':
                yield JsonPiece(JsonEvent.KEY if is_key else JsonEvent.VALUE, self._read_string())
            else:
                yield JsonPiece(JsonEvent.VALUE, self._read_word(character))

    def _find_start(self) -> None:
        is_line_start = True
        while self._more():
            match = _TEXT_START.search(self._text)
            # ``^`` matches at the start of a piece, which need not be the start of a line.
            if match and match.start() == 0 and not is_line_start:
                match = _TEXT_START.search(self._text, self._text.find("\n") + 1 or len(self._text))
            if match:
                self._place = match.end() - 1
                return
            is_line_start = not self._text.rpartition("\n")[2].strip(" \t") and (is_line_start or "\n" in self._text)
        raise ReportError("the report holds no JSON")

    def _more(self) -> bool:
        """Go on to the next piece of text; return whether there is one."""
        self._text = next(self._pieces, "")
        self._place = 0
        return bool(self._text)

    def _character(self) -> str:
        """Take one character.

        Raises:
            ReportError: there is none.
        """
        if self._place >= len(self._text) and not self._more():
            raise cut_short()
        self._place += 1
        return self._text[self._place - 1]

    def _next_token(self) -> str:
        """Take the first character of the next token."""
        while True:
            character = self._character()
            if character not in _BLANKS:
                return character
            blank = _BLANK.match(self._text, self._place)
            if blank:
                self._place = blank.end()

    def _read_string(self) -> str:
        """Read a string behind its opening quote."""
        buffer = TextBuffer()
        while True:
            plain = _PLAIN.match(self._text, self._place)
            if plain:
                buffer.add(plain[0])
                self._place = plain.end()
            character = self._character()
            if character == '"':
                return buffer.text()
            buffer.add(self._read_escape() if character == "\\" else character)

    def _read_escape(self) -> str:
        """Read an escape behind its backslash."""
        character = self._character()
        if character != "u":
            return _ESCAPES.get(character, character)
        number = self._read_hex()
        while number in _HIGH_SURROGATES:
            following = self._character()
            if following != "\\":
                self._place -= 1  # it was taken from this text
                return _REPLACEMENT
            kind = self._character()
            if kind != "u":
                return _REPLACEMENT + _ESCAPES.get(kind, kind)
            low = self._read_hex()
            if low in _LOW_SURROGATES:
                return chr(0x10000 + (number - 0xD800) * 0x400 + low - 0xDC00)
            number = low
        return _REPLACEMENT if number in _LOW_SURROGATES else chr(number)

    def _read_hex(self) -> int:
        digits = "".join(self._character() for _ in range(_HEX_DIGITS))
        if not _HEX.fullmatch(digits):
            raise _no_json("\\u" + digits)
        return int(digits, 16)

    def _read_word(self, first: str) -> Scalar:
        """Read a number or a literal behind its first character."""
        word = first
        while True:
            match = _WORD.match(self._text, self._place)
            if match:
                word += match[0]
                self._place = match.end()
            if len(word) > _MAX_WORD:
                raise _no_json(word)
            if self._place < len(self._text):
                break
            if not self._more():
                raise cut_short()
        if word in _WORDS:
            return _WORDS[word]
        try:
            return float(word)
        except ValueError:
            raise _no_json(word) from None


def _no_json(text: str) -> ReportError:
    return ReportError(f"the report is no JSON: it holds {text[:20]!r}")
