"""What takes room, and what is thrown away."""

from __future__ import annotations

from collections.abc import Sequence

from batchhook.core.retention import Decision, Part
from batchhook.report.json_models.base import Document


class PartDocument(Document):
    """How much of one kind: ``number`` of them, 0 where they are not counted; ``size`` in bytes."""

    kind: str
    number: int
    size: int


class SparedDocument(Document):
    """A batch that is older than what is kept, and stays; ``reason`` says why."""

    batch: int
    reason: str


class PruneDocument(Document):
    """``prune --json``.

    Without a rule (``--keep``, ``--older-than``), ``parts`` is all that there is, and ``batches`` is null. With one,
    ``batches`` are the numbers of those that go; ``parts`` is what would go, or what went where ``done`` is true.
    Sizes in the database are estimates until it is done.
    """

    done: bool
    batches: tuple[int, ...] | None
    spared: tuple[SparedDocument, ...]
    parts: tuple[PartDocument, ...]
    size: int


def prune_document(parts: Sequence[Part], decision: Decision | None = None, *, done: bool = False) -> PruneDocument:
    """What there is, would go, or went."""
    spared = decision.spared.items() if decision else ()
    return PruneDocument(
        done=done,
        batches=decision.going if decision else None,
        spared=tuple(SparedDocument(batch=number, reason=reason.value) for number, reason in spared),
        parts=tuple(PartDocument(kind=part.kind.value, number=part.number, size=part.size) for part in parts),
        size=sum(part.size for part in parts),
    )
