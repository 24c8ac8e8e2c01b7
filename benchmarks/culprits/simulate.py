"""Searches for culprits in made-up histories: how often they are right, and what they need, beside bisections.

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
"""Visits in a round."""


@dataclass(frozen=True, slots=True)
class World:
    """Histories of one kind.

    Attributes:
        name: what is special about them.
        changes: in each.
        tests: failing ones in each.
        culprits: changes that break something.
        flaky: share of the tests that no change broke.
        rates: between which flaky tests fail, drawn evenly.
        known: runs that each test had before, from which its record is made.
        misjudged: by how much the record has a flaky test fail less often than it does; infinity: never.
        is_base_known: whether it was seen, before the search, what the tests do before any change.
        workers: visits in a round.
        times: how often each test was seen failing in the last state: the engine looks twice at what fails.
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
class Made:
    """One made-up history: for each test the change that broke it (0 for none), how often it flakes, its record."""

    broken_by: dict[str, int]
    rate: dict[str, float]
    record: dict[str, FailureHistory]


@dataclass
class Tally:
    """What many searches came to."""

    tests: int = 0
    right: int = 0
    undecided: int = 0
    visits: int = 0
    rounds: int = 0
    runs: int = 0
    histories: int = 0
    seconds: float = 0.0
    blamed: int = 0
    blamed_rightly: int = 0


def make(world: World, chance: random.Random) -> Made:
    """Make a history up in which every test is seen to fail at the end."""
    guilty = chance.sample(range(1, world.changes + 1), world.culprits)
    broken_by, rate, record = {}, {}, {}
    for number in range(world.tests):
        name = f"test_{number}"
        is_flaky = chance.random() < world.flaky
        broken_by[name] = 0 if is_flaky else chance.choice(guilty)
        # A flaky test is met when it fails, so those that fail often are met more often.
        while is_flaky:
            rate[name] = chance.uniform(*world.rates)
            if all(chance.random() < rate[name] for _ in range(world.times)):
                break
        rate.setdefault(name, 0.0)
        record[name] = _record(world, rate[name], chance)
    return Made(broken_by, rate, record)


def _record(world: World, rate: float, chance: random.Random) -> FailureHistory:
    flakes = sum(chance.random() < rate / world.misjudged for _ in range(world.known))
    return FailureHistory(passes=world.known - flakes, flakes=flakes)


def look(made: Made, name: str, state: int, chance: random.Random) -> ProbeOutcome:
    """What a look at a test in a state shows."""
    broken = 0 < made.broken_by[name] <= state
    return ProbeOutcome.FAILED if broken or chance.random() < made.rate[name] else ProbeOutcome.PASSED


def search(world: World, made: Made, chance: random.Random, tally: Tally) -> None:
    """Search one history with batchhook's own search."""
    subjects = [
        FailingTest(name, signature=name, priors=estimate_priors(made.record[name], [0.0] * world.changes), seconds=0.01)
        for name in made.broken_by
    ]
    found = CulpritSearch([str(state) for state in range(world.changes + 1)], subjects)
    for name in made.broken_by:
        for _ in range(world.times):
            found.observe(name, world.changes, ProbeOutcome.FAILED)
        if world.is_base_known:
            found.observe(name, 0, look(made, name, 0, chance))
    while visits := found.next_probes(world.workers):
        tally.rounds += 1
        tally.visits += len(visits)
        for visit in visits:
            tally.runs += len(visit.tests)
            for name in visit.tests:
                found.observe(name, visit.position, look(made, name, visit.position, chance))
    for name, said in found.attributions.items():
        answer = {AttributionKind.FLAKY: 0, AttributionKind.CULPRIT: int(said.culprit or 0), AttributionKind.PRE_EXISTING: -1}.get(said.kind)
        judge(made, name, answer, tally)


def bisect(world: World, made: Made, chance: random.Random, tally: Tally, repeats: int = 1) -> None:
    """Bisect for each test by itself, sharing checkouts of the same state; a look is ``repeats`` runs."""
    seen: dict[tuple[str, int], ProbeOutcome] = {}
    visited: set[int] = set()

    def fails(name: str, state: int) -> bool:
        if (name, state) not in seen:
            looks = [look(made, name, state, chance) for _ in range(repeats)]
            tally.runs += repeats
            seen[name, state] = ProbeOutcome.FAILED if all(one is ProbeOutcome.FAILED for one in looks) else ProbeOutcome.PASSED
            visited.add(state)
        return seen[name, state] is ProbeOutcome.FAILED

    for name in made.broken_by:
        good, bad = 0, world.changes
        if repeats > 1 and (fails(name, 0) or not fails(name, world.changes)):
            judge(made, name, 0, tally)
            continue
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (good, middle) if fails(name, middle) else (middle, bad)
        judge(made, name, bad, tally)
    tally.visits += len(visited) * repeats
    tally.rounds += len(visited) * repeats


def judge(made: Made, name: str, answer: int | None, tally: Tally) -> None:
    """Compare an answer with the truth; None for one that says that it does not know."""
    tally.tests += 1
    tally.right += answer == made.broken_by[name]
    tally.undecided += answer is None
    if answer:
        tally.blamed += 1
        tally.blamed_rightly += answer == made.broken_by[name]


def worlds() -> Iterator[World]:
    """The kinds of histories that are tried."""
    for changes in (5, 20, 100):
        for tests in (1, 10):
            for culprits in (1, 3):
                if culprits <= tests:
                    yield World("deterministic", changes, tests, culprits)
                    yield World("deterministic, unknown tests", changes, tests, culprits, known=0)
                    yield World("deterministic, unknown base", changes, tests, culprits, is_base_known=False)
                    yield World("deterministic, seen twice", changes, tests, culprits, times=2)
                    yield World("40 % flaky", changes, tests, culprits, flaky=0.4)
                    yield World("40 % flaky, seen twice", changes, tests, culprits, flaky=0.4, times=2)
                    yield World("40 % flaky, unknown tests", changes, tests, culprits, flaky=0.4, known=0)
                    yield World("40 % flaky, taken for steady", changes, tests, culprits, flaky=0.4, misjudged=inf)
                    yield World(
                        "40 % flaky, at 3 times the known rate", changes, tests, culprits, flaky=0.4, misjudged=3
                    )


def confirmed(world: World, made: Made, chance: random.Random, tally: Tally) -> None:
    """Bisect, then look once more at each change that was found and at the state just before it."""
    bisect(world, made, chance, tally)
    pairs = {state for broke in made.broken_by.values() if broke for state in (broke - 1, broke)}
    tally.visits += len(pairs)
    tally.rounds += len(pairs)
    tally.runs += 2 * len(made.broken_by)


METHODS: dict[str, Callable[[World, Made, random.Random, Tally], None]] = {
    "batchhook": search,
    "bisection": bisect,
    "with a 2nd look": confirmed,
    "bisection x 8": lambda world, made, chance, tally: bisect(world, made, chance, tally, 8),
}


HEADER = (
    f"{'changes, tests, culprits, kind':52} {'method':15} {'right %':>8} {'has_culprit %':>9} {'unsure %':>9} "
    f"{'visits':>7} {'rounds':>7} {'runs':>6} {'ms':>7}\n"
    f"{'':52} {'':15} {'':>8} {'right':>9} {'':>9} {'':>7} {'':>7} {'a test':>6}"
)


def main() -> None:
    """Print a row for each kind of history and method."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=WORKERS, help="visits made side by side")
    parser.add_argument("--only", default="", help="kinds of histories whose name begins so")
    parser.add_argument("--changes", type=int, default=0, help="only those with so many changes")
    options = parser.parse_args()
    print(f"{options.histories} histories of each kind, visits in rounds of {options.workers}, seed {options.seed}")
    print(HEADER)
    for world in worlds():
        if world.name.startswith(options.only) and options.changes in {0, world.changes}:
            for method, run in METHODS.items():
                print(
                    row(
                        world,
                        method,
                        tallied(replace(world, workers=options.workers), run, options.histories, options.seed),
                    ),
                    flush=True,
                )


def tallied(world: World, run: Callable[[World, Made, random.Random, Tally], None], histories: int, seed: int) -> Tally:
    """Try a method on many histories; the same ones for each method."""
    tally = Tally()
    for number in range(histories):
        made = make(world, random.Random(f"{seed} {number}"))
        begun = time.perf_counter()
        run(world, made, random.Random(f"{seed} {number} looks"), tally)
        tally.seconds += time.perf_counter() - begun
        tally.histories += 1
    return tally


def row(world: World, method: str, tally: Tally) -> str:
    """One line of the table."""
    kind = f"{world.changes:3} {world.tests:3} {world.culprits:2}  {world.name}"
    return (
        f"{kind:52} {method:15} {100 * tally.right / tally.tests:8.2f} "
        f"{100 * tally.blamed_rightly / max(1, tally.blamed):9.2f} {100 * tally.undecided / tally.tests:9.2f} "
        f"{tally.visits / tally.histories:7.2f} {tally.rounds / tally.histories:7.2f} "
        f"{tally.runs / tally.tests:6.2f} {1000 * tally.seconds / tally.histories:7.1f}"
    )


if __name__ == "__main__":
    main()
