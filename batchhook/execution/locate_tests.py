"""Find the tests of one tree in another, where they may be absent, broken, or dependent on other tests. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from batchhook.core.culprits.renames import NameIndex
from batchhook.core.results import IsolationLevel, Outcome, TestResult
from batchhook.core.test_ids import (
    EVERYTHING,
    FAILED_IMPORT,
    is_fixture,
    is_inside,
    is_unloaded_module,
    module_of,
    owner,
)
from batchhook.core.test_stats import TestStats
from batchhook.execution.scheduling import TestItem, selectors_of, setup_ids


@dataclass(frozen=True, slots=True)
class LocatedTests:
    """Tests of another tree, sorted by what can be done with them in this one.

    Attributes:
        items: numbers of those to run, in the framework's order.
        imported: ids of failed imports whose module can be imported in this tree.
        fixtures: ids of fixtures that failed in the other tree, and exist here.
        absent: ids that do not exist here, each with ids of tests here that may be the same under another name.
        untestable: ids that may exist, in modules that cannot be imported here.
        known_ids: ids of all tests here.
    """

    items: tuple[int, ...] = ()
    imported: tuple[str, ...] = ()
    fixtures: tuple[str, ...] = ()
    absent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    untestable: tuple[str, ...] = ()
    known_ids: frozenset[str] = frozenset()

    def implied_passes(self, results: Iterable[TestResult]) -> list[TestResult]:
        """Return results for imports and fixtures that succeeded, which report nothing themselves.

        Args:
            results: of the tests that ran.
        """
        failed = {result.test_id for result in results if result.outcome.is_failure}
        passed = (*self.imported, *(name for name in self.fixtures if name not in failed))
        return [TestResult(name, module_of(name), Outcome.PASSED, isolation=IsolationLevel.SUITE) for name in passed]


def locate_tests(test_ids: Iterable[str], items: Sequence[TestItem], modules: Iterable[str]) -> LocatedTests:
    """Find tests of another tree among the items of this one.

    Args:
        test_ids: of tests, fixtures and failed imports, as in results.
        items: the whole suite of this tree.
        modules: names of the modules that its discovery imported, or tried to.
    """
    by_selector: defaultdict[str, list[int]] = defaultdict(list)
    for number, item in enumerate(items):
        for name in selectors_of(item):
            by_selector[name].append(number)
    loaded_modules = set(modules)
    unloaded = {item.test_id: number for number, item in enumerate(items) if is_unloaded_module(item.test_id)}
    broken = [owner(name) for name in unloaded]
    known_ids = dict.fromkeys(item.test_id for item in items)
    index = NameIndex(known_ids)
    to_run: set[int] = set()
    imported, fixtures, untestable = [], [], []
    absent: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys(test_ids):
        numbers = by_selector.get(name, [])
        if name in unloaded:
            to_run.add(unloaded[name])
        elif name == EVERYTHING or (is_unloaded_module(name) and name.removeprefix(FAILED_IMPORT) in loaded_modules):
            imported.append(name)
        elif numbers and is_fixture(name):
            fixtures.append(name)
            # A class's set-up runs with its first test; its tear-down, after the last one.
            to_run.update(numbers[:1] if name in setup_ids(items[numbers[0]]) else numbers)
        elif numbers:
            to_run.update(numbers)
        elif any(is_inside(name, module) for module in broken):
            untestable.append(name)
        else:
            absent[name] = index.similar(name)
    return LocatedTests(
        tuple(sorted(to_run)), tuple(imported), tuple(fixtures), absent, tuple(untestable), frozenset(known_ids)
    )


def with_prerequisites(numbers: Sequence[int], items: Sequence[TestItem], stats: TestStats) -> list[int]:
    """Add the tests that must run before the given ones according to their statistics; in the framework's order."""
    if not numbers:
        return []
    order_dependent = [number for number in numbers if items[number].test_id in stats.order_dependent]
    before = range(max(order_dependent, default=-1) + 1)
    last_in_scope = {items[number].scope: number for number in numbers if items[number].test_id in stats.parallel_only}
    same_scope = (
        number
        for number, item in enumerate(items)
        if item.scope in last_in_scope and number <= last_in_scope[item.scope]
    )
    return sorted({*numbers, *same_scope, *before})
