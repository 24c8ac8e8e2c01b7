"""Coverage of a run, and of the lines that changes touched."""

from __future__ import annotations

from batchhook.core.coverage.diff_coverage import CoverageReport, DiffCoverage
from batchhook.core.coverage.model import CoverageTotals
from batchhook.core.sanitize import escape_surrogates
from batchhook.report.json_models.base import Document, json_path


class CoverageTotalsDocument(Document):
    """Number of executable lines and of branches, and how many of them were run; the rates are shares, 0 to 1."""

    lines: int
    covered_lines: int
    line_rate: float
    branches: int
    covered_branches: int
    branch_rate: float


class LineRangeDocument(Document):
    """Lines from ``first`` to ``last``, both included."""

    first: int
    last: int


class FileGapDocument(Document):
    """Executable lines of a file that a change touched: their number, and those that no test runs."""

    path: str
    lines: int
    uncovered_lines: int
    uncovered: tuple[LineRangeDocument, ...]


class ChangeCoverageDocument(Document):
    """Coverage of the lines that a change added or modified, and that still stand."""

    change: str
    lines: int
    uncovered_lines: int
    files: tuple[FileGapDocument, ...]


class DiffCoverageDocument(Document):
    """Coverage of the lines that the changes under test touched."""

    lines: int
    uncovered_lines: int
    changes: tuple[ChangeCoverageDocument, ...]


class CoverageDocument(Document):
    """Coverage of a run.

    ``totals`` is null if nothing was measured; ``problem`` then says why, and what to do. ``diff`` is null where the
    changes under test are not known. ``previous`` has the totals of the run of the batch ``compared_with``, and is null
    if there is none.
    """

    totals: CoverageTotalsDocument | None
    problem: str
    diff: DiffCoverageDocument | None
    previous: CoverageTotalsDocument | None
    compared_with: int


def coverage_document(report: CoverageReport | None) -> CoverageDocument | None:
    """Return the coverage of a run; None if it was not to be measured."""
    if report is None:
        return None
    return CoverageDocument(
        totals=_totals(report.totals) if report.is_measured else None,
        problem=escape_surrogates(report.remark),
        diff=_diff(report.diff) if report.diff is not None else None,
        previous=_totals(report.previous) if report.previous is not None else None,
        compared_with=report.previous_batch,
    )


def _totals(totals: CoverageTotals) -> CoverageTotalsDocument:
    return CoverageTotalsDocument(
        lines=totals.lines,
        covered_lines=totals.covered_lines,
        line_rate=round(totals.line_rate, 4),
        branches=totals.branches,
        covered_branches=totals.covered_branches,
        branch_rate=round(totals.branch_rate, 4),
    )


def _diff(diff: DiffCoverage) -> DiffCoverageDocument:
    return DiffCoverageDocument(
        lines=diff.lines,
        uncovered_lines=diff.uncovered_lines,
        changes=tuple(
            ChangeCoverageDocument(
                change=change.oid,
                lines=change.lines,
                uncovered_lines=change.uncovered_lines,
                files=tuple(
                    FileGapDocument(
                        path=json_path(gap.path),
                        lines=gap.lines,
                        uncovered_lines=gap.uncovered_lines,
                        uncovered=tuple(LineRangeDocument(first=first, last=last) for first, last in gap.uncovered),
                    )
                    for gap in change.files
                ),
            )
            for change in diff.changes
        ),
    )
