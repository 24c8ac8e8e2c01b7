"""A small project for one test tool: what it consists of, what breaks it, and what its tool says of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of tests of one run."""

    tests: int
    failed: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Edit:
    """A replacement in one file, as a change makes it.

    Attributes:
        path: of the file, relative to the project's folder.
        old: text, which occurs once.
        new: text in its place.
    """

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A change that breaks tests.

    Attributes:
        edit: what it does.
        broken: ids of the tests that fail by it.
    """

    edit: Edit
    broken: frozenset[str]


@dataclass(frozen=True, slots=True)
class Project:
    """A project with about ten tests, of which one is skipped.

    Attributes:
        tool: the preset's name.
        version: command that prints the tool's version; its program is looked for to know whether the tool is there.
        files: texts, by path.
        faults: two changes, each to one of two functions.
        coin: path and text of a test file that fails half of the time, and passes where ``COIN`` is set.
        coin_id: id of the test in it.
        by_hand: command that a person runs, and which prints a summary.
        count: reads that summary; None if there is none in the text.
        unbuildable: a change by which a file does not compile, or cannot be loaded; None if there is no such thing.
        prepare: commands that come before the first commit.
        before: commands that a person runs in a fresh clone before ``by_hand``.
        own_version: prints the version of a tool that ``before`` installs; empty for that of ``version``.
    """

    tool: str
    version: tuple[str, ...]
    files: Mapping[str, str]
    faults: tuple[Fault, Fault]
    coin: tuple[str, str]
    coin_id: str
    by_hand: tuple[str, ...]
    count: Callable[[str], Counts | None]
    unbuildable: Fault | None = None
    prepare: tuple[tuple[str, ...], ...] = ()
    before: tuple[tuple[str, ...], ...] = ()
    own_version: tuple[str, ...] = ()

    def find_version(self, environment: Mapping[str, str]) -> str:
        """Return the tool's version; empty if it is not installed."""
        if shutil.which(self.version[0], path=environment.get("PATH")) is None:
            return ""
        done = subprocess.run(self.version, env=environment, capture_output=True, text=True, check=False)
        return find_version(done.stdout + done.stderr) if done.returncode == 0 else ""


def find_version(text: str) -> str:
    """Return the first version in a text; empty if there is none."""
    found = re.search(r"\d+(?:\.\d+)+", text)
    return found[0] if found else ""


def numbers(text: str, *patterns: str) -> list[int] | None:
    """Return for each pattern the sum of what its group matches in a text; None if the first matches nowhere."""
    sums = [[int(number) for number in re.findall(pattern, text, re.MULTILINE)] for pattern in patterns]
    return [sum(found) for found in sums] if sums[0] else None


def counter(tests: str, failed: str, skipped: str) -> Callable[[str], Counts | None]:
    """Return a reader of summaries, from one pattern for each number."""

    def count(text: str) -> Counts | None:
        found = numbers(text, tests, failed, skipped)
        return Counts(*found) if found else None

    return count


def sum_counter(passed: str, failed: str, skipped: str) -> Callable[[str], Counts | None]:
    """Return a reader of summaries that have no number of all tests."""

    def count(text: str) -> Counts | None:
        found = numbers(text, passed, failed, skipped)
        return Counts(sum(found), *found[1:]) if found else None

    return count


def lines_counter(tests: str, failed: str, skipped: str) -> Callable[[str], Counts | None]:
    """Return a counter of lines, for tools that print one for each test and no summary."""

    def count(text: str) -> Counts | None:
        found = [len(re.findall(pattern, text, re.MULTILINE)) for pattern in (tests, failed, skipped)]
        return Counts(*found) if found[0] else None

    return count
