"""Making a suite's tests take longer: their own bodies run so many times, in the files that they stand in."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from batchhook.core.results import Outcome, TestResult
from benchmarks.engine.suites import Suite

SHORTEST, LONGEST = 0.0005, 0.02
"""Seconds that a test takes as it is, to take part."""
WANTED = 0.025
"""Seconds that it is to take at least, when nothing is planted."""
LEAST_TIMES = 10
"""How often its body runs at least, when nothing is planted: so that 1.3 times as often can be written."""

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
    """A test whose body runs several times.

    Attributes:
        test_id: its id.
        path: of the file that it stands in.
        class_name: of its class, at the top of the file.
        times: how often its body runs when nothing is planted.
    """

    test_id: str
    path: str
    class_name: str
    times: int

    @property
    def method(self) -> str:
        """Its name in its class."""
        return self.test_id.rpartition(".")[2]


def candidates(suite: Suite, top: Path, results: Iterable[TestResult]) -> list[Planted]:
    """The tests of a suite that can take part, going by a run of it as it is; sorted by id."""
    all_ = list(results)
    times = Counter(result.test_id for result in all_)
    found = []
    for result in all_:
        prefix, _, _ = result.test_id.rpartition(".")
        module, _, class_name = prefix.rpartition(".")
        path = Path(suite.top_level_dir, *result.module.split(".")).with_suffix(".py").as_posix()
        fits = result.outcome is Outcome.PASSED and times[result.test_id] == 1 and module == result.module
        if fits and SHORTEST <= result.duration <= LONGEST and (top / path).is_file():
            repeats = max(LEAST_TIMES, ceil(WANTED / result.duration))
            found.append(Planted(result.test_id, path, class_name, repeats))
    return sorted(found, key=lambda each: each.test_id)


def written(originals: Mapping[str, bytes], tests: Iterable[Planted], slower: Mapping[str, float]) -> dict[str, bytes]:
    """New contents of the files in which tests stand.

    Args:
        originals: contents as they were, by path.
        tests: all that take part.
        slower: how many times as long tests are to take, by id; the others as long as ever.
    """
    plants: defaultdict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for test in tests:
        times = round(test.times * slower.get(test.test_id, 1.0))
        plants[test.path].append((test.class_name, test.method, times))
    return {path: originals[path] + PLANT.format(plants=these).encode() for path, these in plants.items()}
