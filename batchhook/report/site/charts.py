"""Charts of the pages, as bars and dots in units of an SVG view box.

The pictures are stretched to the width of the page, so they hold no text: labels stand beside them, where they stay
readable on a phone, and each chart has a table or a sentence that says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from batchhook.core.results import Outcome, TestResult, Totals
from batchhook.core.summaries import RunPoint
from batchhook.core.timestamps import iso_time
from batchhook.core.views.tests import TestPoint

WIDTH = 720
_HEIGHT = 100
_SHARE_HEIGHT = 12
_GAP = 2
_MAX_WIDTH = 48


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle.

    Attributes:
        x, y, width, height: in units of the view box.
        style: CSS class.
        title: shown on hover.
    """

    x: float
    y: float
    width: float
    height: float
    style: str
    title: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Bars in a view box.

    Attributes:
        height: of the view box.
        top: the value of the longest bar.
        first, last: what the bars at both ends are.
    """

    height: float
    bars: tuple[Bar, ...]
    top: float = 0.0
    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class TestBar:
    """A test with its duration; ``share`` is that of the longest, 0 to 100."""

    __test__ = False

    test_id: str
    seconds: float
    share: float
    is_failure: bool


def share_of_outcomes(totals: Totals) -> Plot:
    """Return one bar divided by outcome."""
    pieces = (
        (totals.passed, "passed"),
        (totals.failed, "failed"),
        (totals.errored, "errored"),
        (totals.skipped, "skipped"),
    )
    bars, x = [], 0.0
    for number, word in pieces:
        width = WIDTH * number / totals.tests if totals.tests else 0.0
        if number:
            bars.append(Bar(round(x, 2), 0, round(width, 2), _SHARE_HEIGHT, word, f"{number} {word}"))
        x += width
    return Plot(_SHARE_HEIGHT, tuple(bars))


def slowest_tests(results: Sequence[TestResult], limit: int = 10) -> tuple[TestBar, ...]:
    """Return the slowest tests, slowest first; tests without a duration are left out."""
    slowest = [each for each in sorted(results, key=lambda result: -result.duration)[:limit] if each.duration > 0]
    longest = slowest[0].duration if slowest else 1.0
    return tuple(
        TestBar(each.test_id, each.duration, round(max(100 * each.duration / longest, 0.5), 2), each.outcome.is_failure)
        for each in slowest
    )


def durations_of_batches(history: Sequence[RunPoint]) -> Plot:
    """Return the suite's duration in the latest batches, oldest on the left, coloured by verdict."""
    longest = max((run.duration for run in history), default=0.0)
    bars = []
    for run, (x, width) in zip(history, _columns(len(history)), strict=True):
        height = max(_HEIGHT * run.duration / (longest or 1.0), 1.0)
        details = f"{run.duration:.1f} s, {run.failures} of {run.tests} tests failed, {iso_time(run.started_at)}"
        title = f"batch {run.batch}, {run.verdict.value}: {details}"
        bars.append(Bar(x, round(_HEIGHT - height, 2), width, round(height, 2), run.verdict.value, title))
    ends = [f"batch {run.batch}" for run in (history[0], history[-1])] if history else ["", ""]
    return Plot(_HEIGHT, tuple(bars), longest, *ends)


def durations_of_test(points: Sequence[TestPoint]) -> Plot:
    """Return a test's duration in the latest runs, oldest on the left, coloured by outcome."""
    longest = max((point.seconds for point in points if point.outcome is not Outcome.SKIPPED), default=0.0)
    bars = []
    for point, (x, width) in zip(points, _columns(len(points)), strict=True):
        if point.outcome in {None, Outcome.SKIPPED}:
            continue
        height = max(_HEIGHT * point.seconds / (longest or 1.0), 1.0)
        title = f"{point.state} in {point.seconds:.3f} s at {point.oid[:8]}"
        style = "failed" if point.outcome.is_failure else point.state.replace(" ", "-")
        bars.append(Bar(x, round(_HEIGHT - height, 2), width, round(height, 2), style, title))
    ends = [point.oid[:8] for point in (points[0], points[-1])] if points else ["", ""]
    return Plot(_HEIGHT, tuple(bars), longest, *ends)


def _columns(number: int) -> list[tuple[float, float]]:
    """Return left edge and width of each of some columns, from one end to the other; few do not become broad."""
    width = min(max(WIDTH / max(number, 1) - _GAP, 1.0), _MAX_WIDTH)
    step = (WIDTH - width) / max(number - 1, 1)
    return [(round(position * step, 2), round(width, 2)) for position in range(number)]
