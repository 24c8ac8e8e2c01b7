"""Coverage of a run, and the changed lines that no test runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.text import Text

from batchhook.core.commit import Commit
from batchhook.core.coverage.diff_coverage import CoverageReport
from batchhook.core.sanitize import one_line
from batchhook.report import coverage as phrases
from batchhook.report.console.layout import Line, more

_MAX_PLACES = 20
"""Files that are named, of all changes together."""


def coverage(report: CoverageReport | None, commits: Mapping[str, Commit]) -> Iterator[RenderableType]:
    """Yield the coverage of a run, and below each change the lines that no test runs.

    Args:
        report: None if nothing was to be measured.
        commits: by oid.
    """
    if report is None:
        return
    yield Line("")
    if report.is_measured:
        head = Text(phrases.headline(report))
        changed, gaps = phrases.changed_lines(report), report.diff.gaps if report.diff else ()
        if changed:
            head.append(f" · {changed}{':' if gaps else ''}", style="yellow" if gaps else "")
        yield Line(head)
        yield from _gaps(report, commits)
    if report.remark:
        yield Line(one_line(report.remark), style="yellow")


def _gaps(report: CoverageReport, commits: Mapping[str, Commit]) -> Iterator[RenderableType]:
    room = _MAX_PLACES
    for change in report.diff.changes if report.diff else ():
        gaps = change.gaps[:room]
        if gaps:
            yield Line(one_line(phrases.title(change, commits)), indent=2)
        for gap in gaps:
            yield Line(one_line(phrases.place(gap)), style="cyan", indent=4)
        room -= len(gaps)
    left_out = len(report.diff.gaps) - _MAX_PLACES if report.diff else 0
    if left_out > 0:
        yield Line(more(left_out), style="dim", indent=4)
