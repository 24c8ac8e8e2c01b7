"""Choice of the next probes of a culprit search: the most expected information per second."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain
from math import inf

from batchhook.core.culprits.decision import Evidence
from batchhook.core.culprits.information_gain import InformationGain
from batchhook.core.culprits.pace import Pace, import_limit, quick_limit

MIN_GAIN = 0.002
"""Expected gain, in bits, below which a probe is not worthwhile."""
FAIR_SHARE = 0.3
"""Share of its own best gain that a probe must yield for a test to be included in it, unless the test takes no time."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A checkout of one revision, and the tests to run in it.

    Attributes:
        position: index of the revision; 0 is before any change.
        tests: test ids.
        seconds: expected duration.
        limit: seconds that each test may take.
        is_decisive: whether a test that exceeds the limit fails; otherwise its outcome is unknown.
        import_limit: seconds that the import of each module, and each fixture, may take.
    """

    position: int
    tests: tuple[str, ...]
    seconds: float
    limit: float = inf
    is_decisive: bool = False
    import_limit: float = inf


class ProbeChooser:
    """Chooses the probes of one round.

    Args:
        paces: of the tests, by id.
        evidence: of the tests, by id.
        min_gain: expected gain, in bits, below which a probe is not worthwhile.
        setup_seconds: duration of a probe besides its tests.
        seconds_left: of the budget.
    """

    def __init__(
        self,
        paces: Mapping[str, Pace],
        evidence: Mapping[str, Evidence],
        min_gain: float,
        setup_seconds: float,
        seconds_left: float,
    ) -> None:
        self._paces = paces
        self._evidence = evidence
        self._min_gain = min_gain
        self._setup_seconds = setup_seconds
        self._available = seconds_left - setup_seconds

    def choose(
        self,
        tests: Sequence[str],
        gains: Mapping[str, InformationGain],
        required: Mapping[int, set[str]],
        workers: int,
    ) -> list[Probe]:
        """Return the best probes for some tests.

        Args:
            tests: ids of tests that are all quick or all slow.
            gains: information gain of each test that is searched, by id.
            required: tests that have to run at a position, whatever the gain.
            workers: limit of the number of probes.
        """
        gains = {test_id: gains[test_id] for test_id in tests if test_id in gains}
        required = {position: test_ids.intersection(tests) for position, test_ids in required.items()}
        probes: list[Probe] = []
        while len(probes) < workers:
            probe = self._best_probe(gains, required)
            if probe is None:
                break
            probes.append(self._limit_probe(probe, len(tests)))
            for test_id in probe.tests:
                required.get(probe.position, set()).discard(test_id)
                if self._paces[test_id].is_unexplored:  # wait for how long it takes to pass
                    gains.pop(test_id, None)
                    for others in required.values():
                        others.discard(test_id)
                elif test_id in gains:
                    gains[test_id].schedule(probe.position)
        return probes

    def _limit_probe(self, probe: Probe, tests: int) -> Probe:
        """Limit the time of a probe's tests.

        Args:
            probe: without a limit.
            tests: number of tests that share the time left.
        """
        paces, available = [self._paces[test_id] for test_id in probe.tests], self._available
        probe = replace(probe, import_limit=import_limit(self._setup_seconds, available))
        if not paces[0].is_slow:
            return replace(probe, limit=quick_limit(max(pace.min_seconds for pace in paces), available))
        limit = paces[0].slow_limit(available, tests)
        return replace(probe, limit=limit, is_decisive=limit >= paces[0].decisive_limit)

    def _best_probe(self, gains: Mapping[str, InformationGain], required: Mapping[int, set[str]]) -> Probe | None:
        """Return the probe with the most bits per second; a required test counts as one bit."""
        positions = sorted({*required, *chain.from_iterable(gain.positions for gain in gains.values())})
        bits = {test_id: self._expected_bits(test_id, gain, positions) for test_id, gain in gains.items()}
        threshold = {test_id: FAIR_SHARE * max(by_position.values()) for test_id, by_position in bits.items()}
        best, best_rate = None, 0.0
        for position in positions:
            required_here = required.get(position, set())
            useful = [
                test_id
                for test_id, by_position in bits.items()
                if by_position[position] > (threshold[test_id] if self._paces[test_id].expected_seconds() else 0.0)
            ]
            seconds_of = {
                test_id: self._expected_seconds(test_id, position, gains.get(test_id))
                for test_id in dict.fromkeys((*useful, *sorted(required_here)))
            }
            for tests in self._bundles(seconds_of):
                seconds = self._setup_seconds + sum(map(seconds_of.__getitem__, tests))
                included = frozenset(tests)
                gained = sum(bits[test_id][position] for test_id in useful if test_id in included)
                rate = (gained + len(included & required_here)) / seconds
                if rate > best_rate:
                    best, best_rate = Probe(position, tests, seconds), rate
        return best

    def _expected_seconds(self, test_id: str, position: int, gain: InformationGain | None) -> float:
        """Return the expected duration of a test at a position; ``gain`` is None for followers of decided leaders."""
        pace = self._paces[test_id]
        return pace.expected_seconds(gain.failure_chance(position)) if pace.hangs and gain else pace.expected_seconds()

    def _bundles(self, seconds_of: Mapping[str, float]) -> list[tuple[str, ...]]:
        """Return the ways to run tests: each slow one alone, the quick ones together, as many as time suffices for.

        Args:
            seconds_of: expected durations, by test id.
        """
        alone: list[tuple[str, ...]] = [(test_id,) for test_id in seconds_of if self._paces[test_id].is_slow]
        together = [test_id for test_id in seconds_of if not self._paces[test_id].is_slow]
        if sum(map(seconds_of.__getitem__, together)) > self._available:
            quickest = sorted(together, key=seconds_of.__getitem__)
            ends = accumulate(map(seconds_of.__getitem__, quickest))
            together = [test_id for test_id, end in zip(quickest, ends, strict=True) if end <= self._available]
        return [*alone, tuple(together)] if together else alone

    def _expected_bits(self, test_id: str, gain: InformationGain, positions: Iterable[int]) -> dict[int, float]:
        """Return the bits that a run of a test is expected to yield at each position; 0 if not worthwhile."""
        observability = self._evidence[test_id].observability()
        bits = {position: gain.gain(position) if observability[position] else 0.0 for position in positions}
        return {
            position: gained * observability[position] if gained > self._min_gain else 0.0
            for position, gained in bits.items()
        }
