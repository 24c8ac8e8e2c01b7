"""GitLab CI: failing tests as a code quality report, which merge requests show at file and line."""

from __future__ import annotations

import hashlib

from batchhook.core.ci import CiRun, Weight
from batchhook.core.results import TestResult
from batchhook.core.sanitize import one_line
from batchhook.report.json_models.base import Document, shown

_SEVERITY = {Weight.NEW: "critical", Weight.OPEN: "major", Weight.OLD: "minor"}
_MESSAGE = 500


class LinesDocument(Document):
    """Where an issue begins; from 1."""

    begin: int


class LocationDocument(Document):
    """The place of an issue; ``path`` is relative to the repository's top."""

    path: str
    lines: LinesDocument


class IssueDocument(Document):
    """One issue of a code quality report, as GitLab's documentation has it."""

    description: str
    check_name: str
    fingerprint: str
    severity: str
    location: LocationDocument


def code_quality(run: CiRun) -> list[IssueDocument]:
    """Failing tests as issues; those of which no line is known are in the JUnit report alone."""
    found: dict[str, IssueDocument] = {}
    for result in run.failures:
        path, _, line = result.location.rpartition(":")
        if path and line.isdigit():
            issue = _issue(result, run, path, int(line))
            found.setdefault(issue.fingerprint, issue)  # GitLab takes one of each
    return list(found.values())


def _issue(result: TestResult, run: CiRun, path: str, line: int) -> IssueDocument:
    error = ": ".join(part for part in (result.error_type, one_line(result.message, _MESSAGE)) if part)
    said = "; ".join((f"{result.test_id} {result.outcome.value}: {error}", *run.standing(result)))
    return IssueDocument(
        description=shown(one_line(said)),
        check_name=result.outcome.value,
        # Without line and message: it is the same issue when lines above it come or go.
        fingerprint=hashlib.sha256(result.test_id.encode("utf-8", "backslashreplace")).hexdigest(),
        severity=_SEVERITY[run.weight(result)],
        location=LocationDocument(path=shown(path), lines=LinesDocument(begin=max(1, line))),
    )
