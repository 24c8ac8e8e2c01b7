"""XML read in pieces by expat: no document type, no entities, bounded in depth and in the size of a tag.

Test tools put what tests print into their reports as it is. Characters that XML forbids, such as the ESC of a colour,
and bytes that are not of the encoding do not make a report unreadable here, although XML says they should.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO, NoReturn, Protocol
from xml.parsers import expat

from batchhook.engines.command.reports.case import ReportError
from batchhook.engines.command.reports.stream import cut_short, read_text

MAX_DEPTH = 500
"""Elements inside each other."""
MAX_TAG = 16 * 1024 * 1024
"""Bytes of a tag with its attributes, or of a comment: expat holds it in memory as a whole."""

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_REFERENCE = re.compile("&#(?:x0*([0-9a-fA-F]{1,6})|0*([0-9]{1,7}));")
_MAX_REFERENCE = 16
_DECLARED_ENCODING = re.compile(rb"\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_ENCODINGS = frozenset({"utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252"})
_ENDS_TOO_EARLY = frozenset(
    {
        expat.errors.codes[message]
        for message in (
            expat.errors.XML_ERROR_NO_ELEMENTS,
            expat.errors.XML_ERROR_UNCLOSED_TOKEN,
            expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
            expat.errors.XML_ERROR_PARTIAL_CHAR,
        )
    }
)
_ESC = 0x1B
_TAB_AND_LINE_ENDS = frozenset({0x9, 0xA, 0xD})
_SPACE = 0x20
_LONE_SURROGATES = range(0xD800, 0xE000)
_NO_CHARACTERS = frozenset({0xFFFE, 0xFFFF})
_LAST_CHARACTER = 0x10FFFF


class XmlHandler(Protocol):
    """Handler of the elements of a document; names come without the prefix of their namespace."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take the start of an element."""

    def end(self, name: str) -> None:
        """Take the end of an element."""

    def text(self, text: str) -> None:
        """Take some of the text inside the innermost open element."""


def parse_xml(file: BinaryIO, handler: XmlHandler) -> Iterator[None]:
    """Parse a document, and yield after each piece of it.

    Args:
        file: open for reading in binary mode.
        handler: is told of the elements; it may raise ``ReportError``.

    Raises:
        ReportError: the document is cut short, not well-formed, has a document type, or is too deep.
    """
    parser = _create_parser(handler)
    fed = unfinished = 0
    waiting = bytearray()
    for piece in _without_forbidden(read_text(file, _find_encoding)):
        waiting += piece.encode("utf-8", "replace")
        if unfinished + len(waiting) > MAX_TAG:
            raise ReportError(f"the report has a tag or comment of more than {MAX_TAG // 1024 // 1024} MB")
        if len(waiting) < unfinished:
            continue  # expat before 2.6 reads an unfinished tag again from its start: only with twice as much
        _feed(parser, bytes(waiting), is_last=False)
        fed += len(waiting)
        waiting.clear()
        unfinished = fed - max(parser.CurrentByteIndex, 0)
        yield
    _feed(parser, bytes(waiting), is_last=True)
    yield


def _create_parser(handler: XmlHandler) -> expat.XMLParserType:
    # What the document declares as its encoding no longer holds: it is fed as UTF-8.
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise ReportError(f"the report nests elements more than {MAX_DEPTH} deep")
        handler.start(name.rpartition(":")[2], attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(name.rpartition(":")[2])

    def refuse(*_arguments: object) -> NoReturn:
        raise ReportError("the report declares a document type (DTD), which no test report needs")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    return parser


def _feed(parser: expat.XMLParserType, data: bytes, *, is_last: bool) -> None:
    try:
        parser.Parse(data, is_last)
    except expat.ExpatError as error:
        if is_last and error.code in _ENDS_TOO_EARLY:
            raise cut_short() from None
        problem = expat.ErrorString(error.code)
        raise ReportError(f"the report is not well-formed XML: {problem} in line {error.lineno}") from None


def _find_encoding(start: bytes) -> str:
    if start.startswith(b"<\x00"):
        return "utf-16-le"
    if start.startswith(b"\x00<"):
        return "utf-16-be"
    match = _DECLARED_ENCODING.match(start)
    try:
        encoding = codecs.lookup(match[1].decode("ascii")).name if match else "utf-8"
    except LookupError:
        return "utf-8"
    return encoding if encoding in _ENCODINGS else "utf-8"


def _without_forbidden(pieces: Iterator[str]) -> Iterator[str]:
    """Replace the characters that XML forbids, and references to them; ESC becomes DEL, which is allowed."""
    held = ""
    is_start = True
    for piece in pieces:
        text = held + piece
        if is_start:
            text = text.lstrip()  # a declaration must come first, and some tools print an empty line before it
            is_start = not text
        place = text.rfind("&", -_MAX_REFERENCE)
        # A reference may go on in the next piece.
        held = text[place:] if place >= 0 and ";" not in text[place:] else ""
        text = text.removesuffix(held) if held else text
        if text:
            yield _replace_forbidden(text)
    if held:
        yield _replace_forbidden(held)


def _replace_forbidden(text: str) -> str:
    text = _FORBIDDEN.sub(lambda match: _stand_in(ord(match[0])), text)
    return _REFERENCE.sub(_replace_reference, text) if "&#" in text else text


def _replace_reference(match: re.Match[str]) -> str:
    number = int(match[1], 16) if match[1] else int(match[2])
    is_allowed = (number in _TAB_AND_LINE_ENDS or _SPACE <= number <= _LAST_CHARACTER) and not (
        number in _LONE_SURROGATES or number in _NO_CHARACTERS
    )
    return match[0] if is_allowed else _stand_in(number)


def _stand_in(number: int) -> str:
    return "\x7f" if number == _ESC else " "
