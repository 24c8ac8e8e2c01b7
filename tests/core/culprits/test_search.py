"""The search for culprits, in histories that are made up."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from batchhook.core.culprits.attribution import Attribution, Kind, Sight, by_change, summary
from batchhook.core.culprits.coarsen import view
from batchhook.core.culprits.posterior import Seen, believe
from batchhook.core.culprits.priors import Record, priors
from batchhook.core.culprits.search import Search, Subject

PASSED, FAILED, ABSENT, UNTESTABLE = Sight.PASSED, Sight.FAILED, Sight.ABSENT, Sight.UNTESTABLE
STEADY = Record(passes=30)

Look = Callable[[str, int], Sight]


class Made:
    """A search that was carried out, and what it took."""

    def __init__(self, search: Search, look: Look, workers: int = 2, most_visits: int = 400) -> None:
        self.visits = self.runs = 0
        self.looked: set[tuple[str, int]] = set()
        while visits := search.ask(workers):
            assert len(visits) <= workers
            for visit in visits:
                self.visits += 1
                self.runs += len(visit.tests)
                assert self.visits < most_visits, "it does not come to an end"
                for name in visit.tests:
                    self.looked.add((name, visit.state))
                    search.tell(name, visit.state, look(name, visit.state))
        self.found: Mapping[str, Attribution] = search.attributions


def search_for(
    changes: int, tests: Sequence[str], record: Record = STEADY, likeness: str = "", scores: Sequence[float] = ()
) -> Search:
    """A search in which each test was found failing after the last change."""
    known = priors(record, scores or [0.0] * changes)
    subjects = [Subject(name, likeness or name, known, 0.01) for name in tests]
    search = Search([f"c{number}" for number in range(changes + 1)], subjects)
    for name in tests:
        search.tell(name, changes, FAILED)
    return search


def one(changes: int, look: Callable[[int], Sight], scores: Sequence[float] = ()) -> Attribution:
    """What becomes of one test."""
    return Made(search_for(changes, ["t"], scores=scores), lambda _, state: look(state)).found["t"]


def since(broke: int) -> Callable[[int], Sight]:
    return lambda state: FAILED if state >= broke else PASSED


@given(changes=st.integers(1, 40), data=st.data(), workers=st.integers(1, 4), known=st.integers(0, 300))
@settings(max_examples=150, deadline=None)
def test_of_tests_that_fail_always_every_culprit_is_found(
    changes: int, data: st.DataObject, workers: int, known: int
) -> None:
    names = [f"t{number}" for number in range(data.draw(st.integers(1, 8)))]
    broke = {name: data.draw(st.integers(0, changes)) for name in names}
    likeness = data.draw(st.sampled_from(["", "alike"]))
    search = search_for(changes, names, Record(passes=known), likeness)
    made = Made(search, lambda name, state: FAILED if state >= broke[name] else PASSED, workers)
    for name, found in made.found.items():
        if not broke[name]:
            assert found.kind is Kind.PRE_EXISTING
            continue
        assert (found.kind, found.change) == (Kind.CULPRIT, f"c{broke[name]}")
        assert found.confidence >= 0.99
        seen = {sighting.state: sighting for sighting in found.evidence}
        assert seen[f"c{broke[name]}"].failed, "it has to be seen failing there"
        assert seen[f"c{broke[name] - 1}"].passed, "and passing just before"


@pytest.mark.parametrize("broke", range(1, 6))
def test_what_five_changes_cost(broke: int) -> None:
    search = search_for(5, ["t"])
    search.tell("t", 0, PASSED)
    assert Made(search, lambda _, state: since(broke)(state)).visits <= 6


@pytest.mark.parametrize("broke", [1, 2, 211, 599, 600])
def test_hundreds_of_changes(broke: int) -> None:
    scores = [1.0 if number % 7 == 3 else 0.0 for number in range(600)]
    for known in ((), scores):
        made = Made(search_for(600, ["t"], scores=known), lambda _, state: since(broke)(state))
        assert made.found["t"].change == f"c{broke}"
        assert made.visits <= 26


def test_hundreds_of_changes_of_which_many_cannot_be_tested() -> None:
    def look(name: str, state: int) -> Sight:
        return UNTESTABLE if 100 <= state < 400 else since({"a": 50, "b": 500, "c": 400}[name])(state)

    made = Made(search_for(600, ["a", "b"]), look)
    assert {name: found.change for name, found in made.found.items()} == {"a": "c50", "b": "c500"}
    assert made.visits <= 36
    found = Made(search_for(600, ["c"]), look).found["c"]
    assert found.kind is Kind.AMBIGUOUS
    assert found.suspects == tuple(f"c{number}" for number in range(100, 401))


@given(seen=st.dictionaries(st.integers(0, 399), st.booleans(), max_size=12), likely=st.integers(0, 399))
@settings(max_examples=25, deadline=None)
def test_from_afar_as_much_is_believed_of_each_stretch(seen: dict[int, bool], likely: int) -> None:
    passed = tuple(int(seen.get(state, False)) for state in range(400))
    failed = tuple(int(not seen.get(state, True)) for state in range(400))
    known = priors(STEADY, [float(number == likely) for number in range(399)])
    whole, some = believe(Seen(passed, failed), known), view(Seen(passed, failed), known, lambda _: True)
    assert len(some.states) < 150
    assert some.belief.none == pytest.approx(whole.none, rel=0.05, abs=0.001)
    for place, (before, state) in enumerate(pairwise((-1, *some.states))):
        assert some.belief.last_break[place] == pytest.approx(
            sum(whole.last_break[before + 1 : state + 1]), rel=0.05, abs=0.001
        )


def test_tests_with_the_same_culprit_share_their_visits() -> None:
    names = [f"t{number}" for number in range(50)]
    alone = Made(search_for(20, names[:1]), lambda _, state: since(7)(state)).visits
    assert Made(search_for(20, names), lambda _, state: since(7)(state)).visits == alone


def test_what_fails_like_another_is_only_looked_at_where_that_broke() -> None:
    names = [f"t{number}" for number in range(1000)]
    made = Made(search_for(20, names, likeness="alike"), lambda _, state: since(7)(state))
    assert all(found.change == "c7" for found in made.found.values())
    assert made.runs <= 2 * len(names) + 20


def test_one_that_only_looks_alike_is_searched_for_by_itself() -> None:
    broke = {"a": 3, "b": 3, "c": 8, "d": 0}
    made = Made(search_for(10, list(broke), likeness="alike"), lambda name, state: since(broke[name])(state))
    assert {name: found.change for name, found in made.found.items()} == {"a": "c3", "b": "c3", "c": "c8", "d": ""}
    assert made.found["d"].kind is Kind.PRE_EXISTING


def test_ten_thousand_failing_tests_come_to_an_end() -> None:
    names = [f"t{number}" for number in range(10_000)]
    made = Made(search_for(5, names), lambda _, state: since(4)(state))
    assert {found.change for found in made.found.values()} == {"c4"}
    assert made.visits <= 10


@pytest.mark.parametrize("scores", [(), (1.0, 2.0, 1.0, 1.0, 1.0)])
@pytest.mark.parametrize(("first", "fixed", "again"), [(1, 2, 4), (1, 3, 5), (2, 3, 4), (2, 4, 5), (1, 2, 3)])
def test_broken_mended_and_broken_again_is_the_last_ones_doing(
    first: int, fixed: int, again: int, scores: Sequence[float]
) -> None:
    def look(state: int) -> Sight:
        return FAILED if first <= state < fixed or state >= again else PASSED

    # Where no change touched what the test uses, nothing hints at it: a mend between is believed only if it was seen.
    found = one(5, look, scores)
    if scores:
        assert found.change == f"c{again}"
    else:
        assert found.change in {f"c{again}", f"c{first}"}


def test_states_that_cannot_be_tested_are_skipped_over_and_not_blamed() -> None:
    def look(state: int) -> Sight:
        return UNTESTABLE if state in {2, 3} else since(5)(state)

    assert one(6, look).change == "c5"


def test_a_culprit_behind_states_that_cannot_be_tested_is_a_range() -> None:
    def look(state: int) -> Sight:
        return UNTESTABLE if state in {2, 3} else since(2)(state)

    found = one(6, look)
    assert found.kind is Kind.AMBIGUOUS
    assert found.suspects == ("c2", "c3", "c4")
    assert found.reason == "cannot be tested at c2, cannot be tested at c3"


def test_a_new_test_that_never_passed_was_introduced_failing() -> None:
    found = one(5, lambda state: FAILED if state >= 3 else ABSENT)
    assert (found.kind, found.change) == (Kind.INTRODUCED, "c3")


def test_a_new_test_that_passed_at_first_has_a_culprit() -> None:
    found = one(5, lambda state: ABSENT if state < 2 else since(4)(state))
    assert (found.kind, found.change) == (Kind.CULPRIT, "c4")


def test_a_test_that_can_be_seen_nowhere_else() -> None:
    found = one(5, lambda state: FAILED if state == 5 else UNTESTABLE)
    assert found.kind is Kind.AMBIGUOUS
    assert found.suspects == ("c1", "c2", "c3", "c4", "c5")


def test_a_test_that_cannot_be_run_by_itself() -> None:
    found = one(5, lambda _: ABSENT)
    assert found.kind is Kind.AMBIGUOUS
    assert found.reason == "it cannot be run by itself"


def test_flaky_ones_are_called_so_and_nobody_is_blamed() -> None:
    chance = random.Random(1)
    names = [f"t{number}" for number in range(40)]
    made = Made(search_for(5, names), lambda *_: FAILED if chance.random() < 0.3 else PASSED)
    kinds = [found.kind for found in made.found.values()]
    assert kinds.count(Kind.FLAKY) >= 38
    assert made.runs / len(names) <= 9.5
    flaky = next(found for found in made.found.values() if found.kind is Kind.FLAKY)
    assert 0 < flaky.failed < flaky.runs


def test_a_flaky_leader_does_not_speak_for_the_others() -> None:
    chance = random.Random(2)

    def look(name: str, state: int) -> Sight:
        if name == "t0":
            return FAILED if chance.random() < 0.2 else PASSED
        return since(2)(state)

    made = Made(search_for(5, ["t0", "t1", "t2"], likeness="alike"), look)
    assert made.found["t0"].kind is Kind.FLAKY
    assert made.found["t1"].change == made.found["t2"].change == "c2"


def test_when_the_budget_is_used_up_what_is_known_is_said() -> None:
    search = search_for(20, ["a", "b"])
    search.tell("a", 10, PASSED)
    search.ask(1)
    search.give_up("no time left")
    found = search.attributions["a"]
    assert found.kind is Kind.AMBIGUOUS
    assert found.reason == "no time left"
    assert {"c11", "c20"} <= set(found.suspects)
    assert "c5" not in found.suspects
    assert search.open == 0
    assert not search.ask(1)


def test_what_was_seen_before_is_not_looked_at_again() -> None:
    search = search_for(5, ["t"])
    for state in range(5):
        for _ in range(2):
            search.tell("t", state, since(3)(state))
    assert not search.ask(2)
    assert search.attributions["t"].change == "c3"


def test_a_change_that_touched_what_the_test_uses_is_looked_at_first() -> None:
    search = search_for(100, ["t"], scores=[1.0 if number == 36 else 0.0 for number in range(100)])
    states = {visit.state for visit in search.ask(2)}
    assert states & {36, 37}


def test_the_history_decides_how_much_a_failure_means() -> None:
    def none(record: Record) -> float:
        seen = Seen((1, 0, 0, 0, 1, 0), (0, 0, 0, 0, 0, 2))
        return float(believe(seen, priors(record, [0.0] * 5)).none)

    assert none(Record(passes=100)) < none(Record()) < none(Record(passes=10, flakes=5))


@given(
    states=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=30),
    flakes=st.integers(0, 500),
    passes=st.integers(0, 10_000),
)
@settings(max_examples=100, deadline=None)
def test_beliefs_are_probabilities(states: list[tuple[int, int]], flakes: int, passes: int) -> None:
    seen = Seen(tuple(passed for passed, _ in states), tuple(failed for _, failed in states))
    belief = believe(seen, priors(Record(passes, flakes), [0.0] * (len(states) - 1)))
    assert sum(belief.hypotheses) == pytest.approx(1)
    assert all(0 <= chance <= 1 + 1e-9 for chance in belief.hypotheses)
    assert all(0 <= chance <= 1 + 1e-9 for row in belief.chances for chance in row)


def test_what_was_found_out_in_a_sentence() -> None:
    found = {
        "a": Attribution(Kind.CULPRIT, 1, ("0123456789",)),
        "b": Attribution(Kind.FLAKY, 1),
        "c": Attribution(Kind.INTRODUCED, 1, ("89abcdef01",)),
        "d": Attribution(Kind.INTRODUCED, 1, ("89abcdef01",)),
    }
    assert by_change(found) == {"89abcdef01": ["c", "d"], "0123456789": ["a"]}
    assert summary(found) == "89abcdef broke 2 tests, 01234567 broke 1 test, 1 flaky"
