"""What broke a test, and what that is known from."""

from __future__ import annotations

from collections.abc import Iterator

from batchhook.core.culprits.attribution import Attribution, Sight, Sighting
from batchhook.report.json_models.base import Document


class EvidenceDocument(Document):
    """What was seen of a test at a commit, and how many times; ``oid`` is empty before a repository's first commit.

    ``outcome`` is "passed", "failed", "absent", "skipped", or "untestable".
    """

    oid: str
    outcome: str
    times: int


class AttributionDocument(Document):
    """What became of a failing test: ``kind`` is "culprit", "introduced failing", "pre-existing", "flaky", "ambiguous".

    ``change`` is the commit that is to blame, empty where none is; ``suspects`` those among which it is;
    ``confidence`` is how sure that is, 0 to 1; ``runs`` and ``failed`` count what the evidence holds.
    """

    kind: str
    change: str
    confidence: float
    suspects: tuple[str, ...]
    reason: str
    runs: int
    failed: int
    evidence: tuple[EvidenceDocument, ...]


def attribution_document(found: Attribution) -> AttributionDocument:
    """What became of a failing test."""
    return AttributionDocument(
        kind=found.kind.value,
        change=found.change,
        confidence=found.confidence,
        suspects=found.suspects,
        reason=found.reason,
        runs=found.runs,
        failed=found.failed,
        evidence=tuple(document for sighting in found.evidence for document in _evidence(sighting)),
    )


def _evidence(sighting: Sighting) -> Iterator[EvidenceDocument]:
    seen = ((Sight.PASSED, sighting.passed), (Sight.FAILED, sighting.failed), (sighting.silence, 1))
    for sight, times in seen:
        if sight and times:
            yield EvidenceDocument(oid=sighting.state, outcome=sight.name.lower(), times=times)
