"""Bisection: the commits that broke tests in a range of history."""

from __future__ import annotations

from batchhook.core.culprits.bisect_result import Bisection, Finding
from batchhook.report.json_models.base import Document, json_path
from batchhook.report.json_models.batches import ChangeDocument, change_document
from batchhook.report.json_models.results import AttributionDocument, attribution_document


class FindingDocument(AttributionDocument):
    """The cause of one test's failure; ``merges`` are the merges that brought it, outermost first."""

    merges: tuple[str, ...]
    note: str


class BisectDocument(Document):
    """``bisect --json``.

    ``base`` is the parent of the range, ``commits`` its length along first parents, ``probes`` the number of checkouts
    that were tested. ``tests`` has the cause for each test that fails at ``bad``, ``not_failing`` the outcome of the
    others there; ``changes`` are the commits to blame.
    """

    good: str
    bad: str
    base: str
    commits: int
    probes: int
    tests: dict[str, FindingDocument]
    not_failing: dict[str, str]
    changes: tuple[ChangeDocument, ...]
    remarks: tuple[str, ...]


def bisect_document(result: Bisection) -> BisectDocument:
    """Return the result of a bisection as ``bisect --json`` prints it."""
    culprits = dict.fromkeys(finding.attribution.culprit for finding in result.findings.values() if finding.is_solved)
    return BisectDocument(
        good=result.good,
        bad=result.bad,
        base=result.base,
        commits=result.size,
        probes=result.probes,
        tests={json_path(test_id): _finding(finding) for test_id, finding in result.findings.items()},
        not_failing={json_path(test_id): outcome.name.lower() for test_id, outcome in result.not_failing.items()},
        changes=tuple(change_document(result.commits[oid], result.edits.get(oid, ())) for oid in culprits),
        remarks=result.remarks,
    )


def _finding(finding: Finding) -> FindingDocument:
    return FindingDocument(**dict(attribution_document(finding.attribution)), merges=finding.merges, note=finding.note)
