"""Which failures of tests that ran side by side have to be seen again, and what the second look makes of them. Pure.

Tests that run beside each other may fail because of that: two that use the same folder or port, or one that was parted
from others that it needs. What holds is what unittest would say. So a failure among strangers is seen again with
nothing beside it, in one process, after the tests of its class that come before it. A test that fails there, too, is
believed if it has passed among strangers before; else it is seen once more after everything that unittest runs before
it. That takes long, and is needed once for each test: some suites need an order, and most do not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from batchhook.core.failure_signature import signature
from batchhook.core.results import Company, Outcome, TestResult
from batchhook.execution.scheduling import Unit, names_of
from batchhook.execution.session import VANISHED, Heard

LEADERS = 3
"""How many failures that look alike are seen again; where these all fail once more, the others are believed."""
NOTES = {
    Company.CLASS: "failed beside other tests, passed when nothing else ran",
    Company.SUITE: "passes only after the tests before it: from now on this suite runs in unittest's order",
}


@dataclass(frozen=True, slots=True)
class Revision:
    """What a second look has changed.

    Attributes:
        changed: results that are others than before.
        gone: those that hold no longer and have no successor: failures of fixtures.
        added: results of tests that had none before, since a fixture had failed.
    """

    changed: list[TestResult] = field(default_factory=list)
    gone: list[TestResult] = field(default_factory=list)
    added: list[TestResult] = field(default_factory=list)


class SecondLook:
    """Decides which failures are run again, and puts what that gives in the place of what was heard first.

    Args:
        units: the whole suite.
        heard: the results of the tests that ran side by side.

    Attributes:
        heard: the results that hold by now.
    """

    def __init__(self, units: Sequence[Unit], heard: Sequence[Heard]) -> None:
        self.heard = list(heard)
        self._units = units
        self._seen: set[object] = set()
        self._shaky: set[str] = set()
        self._companies: defaultdict[str, list[int]] = defaultdict(list)
        self._fixtures: defaultdict[str, list[int]] = defaultdict(list)
        for number, unit in enumerate(units):
            self._companies[unit.company].append(number)
            for name in names_of(unit):
                self._fixtures[name].append(number)

    def doubtful(self) -> list[Heard]:
        """The failures to be run again next; none when all others can be believed."""
        alike: defaultdict[str, list[Heard]] = defaultdict(list)
        for one in self.heard:
            if one.result.outcome.is_failure and (one.unit >= 0 or one.result.test_id in self._fixtures):
                alike[signature(one.result)].append(one)
        found: list[Heard] = []
        for name, group in alike.items():
            candidates = group if name in self._shaky else group[:LEADERS]
            found += [one for one in candidates if key(one) not in self._seen]
        return found

    def unproven(self, proven: frozenset[str]) -> list[Heard]:
        """The failures of tests of which it is not known whether they need all that unittest runs before them."""
        return [
            one
            for one in self.heard
            if one.result.outcome.is_failure
            and one.result.seen_in is not Company.SUITE
            and one.result.test_id not in proven
            and self._may_need_order(one)
        ]

    def _may_need_order(self, one: Heard) -> bool:
        if one.result.outcome is Outcome.TIMED_OUT:
            return False  # to wait for it a third time is too long for so little hope
        if one.unit < 0:
            return one.result.test_id in self._fixtures
        return not self._units[one.unit].class_name.startswith("unittest.loader.")  # imports go in order anyway

    def before(self, doubted: Sequence[Heard]) -> int:
        """Number of the last unit that has to be run to see failures again in unittest's order."""
        return max(self.company(doubted))

    def company(self, doubted: Sequence[Heard]) -> list[int]:
        """Numbers of the units that have to be run to see failures as unittest would, in unittest's order."""
        wanted: set[int] = set()
        last: dict[str, int] = {}  # of each company: ten thousand tests of one class may be doubted
        for one in doubted:
            if one.unit < 0:
                wanted.update(self._fixtures[one.result.test_id])
            else:
                company = self._units[one.unit].company
                last[company] = max(one.unit, last.get(company, -1))
        for company, until in last.items():
            wanted.update(number for number in self._companies[company] if number <= until)
        return sorted(wanted)

    def learn(self, doubted: Sequence[Heard], again: Sequence[Heard]) -> Revision:
        """Put the second look's results in the place of those that were doubted.

        Args:
            doubted: what was to be run again.
            again: what came of it, bystanders included. A bystander's first result holds.
        """
        second = {key(one): one for one in reversed(again) if one.result.message != VANISHED}
        doubts = {key(one) for one in doubted}
        known = {key(one) for one in self.heard}
        revision = Revision()
        kept: list[Heard] = []
        for one in self.heard:
            now = second.get(key(one))
            if key(one) not in doubts:
                kept.append(one)
            elif now is not None:
                kept.append(_after(one, now, revision))
            elif one.unit < 0:  # a fixture that did its work this time is no result
                revision.gone.append(one.result)
            else:
                kept.append(one)
        added = [one for one in again if key(one) not in known]
        revision.added.extend(one.result for one in added)
        self.heard = kept + added
        self._seen |= doubts
        self._shaky |= {signature(one.result) for one in doubted if not _fails(second.get(key(one)))}
        return revision


def key(one: Heard) -> object:
    """What a result is known by: its unit, or the id of a fixture."""
    return one.unit if one.unit >= 0 else one.result.test_id


def _fails(one: Heard | None) -> bool:
    return one is not None and one.result.outcome.is_failure


def _after(first: Heard, second: Heard, revision: Revision) -> Heard:
    if second.result.outcome is first.result.outcome:
        return replace(first, result=replace(first.result, seen_in=second.result.seen_in))
    earlier = first.result.first_outcome or first.result.outcome
    note = NOTES[second.result.seen_in] if second.result.outcome is Outcome.PASSED else ""
    result = replace(second.result, first_outcome=earlier, note=note)
    revision.changed.append(result)
    return replace(second, result=result)
