"""A search at work: asks ``core/culprits/search.py`` where to look, makes the visits, tells what was seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from batchhook.core.culprits.attribution import Attribution, Sight
from batchhook.core.culprits.renames import former_names
from batchhook.core.culprits.search import Search, Subject, Visit
from batchhook.workflow.culprits.states import State
from batchhook.workflow.culprits.visits import Order, Places, Visited

FIRST_SET_UP = 0.5
"""Seconds that a visit is taken to need besides its tests, before one was made."""
WEIGHT_OF_THE_LAST = 0.5
"""How much the latest visits say about how long the next ones will take."""


@dataclass(slots=True)
class Hunt:
    """A search for what broke some tests, in a line of states.

    Attributes:
        states: oldest first.
        subjects: the failing tests.
        here: ids of all tests of the last state, as far as known: what exists there was not renamed.
        budget: seconds; after that, what is known is said.
        told: is told how many tests are done with, now and then.
    """

    states: Sequence[State]
    subjects: Sequence[Subject]
    here: frozenset[str]
    budget: float
    told: Callable[[int], None]
    visits: int = 0
    _search: Search = field(init=False)
    _formerly: dict[tuple[str, int], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._search = Search([state.oid for state in self.states], self.subjects, set_up=FIRST_SET_UP)

    def remember(self, state: int, name: str, sight: Sight) -> None:
        """Take in what was seen of a test before this search."""
        self._search.tell(name, state, sight)

    def rename(self, state: int, former: Mapping[str, str]) -> None:
        """Note what tests were called in a state and before it."""
        for name, old in former.items():
            for earlier in range(state + 1):
                self._formerly[name, earlier] = old

    def name_at(self, state: int, name: str) -> str:
        """What a test was called in a state."""
        return self._formerly.get((name, state), name)

    def run(self, places: Places) -> Mapping[str, Attribution]:
        """Search until all is found out or the budget is used up; what became of each test, by its id."""
        end = time.monotonic() + self.budget
        while asked := self._search.ask(places.workers):
            affordable = [visit for visit in asked if time.monotonic() + visit.seconds < end]
            if not affordable:
                self._search.give_up(f"the budget of {self.budget:g} s was used up")
                break
            self._look(places, affordable)
            self.told(len(self.subjects) - self._search.open)
        return self._search.attributions

    def _look(self, places: Places, asked: Sequence[Visit]) -> None:
        for visit, made in zip(asked, places.make([self._order(visit) for visit in asked]), strict=True):
            self._take_in(visit, made)
            self.visits += 1

    def _order(self, visit: Visit) -> Order:
        names = tuple(self.name_at(visit.state, name) for name in visit.tests)
        return Order(self.states[visit.state], names, max(0.0, visit.seconds - self._search.set_up))

    def _take_in(self, visit: Visit, made: Visited) -> None:
        asked = dict(zip(made.order.tests, visit.tests, strict=True))  # a visit beside it may have told other names
        alike = {asked[called]: others for called, others in made.outcome.absent.items()}
        former = former_names(alike, self.here)
        self.rename(visit.state, former)
        for called, sight in made.sights.items():
            if asked[called] not in former:  # else it is asked for once more, by the name that it had
                self._search.tell(asked[called], visit.state, sight)
        spent = made.seconds - sum(result.duration for result in made.outcome.results)
        self._search.set_up += WEIGHT_OF_THE_LAST * (max(spent, 0.0) - self._search.set_up)
