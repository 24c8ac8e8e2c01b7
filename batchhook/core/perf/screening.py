"""Which tests and modules took so much longer than usual that they are worth measuring again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from batchhook.core.perf.significance import LEAST, ratio
from batchhook.core.results import Company, Outcome, TestResult

MOST_RUNS = 20
"""Earlier runs that say what is usual."""
LEAST_RATIO = 1.2
"""A test that takes less than so many times as long as usual is never suspected, whatever the threshold is."""
DEVIATIONS = 3 * 1.4826
"""How many median absolute deviations above the median: three standard deviations, were the noise a normal one
(Rousseeuw and Croux, Alternatives to the Median Absolute Deviation, JASA 88, 1993)."""


class Key(NamedTuple):
    """A test, and the company in which it is timed: beside strangers everything takes longer."""

    name: str
    module: str
    company: Company


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """How long tests took in an earlier run, of those that passed; ``number`` is the run's."""

    number: int
    seconds: Mapping[Key, float]


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of how long tests take.

    Attributes:
        runs: the latest ones, newest first.
        tests: for tests that were measured since, the number of the run in which they were conspicuous: what was
            before is settled. By id.
        modules: the same for modules, by name.
    """

    runs: Sequence[EarlierRun]
    tests: Mapping[str, int] = field(default_factory=dict)
    modules: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A test, or a module as a whole, that took longer than usual.

    Attributes:
        name: the test's id, or the module's name.
        tests: what has to be run to measure it: names of modules, by the ids of the tests in them.
        usual: seconds, the median of earlier runs.
        now: seconds.
    """

    name: str
    tests: Mapping[str, str]
    usual: float
    now: float
    is_module: bool = False

    @property
    def key(self) -> tuple[str, bool]:
        """What tells it from others: its name, and whether it is a module."""
        return self.name, self.is_module

    @property
    def ratio(self) -> float:
        """How many times as long as usual it took."""
        return ratio(self.usual, self.now)


def is_conspicuous(now: float, earlier: Sequence[float], threshold: float) -> bool:
    """Whether something took longer than its earlier timings let expect.

    Args:
        now: seconds.
        earlier: seconds, the latest; none means that nobody knows what is usual, and nothing is conspicuous.
        threshold: share by which it may be slower.
    """
    if not earlier:
        return False
    usual = median(earlier)
    spread = median(abs(each - usual) for each in earlier)
    over = now - usual >= LEAST and now > max(LEAST_RATIO, 1 + threshold) * usual
    return over and now > usual + DEVIATIONS * spread


def screen(results: Iterable[TestResult], past: Past, threshold: float) -> tuple[Suspect, ...]:
    """The tests and modules that took so much longer than usual that they are worth measuring, the worst first.

    A module is suspected for what its other tests took: a single one that is suspected explains itself.

    Args:
        results: of a run of the whole suite.
        past: what is usual.
        threshold: share by which a test or a module may be slower.
    """
    timed = _timed(results)
    usual = {key: [each for each in _earlier(key, past) if each is not None] for key in timed}
    tests = [
        Suspect(key.name, {key.name: key.module}, median(usual[key]), seconds)
        for key, seconds in timed.items()
        if is_conspicuous(seconds, usual[key], threshold)
    ]
    explained = {suspect.name for suspect in tests}
    modules: defaultdict[str, list[Key]] = defaultdict(list)
    for key in timed:
        if usual[key] and key.name not in explained:
            modules[key.module].append(key)
    found = [_module(module, keys, timed, past) for module, keys in modules.items()]
    whole = [suspect for suspect, earlier in found if is_conspicuous(suspect.now, earlier, threshold)]
    return tuple(sorted([*tests, *whole], key=lambda suspect: -suspect.ratio))


def _timed(results: Iterable[TestResult]) -> dict[Key, float]:
    """How long each test took that passed; without ids that occur more than once."""
    all_ = list(results)
    times = Counter(result.test_id for result in all_)
    return {
        Key(result.test_id, result.module, result.seen_in): result.duration
        for result in all_
        if result.outcome is Outcome.PASSED and times[result.test_id] == 1
    }


def _earlier(key: Key, past: Past) -> list[float | None]:
    """How long a test took in each earlier run that still counts; None for those in which it did not pass.

    Where it was never seen in this company, what it took in any other is better than nothing.
    """
    since = past.tests.get(key.name, 0)
    runs = [run.seconds if run.number >= since else {} for run in past.runs]
    found = [seconds.get(key) for seconds in runs]
    if any(seconds is not None for seconds in found):
        return found
    others = [key._replace(company=company) for company in Company]
    return [next((seconds[other] for other in others if other in seconds), None) for seconds in runs]


def _module(module: str, keys: Sequence[Key], timed: Mapping[Key, float], past: Past) -> tuple[Suspect, list[float]]:
    """A module as a suspect, and how long the same tests took together in each earlier run that counts."""
    since = past.modules.get(module, 0)
    counting = [place for place, run in enumerate(past.runs) if run.number >= since]
    sums = dict.fromkeys(counting, 0.0)
    for key in keys:
        earlier = _earlier(key, past)
        usual = median(each for each in earlier if each is not None)
        for place in counting:
            seconds = earlier[place]
            sums[place] += usual if seconds is None else seconds
    now = sum(timed[key] for key in keys)
    usual = median(sums.values()) if sums else now
    tests = {key.name: key.module for key in keys}
    return Suspect(module, tests, usual, now, is_module=True), list(sums.values())
