"""The search for what broke many tests at once: says where to look next, is told what was seen there.

Nothing is done here. Whoever asks makes the visits, in whatever way, and tells; so the search is tried a hundred
thousand times without a repository (``benchmarks/culprits``).

A *visit* is one checkout of one state, in which any number of tests are run. Visits are chosen by how much they are
expected to tell about all open cases together for the time that they take, and several for each round, so that they
can be made side by side. Tests that fail alike have a *leader*, which is searched for first; the others are looked at
where it broke and just before, and join the search by themselves only where they differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from math import log2

from batchhook.core.culprits.attribution import Attribution, Kind, Sight
from batchhook.core.culprits.coarsen import view
from batchhook.core.culprits.decision import FLAKY_ENOUGH, Case, Suspicion
from batchhook.core.culprits.information_gain import Outlook, entropy
from batchhook.core.culprits.posterior import believe
from batchhook.core.culprits.priors import Priors

DELTA = 0.01
"""How likely a report may be wrong."""
DELTA_TO_REVERT = 1e-4
"""How likely it may be wrong where something is taken out without being asked."""
WORTHWHILE = 0.002
"""Bits that a look has to be expected to tell."""
FAIR_SHARE = 0.3
"""Of the best look for a test, how much another one has to tell for the test to come along on that visit."""
LOOKS = 14
"""Runs of one test that a short search spends on it at most; a long one has log2 of its length more."""
FLAKY_LEADERS = 2
"""Leaders that turn out to be flaky before each of those that fail like them is searched for by itself."""
FEW, CHEAP = 50, 0.2
"""So many tests that fail alike, which take together no more than this part of a checkout, need no leader."""
LIKE_THE_LEADER = 0.97
"""How likely a test that fails like one whose culprit was found broke there, too."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A failing test.

    Attributes:
        test_id: its id.
        likeness: what failures with the same cause have in common; equal for those that fail alike.
        priors: what is held likely of it.
        seconds: how long it takes.
    """

    test_id: str
    likeness: str
    priors: Priors
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Visit:
    """One checkout, and the tests to run there.

    Attributes:
        state: number of the state; 0 is the one before any change.
        tests: ids.
        seconds: how long it is likely to take.
    """

    state: int
    tests: tuple[str, ...]
    seconds: float


class Search:
    """A search for what broke some tests.

    Args:
        states: names of the states, oldest first; the first is the one before any change, and in the last one every
            subject was found failing.
        subjects: the failing tests.
        set_up: seconds that a visit takes besides its tests.
        delta: how likely what is reported may be wrong.
    """

    def __init__(
        self, states: Sequence[str], subjects: Iterable[Subject], *, set_up: float = 0.5, delta: float = DELTA
    ) -> None:
        self.set_up = set_up
        self.attributions: dict[str, Attribution] = {}
        self._states = tuple(states)
        self._delta = delta
        self._worthwhile = WORTHWHILE * min(delta / DELTA, 1.0)
        self._subjects = {subject.test_id: subject for subject in subjects}
        self._cases = {name: Case(self._states, subject.priors) for name, subject in self._subjects.items()}
        self._leading: dict[str, list[str]] = {}
        self._joining: dict[str, Attribution] = {}
        self._most_runs = (LOOKS + 2 * round(log2(len(self._states)))) * (1 if delta >= DELTA else 2)
        self._form_groups()

    def _form_groups(self) -> None:
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for name, subject in self._subjects.items():
            groups[subject.likeness].append(name)
        for leader, *others in groups.values():
            if self._is_cheap([leader, *others]):
                self._leading.update((name, []) for name in (leader, *others))
            else:
                self._leading[leader] = others
        self._flaky_leaders: defaultdict[str, int] = defaultdict(int)

    def _is_cheap(self, names: Sequence[str]) -> bool:
        """Whether tests that fail alike may all come along on each visit: that saves the visits that confirm them."""
        return len(names) <= FEW and sum(self._subjects[name].seconds for name in names) <= CHEAP * self.set_up

    def tell(self, test_id: str, state: int, sight: Sight) -> None:
        """Take in what was seen of a test in a state; the failure that it was found by as well."""
        self._cases[test_id].tell(state, sight)

    # --- what to look at next ---------------------------------------------------------------------------------------

    def ask(self, workers: int) -> list[Visit]:
        """The next visits, to be made side by side; none when all is found out, or no more can be."""
        self._conclude()
        demands = self._demands()
        outlooks = {name: self._outlook(self._cases[name]) for name in self._leading}
        round_: list[Visit] = []
        while len(round_) < workers:
            visit = self._best_visit(outlooks, demands)
            if visit is None:
                break
            round_.append(visit)
            for name in visit.tests:
                demands[visit.state].discard(name)
                if name in outlooks:
                    outlooks[name].decide(visit.state)
        if not round_ and (self._leading or self._joining):
            self.give_up("no more can be found out by looking again")
        return round_

    def _outlook(self, case: Case) -> Outlook:
        return Outlook(view(case.seen, case.priors, case.can_look_at))

    def _demands(self) -> defaultdict[int, set[str]]:
        """By state, the tests that have to be looked at there, however little it is expected to tell."""
        demands: defaultdict[int, set[str]] = defaultdict(set)
        for name in self._leading:
            case = self._cases[name]
            if not case.was_seen(0):
                demands[0].add(name)  # what failed before any change needs no search
            suspicion = case.suspicion()
            if suspicion.probability >= 1 - self._delta:
                for state in case.missing(suspicion):
                    demands[state].add(name)
        for name, found in self._joining.items():
            for state in self._pair(found):
                if not self._cases[name].was_seen(state):
                    demands[state].add(name)
        return demands

    def _best_visit(self, outlooks: dict[str, Outlook], demands: dict[int, set[str]]) -> Visit | None:
        states = sorted({*demands, *chain.from_iterable(outlook.states for outlook in outlooks.values())})
        gains = {name: self._gains(name, outlook, states) for name, outlook in outlooks.items()}
        least = {name: FAIR_SHARE * max(row.values()) for name, row in gains.items()}
        best, most = None, 0.0
        for state in states:
            demanded = demands.get(state, set())
            coming = [name for name, row in gains.items() if row[state] > least[name]]
            told = sum(gains[name][state] for name in coming) + len(demanded)
            tests = tuple(dict.fromkeys((*coming, *sorted(demanded))))
            seconds = self.set_up + sum(self._subjects[name].seconds for name in tests)
            if tests and told / seconds > most:
                best, most = Visit(state, tests, seconds), told / seconds
        return best

    def _gains(self, name: str, outlook: Outlook, states: Iterable[int]) -> dict[int, float]:
        """What a look at each of some states is expected to tell about a test; 0 where it is not worth while."""
        prospects = self._cases[name].prospects()
        gains = {state: outlook.gain(state) if prospects[state] else 0.0 for state in states}
        return {state: gain * prospects[state] if gain > self._worthwhile else 0.0 for state, gain in gains.items()}

    # --- what was found out -----------------------------------------------------------------------------------------

    @property
    def open(self) -> int:
        """How many tests nothing is known of yet."""
        return len(self._subjects) - len(self.attributions)

    @property
    def doubt(self) -> float:
        """Bits that are still to be found out, about; tests of which the same was seen count once."""
        cases = {case.seen: case for case in map(self._cases.__getitem__, self._leading)}
        return sum(entropy(believe(seen, case.priors).hypotheses) for seen, case in cases.items())

    def give_up(self, reason: str) -> None:
        """Say what is known of all tests that are left, and why it is no more."""
        self._delta = max(self._delta, DELTA)  # what is not sure enough to be done may be so to be told
        self._conclude()
        for name in [name for name in self._subjects if name not in self.attributions]:
            self.attributions[name] = self._cases[name].undecided(reason)
        self._leading.clear()
        self._joining.clear()

    def _conclude(self) -> None:
        """Close the cases of which enough is known; their followers go on where they ended."""
        changed = True
        while changed:
            changed = False
            for name in list(self._leading):
                found = self._conclusion(name)
                if found is not None:
                    self._close(name, found)
                    changed = True
            for name in list(self._joining):
                changed = self._join(name) or changed

    def _conclusion(self, name: str) -> Attribution | None:
        case = self._cases[name]
        if not case.can_look_at(len(self._states) - 1):
            return case.undecided("it cannot be run by itself")
        suspicion = case.suspicion()
        if suspicion.none >= FLAKY_ENOUGH:
            return case.flaky(suspicion)
        if self._is_sure(case, suspicion):
            return case.blamed(suspicion)
        if case.runs >= self._most_runs:
            return case.undecided("what was seen contradicts itself")
        return None

    def _is_sure(self, case: Case, suspicion: Suspicion) -> bool:
        """Whether a suspicion is likely enough, and nothing is left to be seen before anybody is blamed."""
        lacking = any(case.can_look_at(state) for state in case.missing(suspicion))
        return suspicion.probability >= 1 - self._delta and not lacking

    def _close(self, leader: str, found: Attribution) -> None:
        self.attributions[leader] = found
        followers = self._leading.pop(leader)
        if not followers:
            return
        if found.kind.blames or found.kind is Kind.PRE_EXISTING:
            self._joining.update(dict.fromkeys(followers, found))
            return
        likeness = self._subjects[leader].likeness
        self._flaky_leaders[likeness] += 1
        if self._flaky_leaders[likeness] < FLAKY_LEADERS:
            self._leading[followers[0]] = followers[1:]
        else:
            self._leading.update((name, []) for name in followers)

    def _pair(self, found: Attribution) -> list[int]:
        """The states that show whether a test broke where its leader did."""
        broke = self._place(found)
        return [broke - 1, broke] if broke else [0]

    def _place(self, found: Attribution) -> int:
        """The state since which a test has been broken; 0 for one that was before any change."""
        return 0 if found.kind is Kind.PRE_EXISTING else self._states.index(found.change)

    def _join(self, name: str) -> bool:
        """Say of a test that it broke where its leader did, or let it be searched for by itself; whether that is so."""
        found, case = self._joining[name], self._cases[name]
        if not all(case.was_seen(state) for state in self._pair(found)):
            return False
        del self._joining[name]
        case.priors = self._persuaded(case.priors, found)
        suspicion = case.suspicion()
        if suspicion.last == self._place(found) and self._is_sure(case, suspicion):
            self.attributions[name] = case.blamed(suspicion)
        else:
            case.priors = self._subjects[name].priors
            self._leading[name] = []
        return True

    def _persuaded(self, priors: Priors, found: Attribution) -> Priors:
        """What is held likely of a test that fails like one whose culprit was found."""
        broke = self._place(found)
        rest = (1 - LIKE_THE_LEADER) / (len(self._states) - 1)
        last_break = tuple(LIKE_THE_LEADER if state == broke else rest for state in range(len(self._states)))
        return replace(priors, last_break=last_break, none=min(priors.none, 1 - LIKE_THE_LEADER))
