"""Which files and modules a failure says are missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from batchhook.core.results import TestResult

MOST = 20
"""Things that are taken from one failure."""

_LONGEST_PATH = 4096
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class MissingFile:
    """A file or folder that was not there.

    Attributes:
        path: as the test's process named it: absolute, or relative to where that process stood.
    """

    path: str


@dataclass(frozen=True, slots=True)
class MissingModule:
    """A module or package that could not be imported, or a name that may be a package's module.

    Attributes:
        name: with dots, from the top.
    """

    name: str


Missing = MissingFile | MissingModule


# A text or bytes as Python's repr writes it, and such a one in a Path. The alternatives exclude each other, so that
# no text takes longer than its length.
_LITERAL = (
    rf"b?(?:'(?:[^'\\\n]|\\.){{0,{_LONGEST_PATH}}}'"  # the usual quotes
    rf'|"(?:[^"\\\n]|\\.){{0,{_LONGEST_PATH}}}")'  # those of a text with an apostrophe in it
)
_IN_PATH = r"(?:[A-Z][a-z]{4,6}Path\()?"
_SAID = re.compile(
    rf"No such file or directory: {_IN_PATH}(?P<path>{_LITERAL})\)?(?: -> {_IN_PATH}(?P<target>{_LITERAL}))?"
    rf"|No module named '(?P<module>[\w.]{{1,{_LONGEST_NAME}}})'"
    rf"|cannot import name '(?P<name>\w{{1,{_LONGEST_NAME}}})'"
    rf" from (?:partially initialized module )?'(?P<package>[\w.]{{1,{_LONGEST_NAME}}})'",
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}
_HIGHEST = 0x10FFFF

# A line of code in a traceback, also in one of an exception group, which has bars before it: it may well hold a text
# that reads like an error.
_CODE = re.compile(r"[ |]* {4}(?![ |])")


def missing_in(result: TestResult) -> tuple[Missing, ...]:
    """What a failure says is missing, in the order in which it says so; each once, and at most ``MOST``.

    Args:
        result: of a test that failed; its texts may hold anything.
    """
    text = "\n".join([result.message, *(line for line in result.traceback.split("\n") if not _CODE.match(line))])
    found = (thing for said in _SAID.finditer(text) for thing in _things(said))
    return tuple(islice(dict.fromkeys(found), MOST))


def _things(said: re.Match[str]) -> Iterator[Missing]:
    module = said["module"] or (f"{said['package']}.{said['name']}" if said["name"] else "")
    if module and all(part.isidentifier() for part in module.split(".")):
        yield MissingModule(module)
    for literal in (said["path"], said["target"]):
        path = _value(literal) if literal else ""
        if path:
            yield MissingFile(path)


def _value(literal: str) -> str:
    """What Python's repr of a text or of bytes stands for; what is in bytes but is no UTF-8 becomes surrogates."""
    value = _ESCAPE.sub(_character, literal.removeprefix("b")[1:-1])
    if not literal.startswith("b"):
        return value
    return value.encode("latin-1", "ignore").decode("utf-8", "surrogateescape")


def _character(escape: re.Match[str]) -> str:
    digits = escape[1] or escape[2] or escape[3]
    if not digits:
        return _LETTERS.get(escape[4], escape[4])
    number = int(digits, 16)
    return chr(number) if number <= _HIGHEST else ""
