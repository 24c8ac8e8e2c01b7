"""Slow and hanging tests do not delay the others, and the budget is spent on what it suffices for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

import pytest

from batchhook.core.culprits.attribution import AttributionKind, ProbeOutcome
from batchhook.core.culprits.pace import MIN_LIMIT, Pace, quick_limit
from batchhook.core.culprits.priors import FailureHistory, estimate_priors
from batchhook.core.culprits.probe_choice import Probe
from batchhook.core.culprits.search import MAX_ERROR_TO_REVERT, CulpritSearch, FailingTest

PASSED, FAILED = ProbeOutcome.PASSED, ProbeOutcome.FAILED
SETUP = 0.5
CHANGES = 5
TIMEOUT = 300.0


@dataclass
class SimulatedTest:
    """A failing test of a simulated history.

    Attributes:
        broke: position from which it fails.
        seconds: of a run that fails; infinite if it hangs.
        pass_seconds: of a run that passes.
        hangs_at: positions where it hangs although it fails otherwise.
        known: whether an earlier run shows how long it takes to pass.
    """

    broke: int
    seconds: float = 0.01
    pass_seconds: float = 0.01
    hangs_at: frozenset[int] = frozenset()
    known: bool = False
    signature: str = ""


@dataclass
class Simulation:
    """A search with a simulated clock."""

    tests: dict[str, SimulatedTest]
    budget: float = 300.0
    timeout: float = TIMEOUT
    max_error: float = 0.01
    clock: float = 0.0
    probes: list[Probe] = field(default_factory=list)
    decided_at: dict[str, float] = field(default_factory=dict)

    def run(self) -> CulpritSearch:
        priors = estimate_priors(FailureHistory(passes=30), [0.0] * CHANGES)
        search = CulpritSearch(
            [f"c{number}" for number in range(CHANGES + 1)],
            [
                FailingTest(
                    name,
                    test.signature or name,
                    priors,
                    min(test.seconds, self.timeout),
                    test.pass_seconds if test.known else None,
                    hangs=test.seconds == inf,
                )
                for name, test in self.tests.items()
            ],
            setup_seconds=SETUP,
            max_error=self.max_error,
            budget=self.budget,
        )
        for name in self.tests:
            search.observe(name, CHANGES, FAILED)
        while probes := search.next_probes(2, self.budget - self.clock):
            assert len(self.probes) < 400, "the search does not terminate"
            for name in search.attributions:
                self.decided_at.setdefault(name, self.clock)
            self.clock += max(self._run(search, probe) for probe in probes)
        for name in search.attributions:
            self.decided_at.setdefault(name, self.clock)
        return search

    def _run(self, search: CulpritSearch, probe: Probe) -> float:
        self.probes.append(probe)
        limit, seconds = min(probe.limit, self.timeout), SETUP
        for name in probe.tests:
            test = self.tests[name]
            fails = probe.position >= test.broke
            taken = inf if probe.position in test.hangs_at else test.seconds if fails else test.pass_seconds
            seconds += min(taken, limit)
            if taken > limit and limit < self.timeout and not probe.is_decisive:
                search.observe_overrun(name, probe.position)
            else:
                search.observe(name, probe.position, FAILED if fails or taken > limit else PASSED, min(taken, limit))
        return seconds


def assert_found(simulation: Simulation, search: CulpritSearch, names: Sequence[str]) -> None:
    for name in names:
        attribution, broke = search.attributions[name], simulation.tests[name].broke
        assert attribution.culprit == (f"c{broke}" if broke else ""), (name, attribution)
        assert attribution.kind is (AttributionKind.CULPRIT if broke else AttributionKind.PRE_EXISTING)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("broke", range(1, CHANGES + 1))
def test_one_hanging_test_with_the_defaults(broke: int, known: bool) -> None:  # noqa: FBT001
    quick = {f"quick{number}": SimulatedTest(broke=number % 6) for number in range(12)}
    simulation = Simulation({"hang": SimulatedTest(broke, inf, known=known), **quick})
    search = simulation.run()
    assert_found(simulation, search, list(simulation.tests))
    assert max(simulation.decided_at[name] for name in quick) < 10
    assert simulation.clock < 60, "a run need not take as long as the one that showed that it hangs"


def test_a_test_that_always_hangs_leaves_the_others_clear() -> None:
    quick = {f"quick{number}": SimulatedTest(broke=number) for number in range(1, 6)}
    simulation = Simulation({"hang": SimulatedTest(0, inf), **quick})
    search = simulation.run()
    assert_found(simulation, search, list(quick))
    assert search.attributions["hang"].reason == "the budget of 300 s was used up"
    assert simulation.clock <= 301


@pytest.mark.parametrize("position", range(CHANGES))
def test_a_quick_test_that_hangs_at_another_commit_leaves_the_others_clear(position: int) -> None:
    quick = {f"quick{number}": SimulatedTest(broke=number) for number in range(1, 6)}
    odd = SimulatedTest(CHANGES, hangs_at=frozenset({position}))
    simulation = Simulation({"odd": odd, **quick})
    search = simulation.run()
    assert_found(simulation, search, list(quick))
    assert search.attributions["odd"].culprit in {"", f"c{CHANGES}"}, "no wrong name"
    assert simulation.clock <= 310


def test_followers_do_not_wait_for_a_leader_that_hangs_elsewhere() -> None:
    alike = {f"t{number}": SimulatedTest(3, 0.2, 0.2, signature="alike") for number in range(20)}
    alike["t0"].hangs_at = frozenset({0, 1, 2})
    simulation = Simulation(alike)
    search = simulation.run()
    assert_found(simulation, search, [name for name in alike if name != "t0"])


def test_many_hanging_tests_share_the_budget() -> None:
    hanging = {f"hang{number}": SimulatedTest(number % 6, inf, known=number != 0) for number in range(6)}
    simulation = Simulation({**hanging, "quick": SimulatedTest(2)})
    search = simulation.run()
    assert_found(simulation, search, ["quick", *[name for name in hanging if name != "hang0"]])
    assert simulation.clock <= 310


def test_slow_tests_come_last_each_alone() -> None:
    slow = {"slow1": SimulatedTest(1, 40.0, 40.0), "slow2": SimulatedTest(5, 20.0, 20.0)}
    quick = {f"quick{number}": SimulatedTest(broke=number) for number in range(1, 6)}
    simulation = Simulation({**slow, **quick})
    search = simulation.run()
    assert_found(simulation, search, list(quick))
    assert max(simulation.decided_at[name] for name in quick) < 10
    assert all(len(probe.tests) == 1 for probe in simulation.probes if slow.keys() & set(probe.tests))
    assert search.attributions["slow2"].culprit == "c5"


def test_the_budget_is_spent_on_as_many_tests_as_it_suffices_for() -> None:
    tests = {f"t{number}": SimulatedTest(1 + number % 5, 0.5 + number / 100, 1.0) for number in range(400)}
    simulation = Simulation(tests)
    search = simulation.run()
    decided = [name for name in tests if search.attributions[name].culprit]
    assert len(decided) > 50
    assert_found(simulation, search, decided)
    assert simulation.clock <= 301


@pytest.mark.parametrize(("budget", "timeout"), [(3.0, 2.0), (10.0, 10.0), (2.0, 60.0), (15.0, 15.0), (20.0, 5.0)])
def test_short_budgets(budget: float, timeout: float) -> None:
    quick = {f"quick{number}": SimulatedTest(broke=1, signature="alike") for number in range(5)}
    simulation = Simulation({"hang": SimulatedTest(4, inf), **quick}, budget=budget, timeout=timeout)
    search = simulation.run()
    if budget > 2:
        assert_found(simulation, search, list(quick))
    hang = search.attributions["hang"]
    assert (hang.culprit, hang.reason) in {("c4", ""), ("", f"the budget of {budget:g} s was used up")}
    assert simulation.clock <= budget + 2 * SETUP


def test_only_the_whole_timeout_is_enough_to_revert_a_change() -> None:
    simulation = Simulation({"hang": SimulatedTest(2, inf, known=True)}, budget=10_000.0, max_error=MAX_ERROR_TO_REVERT)
    assert simulation.run().attributions["hang"].culprit == "c2"
    assert simulation.clock > TIMEOUT


@pytest.mark.parametrize(
    ("pace", "limit"),
    [
        (Pace(300.0, hangs=True), 300.0),
        (Pace(300.0, 0.1, hangs=True), MIN_LIMIT),
        (Pace(300.0, 4.0, hangs=True), 80.0),
        (Pace(300.0, 60.0, hangs=True), 300.0),
        (Pace(300.0, 0.1, hangs=True, is_strict=True), 300.0),
        (Pace(2.0, 0.1, hangs=True), 2.0),
        (Pace(60.0, 0.1), inf),
    ],
)
def test_a_hanging_test_has_failed_after(pace: Pace, limit: float) -> None:
    assert pace.decisive_limit == limit


@pytest.mark.parametrize(
    ("longest", "seconds_left", "limit"),
    [(0.01, inf, MIN_LIMIT), (0.01, 300.0, MIN_LIMIT), (0.01, 8.0, 2.0), (4.0, 8.0, 8.0)],
)
def test_a_quick_test_may_take(longest: float, seconds_left: float, limit: float) -> None:
    assert quick_limit(longest, seconds_left) == limit
