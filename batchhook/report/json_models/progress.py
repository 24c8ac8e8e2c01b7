"""How far runs are."""

from __future__ import annotations

from batchhook.core.changes import Batch
from batchhook.core.progress import Progress
from batchhook.core.verdict import Verdict
from batchhook.report.json_models.base import Document


class UnderWayDocument(Document):
    """A full batch about which not everything is known; what ``wait --json`` prints when its time is up.

    ``verdict`` is null until its run has ended. ``stage`` says in words what is being done. ``total`` tests were found
    (0: not yet), of which ``done`` have ended and ``failed`` failed; the first of these are ``failures``. While what
    broke them is being found out or slowdowns are measured, the numbers are those of that search. ``left_s`` is how
    long the rest is likely to take, null where that is not known.
    """

    batch: int
    branch: str
    status: str
    verdict: str | None
    stage: str
    total: int
    done: int
    failed: int
    failures: tuple[str, ...]
    left_s: float | None


def under_way_document(batch: Batch, verdict: Verdict | None, progress: Progress) -> UnderWayDocument:
    """How far a batch is."""
    return UnderWayDocument(
        batch=batch.id,
        branch=batch.branch.removeprefix("refs/heads/"),
        status=batch.status.value,
        verdict=verdict.value if verdict else None,
        stage=progress.stage,
        total=progress.total,
        done=progress.done,
        failed=progress.failed,
        failures=progress.failures,
        left_s=progress.left,
    )
