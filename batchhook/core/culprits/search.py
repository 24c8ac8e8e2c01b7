"""Search for the culprits of many failing tests at once, by expected information gain.

The search only decides: it names the next probes and is given their outcomes, so that it can be simulated a hundred
thousand times without a repository (``benchmarks/culprits``).

A *probe* is one checkout of a revision in which any number of tests run. Probes are chosen by the information that they
are expected to yield about all open tests per second, and several per round, to be made in parallel. Of tests that fail
alike, a *leader* is searched first. Its *followers* are probed where the leader broke and just before; only if they
differ do they get a search of their own.

If time is short, the quickest tests are searched first, as many as it suffices for. Slow and hanging tests come last,
each in probes of its own (``pace.py``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import chain
from math import inf, log2

from batchhook.core.culprits.attribution import Attribution, AttributionKind, ProbeOutcome
from batchhook.core.culprits.coarsen import coarsen
from batchhook.core.culprits.decision import FLAKY_CONFIDENCE, Evidence, Hypothesis
from batchhook.core.culprits.information_gain import InformationGain, entropy
from batchhook.core.culprits.pace import SLOW_SHARE, Pace
from batchhook.core.culprits.posterior import posterior
from batchhook.core.culprits.priors import Priors
from batchhook.core.culprits.probe_choice import MIN_GAIN, Probe, ProbeChooser

MAX_ERROR = 0.01
"""Tolerated probability that a reported culprit is wrong."""
MAX_ERROR_TO_REVERT = 1e-4
"""Tolerated probability of error if the culprit is reverted automatically."""
BASE_RUNS = 14
"""Limit of runs per test in a short search; twice the log2 of the number of revisions is added."""
MAX_FLAKY_LEADERS = 2
"""Number of undecided or flaky leaders after which all their followers are searched individually."""
MAX_UNLED, MAX_UNLED_COST = 50, 0.2
"""Tests that fail alike need no leader if they are few and take only this share of a probe's setup time together."""
PROBES_PER_BIT = 1.6
"""Probes that one bit of remaining uncertainty usually takes."""
CONFIRMING_RUNS = 4
"""Runs of a test that are needed besides: to confirm the culprit, and because not every run is the best one."""
FOLLOWER_PRIOR = 0.97
"""Probability that a follower broke where its leader did."""


@dataclass(frozen=True, slots=True)
class FailingTest:
    """A failing test.

    Attributes:
        signature: equal for failures that are likely to share a cause.
        seconds: duration of the run that failed.
        pass_seconds: duration of a run that passed; None if none is known.
        hangs: whether the failure was a timeout.
    """

    test_id: str
    signature: str
    priors: Priors
    seconds: float = 0.0
    pass_seconds: float | None = None
    hangs: bool = False


class CulpritSearch:
    """A search for the changes that broke some tests.

    Args:
        oids: commits of the revisions, oldest first: the first is before any change, and all tests fail at the last.
        tests: the failing tests.
        setup_seconds: duration of a probe besides its tests.
        max_error: tolerated probability that a reported culprit is wrong.
        budget: seconds for the whole search.

    Attributes:
        attributions: decided tests, by id.
    """

    def __init__(
        self,
        oids: Sequence[str],
        tests: Iterable[FailingTest],
        *,
        setup_seconds: float = 0.5,
        max_error: float = MAX_ERROR,
        budget: float = inf,
    ) -> None:
        self.setup_seconds = setup_seconds
        self.attributions: dict[str, Attribution] = {}
        self._oids = tuple(oids)
        self._max_error = max_error
        self._budget = budget
        self._min_gain = MIN_GAIN * min(max_error / MAX_ERROR, 1.0)
        self._max_runs = (BASE_RUNS + 2 * round(log2(len(self._oids)))) * (1 if max_error >= MAX_ERROR else 2)
        self._tests = {test.test_id: test for test in tests}
        self._evidence = {test_id: Evidence(self._oids, test.priors) for test_id, test in self._tests.items()}
        slow_seconds = max(SLOW_SHARE * budget, setup_seconds)
        self._paces = {
            test_id: Pace(
                test.seconds,
                test.pass_seconds,
                hangs=test.hangs,
                is_slow=test.hangs or test.seconds > slow_seconds,
                is_strict=max_error < MAX_ERROR,
            )
            for test_id, test in self._tests.items()
        }
        self._exhausted: set[str] = set()  # slow tests that have used up their share of the budget
        self._flaky_leaders: defaultdict[str, int] = defaultdict(int)  # by signature
        self._followers: dict[str, list[str]] = {}  # of each test that is being searched
        self._joining: dict[str, Attribution] = {}  # followers of decided leaders, with the leader's attribution
        self._choose_leaders()

    def _choose_leaders(self) -> None:
        by_signature: defaultdict[str, list[str]] = defaultdict(list)
        for test_id, test in self._tests.items():
            by_signature[test.signature].append(test_id)
        for group in by_signature.values():
            leader, *followers = sorted(group, key=lambda test_id: self._paces[test_id].is_slow)
            if self._needs_leader([leader, *followers]):
                self._followers[leader] = followers
            else:
                self._followers.update((test_id, []) for test_id in (leader, *followers))

    def _needs_leader(self, test_ids: Sequence[str]) -> bool:
        """Return whether tests that fail alike are too costly to run in every probe.

        Running them all saves the probes that confirm followers.
        """
        seconds = sum(self._tests[test_id].seconds for test_id in test_ids)
        return len(test_ids) > MAX_UNLED or seconds > MAX_UNLED_COST * self.setup_seconds

    def observe(self, test_id: str, position: int, outcome: ProbeOutcome, seconds: float = 0.0) -> None:
        """Add an observation of a test, including the failure that started the search.

        Args:
            test_id: of the test.
            position: of the revision.
            outcome: there.
            seconds: duration of the run; 0 if unknown.
        """
        self._evidence[test_id].observe(position, outcome)
        if outcome is ProbeOutcome.PASSED and seconds:
            self._paces[test_id].add_pass(seconds)

    def observe_overrun(self, test_id: str, position: int) -> None:
        """Take into account that a test exceeded the limit of a probe, which was not decisive."""
        pace, evidence = self._paces[test_id], self._evidence[test_id]
        if pace.hangs or (pace.is_slow and evidence.is_observed(position)):
            self._exhausted.add(test_id)
            return
        if pace.is_slow:
            evidence.observe(position, ProbeOutcome.UNTESTABLE)
            return
        pace.is_slow = True
        followers = self._followers.get(test_id)
        if followers:  # they must not wait for it
            self._followers |= {test_id: [], followers[0]: followers[1:]}

    # --- next probes ------------------------------------------------------------------------------------------------

    def next_probes(self, workers: int, seconds_left: float = inf) -> list[Probe]:
        """Return the probes to make next, in parallel; none if every test is decided.

        Args:
            workers: number of probes that can be made in parallel.
            seconds_left: of the budget. Tests that it does not suffice for become ambiguous.
        """
        self._decide()
        gains = {test_id: self._information_gain(self._evidence[test_id]) for test_id in self._followers}
        required = self._required_probes()
        groups = self._affordable_tests(seconds_left)
        chooser = ProbeChooser(self._paces, self._evidence, self._min_gain, self.setup_seconds, seconds_left)
        for group in groups:
            probes = chooser.choose(group, gains, required, workers)
            if probes:
                return probes
        if self.open_count:
            self._give_up_unaffordable(frozenset(chain.from_iterable(groups)))
            self.give_up("further runs would not help")
        return []

    def _affordable_tests(self, seconds_left: float) -> tuple[list[str], list[str], list[str]]:
        """Return the open tests that can run in the time left, in the order in which they are searched.

        Returns:
            the quick ones for which all probes can be made, the other quick ones, and the slow ones.
        """
        available = seconds_left - self.setup_seconds
        open_tests = (test_id for test_id in (*self._followers, *self._joining) if test_id not in self._exhausted)
        paces = {test_id: self._paces[test_id] for test_id in open_tests}
        affordable = [test_id for test_id, pace in paces.items() if pace.min_seconds <= available]
        slow = [test_id for test_id in affordable if paces[test_id].is_slow]
        quick = [test_id for test_id in affordable if not paces[test_id].is_slow]
        if available == inf:
            return quick, [], slow
        quick.sort(key=lambda test_id: paces[test_id].min_seconds)
        runs = CONFIRMING_RUNS + PROBES_PER_BIT * log2(len(self._oids) + 1)
        count = 0
        for test_id in quick:
            available -= paces[test_id].min_seconds * max(1.0, runs - self._evidence[test_id].run_count)
            if count and available < 0:
                break
            count += 1
        return quick[:count], quick[count:], slow

    def _information_gain(self, evidence: Evidence) -> InformationGain:
        return InformationGain(coarsen(evidence.counts, evidence.priors, evidence.is_observable))

    def _required_probes(self) -> defaultdict[int, set[str]]:
        """Return by position the tests that must run there, whatever the expected gain."""
        required: defaultdict[int, set[str]] = defaultdict(set)
        for test_id in self._followers:
            evidence = self._evidence[test_id]
            if not evidence.is_observed(0):
                required[0].add(test_id)  # a test that failed before any change needs no search
            hypothesis = evidence.hypothesis()
            if hypothesis.probability >= 1 - self._max_error:
                for position in evidence.unconfirmed(hypothesis):
                    required[position].add(test_id)
        for test_id, leader in self._joining.items():
            for position in self._confirming_positions(leader):
                if not self._evidence[test_id].is_observed(position):
                    required[position].add(test_id)
        return required

    # --- decisions --------------------------------------------------------------------------------------------------

    @property
    def open_count(self) -> int:
        """Number of undecided tests."""
        return len(self._tests) - len(self.attributions)

    @property
    def remaining_bits(self) -> float:
        """Estimate of the remaining uncertainty, in bits; tests with equal observations count once."""
        distinct = {evidence.counts: evidence for evidence in map(self._evidence.__getitem__, self._followers)}
        return sum(entropy(posterior(counts, evidence.priors).hypotheses) for counts, evidence in distinct.items())

    def give_up(self, reason: str) -> None:
        """Decide all open tests by what is known; most become ambiguous.

        Args:
            reason: why the search ends, as a phrase.
        """
        self._max_error = max(self._max_error, MAX_ERROR)  # not certain enough to revert may be enough to report
        self._decide()
        for test_id in self._tests:
            if test_id not in self.attributions:
                self.attributions[test_id] = self._evidence[test_id].attribute_ambiguous(reason)
        self._followers.clear()
        self._joining.clear()

    def _give_up_unaffordable(self, affordable: AbstractSet[str]) -> None:
        """Decide the tests that there is no time for, and those that wait for them."""
        self._max_error = max(self._max_error, MAX_ERROR)
        self._decide()
        for test_id in [*self._followers, *self._joining]:
            if test_id not in affordable:
                for waiting in (test_id, *self._followers.pop(test_id, ())):
                    self._joining.pop(waiting, None)
                    reason = f"the budget of {self._budget:g} s was used up"
                    self.attributions[waiting] = self._evidence[waiting].attribute_ambiguous(reason)

    def _decide(self) -> None:
        """Decide all tests with sufficient evidence; their followers start from the result."""
        changed = True
        while changed:
            changed = False
            for test_id in list(self._followers):
                attribution = self._attribution(test_id)
                if attribution is not None:
                    self._close(test_id, attribution)
                    changed = True
            for test_id in list(self._joining):
                changed = self._join(test_id) or changed

    def _attribution(self, test_id: str) -> Attribution | None:
        evidence = self._evidence[test_id]
        if not evidence.is_observable(len(self._oids) - 1):
            return evidence.attribute_ambiguous("it cannot be run alone")
        hypothesis = evidence.hypothesis()
        if hypothesis.no_culprit >= FLAKY_CONFIDENCE:
            return evidence.attribute_flaky(hypothesis)
        if self._is_confirmed(evidence, hypothesis):
            return evidence.attribute(hypothesis)
        if evidence.run_count >= self._max_runs:
            return evidence.attribute_ambiguous("the results contradict each other")
        return None

    def _is_confirmed(self, evidence: Evidence, hypothesis: Hypothesis) -> bool:
        """Return whether a hypothesis is likely enough, and nothing is left to probe before blaming a change."""
        is_open = any(evidence.is_observable(position) for position in evidence.unconfirmed(hypothesis))
        return hypothesis.probability >= 1 - self._max_error and not is_open

    def _close(self, leader: str, attribution: Attribution) -> None:
        self.attributions[leader] = attribution
        followers = self._followers.pop(leader)
        if not followers:
            return
        if attribution.kind.has_culprit or attribution.kind is AttributionKind.PRE_EXISTING:
            self._joining.update(dict.fromkeys(followers, attribution))
            return
        signature = self._tests[leader].signature
        self._flaky_leaders[signature] += 1
        if self._flaky_leaders[signature] < MAX_FLAKY_LEADERS:
            self._followers[followers[0]] = followers[1:]
        else:
            self._followers.update((test_id, []) for test_id in followers)

    def _confirming_positions(self, leader: Attribution) -> list[int]:
        """Return the positions that show whether a follower broke where its leader did."""
        broke = self._break_position(leader)
        return [broke - 1, broke] if broke else [0]

    def _break_position(self, attribution: Attribution) -> int:
        """Return the position from which a test is broken; 0 if it was broken before any change."""
        return 0 if attribution.kind is AttributionKind.PRE_EXISTING else self._oids.index(attribution.culprit)

    def _join(self, follower: str) -> bool:
        """Attribute a follower to its leader's culprit, or search it alone; False if its probes are outstanding."""
        leader, evidence = self._joining[follower], self._evidence[follower]
        if not all(evidence.is_observed(position) for position in self._confirming_positions(leader)):
            return False
        del self._joining[follower]
        evidence.priors = self._follower_priors(evidence.priors, leader)
        hypothesis = evidence.hypothesis()
        if hypothesis.last == self._break_position(leader) and self._is_confirmed(evidence, hypothesis):
            self.attributions[follower] = evidence.attribute(hypothesis)
        else:
            evidence.priors = self._tests[follower].priors
            self._followers[follower] = []
        return True

    def _follower_priors(self, priors: Priors, leader: Attribution) -> Priors:
        """Return the priors of a follower, given its leader's attribution."""
        broke = self._break_position(leader)
        rest = (1 - FOLLOWER_PRIOR) / (len(self._oids) - 1)
        last_break = tuple(FOLLOWER_PRIOR if position == broke else rest for position in range(len(self._oids)))
        return replace(priors, last_break=last_break, no_culprit=min(priors.no_culprit, 1 - FOLLOWER_PRIOR))
