"""Lengthen a suite's tests, in their own files, by running their bodies several times."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from batchhook.core.results import Outcome, TestResult
from benchmarks.engine.suites import Suite

SHORTEST, LONGEST = 0.0005, 0.02
"""Seconds of a test that can be lengthened."""
MIN_SECONDS = 0.025
"""Seconds of a lengthened test, at least."""
MIN_REPEATS = 10
"""Runs of a lengthened test's body, at least, so that there can be 1.3 times as many."""

PLANT = """

def _planted(cls, name, times):
    body = getattr(cls, name)

    def test(self):
        for _ in range(times if type(self) is cls else 1):
            body(self)

    test.__name__, test.__doc__ = name, body.__doc__
    setattr(cls, name, test)


for _plant in {plants!r}:
    _planted(globals()[_plant[0]], _plant[1], _plant[2])
del _plant
"""


@dataclass(frozen=True, slots=True)
class Planted:
    """A test to lengthen.

    Attributes:
        test_id: its id.
        path: path of its file.
        class_name: name of its class, defined at the top level of the file.
        times: runs of its body without a planted slowdown.
    """

    test_id: str
    path: str
    class_name: str
    times: int

    @property
    def method(self) -> str:
        """Name of the test method."""
        return self.test_id.rpartition(".")[2]


def find_candidates(suite: Suite, top: Path, results: Iterable[TestResult]) -> list[Planted]:
    """Return the tests that can be lengthened, by the results of the original suite; sorted by id."""
    results = list(results)
    counts = Counter(result.test_id for result in results)
    candidates = []
    for result in results:
        prefix, _, _ = result.test_id.rpartition(".")
        module, _, class_name = prefix.rpartition(".")
        path = Path(suite.top_level_dir, *result.module.split(".")).with_suffix(".py").as_posix()
        fits = result.outcome is Outcome.PASSED and counts[result.test_id] == 1 and module == result.module
        if fits and SHORTEST <= result.duration <= LONGEST and (top / path).is_file():
            repeats = max(MIN_REPEATS, ceil(MIN_SECONDS / result.duration))
            candidates.append(Planted(result.test_id, path, class_name, repeats))
    return sorted(candidates, key=lambda each: each.test_id)


def plant_slowdowns(
    originals: Mapping[str, bytes], tests: Iterable[Planted], slower: Mapping[str, float]
) -> dict[str, bytes]:
    """Return new contents of the tests' files.

    Args:
        originals: original contents, by path.
        tests: tests to lengthen.
        slower: ratios to plant, by test id.
    """
    plants: defaultdict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for test in tests:
        times = round(test.times * slower.get(test.test_id, 1.0))
        plants[test.path].append((test.class_name, test.method, times))
    return {path: originals[path] + PLANT.format(plants=planted).encode() for path, planted in plants.items()}
