"""GitLab CI: failing tests and uncovered changes in a code quality report, shown at file and line."""

from __future__ import annotations

import hashlib

from batchhook.core.ci import CiRun, FailureRelevance
from batchhook.core.coverage.diff_coverage import FileGap
from batchhook.core.results import TestResult
from batchhook.core.sanitize import one_line
from batchhook.report import coverage, phrases
from batchhook.report.json_models import Document, json_path

_SEVERITY = {
    FailureRelevance.NEW: "critical",
    FailureRelevance.UNKNOWN: "major",
    FailureRelevance.OLD: "minor",
}
MAX_PLACES = 100
"""Files with changed lines that no test runs."""
_MESSAGE = 500
"""Characters of a message."""


class CodeQualityLines(Document):
    """The first line of an issue, from 1."""

    begin: int


class CodeQualityLocation(Document):
    """The place of an issue; ``path`` is relative to the top of the repository."""

    path: str
    lines: CodeQualityLines


class CodeQualityIssue(Document):
    """An issue in GitLab's code quality format."""

    description: str
    check_name: str
    fingerprint: str
    severity: str
    location: CodeQualityLocation


def code_quality(run: CiRun) -> list[CodeQualityIssue]:
    """Return failing tests, and files with changed lines that no test runs, as issues.

    A test without a known line is only in the JUnit report.
    """
    issues: dict[str, CodeQualityIssue] = {}
    for result in run.failures:
        if place := phrases.source_line(result):
            issue = _issue(result, run, *place)
            issues.setdefault(issue.fingerprint, issue)  # GitLab requires unique fingerprints
    for change, gap in (run.coverage.diff.gaps if run.coverage and run.coverage.diff else ())[:MAX_PLACES]:
        issue = _uncovered_issue(coverage.title(change, run.commits), change.oid, gap)
        issues.setdefault(issue.fingerprint, issue)
    return list(issues.values())


def _uncovered_issue(change: str, oid: str, gap: FileGap) -> CodeQualityIssue:
    return CodeQualityIssue(
        description=json_path(one_line(f"Run by no test: {coverage.place(gap)}, changed by {change}", _MESSAGE)),
        check_name="uncovered",
        fingerprint=hashlib.sha256(f"{oid} {gap.path}".encode("utf-8", "backslashreplace")).hexdigest(),
        severity="info",
        location=CodeQualityLocation(path=json_path(gap.path), lines=CodeQualityLines(begin=gap.uncovered[0][0])),
    )


def _issue(result: TestResult, run: CiRun, path: str, line: int) -> CodeQualityIssue:
    error = phrases.error(result, _MESSAGE)
    description = "; ".join((f"{phrases.name(result)} {result.outcome.value}: {error}", *run.explain(result)))
    return CodeQualityIssue(
        description=json_path(one_line(description)),
        check_name=result.outcome.value,
        # Without line and message: it stays the same issue when lines above it come or go.
        fingerprint=hashlib.sha256(result.test_id.encode("utf-8", "backslashreplace")).hexdigest(),
        severity=_SEVERITY[run.relevance(result)],
        location=CodeQualityLocation(path=json_path(path), lines=CodeQualityLines(begin=max(1, line))),
    )
