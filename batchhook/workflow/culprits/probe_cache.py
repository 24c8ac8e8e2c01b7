"""Looking at some tests in a single state: what the store has, else by a visit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set as AbstractSet
from dataclasses import dataclass, field

from batchhook.core.culprits.attribution import Sight
from batchhook.core.culprits.renames import former_names
from batchhook.store import observations
from batchhook.store.database import Database
from batchhook.store.observations import Runs
from batchhook.workflow.context.revisions import State
from batchhook.workflow.culprits.probes import Order, Places, Visited

_TELLING = (Sight.FAILED, Sight.PASSED, Sight.SKIPPED, Sight.UNTESTABLE)
"""Of several things that were seen, the first of these counts."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a test in a state.

    Attributes:
        called: the name by which it was looked for.
        alike: tests there that may be the same one, where it is absent.
        trouble, hint: why nothing could be tested there, and what to do; empty where it could.
    """

    sight: Sight
    called: str
    alike: tuple[str, ...] = ()
    trouble: str = ""
    hint: str = ""


@dataclass(slots=True)
class Looks:
    """Looks at single states.

    Attributes:
        database: of the repository.
        places: where visits are made.
        these: the runs that are asked first.
        looking: is told before each visit which state is looked at.
        visits: how many were made.
    """

    database: Database
    places: Places
    these: Runs
    looking: Callable[[Sequence[State]], None]
    visits: int = 0
    _names: dict[str, frozenset[str]] = field(default_factory=dict)

    def at(self, state: State, names: Iterable[str], here: Callable[[], frozenset[str]]) -> dict[str, Look]:
        """Look at tests in a state where they may have other names than in the one that ``here`` gives all tests of."""
        found = self.once(state, names)
        alike = {name: look.alike for name, look in found.items() if look.alike}
        former = former_names(alike, here()) if alike else {}
        again = self.once(state, former.values())
        return found | {name: again[old] for name, old in former.items()}

    def once(self, state: State, names: Iterable[str]) -> dict[str, Look]:
        """Look at tests in a state, by the names that are given."""
        wanted = frozenset(names)
        known: dict[str, set[Sight]] = {}
        for name, sight in observations.in_tree(self.database, state.tree, self.these, wanted):
            known.setdefault(name, set()).add(sight)
        found = {
            name: Look(next(sight for sight in _TELLING if sight in seen), name)
            for name, seen in known.items()
            if not seen.isdisjoint(_TELLING)
        }
        return found | self._visited(state, wanted - found.keys())

    def _visited(self, state: State, names: AbstractSet[str]) -> dict[str, Look]:
        if not names:
            return {}
        made = self._visit(Order(state, tuple(sorted(names))))
        outcome = made.outcome
        return {
            name: Look(sight, name, outcome.absent.get(name, ()), outcome.broken, outcome.hint)
            for name, sight in made.sights.items()
        }

    def names_in(self, state: State) -> frozenset[str]:
        """Ids of all tests that there are in a state."""
        if state.oid not in self._names:
            known = observations.tests_of(self.database, state.tree, self.these)
            self._names[state.oid] = known or self._visit(Order(state, ())).outcome.names
        return self._names[state.oid]

    def _visit(self, order: Order) -> Visited:
        self.looking([order.state])
        self.visits += 1
        (made,) = self.places.make([order])
        if made.outcome.names:
            self._names[order.state.oid] = made.outcome.names
        return made
