"""What a user would do without batchhook: run the suite, then bisect with it, or with one failing test at a time."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.culprits.clone import Clone
from benchmarks.culprits.histories import FLAKY_CLASS, Truth
from benchmarks.engine.suites import Cache, Suite

MOST_BISECTED = 20
"""Failing tests that are really bisected; the rest are taken to need as long."""
A_SECOND = 1.1
"""Compiled modules are told apart by seconds."""
_FOUND = re.compile(r"^([0-9a-f]{40,}) is the first bad commit", re.MULTILINE)
_FLAKED = re.compile(rf"^FAIL: (test_\d+) \((\S*{re.escape(FLAKY_CLASS)})", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rivals:
    """What both of them needed.

    Attributes:
        plain: seconds of one run of the suite.
        with_suite: seconds of that and one bisection with the whole suite for each culprit.
        with_tests: seconds of that and one bisection for each failing test.
        failing: tests that had to be bisected.
        bisected: those that really were; the others are taken to need as long.
        right: those of them for which bisection named the change that broke them.
    """

    plain: float
    with_suite: float
    with_tests: float
    failing: int
    bisected: int
    right: int


def compete(suite: Suite, cache: Cache, clone: Clone, truth: Truth) -> Rivals:
    """Let both rivals search a history that is committed in a clone.

    One bisection with the suite stands for those of all culprits: it costs the same each time, and finds only one.
    """
    unittest = (str(cache.python), "-m", "unittest")
    whole = (*unittest, "discover", *suite.discovery)
    clone.checkout("begin")
    clone.time(*whole, own=True)  # its modules are compiled, as in use
    clone.git("checkout", "--quiet", "main")
    time.sleep(A_SECOND)
    plain = clone.time(*whole, own=True)
    flaked = (f"{found[2]}.{found[1]}" for found in _FLAKED.finditer(plain.stderr))
    # What failed before would be bisected in vain; whoever has such tests knows them.
    failing = dict.fromkeys(flaked, 0) | {name: number for name, number in truth.broken_by.items() if number}
    by_suite, _ = bisect(clone, whole)
    chosen = _spread(failing)
    found = {name: bisect(clone, (*unittest, name)) for name in chosen}
    by_test = sum(seconds for seconds, _ in found.values()) / max(len(found), 1)
    return Rivals(
        plain=plain.seconds,
        with_suite=plain.seconds + by_suite * len(truth.culprits),
        with_tests=plain.seconds + by_test * len(failing),
        failing=len(failing),
        bisected=len(chosen),
        right=sum(0 < chosen[name] == number for name, (_, number) in found.items()),
    )


def bisect(clone: Clone, command: Sequence[str]) -> tuple[float, int]:
    """Bisect a whole history: the seconds, and the number of the change that was found; 0 for none."""
    begun = time.perf_counter()
    clone.git("bisect", "start", "main", "begin")
    done = clone.time("git", "bisect", "run", *command, own=True)
    seconds = time.perf_counter() - begun
    found = _FOUND.search(done.stdout)
    number = int(clone.git("rev-list", "--count", f"begin..{found[1]}")) if found else 0
    clone.git("bisect", "reset")
    return seconds, number


def _spread(failing: Mapping[str, int]) -> dict[str, int]:
    """Some of all failing tests, evenly from the first to the last."""
    names = sorted(failing)
    step = max(1.0, len(names) / MOST_BISECTED)
    chosen = (names[int(at * step)] for at in range(min(len(names), MOST_BISECTED)))
    return {name: failing[name] for name in chosen}
