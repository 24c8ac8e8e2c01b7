"""Division of a suite into chunks that run together, and their order. Pure."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from types import MappingProxyType

from batchhook.core.results import TestResult
from batchhook.core.test_ids import NODE_SEPARATOR, is_node_id, is_unloaded_module, owner, parse_id
from batchhook.core.test_stats import TestStats

UNKNOWN_DURATION = 0.05
"""Seconds assumed for a test without statistics."""
CHUNKS_PER_WORKER = 12
"""Chunks of equal duration that each worker's share is split into: with more, workers finish closer together."""


@dataclass(frozen=True, slots=True)
class TestItem:
    """One test of the discovered suite.

    Attributes:
        test_id: as the framework reports it; not always unique.
        module: of the test; pytest's is a file, relative to the root.
        class_name: the class with its module, in the notation of the id; empty for a function.
        group: the fixtures that it shares with other tests, and must run together with; empty for none.
    """

    __test__ = False  # not a test class of pytest's

    test_id: str
    module: str
    class_name: str
    group: str

    @property
    def scope(self) -> str:
        """The tests that the framework runs next to it: everything under its fixtures, or else its class."""
        return self.group or f"class {self.class_name} in {self.module}"


@dataclass(frozen=True, slots=True)
class ItemResult:
    """A result, and the number of its item; -1 for a fixture, or a test that is not in the list."""

    item: int
    result: TestResult

    @property
    def key(self) -> int | str:
        """Identity of the result in a run: the item, or the id of a fixture."""
        return self.item if self.item >= 0 else self.result.test_id


@dataclass(frozen=True, slots=True)
class Chunk:
    """Tests that one worker runs one after the other.

    Attributes:
        items: their numbers, in the framework's order.
        seconds: expected duration.
        priority: the highest of its tests; chunks of a higher one come first.
    """

    items: tuple[int, ...]
    seconds: float
    priority: float = 0.0


_FAILED_PRIORITY, _CHANGED_PRIORITY = 2.0, 0.5
"""Priority of tests that failed in their last run, besides their own, and of tests whose file has changed."""
PRIORITY_DIGITS = 1
"""Decimal digits of priorities that count: tests of about the same priority run in one chunk."""


_NEAREST = 3
"""Ids that are suggested."""
_COMPARED = 5000
"""Ids that are compared letter by letter."""


def select(items: Sequence[TestItem], only: Iterable[str]) -> list[int]:
    """Return the numbers of the selected items, in order; all of them if nothing is named.

    Args:
        items: the whole suite.
        only: ids of tests, classes, modules, packages or fixtures, or paths of files and folders, also in the form
            ``tests/test_a.py::TestA::test_x``.
    """
    words = list(only)
    if not words:
        return list(range(len(items)))
    known = {name for item in items for name in (*selectors_of(item), *_packages_of(item))}
    selectors = {next((name for name in names_of(word) if name in known), word) for word in words}
    return [
        number
        for number, item in enumerate(items)
        if not (selectors.isdisjoint(selectors_of(item)) and selectors.isdisjoint(_packages_of(item)))
    ]


def names_of(word: str) -> Iterator[str]:
    """Yield the ids that a word may stand for; of a path, the longest first, since tests may start in any folder."""
    yield word
    path, *inside = word.split(NODE_SEPARATOR)
    if not (inside or "/" in path or path.endswith(".py")):
        return
    yield NODE_SEPARATOR.join((path.removeprefix("./").rstrip("/"), *inside))
    parts = path.removeprefix("./").rstrip("/").removesuffix(".py").removesuffix("/__init__").split("/")
    yield from (".".join((*parts[start:], *inside)) for start in range(len(parts)))


def _packages_of(item: TestItem) -> Iterator[str]:
    """Yield the packages or folders around a test's module, and the names of a module that cannot be imported."""
    name = owner(item.test_id) if is_unloaded_module(item.test_id) else item.module
    separator = "/" if is_node_id(item.test_id) else "."
    yield name
    while name := name.rpartition(separator)[0]:
        yield name


def nearest_ids(items: Sequence[TestItem], words: Iterable[str]) -> list[str]:
    """Return the ids that resemble words which select nothing, the nearest first."""
    names = dict.fromkeys(name for item in items for name in (item.module, item.class_name, item.test_id) if name)
    by_last_part: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        by_last_part[parse_id(name).name].append(name)
    nearest: dict[str, None] = {}
    for word in words:
        wanted = list(names_of(word))[-1]
        endings = (f".{wanted}", f"{NODE_SEPARATOR}{word}", f"/{word}")
        nearest |= dict.fromkeys([name for name in names if name.endswith(endings)][:_NEAREST])
        nearest |= dict.fromkeys(difflib.get_close_matches(wanted, list(names)[:_COMPARED], _NEAREST))
        last = difflib.get_close_matches(wanted.rpartition(".")[2], list(by_last_part)[:_COMPARED], _NEAREST)
        nearest |= dict.fromkeys(name for part in last for name in by_last_part[part])
    return list(nearest)[:_NEAREST]


def selectors_of(item: TestItem) -> tuple[str, ...]:
    """Return the ids that select a test: its own, its class's, its module's; its function's, or its fixtures'."""
    names = (item.test_id, item.class_name, item.module)
    if is_node_id(item.test_id):
        return (*names, f"{parse_id(item.test_id).owner}{NODE_SEPARATOR}{parse_id(item.test_id).function}")
    return (*names, *setup_ids(item), f"tearDownClass ({item.class_name})", f"tearDownModule ({item.module})")


def setup_ids(item: TestItem) -> tuple[str, str]:
    """Return the ids of the fixtures of unittest's that must succeed for a test to run."""
    return f"setUpClass ({item.class_name})", f"setUpModule ({item.module})"


def plan_chunks(  # noqa: PLR0913, PLR0917 - each says something else about the tests
    items: Sequence[TestItem],
    numbers: Sequence[int],
    jobs: int,
    stats: TestStats,
    changed_files: Iterable[str] = (),
    priorities: Mapping[str, float] = MappingProxyType({}),
) -> list[Chunk]:
    """Split tests into chunks, in the order in which to hand them out.

    One worker gets everything in one chunk, in the framework's order. For several, tests that share fixtures stay
    together, a class without fixtures is split if it would keep one worker busy longer than the others, and short
    classes are merged by module. Tests that failed recently come first, then those of a high priority, then the
    longest: the order that lets workers finish together (Graham, Bounds on Multiprocessing Timing Anomalies, 1969).

    Args:
        items: the whole suite.
        numbers: of the tests to run, in the framework's order.
        jobs: number of workers.
        stats: statistics of earlier runs.
        changed_files: relative to the checkout.
        priorities: 0 to 1, of tests that should run early, by id.
    """
    estimate = _Estimate(items, stats, changed_files, priorities)
    if jobs <= 1:
        return [estimate.chunk(numbers)] if numbers else []
    limit = sum(map(estimate.seconds, numbers)) / (jobs * CHUNKS_PER_WORKER)
    pieces = [piece for scope in _group_by_scope(items, numbers) for piece in _split(scope, limit, estimate)]
    return sorted(_merge_short(pieces, limit, estimate), key=lambda chunk: (-chunk.priority, -chunk.seconds))


class _Estimate:
    """Expectations about tests, from their statistics and the changed files."""

    def __init__(
        self,
        items: Sequence[TestItem],
        stats: TestStats,
        changed_files: Iterable[str],
        priorities: Mapping[str, float],
    ) -> None:
        self.items = items
        self._stats = stats
        self._priorities = priorities
        self._changed_modules = frozenset(name for path in changed_files for name in (path, _module(path)))
        self._unsplittable = {item.scope for item in items if item.test_id in stats.parallel_only}

    def seconds(self, number: int) -> float:
        """Return the expected duration of a test."""
        return self._stats.durations.get(self.items[number].test_id, UNKNOWN_DURATION)

    def may_split(self, number: int) -> bool:
        """Return whether a test may run in another process than its neighbours."""
        item = self.items[number]
        return not item.group and item.scope not in self._unsplittable

    def chunk(self, numbers: Iterable[int]) -> Chunk:
        """Return tests as a chunk."""
        items = tuple(numbers)
        return Chunk(items, sum(map(self.seconds, items)), max(map(self.priority, items)))

    def may_merge(self, first: Chunk, second: Chunk) -> bool:
        """Return whether two chunks are of one module, and of equal priority."""
        same_module = self.items[first.items[0]].module == self.items[second.items[0]].module
        return same_module and first.priority == second.priority

    def priority(self, number: int) -> float:
        """Return the priority of a test: that of the run, more if it failed last time, some if its file has changed."""
        item = self.items[number]
        priority = round(self._priorities.get(item.test_id, 0.0), PRIORITY_DIGITS)
        if item.test_id in self._stats.last_failed:
            priority += _FAILED_PRIORITY
        elif not priority and any(
            module == item.module or module.endswith(f".{item.module}") for module in self._changed_modules
        ):
            priority = _CHANGED_PRIORITY
        return priority


def _group_by_scope(items: Sequence[TestItem], numbers: Iterable[int]) -> list[list[int]]:
    scopes: defaultdict[str, list[int]] = defaultdict(list)
    for number in numbers:
        scopes[items[number].scope].append(number)
    return list(scopes.values())


def _split(scope: list[int], limit: float, estimate: _Estimate) -> list[list[int]]:
    """Split independent tests into pieces of one priority, no longer than the limit; a longer test is its own."""
    if not estimate.may_split(scope[0]):
        return [scope]
    pieces: list[list[int]] = []
    by_priority: defaultdict[float, list[int]] = defaultdict(list)
    for number in scope:
        by_priority[estimate.priority(number)].append(number)
    for group in by_priority.values():
        total = inf
        for number in group:
            total += estimate.seconds(number)
            if total > limit:
                pieces.append([])
                total = estimate.seconds(number)
            pieces[-1].append(number)
    return pieces


def _merge_short(pieces: Iterable[list[int]], limit: float, estimate: _Estimate) -> list[Chunk]:
    """Merge short neighbours of one module: each chunk costs a round trip to its worker."""
    merged: list[Chunk] = []
    for chunk in map(estimate.chunk, pieces):
        last = merged[-1] if merged else None
        if last is not None and last.seconds + chunk.seconds <= limit and estimate.may_merge(last, chunk):
            merged[-1] = Chunk(last.items + chunk.items, last.seconds + chunk.seconds, last.priority)
        else:
            merged.append(chunk)
    return merged


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def in_suite_order(results: Iterable[ItemResult], items: Sequence[TestItem]) -> list[ItemResult]:
    """Sort results as the framework runs the suite, in whatever order workers have sent them.

    A fixture of unittest's stands beside its tests: a setup before the first of them, a teardown after the last.

    Args:
        results: of tests and fixtures.
        items: the whole suite.
    """
    results = list(results)
    fixtures = {entry.result.test_id for entry in results if entry.item < 0}
    if not fixtures:
        return sorted(results, key=lambda entry: entry.item)
    places: dict[str, float] = {}
    for number, item in enumerate(items):
        for name in fixtures.intersection(selectors_of(item)):
            places[name] = number + 0.2 if name.startswith("tearDown") else places.get(name, number - 0.2)

    def place(entry: ItemResult) -> tuple[float, str]:
        number = entry.item if entry.item >= 0 else places.get(entry.result.test_id, len(items))
        return number, entry.result.test_id

    return sorted(results, key=place)


def match_items(items: Sequence[TestItem], others: Sequence[TestItem]) -> dict[int, int]:
    """Map the items of one discovery to those of another: items with equal ids match in their order."""
    if list(items) == list(others):
        return {number: number for number in range(len(items))}
    positions: defaultdict[str, list[int]] = defaultdict(list)
    for number in reversed(range(len(others))):
        positions[others[number].test_id].append(number)
    return {number: positions[item.test_id].pop() for number, item in enumerate(items) if positions[item.test_id]}
