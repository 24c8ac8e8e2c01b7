"""Reading of a report in pieces: bytes to text, and text to lines of a bounded length."""

from __future__ import annotations

import codecs
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, cast

from batchhook.engines.command.reports.case import ReportError

CHUNK = 64 * 1024
"""Bytes that are read at once."""
MAX_LINE = 1024 * 1024
"""Characters of a line that are kept."""

_START = 1024
"""Bytes that are looked at for the encoding."""
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""PowerShell's ``>`` writes UTF-16 with such a mark."""


def cut_short() -> ReportError:
    """Return the error for a report that ends too early."""
    return ReportError("the report is cut short")


def _read_chunks(file: BinaryIO) -> Iterator[bytes]:
    """Read a file to its end; the first piece is long enough to show the encoding.

    Raises:
        ReportError: it cannot be read.
    """
    start: bytes | None = b""
    while True:
        try:
            chunk = file.read(CHUNK)
        except (OSError, ValueError) as error:
            raise ReportError(f"the report cannot be read: {error}") from error
        if start is not None:
            start += chunk or b""
            if chunk and len(start) < _START:
                continue
            chunk, start = start, None
        if not chunk:
            return
        yield chunk


def read_text(file: BinaryIO, find_encoding: Callable[[bytes], str] | None = None) -> Iterator[str]:
    """Decode a file piece by piece; what cannot be decoded is replaced by U+FFFD.

    Args:
        file: open for reading in binary mode.
        find_encoding: names the encoding of a file without a byte order mark by its first bytes; default: UTF-8.

    Raises:
        ReportError: the file cannot be read.
    """
    decoder = None
    for chunk in _read_chunks(file):
        if decoder is None:
            encoding = next((name for mark, name in _MARKS.items() if chunk.startswith(mark)), "")
            if not encoding:
                encoding = find_encoding(chunk[:_START]) if find_encoding else "utf-8"
            decoder = codecs.getincrementaldecoder(encoding)("replace")
        text = decoder.decode(chunk)
        if text:
            yield text
    rest = decoder.decode(b"", final=True) if decoder else ""
    if rest:
        yield rest


def read_lines(file: BinaryIO) -> Iterator[str]:
    r"""Yield the lines of a file, each with ``\n`` at its end if the file has it; of a long line, only the start.

    Raises:
        ReportError: the file cannot be read.
    """
    line = ""
    for text in read_text(file):
        *ended, rest = text.split("\n")
        for piece in ended:
            yield (line + piece)[:MAX_LINE].removesuffix("\r") + "\n"
            line = ""
        if len(line) < MAX_LINE:
            line = (line + rest)[:MAX_LINE]
    if line:
        yield line


@contextmanager
def reread(file: BinaryIO) -> Iterator[tuple[BinaryIO, int]]:
    """Make a file fit to be read twice: itself, or a temporary copy of one that cannot be rewound, such as a pipe.

    Args:
        file: open for reading in binary mode.

    Returns:
        The file, and the position of its start.

    Raises:
        ReportError: it cannot be read.
    """
    with ExitStack() as stack:
        try:
            if not file.seekable():
                copy = stack.enter_context(tempfile.TemporaryFile())
                shutil.copyfileobj(file, copy)
                copy.seek(0)
                file = cast("BinaryIO", copy)
            start = file.tell()
        except (OSError, ValueError) as error:
            raise ReportError(f"the report cannot be read: {error}") from error
        yield file, start
