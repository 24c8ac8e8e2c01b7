"""Searches in lines of history, one after another, for what broke the same tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from batchhook.core.changes import Commit
from batchhook.core.culprits.bisect_result import Finding
from batchhook.core.culprits.search import Subject
from batchhook.core.progress import Progress
from batchhook.core.results import TestResult
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import State
from batchhook.workflow.culprits.finder import Hunt
from batchhook.workflow.culprits.first_parent import Line
from batchhook.workflow.culprits.probe_cache import Look, Looks
from batchhook.workflow.culprits.seeding import recall

Begin: TypeAlias = Callable[[Project, Sequence[State], Sequence[TestResult]], list[Subject]]
"""Says what is held likely of failing tests in a line of states."""


@dataclass(slots=True)
class Quest:
    """Searches in lines of history.

    Attributes:
        project: the repository.
        looks: at single states.
        bad: the state in which the tests were found failing.
        begin: what each search begins with.
        tell: is told how far it is.
        budget: seconds for all of it.
        begun: when that begins, by ``time.monotonic()``.
        commits: those of all lines so far, by name.
        visits: how many the searches have made.
    """

    project: Project
    looks: Looks
    bad: State
    begin: Begin
    tell: Callable[[Progress], None]
    budget: float
    begun: float = field(default_factory=time.monotonic)
    commits: dict[str, Commit] = field(default_factory=dict)
    visits: int = 0

    @property
    def is_spent(self) -> bool:
        """Whether the budget is used up."""
        return time.monotonic() > self.begun + self.budget

    def look(self, state: State, names: Iterable[str]) -> Mapping[str, Look]:
        """Look at tests in a single state."""
        return self.looks.at(state, names, self._here)

    def along(self, line: Line, failing: Sequence[TestResult], called: Mapping[str, str]) -> dict[str, Finding]:
        """Search a line, in whose last state some tests were seen failing.

        Args:
            line: of history.
            failing: how they failed.
            called: what those are called there that have another name there.
        """
        self.commits.update(line.commits)
        hunt = Hunt(
            states=line.states,
            subjects=self.begin(self.project, line.states, failing),
            here=self._here,
            budget=self.budget,
            looking=lambda states, left: self.tell(looking_at(states, self.visits + hunt.visits, left)),
            begun=self.begun,
        )
        hunt.rename(len(line.states) - 1, called)
        recall(self.project.database, self.looks.these, hunt)
        found = hunt.run(self.looks.places)
        self.visits += hunt.visits
        return {name: Finding(attribution) for name, attribution in found.items()}

    def _here(self) -> frozenset[str]:
        return self.looks.names_in(self.bad)


def looking_at(states: Iterable[State], made: int = 0, left: int = 0) -> Progress:
    """How far a search is while it looks at some states: how many visits were made, about how many are left."""
    names = dict.fromkeys(state.oid[:8] for state in states)
    return Progress(f"looking at {' and '.join(names)}", total=made + left, done=made)
