"""Measuring suspects in a line of states, where the timings are made up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import pytest

from batchhook.core.perf.screening import Suspect
from batchhook.core.perf.significance import FEW, MOST, Ruling
from batchhook.core.perf.slowdown import Slowdown
from batchhook.errors import SuiteError
from batchhook.workflow.context.revisions import State
from batchhook.workflow.perf.bench import Bench, Timed
from batchhook.workflow.perf.measure import Measuring

Seconds = Callable[[int, str, int], float | None]
"""How long a test takes: given the number of the state, the test's id, and how many times it ran there before."""


class Scripted:
    """A bench whose timings are made up; each run takes a second of the budget."""

    def __init__(self, seconds: Seconds, budget: float, broken: Sequence[int], untestable: Sequence[int]) -> None:
        self.left = budget
        self.looks: list[int] = []
        self._seconds = seconds
        self._broken = broken
        self._untestable = untestable
        self._ran: dict[tuple[int, str], int] = {}

    @contextmanager
    def at(self, commit: str) -> Iterator[Place]:
        state = int(commit.removeprefix("c"))
        if state in self._broken:
            raise SuiteError("setup failed")
        self.looks.append(state)
        yield Place(self, state)

    def time(self, state: int, tests: Mapping[str, str]) -> Timed:
        self.left = max(0.0, self.left - 1)
        if state in self._untestable:
            return Timed({}, frozenset(tests))
        found = {}
        for name in tests:
            ran = self._ran[state, name] = self._ran.get((state, name), -1) + 1
            seconds = self._seconds(state, name, ran)
            if seconds is not None:
                found[name] = seconds
        return Timed(found, frozenset())


class Place:
    def __init__(self, bench: Scripted, state: int) -> None:
        self.bench = bench
        self._state = state

    def time(self, tests: Mapping[str, str]) -> Timed:
        return self.bench.time(self._state, tests)


def suspect(name: str, *tests: str) -> Suspect:
    return Suspect(name, dict.fromkeys(tests or (name,), "m"), 0.1, 0.2, is_module=bool(tests))


def measure(
    seconds: Seconds,
    *suspects: Suspect,
    states: int = 6,
    budget: float = 1000,
    broken: Sequence[int] = (),
    untestable: Sequence[int] = (),
) -> tuple[dict[str, Slowdown], Scripted]:
    bench = Scripted(seconds, budget, broken, untestable)
    line = [State(f"c{number}", f"t{number}") for number in range(states)]
    found = Measuring(cast("Bench", cast("Any", bench)), line, 0.5).run(suspects)
    assert [each.name for each in found] == [each.name for each in suspects]
    return {each.name: each for each in found}, bench


@pytest.mark.parametrize("guilty", range(1, 6))
def test_the_change_is_found_with_three_states_between_at_most(guilty: int) -> None:
    found, bench = measure(lambda state, *_: 0.2 if state >= guilty else 0.1, suspect("a"))
    assert (found["a"].judgement.ruling, found["a"].change) == (Ruling.SLOWER, f"c{guilty}")
    assert [each.state for each in found["a"].evidence] == sorted({f"c{state}" for state in bench.looks} - {"c0"})
    assert len(bench.looks) <= 2 + 3


def test_one_look_serves_all_tests() -> None:
    def seconds(state: int, name: str, _: int) -> float:
        return 0.3 if state >= {"a": 1, "b": 1, "c": 5}[name] else 0.1

    found, bench = measure(seconds, suspect("a"), suspect("b"), suspect("c"))
    assert {name: each.change for name, each in found.items()} == {"a": "c1", "b": "c1", "c": "c5"}
    assert len(bench.looks) <= 2 + 4


def test_what_only_seemed_slower_is_done_with_soon() -> None:
    found, bench = measure(lambda _state, _name, ran: [0.1, 0.11, 0.1][ran % 3], suspect("a"))
    assert found["a"].judgement.ruling is Ruling.ALIKE
    assert len(found["a"].evidence[0].base) < FEW
    assert bench.looks == [0, 5]


def test_noise_that_wins() -> None:
    """Before it takes 100 or 900 ms by turns, after it 900 or 200: the least says one thing, the median another."""

    def seconds(state: int, _name: str, ran: int) -> float:
        return ([0.9, 0.2] if state else [0.1, 0.9])[ran % 2]

    found, bench = measure(seconds, suspect("a"))
    assert (found["a"].is_unclear, found["a"].reason) == (True, "noise is too large to tell")
    assert len(found["a"].evidence[0].there) == MOST
    assert bench.looks == [0, 5]


def test_a_module_is_measured_as_the_sum_of_its_tests_that_pass_everywhere() -> None:
    def seconds(state: int, name: str, _: int) -> float | None:
        absent = name == "new" and state == 0
        return None if absent else 0.004 * (2 if state >= 4 else 1)

    names = [f"t{number}" for number in range(10)]
    found, _ = measure(seconds, suspect("m", *names, "new"))
    assert (found["m"].is_confirmed, found["m"].is_module, found["m"].change) == (True, True, "c4")
    assert found["m"].judgement.before == pytest.approx(0.04), "without the one that was not there before"


def test_what_is_new_or_fails_is_no_slowdown() -> None:
    def seconds(state: int, name: str, ran: int) -> float | None:
        failing = {"new": state == 0, "flaky": ran == 2, "broken": state == 5}[name]
        return None if failing else 0.1 * (1 + state)

    found, _ = measure(seconds, suspect("new"), suspect("flaky"), suspect("broken"))
    assert {each.judgement.ruling for each in found.values()} == {Ruling.ALIKE}


def test_states_that_say_nothing_leave_a_range() -> None:
    found, _ = measure(lambda state, *_: 0.2 if state >= 3 else 0.1, suspect("a"), broken=[2], untestable=[3])
    assert found["a"].change == ""
    assert found["a"].suspects == ("c2", "c3", "c4")
    assert "c2: setup failed" in found["a"].reason
    assert "c3: it cannot be run" in found["a"].reason


def test_a_state_in_which_the_test_fails_says_nothing_of_its_speed() -> None:
    def seconds(state: int, *_: object) -> float | None:
        return None if state == 2 else 0.2 if state >= 1 else 0.1

    found, bench = measure(seconds, suspect("a"))
    assert 2 in bench.looks
    assert found["a"].change == "c1"


def test_a_state_before_that_cannot_be_run_at_all() -> None:
    found, _ = measure(lambda *_: 0.1, suspect("a"), untestable=[0])
    assert (found["a"].is_unclear, found["a"].reason) == (True, "it cannot be run in one of the states")
    with pytest.raises(SuiteError, match="setup failed"):
        measure(lambda *_: 0.1, suspect("a"), broken=[0])


def test_the_budget_ends_everything() -> None:
    def slow(state: int, *_: object) -> float:
        return 0.2 if state else 0.1

    found, bench = measure(slow, suspect("a"), budget=8)
    assert found["a"].is_unclear
    assert "used up" in found["a"].reason
    assert len(bench.looks) == 2
    found, _ = measure(slow, suspect("a"), budget=12)
    assert (found["a"].is_confirmed, found["a"].change) == (True, "")
    assert "used up" in found["a"].reason
    assert len(found["a"].suspects) > 1


def test_where_there_is_not_time_enough_for_all_the_first_ones_are_measured() -> None:
    long_ = Suspect("long", {"long": "m"}, 50.0, 100.0)
    found, _ = measure(lambda state, *_: 0.2 if state else 0.1, long_, suspect("a"), budget=100)
    assert found["long"].is_unclear
    assert "slowdown_budget" in found["long"].reason
    assert found["a"].change == "c1"
