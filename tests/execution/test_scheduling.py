"""Chunks of tests, and their order."""

from __future__ import annotations

import random as randomness

from hypothesis import given, strategies

from batchhook.core.results import Outcome, TestResult
from batchhook.core.test_stats import TestStats
from batchhook.execution.scheduling import (
    CHUNKS_PER_WORKER,
    ItemResult,
    TestItem,
    in_suite_order,
    match_items,
    plan_chunks,
    select,
)

CLASSES = 6
GROUPS = ["", "", "class m0.C{}", "module m{}"]


def item(number: int, kind: int, group: str = "") -> TestItem:
    module = f"m{kind % 2}"
    return TestItem(f"{module}.C{kind}.test_{number}", module, f"{module}.C{kind}", group)


@strategies.composite
def suites(draw: strategies.DrawFn) -> list[TestItem]:
    groups = [draw(strategies.sampled_from(GROUPS)).format(kind % 2 if kind else kind) for kind in range(CLASSES)]
    kinds = sorted(draw(strategies.lists(strategies.integers(0, CLASSES - 1), min_size=1, max_size=60)))
    return [item(number, kind, groups[kind]) for number, kind in enumerate(kinds)]


def test_failures_come_first_then_tests_by_priority_then_the_longest() -> None:
    items = [item(number, number // 4) for number in range(12)]
    durations = {entry.test_id: 0.1 + number / 100 for number, entry in enumerate(items)}
    stats = TestStats(durations, last_failed=frozenset({items[2].test_id}))
    priorities = {items[5].test_id: 1.0, items[1].test_id: 0.31, items[9].test_id: 0.29, items[7].test_id: 0.04}
    chunks = plan_chunks(items, range(12), 2, stats, priorities=priorities)
    first = [chunk.items for chunk in chunks if chunk.priority]
    assert first[:2] == [(2,), (5,)]
    assert sorted(first[2:]) == [(1,), (9,)], "about the same priority"
    rest = [chunk for chunk in chunks if not chunk.priority]
    assert [chunk.seconds for chunk in rest] == sorted((chunk.seconds for chunk in rest), reverse=True)
    (one,) = plan_chunks(items, range(12), 1, stats, priorities=priorities)
    assert one.items == tuple(range(12)), "one process runs the framework's order"


@given(suites(), strategies.integers(1, 5), strategies.randoms(use_true_random=False))
def test_every_item_is_in_one_chunk_and_inseparable_items_share_one(
    items: list[TestItem], jobs: int, random: object
) -> None:
    durations = {entry.test_id: random.uniform(0, 3) for entry in items if random.random() < 0.7}  # type: ignore[attr-defined]
    inseparable = frozenset(entry.test_id for entry in items if random.random() < 0.1)  # type: ignore[attr-defined]
    numbers = [number for number in range(len(items)) if random.random() < 0.9] or [0]  # type: ignore[attr-defined]
    chunks = plan_chunks(items, numbers, jobs, TestStats(durations, parallel_only=inseparable))
    assert sorted(number for chunk in chunks for number in chunk.items) == numbers
    for chunk in chunks:
        assert list(chunk.items) == sorted(chunk.items)
    place = {number: index for index, chunk in enumerate(chunks) for number in chunk.items}
    scopes = {items[number].scope for number in numbers if items[number].group or items[number].test_id in inseparable}
    for scope in scopes:
        assert len({place[number] for number in numbers if items[number].scope == scope}) == 1
    if jobs == 1:
        assert [chunk.items for chunk in chunks] == [tuple(numbers)]


def test_longest_first() -> None:
    items = [item(number, number) for number in range(3)]
    stats = TestStats({items[0].test_id: 0.1, items[1].test_id: 1.0, items[2].test_id: 2.0})
    assert [chunk.items for chunk in plan_chunks(items, [0, 1, 2], 2, stats)] == [(2,), (1,), (0,)]
    assert [chunk.items for chunk in plan_chunks(items, [0, 2], 1, stats)] == [(0, 2)]


def test_failed_and_changed_tests_come_first() -> None:
    items = [item(number, number) for number in range(4)]
    durations = {entry.test_id: 1.0 + number for number, entry in enumerate(items)}
    stats = TestStats(durations, last_failed=frozenset({items[1].test_id}))
    assert plan_chunks(items, range(4), 2, stats)[0].items == (1,)
    changed_files = ["src/m0.py", "README.md", "m0"]
    chunks = plan_chunks(items, range(4), 2, TestStats(durations), changed_files)
    assert [chunk.items for chunk in chunks[:2]] == [(2,), (0,)]


def test_a_long_class_is_split_unless_it_has_fixtures() -> None:
    shared = [item(number, 2, "class m0.C2") for number in range(100, 200)]
    items = [item(number, 1) for number in range(100)] + shared
    chunks = plan_chunks(items, range(200), 2, TestStats())
    sizes = sorted(len(chunk.items) for chunk in chunks)
    assert sizes[-1] == 100
    assert len(sizes) > CHUNKS_PER_WORKER
    assert sizes[-2] <= 200 / (2 * CHUNKS_PER_WORKER) + 1


def test_short_classes_of_one_module_are_merged() -> None:
    items = [TestItem(f"m.C{number}.test", "m", f"m.C{number}", "") for number in range(1000)]
    assert len(plan_chunks(items, range(1000), 2, TestStats())) <= 2 * CHUNKS_PER_WORKER + 1


def test_select_by_test_class_module_or_fixture() -> None:
    items = [item(0, 0), item(1, 0), item(2, 2), item(3, 1)]
    assert select(items, []) == [0, 1, 2, 3]
    assert select(items, ["m0.C0.test_1"]) == [1]
    assert select(items, ["m0.C0", "m1"]) == [0, 1, 3]
    assert select(items, ["setUpClass (m0.C2)"]) == [2]
    assert select(items, ["m0.C"]) == []


@given(suites(), strategies.randoms(use_true_random=False))
def test_equal_ids_match_in_their_order(items: list[TestItem], random: object) -> None:
    others = list(items)
    random.shuffle(others)  # type: ignore[attr-defined]
    matches = match_items(items, others)
    assert sorted(matches) == list(range(len(items)))
    assert all(others[other].test_id == items[own].test_id for own, other in matches.items())
    assert len(set(matches.values())) == len(items)


def test_results_are_in_the_order_of_the_suite() -> None:
    items = [item(number, number // 3) for number in range(6)]
    fixtures = ["setUpModule (m0)", "setUpClass (m0.C0)", "tearDownClass (m0.C0)", "tearDownModule (m0)"]
    others = ["setUpClass (m1.C1)", "a test that is not in the list"]
    tests = [
        ItemResult(number, TestResult(each.test_id, each.module, Outcome.FAILED)) for number, each in enumerate(items)
    ]
    shuffled = [*tests, *(ItemResult(-1, TestResult(name, "", Outcome.ERRORED)) for name in (*fixtures[1:3], *others))]
    randomness.Random(1).shuffle(shuffled)
    order = [entry.result.test_id for entry in in_suite_order(shuffled, items)]
    names = [each.test_id for each in items]
    assert order == [fixtures[1], *names[:3], fixtures[2], others[0], *names[3:], others[1]]
    assert in_suite_order(reversed(tests), items) == tests
    around = [ItemResult(-1, TestResult(name, "", Outcome.ERRORED)) for name in (fixtures[3], fixtures[0])]
    assert in_suite_order([*around, *tests], items) == [around[1], *tests[:3], around[0], *tests[3:]]
