"""Files and modules that a failure reports as missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from batchhook.core.results import TestResult

MAX_ITEMS = 20
"""Items that are taken from one failure."""

_LONGEST_PATH = 4096
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class MissingFile:
    """A missing file or folder.

    Attributes:
        path: as the test process named it: absolute, or relative to that process's working directory.
    """

    path: str


@dataclass(frozen=True, slots=True)
class MissingModule:
    """A module or package that could not be imported, or a name that may be a submodule.

    Attributes:
        name: fully qualified.
    """

    name: str


MissingItem = MissingFile | MissingModule


# The repr of a str or bytes, also inside a Path. The alternatives are mutually exclusive, so that matching takes linear
# time.
_LITERAL = (
    rf"b?(?:'(?:[^'\\\n]|\\.){{0,{_LONGEST_PATH}}}'"  # single quotes
    rf'|"(?:[^"\\\n]|\\.){{0,{_LONGEST_PATH}}}")'  # double quotes, around a text with an apostrophe
)
_IN_PATH = r"(?:[A-Z][a-z]{4,6}Path\()?"
_REPORT = re.compile(
    rf"No such file or directory: {_IN_PATH}(?P<path>{_LITERAL})\)?(?: -> {_IN_PATH}(?P<target>{_LITERAL}))?"
    rf"|No module named '(?P<module>[\w.]{{1,{_LONGEST_NAME}}})'"
    rf"|cannot import name '(?P<name>\w{{1,{_LONGEST_NAME}}})'"
    rf" from (?:partially initialized module )?'(?P<package>[\w.]{{1,{_LONGEST_NAME}}})'",
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_LETTER_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_MAX_CODE_POINT = 0x10FFFF

# A source line in a traceback, also in that of an exception group, which is prefixed with bars. It may hold a string
# that reads like an error.
_SOURCE_LINE = re.compile(r"[ |]* {4}(?![ |])")


def find_missing(result: TestResult) -> tuple[MissingItem, ...]:
    """Return the files and modules that a failure reports as missing, in order, at most ``MAX_ITEMS``.

    Args:
        result: of a failed test; its texts are untrusted.
    """
    text = "\n".join([result.message, *(line for line in result.traceback.split("\n") if not _SOURCE_LINE.match(line))])
    items = (item for match in _REPORT.finditer(text) for item in _parse_items(match))
    return tuple(islice(dict.fromkeys(items), MAX_ITEMS))


def _parse_items(match: re.Match[str]) -> Iterator[MissingItem]:
    module = match["module"] or (f"{match['package']}.{match['name']}" if match["name"] else "")
    if module and all(part.isidentifier() for part in module.split(".")):
        yield MissingModule(module)
    for literal in (match["path"], match["target"]):
        path = _evaluate(literal) if literal else ""
        if path:
            yield MissingFile(path)


def _evaluate(literal: str) -> str:
    """Return the value of a str or bytes literal; bytes that are not UTF-8 become surrogates."""
    value = _ESCAPE.sub(_unescape, literal.removeprefix("b")[1:-1])
    if not literal.startswith("b"):
        return value
    return value.encode("latin-1", "ignore").decode("utf-8", "surrogateescape")


def _unescape(escape: re.Match[str]) -> str:
    digits = escape[1] or escape[2] or escape[3]
    if not digits:
        return _LETTER_ESCAPES.get(escape[4], escape[4])
    number = int(digits, 16)
    return chr(number) if number <= _MAX_CODE_POINT else ""
