"""The tests that a change can affect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from batchhook.core.impact.code_map import AffectedTest, describe_part
from batchhook.report.json_models.base import Document


class AffectedTestDocument(Document):
    """A test that a change can affect.

    ``sureness`` is ``runs`` (it runs, opens or lists what changed), ``imports`` (a module that it imports changed
    outside of its functions) or ``possible``. ``changed`` are the parts that it depends on, ``reason`` says what else
    makes it so. ``duration_s`` is that of its last run, null if there was none.
    """

    test_id: str
    sureness: str
    changed: tuple[str, ...]
    reason: str
    duration_s: float | None


class AffectedDocument(Document):
    """``affected --json``: the tests that a change can affect, those first whose outcome tells most about it.

    ``tests_known`` is the number of all tests whose code was recorded, ``total_duration_s`` what they took.
    """

    change: str
    tests: tuple[AffectedTestDocument, ...]
    tests_known: int
    duration_s: float
    total_duration_s: float


def affected_test_document(
    test: AffectedTest, durations: Mapping[str, float], roots: Sequence[str]
) -> AffectedTestDocument:
    """Return a test that a change can affect."""
    return AffectedTestDocument(
        test_id=test.test_id,
        sureness=test.sureness.value,
        changed=tuple(describe_part(part, roots) for part in test.parts),
        reason=test.reason,
        duration_s=durations.get(test.test_id),
    )
