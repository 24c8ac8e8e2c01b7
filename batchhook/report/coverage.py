"""Phrases about coverage that the terminal, the files and the CI reports share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from batchhook.core.commit import Commit
from batchhook.core.coverage.diff_coverage import ChangeCoverage, CoverageReport, FileGap
from batchhook.core.coverage.model import range_text, totals_text
from batchhook.core.plural import plural

MAX_RANGES = 12
"""Ranges of lines that are named of a file."""
_SMALLEST_DIFFERENCE = 0.05


def headline(report: CoverageReport) -> str:
    """Return ``Coverage: 87.2% of 1,240 lines, 74.0% of 310 branches (+0.3 since batch 3)``; empty if not measured."""
    return f"Coverage: {totals_text(report.totals)}{_since(report)}" if report.is_measured else ""


def _since(report: CoverageReport) -> str:
    if report.previous is None:
        return ""
    points = 100 * (report.totals.line_rate - report.previous.line_rate)
    if abs(points) < _SMALLEST_DIFFERENCE:
        return f" (as in batch {report.previous_batch})"
    return f" ({points:+.1f} since batch {report.previous_batch})"


def changed_lines(report: CoverageReport) -> str:
    """Return ``12 of 40 changed lines are run by no test``; empty if the changes are not known."""
    diff = report.diff
    if diff is None or not report.is_measured:
        return ""
    if not diff.lines:
        return "no executable line was changed"
    if not diff.uncovered_lines:
        return f"{plural(diff.lines, 'changed line')}, all run by tests"
    verb = "is" if diff.uncovered_lines == 1 else "are"
    return f"{diff.uncovered_lines} of {plural(diff.lines, 'changed line')} {verb} run by no test"


def sentences(report: CoverageReport) -> Iterator[str]:
    """Yield what there is to say, a sentence each."""
    for text in (headline(report), changed_lines(report), report.remark):
        if text:
            yield f"{text[:1].upper()}{text[1:]}"


def place(gap: FileGap) -> str:
    """Return ``pkg/money.py:10-14, 20``."""
    shown = ", ".join(range_text(*each) for each in gap.uncovered[:MAX_RANGES])
    rest = len(gap.uncovered) - MAX_RANGES
    return f"{gap.path}:{shown}{f' and {rest} more' if rest > 0 else ''}"


def title(change: ChangeCoverage, commits: Mapping[str, Commit]) -> str:
    """Return the abbreviated name of a change, and its subject if that is known."""
    commit = commits.get(change.oid)
    return f"{change.oid[:8]} {commit.subject}" if commit else change.oid[:8]
