"""Ids for the tests in reports: ``class::name``, the same from run to run, and the results that carry them.

A class without a test (a file or package that cannot be built or loaded) has an id without ``::``, and what keeps
everything from running the id ``.``: the notation of pytest's node ids (``core/test_ids.py``), so that all that reads
ids knows what these are.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from batchhook.core.results import IsolationLevel, TestResult
from batchhook.core.test_ids import EVERYTHING, NODE_SEPARATOR, is_node_id, split_suite
from batchhook.engines.command.reports.case import ReportedCase
from batchhook.engines.command.template import SelectedTest

UNNAMED_CLASS = "tests"
"""The class of tests in a report that has no classes."""
_MAX_PART = 400
"""Characters of a class or a name in an id; longer ones end in a digest."""
_DIGEST = 12
_OCCURRENCE = " #"
_HERE = "./"
"""Begins a class that would not be read as one: ``Basket: empty`` would be a test of the suite ``Basket``."""


def as_results(cases: Iterable[ReportedCase], root: Path) -> Iterator[TestResult]:
    """Yield the result of each case, in order.

    A further case of the same name gets a number, ``name #2``: the tests of one command keep their order.

    Args:
        cases: of all reports of a run.
        root: the suite's folder, which files are relative to.
    """
    occurrences: Counter[str] = Counter()
    for case in cases:
        class_name = _class_of(case)
        test_id = f"{class_name}{NODE_SEPARATOR}{_shorten(case.name)}" if case.name else class_name
        occurrences[test_id] += 1
        if occurrences[test_id] > 1 and case.name:
            test_id = f"{test_id}{_OCCURRENCE}{occurrences[test_id]}"
        yield TestResult(
            test_id=test_id,
            module=class_name,
            outcome=case.outcome,
            duration=case.seconds,
            error_type=case.error_type,
            message=case.message,
            location=_location(case, root),
            traceback=case.details,
            isolation=IsolationLevel.SUITE,
            note="the test command ran it again, and it passed" if case.was_flaky else "",
        )


def selected_test(test_id: str) -> SelectedTest:
    """Return the class and the name in an id."""
    class_name, _, name = test_id.removeprefix(_HERE).partition(NODE_SEPARATOR)
    base, occurrence, number = name.rpartition(_OCCURRENCE)
    return SelectedTest(class_name, base if occurrence and number.isdigit() else name)


def _class_of(case: ReportedCase) -> str:
    """Return the class as the first part of an id, in which ``::`` separates the name."""
    name = _shorten(case.class_name.replace(NODE_SEPARATOR, "."))
    if not name:
        return UNNAMED_CLASS if case.name else EVERYTHING
    is_plain = not split_suite(name)[0] and (case.name or is_node_id(name))
    return name if is_plain else f"{_HERE}{name}"


def _shorten(text: str) -> str:
    if len(text) <= _MAX_PART:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return f"{text[: _MAX_PART - _DIGEST - 1]}-{digest}"


def _find_in_package(path: PurePosixPath, package: str, root: Path) -> PurePosixPath:
    """Return a file's path where it is relative to the folder of a package, as with go: ``example.org/cart/total``."""
    if len(path.parts) > 1 or "/" not in package or (root / path).is_file():
        return path
    parts = package.split("/")
    candidates = (PurePosixPath(*parts[number:], path) for number in range(len(parts)))
    return next((each for each in candidates if ".." not in each.parts and (root / each).is_file()), path)


def _location(case: ReportedCase, root: Path) -> str:
    """Return ``path:line`` relative to the suite's folder; empty for a file elsewhere."""
    if not case.file:
        return ""
    path = PurePosixPath(case.file)
    if path.is_absolute():
        if not path.is_relative_to(root.as_posix()):
            return ""
        path = path.relative_to(root.as_posix())
    if ".." in path.parts:
        return ""
    path = _find_in_package(path, case.class_name, root)
    return f"{path}:{case.line}" if case.line else str(path)
