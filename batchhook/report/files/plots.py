"""Bars for the page: where each stands and how long it is, in the units of an SVG's view box."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from batchhook.core.results import TestResult, Totals
from batchhook.core.summaries import PastRun
from batchhook.report.json_models import iso_time

WIDTH = 720
_ROW = 18
_LABEL = 12
_GAP = 4
_BAR = 10
_HEIGHT = 120
_LETTER = 8
"""Width of a letter, or a little more."""
_NAME = 90
"""Characters of a test's id that fit above its bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle.

    Attributes:
        x, y, width, height: in units of the view box.
        style: class of the style sheet, from batchhook's own words.
        label: what stands beside it; may be empty.
        title: what is told of it when it is pointed at.
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
    """Bars, and the size of the view box that they stand in; ``top`` is what the longest of them means."""

    height: float
    bars: tuple[Bar, ...]
    top: str = ""


def share_of_outcomes(totals: Totals) -> Plot:
    """One line cut into pieces: how many of the tests ended how."""
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


def slowest_tests(results: Sequence[TestResult], most: int = 10) -> Plot:
    """The tests that took longest, the slowest first, as lines of equal scale; those that took no time are left out."""
    slowest = sorted(results, key=lambda result: -result.duration)[:most]
    longest = slowest[0].duration if slowest else 0.0
    rows = [result for result in slowest if result.duration > 0]
    bars = [
        Bar(
            x=0,
            y=row * 2 * _ROW + _LABEL + _GAP,
            width=round(max(WIDTH * result.duration / longest, 1.0), 2),
            height=_BAR,
            style="failed" if result.outcome.is_failure else "plain",
            label=f"{result.duration:.3f} s  {_shortened(result.test_id)}",
            title=f"{result.test_id}: {result.duration:.3f} s",
        )
        for row, result in enumerate(rows)
    ]
    return Plot(len(bars) * 2 * _ROW, tuple(bars), f"{longest:.3f} s")


def durations_of_batches(past: Sequence[PastRun]) -> Plot:
    """How long the suite took in the latest batches, the oldest on the left, coloured by the verdict."""
    longest = max((run.duration for run in past), default=0.0) or 1.0
    step = WIDTH / max(len(past), 10)
    labelled = math.ceil((max((len(str(run.batch)) for run in past), default=0) + 1) * _LETTER / step)
    bars = []
    for place, run in enumerate(past):
        height = max(_HEIGHT * run.duration / longest, 1.0)
        said = f"{run.duration:.1f} s, {run.failures} of {run.tests} tests failed, {iso_time(run.started_at)}"
        bars.append(
            Bar(
                x=round(place * step, 2),
                y=round(_HEIGHT - height, 2),
                width=round(step - _GAP, 2),
                height=round(height, 2),
                style=run.verdict.value,
                label="" if place % labelled else str(run.batch),
                title=f"batch {run.batch}, {run.verdict.value}: {said}",
            )
        )
    return Plot(_HEIGHT, tuple(bars), f"{longest:.1f} s")


def _shortened(name: str) -> str:
    """The end of a long id: that is where it differs from others."""
    return name if len(name) <= _NAME else f"…{name[1 - _NAME :]}"
