"""A search at work: asks ``core/culprits/search.py`` where to look, makes the visits, tells what was seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from batchhook.core.culprits.attribution import Attribution, Sight
from batchhook.core.culprits.renames import former_names
from batchhook.core.culprits.search import DELTA, Search, Subject, Visit
from batchhook.workflow.context.revisions import State
from batchhook.workflow.culprits.probes import Order, Places, Visited

FIRST_SET_UP = 0.5
"""Seconds that a visit is taken to need besides its tests, before one was made."""
WEIGHT_OF_THE_LAST = 0.5
"""How much the latest visits say about how long the next ones will take."""
VISITS_A_BIT = 1.6
"""How many visits it mostly takes to find a bit out."""


def _nobody(*_: object) -> None:
    """Whoever need not be told."""


@dataclass(slots=True)
class Hunt:
    """A search for what broke some tests, in a line of states.

    Attributes:
        states: oldest first.
        subjects: the failing tests.
        here: gives the ids of all tests of the last state: what exists there was not renamed. Asked when needed.
        budget: seconds; after that, what is known is said.
        told: is told how many tests are done with, now and then.
        looking: is told before each round of visits which states are looked at, and about how many visits are left.
        delta: how likely what is reported may be wrong.
        begun: when the budget begins, by ``time.monotonic()``.
    """

    states: Sequence[State]
    subjects: Sequence[Subject]
    here: Callable[[], frozenset[str]]
    budget: float
    told: Callable[[int], None] = _nobody
    looking: Callable[[Sequence[State], int], None] = _nobody
    delta: float = DELTA
    begun: float = field(default_factory=time.monotonic)
    visits: int = 0
    _search: Search = field(init=False)
    _formerly: dict[tuple[str, int], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._search = Search(
            [state.oid for state in self.states], self.subjects, set_up=FIRST_SET_UP, delta=self.delta
        )

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
        end = self.begun + self.budget
        while asked := self._search.ask(places.workers):
            affordable = [visit for visit in asked if time.monotonic() + visit.seconds < end]
            if not affordable:
                self._search.give_up(f"the budget of {self.budget:g} s was used up")
                break
            self._look(places, affordable)
            self.told(len(self.subjects) - self._search.open)
        return self._search.attributions

    def _look(self, places: Places, asked: Sequence[Visit]) -> None:
        self.looking([self.states[visit.state] for visit in asked], self._left(asked))
        for visit, made in zip(asked, places.make([self._order(visit) for visit in asked]), strict=True):
            self._take_in(visit, made)
            self.visits += 1

    def _left(self, asked: Sequence[Visit]) -> int:
        return max(len(asked), ceil(VISITS_A_BIT * self._search.doubt))

    def _order(self, visit: Visit) -> Order:
        names = tuple(self.name_at(visit.state, name) for name in visit.tests)
        return Order(self.states[visit.state], names, max(0.0, visit.seconds - self._search.set_up))

    def _take_in(self, visit: Visit, made: Visited) -> None:
        # Another visit of this round may have brought names to light, too.
        called = dict(zip(made.order.tests, visit.tests, strict=True))
        self.rename(visit.state, self._former_names(called, made))
        for name, sight in made.sights.items():
            test = called[name]
            if sight is not Sight.ABSENT or name == self.name_at(visit.state, test):
                self._search.tell(test, visit.state, sight)  # else it is asked for once more, by the name that it had
        spent = made.seconds - sum(result.duration for result in made.outcome.results)
        self._search.set_up += WEIGHT_OF_THE_LAST * (max(spent, 0.0) - self._search.set_up)

    def _former_names(self, called: Mapping[str, str], made: Visited) -> dict[str, str]:
        """Former names of tests that are absent in the state that was visited, by what they were called there."""
        alike = {called[name]: others for name, others in made.outcome.absent.items() if others}
        return former_names(alike, self.here()) if alike else {}
