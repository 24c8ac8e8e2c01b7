"""Bar charts for the page, in units of an SVG view box."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from batchhook.core.results import TestResult, Totals
from batchhook.core.summaries import RunPoint
from batchhook.core.timestamps import iso_time

WIDTH = 720
_ROW = 18
_LABEL = 12
_GAP = 4
_BAR = 10
_HEIGHT = 120
_LETTER = 8
"""Width of a letter, rounded up."""
_NAME = 90
"""Characters of a test id that fit above its bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle.

    Attributes:
        x, y, width, height: in units of the view box.
        style: CSS class.
        label: next to the bar; may be empty.
        title: shown on hover.
    """

    x: float
    y: float
    width: float
    height: float
    style: str
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Bars in a view box of some height; ``top`` is the value of the longest."""

    height: float
    bars: tuple[Bar, ...]
    top: str = ""


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
            bars.append(Bar(round(x, 2), 0, round(width, 2), _LABEL, word, "", f"{number} {word}"))
        x += width
    return Plot(_LABEL, tuple(bars))


def slowest_tests(results: Sequence[TestResult], limit: int = 10) -> Plot:
    """Return the slowest tests, one bar each, slowest first; tests without a duration are left out."""
    slowest = sorted(results, key=lambda result: -result.duration)[:limit]
    longest = slowest[0].duration if slowest else 0.0
    rows = [result for result in slowest if result.duration > 0]
    bars = [
        Bar(
            x=0,
            y=row * 2 * _ROW + _LABEL + _GAP,
            width=round(max(WIDTH * result.duration / longest, 1.0), 2),
            height=_BAR,
            style="failed" if result.outcome.is_failure else "plain",
            label=f"{result.duration:.3f} s  {_tail(result.test_id)}",
            title=f"{result.test_id}: {result.duration:.3f} s",
        )
        for row, result in enumerate(rows)
    ]
    return Plot(len(bars) * 2 * _ROW, tuple(bars), f"{longest:.3f} s")


def durations_of_batches(history: Sequence[RunPoint]) -> Plot:
    """Return the suite's duration in the latest batches, oldest on the left, coloured by verdict."""
    longest = max((run.duration for run in history), default=0.0) or 1.0
    step = WIDTH / max(len(history), 10)
    label_step = math.ceil((max((len(str(run.batch)) for run in history), default=0) + 1) * _LETTER / step)
    bars = []
    for position, run in enumerate(history):
        height = max(_HEIGHT * run.duration / longest, 1.0)
        details = f"{run.duration:.1f} s, {run.failures} of {run.tests} tests failed, {iso_time(run.started_at)}"
        bars.append(
            Bar(
                x=round(position * step, 2),
                y=round(_HEIGHT - height, 2),
                width=round(step - _GAP, 2),
                height=round(height, 2),
                style=run.verdict.value,
                label="" if position % label_step else str(run.batch),
                title=f"batch {run.batch}, {run.verdict.value}: {details}",
            )
        )
    return Plot(_HEIGHT, tuple(bars), f"{longest:.1f} s")


def _tail(name: str) -> str:
    """Return the end of a long id, where it differs from others."""
    return name if len(name) <= _NAME else f"…{name[1 - _NAME :]}"
