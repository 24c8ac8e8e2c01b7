"""Which tests run together, and in which order."""

from __future__ import annotations

from hypothesis import given, strategies

from batchhook.core.test_stats import History
from batchhook.execution.scheduling import PIECES_A_WORKER, Unit, planned, selected, translation

CLASSES = 6
GROUPS = ["", "", "class m0.C{}", "module m{}"]


def unit(number: int, kind: int, group: str = "") -> Unit:
    module = f"m{kind % 2}"
    return Unit(f"{module}.C{kind}.test_{number}", module, f"{module}.C{kind}", group)


@strategies.composite
def suites(draw: strategies.DrawFn) -> list[Unit]:
    groups = [draw(strategies.sampled_from(GROUPS)).format(kind % 2 if kind else kind) for kind in range(CLASSES)]
    kinds = sorted(draw(strategies.lists(strategies.integers(0, CLASSES - 1), min_size=1, max_size=60)))
    return [unit(number, kind, groups[kind]) for number, kind in enumerate(kinds)]


@given(suites(), strategies.integers(1, 5), strategies.randoms(use_true_random=False))
def test_every_unit_has_one_place_and_what_belongs_together_stays_together(
    units: list[Unit], jobs: int, random: object
) -> None:
    durations = {one.test_id: random.uniform(0, 3) for one in units if random.random() < 0.7}  # type: ignore[attr-defined]
    unsteady = frozenset(one.test_id for one in units if random.random() < 0.1)  # type: ignore[attr-defined]
    wanted = [number for number in range(len(units)) if random.random() < 0.9] or [0]  # type: ignore[attr-defined]
    batches = planned(units, wanted, jobs, History(durations, unsteady=unsteady))
    assert sorted(number for batch in batches for number in batch.units) == wanted
    for batch in batches:
        assert list(batch.units) == sorted(batch.units)
    place = {number: index for index, batch in enumerate(batches) for number in batch.units}
    whole = {units[number].company for number in wanted if units[number].group or units[number].test_id in unsteady}
    for company in whole:
        assert len({place[number] for number in wanted if units[number].company == company}) == 1
    if jobs == 1:
        assert [batch.units for batch in batches] == [tuple(wanted)]


def test_longest_first() -> None:
    units = [unit(number, number) for number in range(3)]
    history = History({units[0].test_id: 0.1, units[1].test_id: 1.0, units[2].test_id: 2.0})
    assert [batch.units for batch in planned(units, [0, 1, 2], 2, history)] == [(2,), (1,), (0,)]
    assert [batch.units for batch in planned(units, [0, 2], 1, history)] == [(0, 2)]


def test_what_failed_or_was_changed_comes_first() -> None:
    units = [unit(number, number) for number in range(4)]
    durations = {one.test_id: 1.0 + number for number, one in enumerate(units)}
    history = History(durations, failing=frozenset({units[1].test_id}))
    assert planned(units, range(4), 2, history)[0].units == (1,)
    first_two = planned(units, range(4), 2, History(durations), changed=["src/m0.py", "README.md", "m0"])[:2]
    assert [batch.units for batch in first_two] == [(2,), (0,)]


def test_a_long_class_without_fixtures_is_cut_and_one_with_fixtures_is_not() -> None:
    shared = [unit(number, 2, "class m0.C2") for number in range(100, 200)]
    units = [unit(number, 1) for number in range(100)] + shared
    batches = planned(units, range(200), 2, History())
    sizes = sorted(len(batch.units) for batch in batches)
    assert sizes[-1] == 100
    assert len(sizes) > PIECES_A_WORKER
    assert sizes[-2] <= 200 / (2 * PIECES_A_WORKER) + 1


def test_short_classes_of_one_module_go_together() -> None:
    units = [Unit(f"m.C{number}.test", "m", f"m.C{number}", "") for number in range(1000)]
    assert len(planned(units, range(1000), 2, History())) <= 2 * PIECES_A_WORKER + 1


def test_selected_by_test_class_module_or_fixture() -> None:
    units = [unit(0, 0), unit(1, 0), unit(2, 2), unit(3, 1)]
    assert selected(units, []) == [0, 1, 2, 3]
    assert selected(units, ["m0.C0.test_1"]) == [1]
    assert selected(units, ["m0.C0", "m1"]) == [0, 1, 3]
    assert selected(units, ["setUpClass (m0.C2)"]) == [2]
    assert selected(units, ["m0.C"]) == []


@given(suites(), strategies.randoms(use_true_random=False))
def test_translation_finds_equal_ids_in_their_order(units: list[Unit], random: object) -> None:
    theirs = list(units)
    random.shuffle(theirs)  # type: ignore[attr-defined]
    found = translation(units, theirs)
    assert sorted(found) == list(range(len(units)))
    assert all(theirs[there].test_id == units[here].test_id for here, there in found.items())
    assert len(set(found.values())) == len(units)
