"""The alternatives to batchhook: run the suite, then bisect with it, or with one failing test at a time."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.culprits.clone import Clone
from benchmarks.culprits.histories import FLAKY_CLASS, FLAKY_MODULE, Truth
from benchmarks.engine.cache import Cache
from benchmarks.engine.suites import Suite

MOST_BISECTED = 20
"""Failing tests that are really bisected; the rest are extrapolated."""
SETTLE = 1.1
"""Seconds between two revisions, as compiled modules are told apart by the second."""
_FIRST_BAD = re.compile(r"^([0-9a-f]{40,}) is the first bad commit", re.MULTILINE)
_FLAKED_UNITTEST = re.compile(rf"^FAIL: (test_\d+) \((\S*{FLAKY_MODULE}\.{FLAKY_CLASS})", re.MULTILINE)
_FLAKED_PYTEST = re.compile(rf"^FAILED (\S*{FLAKY_MODULE}\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rivals:
    """Cost and result of both alternatives; durations in seconds.

    Attributes:
        plain: one run of the suite.
        with_suite: that, and one bisection with the whole suite for each culprit.
        with_tests: that, and one bisection for each failing test.
        failing: number of tests to bisect.
        bisected: number of tests that were bisected; the rest are extrapolated.
        right: bisected tests for which the right change was named.
    """

    plain: float
    with_suite: float
    with_tests: float
    failing: int
    bisected: int
    right: int


def compete(suite: Suite, cache: Cache, clone: Clone, truth: Truth) -> Rivals:
    """Measure both alternatives in a history that is committed in a clone.

    The bisection with the suite is run once, not for each culprit: it costs the same each time, and finds only one.
    """
    whole = suite.command(cache.python)
    clone.checkout("begin")
    clone.time(*whole, own=True)  # compiles its modules
    clone.git("checkout", "--quiet", "main")
    time.sleep(SETTLE)
    plain = clone.time(*whole, own=True)
    # Without those that failed before: bisecting them is useless, and users know them.
    failing = dict.fromkeys(_flaked_tests(plain.stdout + plain.stderr), 0) | {
        name: number for name, number in truth.broken_by.items() if number
    }
    by_suite, _ = bisect(clone, whole)
    chosen = _sample_evenly(failing)
    results = {name: bisect(clone, suite.test_command(cache.python, name)) for name in chosen}
    by_test = sum(seconds for seconds, _ in results.values()) / max(len(results), 1)
    return Rivals(
        plain=plain.seconds,
        with_suite=plain.seconds + by_suite * len(truth.culprits),
        with_tests=plain.seconds + by_test * len(failing),
        failing=len(failing),
        bisected=len(chosen),
        right=sum(0 < chosen[name] == number for name, (_, number) in results.items()),
    )


def bisect(clone: Clone, command: Sequence[str]) -> tuple[float, int]:
    """Bisect a history; return the seconds, and the number of the change that was named, or 0."""
    begun = time.perf_counter()
    clone.git("bisect", "start", "main", "begin")
    done = clone.time("git", "bisect", "run", *command, own=True)
    seconds = time.perf_counter() - begun
    first_bad = _FIRST_BAD.search(done.stdout)
    number = int(clone.git("rev-list", "--count", f"begin..{first_bad[1]}")) if first_bad else 0
    clone.git("bisect", "reset")
    return seconds, number


def _flaked_tests(output: str) -> Iterator[str]:
    """Yield the ids of planted flaky tests that failed in a run, by what the framework printed."""
    yield from (f"{match[2]}.{match[1]}" for match in _FLAKED_UNITTEST.finditer(output))
    yield from (match[1] for match in _FLAKED_PYTEST.finditer(output))


def _sample_evenly(failing: Mapping[str, int]) -> dict[str, int]:
    """Return up to ``MOST_BISECTED`` failing tests, evenly spread over all."""
    names = sorted(failing)
    step = max(1.0, len(names) / MOST_BISECTED)
    chosen = (names[int(at * step)] for at in range(min(len(names), MOST_BISECTED)))
    return {name: failing[name] for name in chosen}
