"""Search for the culprits of many failing tests at once, by expected information gain.

The search only decides: it names the next probes and is given their outcomes, so that it can be simulated a hundred
thousand times without a repository (``benchmarks/culprits``).

A *probe* is one checkout of a revision in which any number of tests run. Probes are chosen by the information that they
are expected to yield about all open tests per second, and several per round, to be made in parallel. Of tests that fail
alike, a *leader* is searched first. Its *followers* are probed where the leader broke and just before; only if they
differ do they get a search of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from math import log2

from batchhook.core.culprits.attribution import Attribution, AttributionKind, ProbeOutcome
from batchhook.core.culprits.coarsen import coarsen
from batchhook.core.culprits.decision import FLAKY_CONFIDENCE, Evidence, Hypothesis
from batchhook.core.culprits.information_gain import InformationGain, entropy
from batchhook.core.culprits.posterior import posterior
from batchhook.core.culprits.priors import Priors

MAX_ERROR = 0.01
"""Tolerated probability that a reported culprit is wrong."""
MAX_ERROR_TO_REVERT = 1e-4
"""Tolerated probability of error if the culprit is reverted automatically."""
MIN_GAIN = 0.002
"""Expected gain, in bits, below which a probe is not worthwhile."""
FAIR_SHARE = 0.3
"""Share of its own best gain that a probe must yield for a test to be included in it."""
BASE_RUNS = 14
"""Limit of runs per test in a short search; twice the log2 of the number of revisions is added."""
MAX_FLAKY_LEADERS = 2
"""Number of undecided or flaky leaders after which all their followers are searched individually."""
MAX_UNLED, MAX_UNLED_COST = 50, 0.2
"""Tests that fail alike need no leader if they are few and take only this share of a probe's setup time together."""
FOLLOWER_PRIOR = 0.97
"""Probability that a follower broke where its leader did."""


@dataclass(frozen=True, slots=True)
class FailingTest:
    """A failing test.

    Attributes:
        signature: equal for failures that are likely to share a cause.
        seconds: duration of one run.
    """

    test_id: str
    signature: str
    priors: Priors
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Probe:
    """A checkout of one revision, and the tests to run in it.

    Attributes:
        position: index of the revision; 0 is before any change.
        tests: test ids.
        seconds: expected duration.
    """

    position: int
    tests: tuple[str, ...]
    seconds: float


class CulpritSearch:
    """A search for the changes that broke some tests.

    Args:
        oids: commits of the revisions, oldest first: the first is before any change, and all tests fail at the last.
        tests: the failing tests.
        setup_seconds: duration of a probe besides its tests.
        max_error: tolerated probability that a reported culprit is wrong.

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
    ) -> None:
        self.setup_seconds = setup_seconds
        self.attributions: dict[str, Attribution] = {}
        self._oids = tuple(oids)
        self._max_error = max_error
        self._min_gain = MIN_GAIN * min(max_error / MAX_ERROR, 1.0)
        self._max_runs = (BASE_RUNS + 2 * round(log2(len(self._oids)))) * (1 if max_error >= MAX_ERROR else 2)
        self._tests = {test.test_id: test for test in tests}
        self._evidence = {test_id: Evidence(self._oids, test.priors) for test_id, test in self._tests.items()}
        self._flaky_leaders: defaultdict[str, int] = defaultdict(int)  # by signature
        self._followers: dict[str, list[str]] = {}  # of each test that is being searched
        self._joining: dict[str, Attribution] = {}  # followers of decided leaders, with the leader's attribution
        self._choose_leaders()

    def _choose_leaders(self) -> None:
        by_signature: defaultdict[str, list[str]] = defaultdict(list)
        for test_id, test in self._tests.items():
            by_signature[test.signature].append(test_id)
        for leader, *followers in by_signature.values():
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

    def observe(self, test_id: str, position: int, outcome: ProbeOutcome) -> None:
        """Add an observation of a test, including the failure that started the search."""
        self._evidence[test_id].observe(position, outcome)

    # --- next probes ------------------------------------------------------------------------------------------------

    def next_probes(self, workers: int) -> list[Probe]:
        """Return the probes to make next, in parallel; none if every test is decided."""
        self._decide()
        required = self._required_probes()
        gains = {test_id: self._information_gain(self._evidence[test_id]) for test_id in self._followers}
        probes: list[Probe] = []
        while len(probes) < workers:
            probe = self._best_probe(gains, required)
            if probe is None:
                break
            probes.append(probe)
            for test_id in probe.tests:
                required[probe.position].discard(test_id)
                if test_id in gains:
                    gains[test_id].schedule(probe.position)
        if not probes and (self._followers or self._joining):
            self.give_up("further runs would not help")
        return probes

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

    def _best_probe(self, gains: Mapping[str, InformationGain], required: Mapping[int, set[str]]) -> Probe | None:
        """Return the probe with the most bits per second; a required test counts as one bit."""
        positions = sorted({*required, *chain.from_iterable(gain.positions for gain in gains.values())})
        bits = {test_id: self._expected_bits(test_id, gain, positions) for test_id, gain in gains.items()}
        threshold = {test_id: FAIR_SHARE * max(by_position.values()) for test_id, by_position in bits.items()}
        best, best_rate = None, 0.0
        for position in positions:
            required_here = required.get(position, set())
            useful = [test_id for test_id, by_position in bits.items() if by_position[position] > threshold[test_id]]
            tests = tuple(dict.fromkeys((*useful, *sorted(required_here))))
            if not tests:
                continue
            seconds = self.setup_seconds + sum(self._tests[test_id].seconds for test_id in tests)
            rate = (sum(bits[test_id][position] for test_id in useful) + len(required_here)) / seconds
            if rate > best_rate:
                best, best_rate = Probe(position, tests, seconds), rate
        return best

    def _expected_bits(self, test_id: str, gain: InformationGain, positions: Iterable[int]) -> dict[int, float]:
        """Return the bits that a run of a test is expected to yield at each position; 0 if not worthwhile."""
        observability = self._evidence[test_id].observability()
        bits = {position: gain.gain(position) if observability[position] else 0.0 for position in positions}
        return {
            position: gained * observability[position] if gained > self._min_gain else 0.0
            for position, gained in bits.items()
        }

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
