"""The history that predictions are made from: batches with their changes, the tests that ran, and what broke them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """Facts about a change that are known before anything ran.

    Attributes:
        oid: its commit.
        subject: first line of the message.
        committed_at: seconds since the epoch.
        lines: path -> lines added and deleted; 1 where that is unknown.
        is_merge: whether it has several parents.
    """

    oid: str
    subject: str
    committed_at: int
    lines: Mapping[str, int]
    is_merge: bool = False


@dataclass(frozen=True, slots=True)
class TestedBatch:
    """A batch whose run and whose search for culprits have ended.

    Attributes:
        number: of the batch.
        changes: oldest first.
        seconds: duration of each test that ran, by id; skipped tests are left out.
        failing: tests that failed.
        culprits: test -> oid of the change that broke it.
        flaky: failing tests that no change broke.
        unclear: failing tests without a known cause; they are neither learned from nor judged.
    """

    __test__ = False  # not a test class of pytest's

    number: int
    changes: tuple[ChangeFacts, ...]
    seconds: Mapping[str, float]
    failing: frozenset[str] = frozenset()
    culprits: Mapping[str, str] = field(default_factory=dict)
    flaky: frozenset[str] = frozenset()
    unclear: frozenset[str] = frozenset()

    @property
    def breaking(self) -> frozenset[str]:
        """Return the oids of the changes that broke a test."""
        return frozenset(self.culprits.values()) & {change.oid for change in self.changes}

    def broken_by(self, oid: str) -> frozenset[str]:
        """Return the tests that a change broke."""
        return frozenset(test for test, culprit in self.culprits.items() if culprit == oid)

    @property
    def broken(self) -> frozenset[str]:
        """Return the tests that a change of this batch broke."""
        oids = {change.oid for change in self.changes}
        return frozenset(test for test, culprit in self.culprits.items() if culprit in oids)


AffectedTests = Mapping[str, frozenset[str]]
"""Change -> the tests that it can affect, by the code that each test runs; a change that is not in it is unknown."""


def count_changes(batches: Iterable[TestedBatch]) -> int:
    """Return the number of changes."""
    return sum(len(batch.changes) for batch in batches)
