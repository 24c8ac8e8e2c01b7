"""The tests that a change can affect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from batchhook.core.impact.code_map import AffectedTest, Sureness, describe_part
from batchhook.core.plural import plural
from batchhook.core.sanitize import one_line
from batchhook.report.console.layout import Grid, Line, more, section, unbroken

_MAX_TESTS = 30
"""Tests that are shown of each kind."""
_MAX_PARTS = 2
"""Changed parts of the code that are named for a test."""
_HEADINGS = {
    Sureness.RUNS: "run changed code",
    Sureness.IMPORTS: "import a module that changed outside of its functions",
    Sureness.POSSIBLE: "may be affected",
}


def affected(subject: str, tests: Sequence[AffectedTest], total: int, seconds: tuple[float, float]) -> Line:
    """Return ``2 of 5 tests can be affected by 3fa2c1d0 Round up (0.1 of 1.2 s)``.

    Args:
        subject: the change.
        tests: that it affects.
        total: number of all tests.
        seconds: that these tests take, and that all take.
    """
    durations = f" ({seconds[0]:.1f} of {seconds[1]:.1f} s)" if tests else ""
    count = f"{len(tests)} of {plural(total, 'test')}" if tests else "No test"
    return Line(f"{count} can be affected by {one_line(subject)}{durations}")


def details(tests: Sequence[AffectedTest], roots: Sequence[str]) -> Iterator[RenderableType]:
    """Yield affected tests with the reasons, by how sure it is.

    Args:
        tests: sorted by weight.
        roots: folders that modules are imported from, relative to the top.
    """
    for sureness, heading in _HEADINGS.items():
        own = [each for each in tests if each.sureness is sureness]
        if not own:
            continue
        yield section(f"{heading}: {len(own)}")
        grid = Grid(("left", "left dim"), indent=2)
        for each in own[:_MAX_TESTS]:
            grid.add(unbroken(one_line(each.test_id)), Text(one_line(describe_reason(each, roots))))
        yield grid
        if len(own) > _MAX_TESTS:
            yield Line(more(len(own) - _MAX_TESTS), style="dim", indent=2)


def describe_reason(test: AffectedTest, roots: Sequence[str]) -> str:
    """Return why a test is affected: ``runs parcel.money.share and 2 more``."""
    if not test.parts:
        return test.reason
    names = [describe_part(part, roots) for part in test.parts]
    rest = len(names) - _MAX_PARTS
    verb = "imports" if test.sureness is Sureness.IMPORTS else "runs"
    return f"{verb} {', '.join(names[:_MAX_PARTS])}" + (f" and {rest} more" if rest > 0 else "")
