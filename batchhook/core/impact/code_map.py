"""The map of the code that each test runs, and the tests that a difference between two trees can affect.

The rule is conservative. Only the body of a function concerns just the tests that run it: testmon's rule
(https://testmon.org), but for what that misses. Everything else concerns all tests that it may reach: the top level of
a module those that import it, a data file those that open it or list its folder, configuration all tests; and what is
unknown affects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from batchhook.core.impact.source_code import TOP_LEVEL


class CodePart(NamedTuple):
    """A part of the checkout that tests depend on.

    Attributes:
        path: relative to the top.
        name: of a function; or ``TOP_LEVEL``, ``FILE`` or ``FOLDER``.
    """

    path: str
    name: str


FILE = "<file>"
"""Name of the part that is a whole file, of any kind."""
FOLDER = "<folder>"
"""Name of the part that is the list of a folder's files."""
PROGRAM = CodePart("", "<program>")
"""The part that stands for a program that was started: it may run and read anything."""
DYNAMIC_IMPORT = CodePart("", "<import>")
"""The part that stands for modules that are imported by names which are not in the text."""


@dataclass(frozen=True, slots=True)
class CodeRecord:
    """The parts that a test depends on, as a run has recorded them; by their numbers in the map.

    Attributes:
        tree: the tree that the test ran on.
        runs: parts that it has run, opened or listed.
        imports: parts that run when its module is imported, or that may.
    """

    tree: str
    runs: Sequence[int]
    imports: Sequence[int]


@dataclass(frozen=True, slots=True)
class CodeMap:
    """The code that the tests of a suite run.

    Attributes:
        numbers: of the parts.
        records: by test id.
    """

    numbers: Mapping[CodePart, int]
    records: Mapping[str, CodeRecord]


class Sureness(Enum):
    """The confidence that a change affects a test at all, the highest first."""

    RUNS = "runs"
    """The test runs, opens or lists a changed part."""
    IMPORTS = "imports"
    """It imports a module whose top level has changed."""
    POSSIBLE = "possible"
    """Nothing excludes it."""


@dataclass(frozen=True, slots=True)
class AffectedTest:
    """A test that a change can affect.

    Attributes:
        test_id: the test.
        sureness: of that.
        parts: the changed parts that it depends on, those first that the fewest tests depend on.
        reason: a phrase, where no part is the reason.
        weight: the higher, the more its outcome tells about the change.
    """

    test_id: str
    sureness: Sureness
    parts: tuple[CodePart, ...] = ()
    reason: str = ""
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class TreeChanges:
    """The difference between two trees.

    Attributes:
        parts: that differ, or that exist in only one of both.
        everything: paths that may concern any test: configuration, dependencies, data that no test was seen to open.
        has_code: whether more than documents differ.
        deleted: paths of the files that only the earlier tree has.
    """

    parts: frozenset[CodePart] = frozenset()
    everything: tuple[str, ...] = ()
    has_code: bool = False
    deleted: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Return whether no test can notice the difference."""
        return not self.parts

    @property
    def has_top_level(self) -> bool:
        """Return whether modules differ in what runs when they are imported."""
        return any(part.name == TOP_LEVEL for part in self.parts)


def find_affected(code_map: CodeMap, tests: Iterable[str], changes: TreeChanges) -> list[AffectedTest]:
    """Return the tests that a change can affect, the most telling ones first.

    Args:
        code_map: with the records of the tests.
        tests: their ids.
        changes: since the tree of their records.
    """
    numbers = code_map.numbers
    parts = {numbers[part]: part for part in changes.parts if part in numbers}
    changed = frozenset(parts)
    program, dynamic = numbers.get(PROGRAM, -1), numbers.get(DYNAMIC_IMPORT, -1)
    hits = {test: changed.intersection(code_map.records[test].runs) for test in tests}
    counts = Counter(number for several in hits.values() for number in several)
    affected: list[AffectedTest] = []
    for test, runs in hits.items():
        record = code_map.records[test]
        if runs:
            names = tuple(parts[number] for number in sorted(runs, key=lambda number: (counts[number], parts[number])))
            weight = sum(1 / counts[number] for number in runs)
            affected.append(AffectedTest(test, Sureness.RUNS, names, weight=weight))
        elif imports := changed.intersection(record.imports):
            affected.append(AffectedTest(test, Sureness.IMPORTS, tuple(sorted(parts[number] for number in imports))))
        elif reason := _possible_reason(record, changes, program, dynamic):
            affected.append(AffectedTest(test, Sureness.POSSIBLE, reason=reason))
    return sort_by_weight(affected)


def _possible_reason(record: CodeRecord, changes: TreeChanges, program: int, dynamic: int) -> str:
    """Return why a test may be affected although no part that it depends on has changed; empty if it is not."""
    if changes.everything:
        return f"{changes.everything[0]} may concern every test"
    if changes.has_code and program in record.runs:
        return "starts a program, which may run anything"
    if changes.has_top_level and dynamic in record.imports:
        return "imports modules whose names are not in the text"
    return ""


def sort_by_weight(affected: Iterable[AffectedTest]) -> list[AffectedTest]:
    """Sort tests by how much their outcomes tell about a change."""
    order = list(Sureness)
    return sorted(affected, key=lambda each: (order.index(each.sureness), -each.weight, each.test_id))


def describe_part(part: CodePart, roots: Iterable[str] = ("src",)) -> str:
    """Return the name of a part as a reader would write it: ``parcel.money.share``, or a path.

    Args:
        part: to describe.
        roots: folders that modules are imported from.
    """
    if part.name == FILE:
        return part.path
    if part.name == FOLDER:
        return f"{part.path}/"
    root = max((root for root in roots if root and part.path.startswith(f"{root}/")), key=len, default="")
    path = part.path[len(root) + 1 :] if root else part.path
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return module if part.name == TOP_LEVEL else f"{module}.{part.name.partition('#')[0]}"
