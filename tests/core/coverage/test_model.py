"""Totals, ranges and shares of coverage."""

from __future__ import annotations

import pytest

from batchhook.core.coverage.model import (
    CoverageTotals,
    FileCoverage,
    SuiteCoverage,
    count_coverage,
    line_ranges,
    merge_coverage,
    rate_text,
    totals_text,
)


def test_a_file_that_two_suites_have_run_counts_once() -> None:
    first = FileCoverage("a.py", frozenset({1, 2}), frozenset({3, 4}), frozenset({(2, 3)}), frozenset({(2, 4)}))
    second = FileCoverage("a.py", frozenset({1, 3}), frozenset({2, 4}), frozenset({(2, 4)}), frozenset({(2, 3)}))
    other = FileCoverage("b.py", frozenset({1}), frozenset())
    merged = merge_coverage([SuiteCoverage((first,), hint="x"), SuiteCoverage((second, other), problem="p", hint="x")])
    assert merged.totals == CoverageTotals(lines=5, covered_lines=4, branches=2, covered_branches=2)
    assert merged.files[0].missing == {4}
    assert (merged.problem, merged.hint) == ("p", "x")


def test_a_line_is_partial_if_it_ran_and_a_branch_did_not() -> None:
    file = FileCoverage("a.py", frozenset({2}), frozenset({5}), frozenset({(2, 3)}), frozenset({(2, 4), (5, 6)}))
    assert file.partial_lines == {2}
    assert count_coverage([file]) == CoverageTotals(2, 1, 3, 1)


@pytest.mark.parametrize(
    ("lines", "passable", "ranges"),
    [
        ([], frozenset[int](), ()),
        ([3, 1, 2, 2, 7], frozenset[int](), ((1, 3), (7, 7))),
        ([1, 4, 8], frozenset({2, 3, 5}), ((1, 4), (8, 8))),
    ],
)
def test_lines_become_ranges(lines: list[int], passable: frozenset[int], ranges: tuple[tuple[int, int], ...]) -> None:
    assert line_ranges(lines, passable=passable) == ranges


def test_only_all_is_a_hundred_per_cent() -> None:
    assert [rate_text(*pair) for pair in ((9999, 10000), (3, 3), (0, 7), (2, 3), (0, 0))] == [
        *("99.9%", "100.0%", "0.0%", "66.6%", "100.0%")
    ]


def test_totals_name_branches_only_where_there_are_some() -> None:
    assert totals_text(CoverageTotals(1240, 620)) == "50.0% of 1,240 lines"
    assert totals_text(CoverageTotals(1, 1, 1, 0)) == "100.0% of 1 line, 0.0% of 1 branch"
