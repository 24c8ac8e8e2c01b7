"""Differences between two runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from batchhook.core.comparison import SuiteComparison
from batchhook.core.sanitize import one_line
from batchhook.report import phrases
from batchhook.report.console.failures import named
from batchhook.report.console.layout import Grid, Line

_MAX_TESTS = 10
"""Tests named of one kind."""
_STYLES = {
    "newly failing": "red",
    "failing without the changes, too": "yellow",
    "flaky": "yellow",
    "still failing": "yellow",
    "fixed": "green",
    "newly skipped": "yellow",
    "vanished": "yellow",
}


def brief(since: str, differences: Sequence[tuple[str, Sequence[str]]]) -> Iterator[RenderableType]:
    """Yield the number of tests of each kind in a line, and the names of those fixed, skipped and vanished."""
    if not differences:
        return
    counts = Text(", ").join(Text(f"{len(ids)} {kind}", style=_STYLES.get(kind, "")) for kind, ids in differences)
    yield Line(Text.assemble(f"\n{since}: ", counts))
    for kind, test_ids in differences:
        if kind in {"fixed", "newly skipped", "vanished"}:
            yield from named(test_ids, _MAX_TESTS, f"{kind}:", _STYLES[kind])


def full(comparison: SuiteComparison, *, is_later: bool = False) -> Iterator[RenderableType]:
    """Yield the names of all tests that differ, by kind, and their number in each module.

    Args:
        comparison: with another run.
        is_later: whether that run is of a later commit.
    """
    differences = phrases.differences(comparison.overall, is_later=is_later)
    for kind, test_ids in differences:
        yield from named(test_ids, _MAX_TESTS, f"{kind}:", _STYLES.get(kind, ""))
    if len(comparison.by_module) > 1:
        kinds = [kind for kind, _ in differences]
        grid = Grid(("left", *["right"] * len(kinds)), header=("module", *kinds))
        for module, each in comparison.by_module.items():
            counts = dict(phrases.differences(each, is_later=is_later))
            grid.add(one_line(module), *(str(len(counts.get(kind, ())) or "") for kind in kinds))
        yield Line("")
        yield grid
