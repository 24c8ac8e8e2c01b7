"""Screening of a run for tests and modules that took so much longer than usual that they are worth measuring."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from batchhook.core.perf.significance import MIN_DIFFERENCE, ratio
from batchhook.core.results import IsolationLevel, Outcome, TestResult

MAX_RUNS = 20
"""Earlier runs that define the usual duration."""
MIN_RATIO = 1.2
"""Ratio to the usual duration below which a test is never suspected, whatever the threshold."""
DEVIATIONS = 3 * 1.4826
"""Median absolute deviations above the median: three standard deviations if the noise were normal
(Rousseeuw and Croux, Alternatives to the Median Absolute Deviation, JASA 88, 1993)."""


class TimingKey(NamedTuple):
    """A test at one isolation level; everything takes longer in parallel."""

    test_id: str
    module: str
    isolation: IsolationLevel


@dataclass(frozen=True, slots=True)
class RunDurations:
    """Durations of the tests that passed in an earlier run, in seconds; ``number`` is the id of the run."""

    number: int
    seconds: Mapping[TimingKey, float]


@dataclass(frozen=True, slots=True)
class TimingHistory:
    """Durations from earlier runs.

    Attributes:
        runs: newest first.
        measured_tests: by test id, the run after which the test was measured; earlier durations no longer count.
        measured_modules: the same for modules, by name.
    """

    runs: Sequence[RunDurations]
    measured_tests: Mapping[str, int] = field(default_factory=dict)
    measured_modules: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SuspectedSlowdown:
    """A test, or a module as a whole, that took longer than usual.

    Attributes:
        name: id of the test, or name of the module.
        tests: tests to run in order to measure it: ids, each with its module.
        usual: seconds, the median of earlier runs.
        current: seconds.
    """

    name: str
    tests: Mapping[str, str]
    usual: float
    current: float
    is_module: bool = False

    @property
    def key(self) -> tuple[str, bool]:
        """Identity of the suspect: its name, and whether it is a module."""
        return self.name, self.is_module

    @property
    def ratio(self) -> float:
        """Current duration divided by the usual one."""
        return ratio(self.usual, self.current)


SLOW_MACHINE = 1.2
"""Ratio to the usual duration from which on, if half of all tests reach it, the machine is probably slower."""
MIN_REFERENCES = 10
"""Tests that are needed for that conclusion."""


def is_machine_slow(results: Iterable[TestResult], history: TimingHistory) -> bool:
    """Return whether half of all tests took longer than usual: they serve as reference for each other.

    A change may do that, too: then those that are slowest by far show it when they are measured.

    Args:
        results: of a complete run.
        history: durations from earlier runs.
    """
    ratios = []
    for key, seconds in _current_durations(results).items():
        earlier = [each for each in _earlier_durations(key, history) if each is not None]
        if earlier:
            ratios.append(ratio(median(earlier), seconds))
    return len(ratios) >= MIN_REFERENCES and median(ratios) >= SLOW_MACHINE


def is_conspicuous(current: float, earlier: Sequence[float], threshold: float) -> bool:
    """Return whether a duration is longer than earlier ones would suggest.

    Args:
        current: seconds.
        earlier: seconds in the latest runs; if empty, nothing is conspicuous.
        threshold: share by which it may become slower.
    """
    if not earlier:
        return False
    usual = median(earlier)
    deviation = median(abs(each - usual) for each in earlier)
    is_over = current - usual >= MIN_DIFFERENCE and current > max(MIN_RATIO, 1 + threshold) * usual
    return is_over and current > usual + DEVIATIONS * deviation


def screen_slowdowns(
    results: Iterable[TestResult], history: TimingHistory, threshold: float
) -> tuple[SuspectedSlowdown, ...]:
    """Return the tests and modules to measure, largest ratio first.

    A module is suspected for the sum of those of its tests that are not suspected themselves.

    Args:
        results: of a complete run.
        history: durations from earlier runs.
        threshold: share by which a test or a module may become slower.
    """
    current = _current_durations(results)
    earlier = {key: [each for each in _earlier_durations(key, history) if each is not None] for key in current}
    tests = [
        SuspectedSlowdown(key.test_id, {key.test_id: key.module}, median(earlier[key]), seconds)
        for key, seconds in current.items()
        if is_conspicuous(seconds, earlier[key], threshold)
    ]
    suspected = {suspect.name for suspect in tests}
    keys_by_module: defaultdict[str, list[TimingKey]] = defaultdict(list)
    for key in current:
        if earlier[key] and key.test_id not in suspected:
            keys_by_module[key.module].append(key)
    modules = [_sum_module(module, keys, current, history) for module, keys in keys_by_module.items()]
    slow_modules = [suspect for suspect, sums in modules if is_conspicuous(suspect.current, sums, threshold)]
    return tuple(sorted([*tests, *slow_modules], key=lambda suspect: -suspect.ratio))


def _current_durations(results: Iterable[TestResult]) -> dict[TimingKey, float]:
    """Return the durations of tests that passed; ids that occur more than once are left out."""
    results = list(results)
    occurrences = Counter(result.test_id for result in results)
    return {
        TimingKey(result.test_id, result.module, result.isolation): result.duration
        for result in results
        if result.outcome is Outcome.PASSED and occurrences[result.test_id] == 1
    }


def _earlier_durations(key: TimingKey, history: TimingHistory) -> list[float | None]:
    """Return the duration of a test in each earlier run; None where it does not count or did not pass.

    If the test was never timed at this isolation level, those of other levels are used.
    """
    since = history.measured_tests.get(key.test_id, 0)
    runs = [run.seconds if run.number >= since else {} for run in history.runs]
    durations = [seconds.get(key) for seconds in runs]
    if any(seconds is not None for seconds in durations):
        return durations
    keys = [key._replace(isolation=level) for level in IsolationLevel]
    return [next((seconds[other] for other in keys if other in seconds), None) for seconds in runs]


def _sum_module(
    module: str, keys: Sequence[TimingKey], current: Mapping[TimingKey, float], history: TimingHistory
) -> tuple[SuspectedSlowdown, list[float]]:
    """Return a module as a suspect, and the sum of the same tests in each earlier run that counts.

    A test without a duration in some run contributes its median.
    """
    since = history.measured_modules.get(module, 0)
    indexes = [index for index, run in enumerate(history.runs) if run.number >= since]
    sums = dict.fromkeys(indexes, 0.0)
    for key in keys:
        durations = _earlier_durations(key, history)
        usual = median(seconds for seconds in durations if seconds is not None)
        for index in indexes:
            seconds = durations[index]
            sums[index] += usual if seconds is None else seconds
    total = sum(current[key] for key in keys)
    usual_total = median(sums.values()) if sums else total
    tests = {key.test_id: key.module for key in keys}
    return SuspectedSlowdown(module, tests, usual_total, total, is_module=True), list(sums.values())
