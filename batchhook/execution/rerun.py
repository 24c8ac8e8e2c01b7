"""Choice of the parallel failures that must run again, and the changes that their reruns make. Pure.

Tests may fail only because others run at the same time: two that use the same folder or port, or one that was separated
from tests that it needs. The outcome under the framework alone decides. So a test that failed in parallel runs again
alone, in one process, after the earlier tests of its class. If it fails there as well, and has passed in parallel
before, the failure is reliable; otherwise it runs a third time, after everything that the framework runs before it.
That takes long, and is needed once for each test: some suites depend on the order, and most do not. If it passes then,
it may depend on the order, or be flaky: a coin that shows tails twice and then heads. So both are repeated before a
dependence is reported.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from batchhook.core.failure_groups import failure_signature
from batchhook.core.results import IsolationLevel, Outcome, TestResult
from batchhook.core.test_ids import is_unloaded_module
from batchhook.execution.crashes import MISSING
from batchhook.execution.scheduling import ItemResult, TestItem, selectors_of

LEADERS = 3
"""Failures with the same signature that run again; if all of these fail again, the others count as failures too."""
ORDER_CHECKS = (*[IsolationLevel.CLASS] * 4, IsolationLevel.SUITE)
"""Repetitions before a test counts as order-dependent: it must fail in each of the first, which are cheap, and pass in
the last. With the three runs before them, a test that fails at random half the time gets there in 1 of 256 runs."""
ORDER_NOTE = "depends on the order: fails alone, and passes after the tests before it, each time"
FLAKY_NOTE = "flaky: failed and passed in the same order"
NOTES = {
    IsolationLevel.CLASS: "failed in parallel with other tests, passed when run alone",
    IsolationLevel.SUITE: ORDER_NOTE,
}


@dataclass(frozen=True, slots=True)
class RerunChanges:
    """Results that a rerun has changed.

    Attributes:
        revised: those that have another outcome now.
        withdrawn: failures of fixtures that succeeded this time, which leaves no result.
        added: results of tests that had none before because a fixture had failed.
    """

    revised: list[TestResult] = field(default_factory=list)
    withdrawn: list[TestResult] = field(default_factory=list)
    added: list[TestResult] = field(default_factory=list)


class RerunPolicy:
    """Choose the failures to run again, and merge the results of their reruns.

    Args:
        items: the whole suite.
        results: of the tests that ran in parallel.

    Attributes:
        results: the current ones.
    """

    def __init__(self, items: Sequence[TestItem], results: Sequence[ItemResult]) -> None:
        self.results = list(results)
        self._items = items
        self._rerun_keys: set[int | str] = set()
        self._unreliable: set[str] = set()  # signatures of failures that did not all fail again
        self._scopes: defaultdict[str, list[int]] = defaultdict(list)
        self._selectors: defaultdict[str, list[int]] = defaultdict(list)
        for number, item in enumerate(items):
            self._scopes[item.scope].append(number)
            for name in selectors_of(item):
                self._selectors[name].append(number)

    def next_reruns(self) -> list[ItemResult]:
        """Return the failures to run again next, with the tests of their scope; none once all others are reliable."""
        by_signature: defaultdict[str, list[ItemResult]] = defaultdict(list)
        for entry in self.results:
            if entry.result.outcome.is_failure and (entry.item >= 0 or entry.result.test_id in self._selectors):
                by_signature[failure_signature(entry.result)].append(entry)
        reruns: list[ItemResult] = []
        for name, failures in by_signature.items():
            candidates = failures if name in self._unreliable else failures[:LEADERS]
            reruns += [entry for entry in candidates if entry.key not in self._rerun_keys]
        return reruns

    def reruns_in_order(self, isolation_verified: frozenset[str]) -> list[ItemResult]:
        """Return the failures of tests that may depend on everything that the framework runs before them.

        Args:
            isolation_verified: ids of tests that are known not to.
        """
        return [
            entry
            for entry in self.results
            if entry.result.outcome.is_failure
            and entry.result.isolation is not IsolationLevel.SUITE
            and entry.result.test_id not in isolation_verified
            and self._may_depend_on_order(entry)
        ]

    def _may_depend_on_order(self, entry: ItemResult) -> bool:
        if entry.result.outcome is Outcome.TIMED_OUT:
            return False  # a third timeout costs too much for so small a chance
        if entry.item < 0:
            return entry.result.test_id in self._selectors
        return not is_unloaded_module(self._items[entry.item].test_id)  # imports keep their order anyway

    def items_to_run(self, reruns: Sequence[ItemResult]) -> list[int]:
        """Return the numbers of these failures' items and of those before them in their scopes, in order."""
        numbers: set[int] = set()
        last: dict[str, int] = {}  # by scope: ten thousand tests of one class may have failed
        for entry in reruns:
            if entry.item < 0:
                numbers.update(self._selectors[entry.result.test_id])
            else:
                scope = self._items[entry.item].scope
                last[scope] = max(entry.item, last.get(scope, -1))
        for scope, end in last.items():
            numbers.update(number for number in self._scopes[scope] if number <= end)
        return sorted(numbers)

    def apply(self, reruns: Sequence[ItemResult], results: Sequence[ItemResult]) -> RerunChanges:
        """Replace the results of failures by those of their reruns.

        Args:
            reruns: the failures that ran again.
            results: of the rerun; those of the tests that only ran before them are ignored.
        """
        second = {entry.key: entry for entry in reversed(results) if entry.result.message != MISSING}
        rerun_keys = {entry.key for entry in reruns}
        known_keys = {entry.key for entry in self.results}
        changes = RerunChanges()
        current: list[ItemResult] = []
        for entry in self.results:
            again = second.get(entry.key)
            if entry.key not in rerun_keys:
                current.append(entry)
            elif again is not None:
                current.append(_merge(entry, again, changes))
            elif entry.item < 0:  # a fixture that succeeds has no result
                changes.withdrawn.append(entry.result)
            else:
                current.append(entry)
        added = [entry for entry in results if entry.key not in known_keys]
        changes.added.extend(entry.result for entry in added)
        self.results = current + added
        self._rerun_keys |= rerun_keys
        self._unreliable |= {
            failure_signature(entry.result) for entry in reruns if not _has_failed(second.get(entry.key))
        }
        return changes

    def order_candidates(self) -> list[ItemResult]:
        """Return the results of tests that seem to depend on the order."""
        return [entry for entry in self.results if entry.result.note == ORDER_NOTE]

    def check_order(self, candidates: Sequence[ItemResult], results: Sequence[ItemResult]) -> None:
        """Take back that tests depend on the order if they behave differently when repeated.

        One that also passes alone is flaky. One that also fails in the framework's order fails.

        Args:
            candidates: see ``order_candidates``.
            results: of their repetition, at either isolation level.
        """
        repeated = {entry.key: entry.result for entry in reversed(results) if entry.result.message != MISSING}
        keys = {entry.key for entry in candidates}
        self.results = [
            replace(entry, result=_check(entry.result, repeated[entry.key]))
            if entry.key in keys and entry.key in repeated
            else entry
            for entry in self.results
        ]

    def changed_results(self, changes: RerunChanges) -> RerunChanges:
        """Return the changes of a rerun without what was taken back since."""
        current = {entry.result for entry in self.results}
        flaky = [result for result in current if result.note == FLAKY_NOTE and not result.outcome.is_failure]
        return replace(changes, revised=[*(result for result in changes.revised if result in current), *flaky])


def _check(result: TestResult, repeated: TestResult) -> TestResult:
    """Return the result of a test that seemed to depend on the order, after one more run."""
    is_alone = repeated.isolation is not IsolationLevel.SUITE
    if repeated.outcome.is_failure is is_alone:
        return result
    if is_alone:
        return replace(result, isolation=IsolationLevel.CLASS, note=FLAKY_NOTE)
    return replace(repeated, note=FLAKY_NOTE)


def _has_failed(entry: ItemResult | None) -> bool:
    return entry is not None and entry.result.outcome.is_failure


def _merge(first: ItemResult, second: ItemResult, changes: RerunChanges) -> ItemResult:
    if second.result.outcome is first.result.outcome:
        return replace(first, result=replace(first.result, isolation=second.result.isolation))
    first_outcome = first.result.first_outcome or first.result.outcome
    note = NOTES[second.result.isolation] if second.result.outcome is Outcome.PASSED else ""
    result = replace(second.result, first_outcome=first_outcome, note=note)
    changes.revised.append(result)
    return replace(second, result=result)
