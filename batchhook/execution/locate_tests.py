"""Finding the tests of one tree in another one, where they may be absent, broken, or in need of company. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from batchhook.core.culprits.renames import Names
from batchhook.core.results import Company, Outcome, TestResult
from batchhook.core.test_stats import History
from batchhook.core.unittest_ids import FAILED_IMPORT, is_fixture, is_inside, module_of
from batchhook.execution.scheduling import Unit, names_of, set_ups_of


@dataclass(frozen=True, slots=True)
class Sought:
    """What became of the tests that were sought.

    Attributes:
        units: numbers of those that are to be run, in unittest's order.
        imported: ids of failed imports whose module can be imported in this tree.
        fixtures: ids of fixtures that failed in the other tree, and are here as well.
        absent: ids that do not exist here, each with those of tests that may be the same one under another name.
        untestable: ids that may exist, in modules that cannot be imported here.
        names: ids of all tests that there are here.
    """

    units: tuple[int, ...]
    imported: tuple[str, ...]
    fixtures: tuple[str, ...]
    absent: Mapping[str, tuple[str, ...]]
    untestable: tuple[str, ...]
    names: frozenset[str] = frozenset()

    def made_up(self, heard: Iterable[TestResult]) -> list[TestResult]:
        """Results for what says nothing when it is well: imports, and fixtures that did not fail."""
        failed = {result.test_id for result in heard if result.outcome.is_failure}
        well = (*self.imported, *(name for name in self.fixtures if name not in failed))
        return [TestResult(name, module_of(name), Outcome.PASSED, seen_in=Company.SUITE) for name in well]


def seek(wanted: Iterable[str], units: Sequence[Unit], loaded: Iterable[str]) -> Sought:
    """Look for tests of another tree among the units of this one.

    Args:
        wanted: ids of tests, fixtures and failed imports, as results have them.
        units: the whole suite of this tree.
        loaded: names of the modules that its discovery imported, or tried to.
    """
    by_name: defaultdict[str, list[int]] = defaultdict(list)
    for number, unit in enumerate(units):
        for name in names_of(unit):
            by_name[name].append(number)
    modules = set(loaded)
    broken = [unit.test_id.removeprefix(FAILED_IMPORT) for unit in units if unit.test_id.startswith(FAILED_IMPORT)]
    found: set[int] = set()
    here = dict.fromkeys(unit.test_id for unit in units)
    names = Names(here)
    imported, fixtures, untestable = [], [], []
    absent: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys(wanted):
        numbers = by_name.get(name, [])
        if numbers and is_fixture(name):
            fixtures.append(name)
            # A class's set-up has been seen with its first test; its tear-down, with the last one.
            found.update(numbers[:1] if name in set_ups_of(units[numbers[0]]) else numbers)
        elif numbers:
            found.update(numbers)
        elif name.startswith(FAILED_IMPORT) and name.removeprefix(FAILED_IMPORT) in modules:
            imported.append(name)
        elif any(is_inside(name, module) for module in broken):
            untestable.append(name)
        else:
            absent[name] = names.alike(name)
    return Sought(tuple(sorted(found)), tuple(imported), tuple(fixtures), absent, tuple(untestable), frozenset(here))


def with_company(wanted: Sequence[int], units: Sequence[Unit], history: History) -> list[int]:
    """The wanted units together with those that have to run before them, going by history; in unittest's order."""
    if not wanted:
        return []
    ordered = [number for number in wanted if units[number].test_id in history.ordered]
    before_them = range(max(ordered, default=-1) + 1)
    needy = {units[number].company: number for number in wanted if units[number].test_id in history.unsteady}
    company = (number for number, unit in enumerate(units) if unit.company in needy and number <= needy[unit.company])
    return sorted({*wanted, *company, *before_them})
