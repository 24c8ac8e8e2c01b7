"""Templates of commands: a line of words, without a shell, and the placeholders in it.

==================  ====================================================================================================
``{report}``        a file for the report, in a private folder
``{reports}``       a private folder for reports
``{build}``         a private folder for what is built, empty at first
``{cache}``         a private folder that stays from run to run, for tools that know what is stale
``{reporters}``     the folder with reporters of our own, for tools that can load one
``{jobs}``          the number of processes that may be used
``{name}``          the name of a test: the word is repeated for each
``{class}``         the class of a test, or its file or package: the word is repeated for each
``{regex}``         a regular expression for the names of all tests
``{names S}``       the names of all tests, joined by the text ``S``; ``{classes S}`` likewise
==================  ====================================================================================================

Those from ``{name}`` on are for ``select`` only. A brace that begins none of these is an ordinary character.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from batchhook.errors import SuiteError

MAX_SELECTION = 100_000
"""Characters of a selecting command; beyond that, all tests run. Linux allows 128 KiB in one argument, and 2 MiB in
all (execve(2))."""

_OF_TESTS = re.compile(r"\{(?:name|class|regex|names [^{}]+|classes [^{}]+)\}")
_EACH = re.compile(r"\{(?:name|class)\}")
_ALL = re.compile(r"\{(?:regex|(?P<what>names|classes) (?P<separator>[^{}]+))\}")
_BRACED = re.compile(r"\{([a-z]+)(?: [^{}]*)?\}")
_NAMES = ("report", "reports", "build", "cache", "reporters", "jobs", "name", "class", "regex", "names", "classes")
_SPECIAL = re.compile(r"[.^$*+?()\[\]{}|\\]")


@dataclass(frozen=True, slots=True)
class SelectedTest:
    """A test that a command is to run, by the names that its report has for it."""

    class_name: str
    name: str


def expand(template: str, places: Mapping[str, str]) -> list[str]:
    """Return the words of a command.

    Args:
        template: the line.
        places: values of the placeholders for files and numbers, by name.

    Raises:
        SuiteError: a quotation is not closed, or a placeholder is misspelt.
    """
    return [fill(word, places) for word in _split(template)]


def fill(word: str, places: Mapping[str, str]) -> str:
    """Return a word with the placeholders for files and numbers filled in."""
    for name, value in places.items():
        word = word.replace(f"{{{name}}}", value)
    return word


def expand_selection(
    template: str, places: Mapping[str, str], tests: Sequence[SelectedTest], as_pattern: Callable[[str], str]
) -> list[str] | None:
    """Return the words of a command that runs some tests; None if it would be too long.

    Args:
        template: the line.
        places: values of the placeholders for files and numbers, by name.
        tests: to run.
        as_pattern: returns the part of a test's name that the tool compares with patterns.

    Raises:
        SuiteError: a quotation is not closed, or a placeholder is misspelt.
    """
    pairs = [(test.class_name, as_pattern(test.name)) for test in tests]
    words: list[str] = []
    for word in _split(template):
        if _EACH.search(word):
            each = (word.replace("{class}", group).replace("{name}", name) for group, name in pairs)
            words += dict.fromkeys(each)
        else:
            words.append(_ALL.sub(lambda match: _join(match, pairs), fill(word, places)))
    return words if sum(map(len, words)) <= MAX_SELECTION else None


def selects(template: str) -> bool:
    """Return whether a line has a placeholder for tests."""
    return _OF_TESTS.search(template) is not None


def _join(match: re.Match[str], pairs: Sequence[tuple[str, str]]) -> str:
    if match["what"] is None:
        return "|".join(dict.fromkeys(_escape(name) for _, name in pairs))
    index = 0 if match["what"] == "classes" else 1
    return match["separator"].join(dict.fromkeys(pair[index] for pair in pairs))


def _escape(name: str) -> str:
    """Escape a name for regular expressions of any dialect: only what is special in all of them may be escaped."""
    return _SPECIAL.sub(r"\\\g<0>", name)


def _split(template: str) -> list[str]:
    for name in _BRACED.findall(template):
        nearest = difflib.get_close_matches(name, _NAMES, n=1, cutoff=0.75)
        if nearest and name not in _NAMES:  # others, as in sh, are none of our business
            raise SuiteError(f"there is no placeholder {{{name}}}: {template!r}", f"did you mean {{{nearest[0]}}}?")
    try:
        # A placeholder with a separator holds a blank, which does not end a word.
        protected = re.sub(
            r"\{(names|classes) ([^{}]+)\}", lambda match: "{" + _hide(match[1], match[2]) + "}", template
        )
        return [_reveal(word) for word in shlex.split(protected)]
    except ValueError as error:
        raise SuiteError(f"a command cannot be read: {template!r}: {error}", "close the quotation") from error


def _hide(name: str, separator: str) -> str:
    return f"{name}\0{separator.encode().hex()}"


def _reveal(word: str) -> str:
    return re.sub(
        r"\{(names|classes)\0([0-9a-f]*)\}", lambda match: f"{{{match[1]} {bytes.fromhex(match[2]).decode()}}}", word
    )
