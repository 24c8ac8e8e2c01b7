"""Whether taking changes out mends what they broke, and breaks nothing else: told from runs before and after."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from batchhook.core.results import TestResult


@dataclass(frozen=True, slots=True)
class Proof:
    """What a run without some changes shows, beside one with them.

    Attributes:
        mended: ids of tests that the changes had broken, and that pass without them or are gone with them.
        unmended: ids of those that fail all the same.
        broken: ids of tests that fail without the changes and do not fail with them.
        flaky: ids of such that were seen to fail and to pass on one tree before: they prove nothing.
    """

    mended: tuple[str, ...]
    unmended: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    flaky: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether everything is mended, and nothing else breaks."""
        return not self.unmended and not self.broken


def prove(
    guilty: Iterable[str], before: Iterable[TestResult], after: Iterable[TestResult], flaky: Collection[str] = ()
) -> Proof:
    """Compare two runs.

    Args:
        guilty: ids of the tests that the changes broke.
        before: results with the changes.
        after: results without them.
        flaky: ids of tests that fail now and then.
    """
    tests = frozenset(guilty)
    failing = {result.test_id for result in after if result.outcome.is_failure}
    failed = {result.test_id for result in before if result.outcome.is_failure}
    new = failing - failed - tests
    return Proof(
        mended=tuple(sorted(tests - failing)),
        unmended=tuple(sorted(tests & failing)),
        broken=tuple(sorted(new.difference(flaky))),
        flaky=tuple(sorted(new.intersection(flaky))),
    )
