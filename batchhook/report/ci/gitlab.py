"""GitLab CI: failing tests as a code quality report, which merge requests show at file and line."""

from __future__ import annotations

import hashlib

from batchhook.core.ci import CiRun, FailureRelevance
from batchhook.core.results import TestResult
from batchhook.core.sanitize import one_line
from batchhook.report import phrases
from batchhook.report.json_models import Document, json_path

_SEVERITY = {
    FailureRelevance.NEW: "critical",
    FailureRelevance.UNKNOWN: "major",
    FailureRelevance.OLD: "minor",
}
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
    """Return failing tests as issues; a test without a known line is only in the JUnit report."""
    issues: dict[str, CodeQualityIssue] = {}
    for result in run.failures:
        if place := phrases.source_line(result):
            issue = _issue(result, run, *place)
            issues.setdefault(issue.fingerprint, issue)  # GitLab requires unique fingerprints
    return list(issues.values())


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
