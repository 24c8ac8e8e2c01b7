"""What became slower."""

from __future__ import annotations

from batchhook.core.perf.slowdown import Slowdown, Timings
from batchhook.report.json_models.base import Document


class TimingsDocument(Document):
    """Interleaved measurements, in milliseconds: of a state (the commit ``oid``), and of the one before the batch."""

    oid: str
    base_ms: tuple[float, ...]
    there_ms: tuple[float, ...]


class SlowdownDocument(Document):
    """A test, or a module as a whole (``kind``), that became slower (``ruling``: "slower"), or may have ("unclear").

    ``before_ms`` and ``now_ms`` are the least that was measured, or where ``evidence`` is empty, what earlier runs and
    the batch's run took; ``p`` is how likely such measurements are where nothing is slower. ``change`` is the commit
    that did it, empty where no single one is known; ``suspects`` those among which it is; ``reason`` says why.
    """

    kind: str
    name: str
    ruling: str
    before_ms: float
    now_ms: float
    ratio: float
    p: float
    change: str
    suspects: tuple[str, ...]
    reason: str
    evidence: tuple[TimingsDocument, ...]


def slowdown_document(found: Slowdown) -> SlowdownDocument:
    """What was found out about one test or module."""
    judgement = found.judgement
    return SlowdownDocument(
        kind="module" if found.is_module else "test",
        name=found.name,
        ruling=judgement.ruling.value,
        before_ms=_milliseconds(judgement.before),
        now_ms=_milliseconds(judgement.now),
        ratio=round(judgement.ratio, 3),
        p=judgement.p,
        change=found.change,
        suspects=found.suspects,
        reason=found.reason,
        evidence=tuple(map(_timings, found.evidence)),
    )


def _timings(timings: Timings) -> TimingsDocument:
    base, there = (tuple(map(_milliseconds, each)) for each in (timings.base, timings.there))
    return TimingsDocument(oid=timings.state, base_ms=base, there_ms=there)


def _milliseconds(seconds: float) -> float:
    return round(1000 * seconds, 3)
