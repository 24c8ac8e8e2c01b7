"""Accuracy and cost of the culprit search in simulated histories, compared with bisections.

python -m benchmarks.culprits.simulate [--histories N] [--seed S]
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import inf

from batchhook.core.culprits.attribution import AttributionKind, ProbeOutcome
from batchhook.core.culprits.priors import FailureHistory, estimate_priors
from batchhook.core.culprits.search import CulpritSearch, FailingTest

WORKERS = 2
"""Probes in a round."""


@dataclass(frozen=True, slots=True)
class World:
    """Histories of one kind.

    Attributes:
        name: what distinguishes them.
        changes: number of changes.
        tests: number of failing tests.
        culprits: number of changes that break a test.
        flaky: share of tests that are flaky, and broken by no change.
        rates: range of the flaky tests' failure rates.
        known: earlier runs of each test, from which its failure history is drawn.
        misjudged: factor by which the failure history understates a flaky test's rate; infinity if it never failed.
        is_base_known: whether the tests were run at the base before the search.
        workers: probes in a round.
        times: failures of each test at the head: the engine reruns what fails.
    """

    name: str
    changes: int
    tests: int
    culprits: int
    flaky: float = 0.0
    rates: tuple[float, float] = (0.05, 0.5)
    known: int = 30
    misjudged: float = 1.0
    is_base_known: bool = True
    times: int = 1
    workers: int = WORKERS


@dataclass(frozen=True, slots=True)
class SimulatedHistory:
    """One history: for each test the change that broke it (0 for none), its failure rate, and its failure history."""

    broken_by: dict[str, int]
    rate: dict[str, float]
    failures: dict[str, FailureHistory]


@dataclass
class Tally:
    """Results of many searches."""

    tests: int = 0
    right: int = 0
    undecided: int = 0
    probes: int = 0
    rounds: int = 0
    runs: int = 0
    histories: int = 0
    seconds: float = 0.0
    blamed: int = 0
    blamed_rightly: int = 0


def simulate(world: World, chance: random.Random) -> SimulatedHistory:
    """Draw a history in which every test fails at the end."""
    guilty = chance.sample(range(1, world.changes + 1), world.culprits)
    broken_by, rate, failures = {}, {}, {}
    for number in range(world.tests):
        name = f"test_{number}"
        is_flaky = chance.random() < world.flaky
        broken_by[name] = 0 if is_flaky else chance.choice(guilty)
        # A flaky test is searched for when it fails, so those that fail often are overrepresented.
        while is_flaky:
            rate[name] = chance.uniform(*world.rates)
            if all(chance.random() < rate[name] for _ in range(world.times)):
                break
        rate.setdefault(name, 0.0)
        failures[name] = _draw_failures(world, rate[name], chance)
    return SimulatedHistory(broken_by, rate, failures)


def _draw_failures(world: World, rate: float, chance: random.Random) -> FailureHistory:
    flakes = sum(chance.random() < rate / world.misjudged for _ in range(world.known))
    return FailureHistory(passes=world.known - flakes, flakes=flakes)


def probe(simulated: SimulatedHistory, name: str, position: int, chance: random.Random) -> ProbeOutcome:
    """Run a test at a revision."""
    broken = 0 < simulated.broken_by[name] <= position
    return ProbeOutcome.FAILED if broken or chance.random() < simulated.rate[name] else ProbeOutcome.PASSED


def search(world: World, simulated: SimulatedHistory, chance: random.Random, tally: Tally) -> None:
    """Search one history with batchhook."""
    failing = [
        FailingTest(
            name, signature=name, priors=estimate_priors(simulated.failures[name], [0.0] * world.changes), seconds=0.01
        )
        for name in simulated.broken_by
    ]
    culprit_search = CulpritSearch([str(position) for position in range(world.changes + 1)], failing)
    for name in simulated.broken_by:
        for _ in range(world.times):
            culprit_search.observe(name, world.changes, ProbeOutcome.FAILED)
        if world.is_base_known:
            culprit_search.observe(name, 0, probe(simulated, name, 0, chance))
    while probes := culprit_search.next_probes(world.workers):
        tally.rounds += 1
        tally.probes += len(probes)
        for each in probes:
            tally.runs += len(each.tests)
            for name in each.tests:
                culprit_search.observe(name, each.position, probe(simulated, name, each.position, chance))
    for name, attribution in culprit_search.attributions.items():
        answer = {
            AttributionKind.FLAKY: 0,
            AttributionKind.CULPRIT: int(attribution.culprit or 0),
            AttributionKind.PRE_EXISTING: -1,
        }.get(attribution.kind)
        judge(simulated, name, answer, tally)


def bisect(world: World, simulated: SimulatedHistory, chance: random.Random, tally: Tally, repeats: int = 1) -> None:
    """Bisect for each test, sharing checkouts of a revision; a probe consists of ``repeats`` runs."""
    outcomes: dict[tuple[str, int], ProbeOutcome] = {}
    probed: set[int] = set()

    def fails(name: str, position: int) -> bool:
        if (name, position) not in outcomes:
            runs = [probe(simulated, name, position, chance) for _ in range(repeats)]
            tally.runs += repeats
            outcomes[name, position] = (
                ProbeOutcome.FAILED if all(run is ProbeOutcome.FAILED for run in runs) else ProbeOutcome.PASSED
            )
            probed.add(position)
        return outcomes[name, position] is ProbeOutcome.FAILED

    for name in simulated.broken_by:
        good, bad = 0, world.changes
        if repeats > 1 and (fails(name, 0) or not fails(name, world.changes)):
            judge(simulated, name, 0, tally)
            continue
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (good, middle) if fails(name, middle) else (middle, bad)
        judge(simulated, name, bad, tally)
    tally.probes += len(probed) * repeats
    tally.rounds += len(probed) * repeats


def judge(simulated: SimulatedHistory, name: str, answer: int | None, tally: Tally) -> None:
    """Compare an answer with the truth; None if undecided."""
    tally.tests += 1
    tally.right += answer == simulated.broken_by[name]
    tally.undecided += answer is None
    if answer:
        tally.blamed += 1
        tally.blamed_rightly += answer == simulated.broken_by[name]


def worlds() -> Iterator[World]:
    """Yield the kinds of histories to search."""
    for changes in (5, 20, 100):
        for tests in (1, 10):
            for culprits in (1, 3):
                if culprits <= tests:
                    yield World("deterministic", changes, tests, culprits)
                    yield World("deterministic, unknown tests", changes, tests, culprits, known=0)
                    yield World("deterministic, unknown base", changes, tests, culprits, is_base_known=False)
                    yield World("deterministic, failed twice", changes, tests, culprits, times=2)
                    yield World("40 % flaky", changes, tests, culprits, flaky=0.4)
                    yield World("40 % flaky, failed twice", changes, tests, culprits, flaky=0.4, times=2)
                    yield World("40 % flaky, unknown tests", changes, tests, culprits, flaky=0.4, known=0)
                    yield World("40 % flaky, never failed before", changes, tests, culprits, flaky=0.4, misjudged=inf)
                    yield World(
                        "40 % flaky, at 3 times the known rate", changes, tests, culprits, flaky=0.4, misjudged=3
                    )


def bisect_and_confirm(world: World, simulated: SimulatedHistory, chance: random.Random, tally: Tally) -> None:
    """Bisect, then rerun the tests at each named change and just before it."""
    bisect(world, simulated, chance, tally)
    pairs = {position for broke in simulated.broken_by.values() if broke for position in (broke - 1, broke)}
    tally.probes += len(pairs)
    tally.rounds += len(pairs)
    tally.runs += 2 * len(simulated.broken_by)


METHODS: dict[str, Callable[[World, SimulatedHistory, random.Random, Tally], None]] = {
    "batchhook": search,
    "bisection": bisect,
    "with a rerun": bisect_and_confirm,
    "bisection x 8": lambda world, simulated, chance, tally: bisect(world, simulated, chance, tally, 8),
}


HEADER = (
    f"{'changes, tests, culprits, kind':52} {'method':15} {'right %':>8} {'blamed %':>9} {'unsure %':>9} "
    f"{'probes':>7} {'rounds':>7} {'runs':>6} {'ms':>7}\n"
    f"{'':52} {'':15} {'':>8} {'right':>9} {'':>9} {'':>7} {'':>7} {'a test':>6}"
)


def main() -> None:
    """Parse the command line, and print a row for each kind of history and method."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=WORKERS, help="probes in a round")
    parser.add_argument("--only", default="", help="prefix of the names of the kinds to search")
    parser.add_argument("--changes", type=int, default=0, help="only histories with this many changes")
    options = parser.parse_args()
    print(f"{options.histories} histories of each kind, probes in rounds of {options.workers}, seed {options.seed}")
    print(HEADER)
    for world in worlds():
        if world.name.startswith(options.only) and options.changes in {0, world.changes}:
            for method, run in METHODS.items():
                print(
                    format_row(
                        world,
                        method,
                        run_method(replace(world, workers=options.workers), run, options.histories, options.seed),
                    ),
                    flush=True,
                )


def run_method(
    world: World, run: Callable[[World, SimulatedHistory, random.Random, Tally], None], histories: int, seed: int
) -> Tally:
    """Run a method on many histories, the same ones for each method."""
    tally = Tally()
    for number in range(histories):
        simulated = simulate(world, random.Random(f"{seed} {number}"))
        started = time.perf_counter()
        run(world, simulated, random.Random(f"{seed} {number} looks"), tally)
        tally.seconds += time.perf_counter() - started
        tally.histories += 1
    return tally


def format_row(world: World, method: str, tally: Tally) -> str:
    """Format one line of the table."""
    kind = f"{world.changes:3} {world.tests:3} {world.culprits:2}  {world.name}"
    return (
        f"{kind:52} {method:15} {100 * tally.right / tally.tests:8.2f} "
        f"{100 * tally.blamed_rightly / max(1, tally.blamed):9.2f} {100 * tally.undecided / tally.tests:9.2f} "
        f"{tally.probes / tally.histories:7.2f} {tally.rounds / tally.histories:7.2f} "
        f"{tally.runs / tally.tests:6.2f} {1000 * tally.seconds / tally.histories:7.1f}"
    )


if __name__ == "__main__":
    main()
