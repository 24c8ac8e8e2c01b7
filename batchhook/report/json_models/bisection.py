"""What broke tests over any range of history."""

from __future__ import annotations

from batchhook.core.culprits.bisect_result import Bisection, Finding
from batchhook.report.json_models.attributions import AttributionDocument, attribution_document
from batchhook.report.json_models.base import Document, shown
from batchhook.report.json_models.batches import ChangeDocument, change_document


class FindingDocument(AttributionDocument):
    """The same of a test in ``bisect``; ``merges`` are those that the search went through, outermost first."""

    merges: tuple[str, ...]
    note: str


class BisectDocument(Document):
    """``bisect --json``.

    ``base`` is the commit just before the range, ``commits`` how many it has along first parents, ``visits`` how many
    checkouts were looked at; ``tests`` what became of each test that fails at ``bad``, ``not_failing`` what was seen of
    the others there; ``changes`` the commits that are to blame.
    """

    good: str
    bad: str
    base: str
    commits: int
    visits: int
    tests: dict[str, FindingDocument]
    not_failing: dict[str, str]
    changes: tuple[ChangeDocument, ...]
    remarks: tuple[str, ...]


def bisect_document(found: Bisection) -> BisectDocument:
    """What a search over a range of history found out, as ``bisect --json`` prints it."""
    blamed = dict.fromkeys(one.attribution.change for one in found.findings.values() if one.is_solved)
    return BisectDocument(
        good=found.good,
        bad=found.bad,
        base=found.base,
        commits=found.size,
        visits=found.visits,
        tests={shown(name): _finding(finding) for name, finding in found.findings.items()},
        not_failing={shown(name): sight.name.lower() for name, sight in found.sound.items()},
        changes=tuple(change_document(found.commits[oid], found.edits.get(oid, ())) for oid in blamed),
        remarks=found.remarks,
    )


def _finding(finding: Finding) -> FindingDocument:
    shared = dict(attribution_document(finding.attribution))
    return FindingDocument(**shared, merges=finding.merges, note=finding.note)
