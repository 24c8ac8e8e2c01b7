"""Check of a revert: whether it fixes the tests that the reverted changes broke, without breaking others."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from batchhook.core.results import TestResult


@dataclass(frozen=True, slots=True)
class RevertCheck:
    """Comparison of a run without some changes to one with them, as sorted test ids.

    Attributes:
        fixed: broken by the changes; pass without them, or do not exist without them.
        still_failing: broken by the changes; fail without them too.
        newly_failing: fail without the changes but not with them.
        flaky: newly failing, but known to both pass and fail on one tree, so that they prove nothing.
    """

    fixed: tuple[str, ...]
    still_failing: tuple[str, ...] = ()
    newly_failing: tuple[str, ...] = ()
    flaky: tuple[str, ...] = ()

    @property
    def passes(self) -> bool:
        """Return whether every test is fixed and no other test breaks."""
        return not self.still_failing and not self.newly_failing


def check_revert(
    culprit_tests: Iterable[str],
    before: Iterable[TestResult],
    after: Iterable[TestResult],
    flaky: Collection[str] = (),
) -> RevertCheck:
    """Compare the runs before and after a revert.

    Args:
        culprit_tests: ids of the tests that the reverted changes broke.
        before: results with the changes.
        after: results without them.
        flaky: ids of tests known to be flaky.
    """
    broken = frozenset(culprit_tests)
    failing = {result.test_id for result in after if result.outcome.is_failure}
    failed = {result.test_id for result in before if result.outcome.is_failure}
    new = failing - failed - broken
    return RevertCheck(
        fixed=tuple(sorted(broken - failing)),
        still_failing=tuple(sorted(broken & failing)),
        newly_failing=tuple(sorted(new.difference(flaky))),
        flaky=tuple(sorted(new.intersection(flaky))),
    )
