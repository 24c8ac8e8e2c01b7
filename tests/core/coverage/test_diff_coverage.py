"""Diff coverage: the lines of changes that no test runs."""

from __future__ import annotations

from batchhook.core.coverage.diff_coverage import compare_lines
from batchhook.core.coverage.model import FileCoverage, SuiteCoverage


def test_only_executable_lines_count_and_comments_do_not_split_a_range() -> None:
    file = FileCoverage("a.py", frozenset({1, 2, 10}), frozenset({4, 6, 20}))
    owners = {"a.py": {2: "one", 4: "one", 5: "one", 6: "one", 20: "two", 30: "two"}, "b.py": {1: "two"}}
    diff = compare_lines(SuiteCoverage((file,)), owners, ["one", "two", "three"])
    first, second = diff.changes
    assert (first.oid, first.lines, first.uncovered_lines) == ("one", 3, 2)
    assert first.gaps[0].uncovered == ((4, 6),)
    assert (second.oid, second.lines, second.gaps[0].uncovered) == ("two", 1, ((20, 20),))
    assert (diff.lines, diff.uncovered_lines) == (4, 3)


def test_a_covered_line_of_the_same_change_splits_a_range() -> None:
    file = FileCoverage("a.py", frozenset({2}), frozenset({1, 3}))
    diff = compare_lines(SuiteCoverage((file,)), {"a.py": {1: "one", 2: "one", 3: "one"}}, ["one"])
    assert diff.changes[0].gaps[0].uncovered == ((1, 1), (3, 3))


def test_a_covered_change_has_no_gap() -> None:
    file = FileCoverage("a.py", frozenset({1}), frozenset())
    diff = compare_lines(SuiteCoverage((file,)), {"a.py": {1: "one"}}, ["one"])
    assert (diff.lines, diff.uncovered_lines, diff.gaps) == (1, 0, ())
