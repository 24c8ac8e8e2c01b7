"""Measurement of suspects on a line of revisions, with made-up timings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import pytest

from batchhook.core.perf.screening import SuspectedSlowdown
from batchhook.core.perf.significance import MAX_MEASUREMENTS, ROUND, Conclusion
from batchhook.core.perf.slowdown import Slowdown
from batchhook.errors import SuiteError
from batchhook.workflow.context.revisions import Revision
from batchhook.workflow.perf.bench import Bench, TimedRun
from batchhook.workflow.perf.measure import (
    CONTRADICTORY,
    FIRST_SUSPECTS,
    NOT_REPEATED,
    USUAL,
    Conditions,
    SlowdownFinder,
)

Seconds = Callable[[int, str, int], float | None]
"""Duration of a test, given the position, the test's id, and how often it ran there; None if it does not pass."""


class FakeBench:
    """A bench with made-up timings; each run takes a second of the budget."""

    def __init__(self, seconds: Seconds, budget: float, broken: Sequence[int], untestable: Sequence[int]) -> None:
        self.seconds_left = budget
        self.checkouts: list[int] = []
        self._seconds = seconds
        self._broken = broken
        self._untestable = untestable
        self._ran: dict[tuple[int, str], int] = {}

    @contextmanager
    def worktree(self, commit: str) -> Iterator[FakeWorktree]:
        position = int(commit.removeprefix("c"))
        if position in self._broken:
            raise SuiteError("setup failed")
        self.checkouts.append(position)
        yield FakeWorktree(self, position)

    def time(self, position: int, tests: Mapping[str, str]) -> TimedRun:
        self.seconds_left = max(0.0, self.seconds_left - 1)
        if position in self._untestable:
            return TimedRun({}, frozenset(tests))
        passed = {}
        for name in tests:
            ran = self._ran[position, name] = self._ran.get((position, name), -1) + 1
            seconds = self._seconds(position, name, ran)
            if seconds is not None:
                passed[name] = seconds
        return TimedRun(passed, frozenset())


class FakeWorktree:
    def __init__(self, bench: FakeBench, position: int) -> None:
        self.bench = bench
        self._position = position

    def time(self, tests: Mapping[str, str]) -> TimedRun:
        return self.bench.time(self._position, tests)


def suspect(name: str, *tests: str) -> SuspectedSlowdown:
    return SuspectedSlowdown(name, dict.fromkeys(tests or (name,), "m"), 0.1, 0.2, is_module=bool(tests))


def measure(  # noqa: PLR0913 - each varies alone
    seconds: Seconds,
    *suspects: SuspectedSlowdown,
    revisions: int = 6,
    budget: float = 1000,
    broken: Sequence[int] = (),
    untestable: Sequence[int] = (),
    conditions: Conditions = USUAL,
) -> tuple[dict[str, Slowdown], FakeBench]:
    bench = FakeBench(seconds, budget, broken, untestable)
    line = [Revision(f"c{number}", f"t{number}") for number in range(revisions)]
    slowdowns = SlowdownFinder(cast("Bench", cast("Any", bench)), line, 0.5, conditions=conditions).search(suspects)
    assert [slowdown.name for slowdown in slowdowns] == [slowdown.name for slowdown in suspects]
    return {slowdown.name: slowdown for slowdown in slowdowns}, bench


@pytest.mark.parametrize("culprit", range(1, 6))
def test_the_change_is_found_with_at_most_three_revisions_between(culprit: int) -> None:
    slowdowns, bench = measure(lambda position, *_: 0.2 if position >= culprit else 0.1, suspect("a"))
    assert (slowdowns["a"].comparison.conclusion, slowdowns["a"].culprit) == (Conclusion.SLOWER, f"c{culprit}")
    assert [timings.oid for timings in slowdowns["a"].evidence] == sorted(
        {f"c{position}" for position in bench.checkouts} - {"c0"}
    )
    assert len(bench.checkouts) <= 2 + 3 + 2, "both sides of the change are measured again at the end"


def test_one_checkout_serves_all_tests() -> None:
    def seconds(position: int, name: str, _: int) -> float:
        return 0.3 if position >= {"a": 1, "b": 1, "c": 5}[name] else 0.1

    slowdowns, bench = measure(seconds, suspect("a"), suspect("b"), suspect("c"))
    assert {name: slowdown.culprit for name, slowdown in slowdowns.items()} == {"a": "c1", "b": "c1", "c": "c5"}
    assert len(bench.checkouts) <= 2 + 4 + 3


def test_what_only_seemed_slower_is_settled_soon() -> None:
    slowdowns, bench = measure(lambda _state, _name, ran: [0.1, 0.11, 0.1][ran % 3], suspect("a"))
    assert slowdowns["a"].comparison.conclusion is Conclusion.SIMILAR
    assert len(slowdowns["a"].evidence[0].base) < ROUND
    assert bench.checkouts == [0, 5]


def test_noise_that_never_settles() -> None:
    """Before: 100 or 900 ms in turn; after: 900 or 200. The minimum and the median contradict each other."""

    def seconds(position: int, _name: str, ran: int) -> float:
        return ([0.9, 0.2] if position else [0.1, 0.9])[ran % 2]

    slowdowns, bench = measure(seconds, suspect("a"))
    assert slowdowns["a"].is_inconclusive
    assert slowdowns["a"].reason.startswith("too noisy to tell")
    assert len(slowdowns["a"].evidence[0].measured) == MAX_MEASUREMENTS
    assert bench.checkouts == [0, 5]


def test_a_module_is_measured_as_the_sum_of_its_tests_that_pass_everywhere() -> None:
    def seconds(position: int, name: str, _: int) -> float | None:
        absent = name == "new" and position == 0
        return None if absent else 0.004 * (2 if position >= 4 else 1)

    names = [f"t{number}" for number in range(10)]
    slowdowns, _ = measure(seconds, suspect("m", *names, "new"))
    assert (slowdowns["m"].is_confirmed, slowdowns["m"].is_module, slowdowns["m"].culprit) == (True, True, "c4")
    assert slowdowns["m"].comparison.before == pytest.approx(0.04), "without the one that was not there before"


def test_new_or_failing_tests_are_no_slowdown() -> None:
    def seconds(position: int, name: str, ran: int) -> float | None:
        failing = {"new": position == 0, "flaky": ran == 2, "broken": position == 5}[name]
        return None if failing else 0.1 * (1 + position)

    slowdowns, _ = measure(seconds, suspect("new"), suspect("flaky"), suspect("broken"))
    assert {slowdown.comparison.conclusion for slowdown in slowdowns.values()} == {Conclusion.SIMILAR}


def test_revisions_that_cannot_be_measured_leave_a_range() -> None:
    slowdowns, _ = measure(lambda position, *_: 0.2 if position >= 3 else 0.1, suspect("a"), broken=[2], untestable=[3])
    assert slowdowns["a"].culprit == ""
    assert slowdowns["a"].suspects == ("c2", "c3", "c4")
    assert "c2: setup failed" in slowdowns["a"].reason
    assert "c3: it cannot be run" in slowdowns["a"].reason


def test_a_revision_where_the_test_fails_is_inconclusive() -> None:
    def seconds(position: int, *_: object) -> float | None:
        return None if position == 2 else 0.2 if position >= 1 else 0.1

    slowdowns, bench = measure(seconds, suspect("a"))
    assert 2 in bench.checkouts
    assert slowdowns["a"].culprit == "c1"


def test_a_base_that_cannot_be_run() -> None:
    slowdowns, _ = measure(lambda *_: 0.1, suspect("a"), untestable=[0])
    assert (slowdowns["a"].is_inconclusive, slowdowns["a"].reason) == (True, "it cannot be run on one of the revisions")
    with pytest.raises(SuiteError, match="setup failed"):
        measure(lambda *_: 0.1, suspect("a"), broken=[0])


def test_the_budget_ends_the_search() -> None:
    def slow(position: int, *_: object) -> float:
        return 0.2 if position else 0.1

    slowdowns, bench = measure(slow, suspect("a"), budget=8)
    assert slowdowns["a"].is_inconclusive
    assert "used up" in slowdowns["a"].reason
    assert len(bench.checkouts) == 2
    slowdowns, _ = measure(slow, suspect("a"), budget=12)
    assert (slowdowns["a"].is_confirmed, slowdowns["a"].culprit) == (True, "")
    assert "used up" in slowdowns["a"].reason
    assert len(slowdowns["a"].suspects) > 1


def test_what_the_budget_cannot_cover_is_skipped() -> None:
    long_ = SuspectedSlowdown("long", {"long": "m"}, 50.0, 100.0)
    slowdowns, _ = measure(lambda position, *_: 0.2 if position else 0.1, long_, suspect("a"), budget=100)
    assert slowdowns["long"].is_inconclusive
    assert "slowdown_budget" in slowdowns["long"].reason
    assert slowdowns["a"].culprit == "c1"


def test_a_change_of_documents_is_never_named() -> None:
    """A commit of README.md was said to have made a test 4.8 times slower, on a busy machine."""
    for inert, reason in ((3, NOT_REPEATED), (5, CONTRADICTORY)):
        conditions = Conditions(inert=frozenset({inert}))
        slowdowns, _ = measure(
            lambda position, *_, inert=inert: 0.2 if position >= inert else 0.1, suspect("a"), conditions=conditions
        )
        assert (slowdowns["a"].is_inconclusive, slowdowns["a"].suspects) == (True, ())
        assert slowdowns["a"].reason == reason
    conditions = Conditions(inert=frozenset({3}))
    slowdowns, _ = measure(lambda position, *_: 0.2 if position >= 4 else 0.1, suspect("a"), conditions=conditions)
    assert slowdowns["a"].culprit == "c4"


def test_what_does_not_show_again_names_no_change() -> None:
    def seconds(position: int, _name: str, ran: int) -> float:
        return 0.2 if position >= 3 and ran < ROUND else 0.1

    slowdowns, _ = measure(seconds, suspect("a"))
    assert (slowdowns["a"].is_confirmed, slowdowns["a"].suspects) == (False, ())
    assert slowdowns["a"].reason == NOT_REPEATED


def test_on_a_slow_machine_the_worst_few_decide_about_the_others() -> None:
    many = [suspect(f"t{number:03}") for number in range(263)]
    slow = Conditions(is_machine_slow=True)
    slowdowns, _ = measure(lambda *_: 0.1, *many, conditions=slow)
    assert not any(slowdown.is_confirmed or slowdown.is_inconclusive for slowdown in slowdowns.values())
    assert sum(bool(slowdown.evidence) for slowdown in slowdowns.values()) == FIRST_SUSPECTS
    slowdowns, _ = measure(lambda position, *_: 0.2 if position >= 2 else 0.1, *many, conditions=slow)
    assert {slowdown.culprit for slowdown in slowdowns.values()} == {"c2"}, "a change that slows everything is found"


def test_the_smallest_difference_is_the_reason_where_it_is() -> None:
    def seconds(position: int, _name: str, ran: int) -> float:
        return (0.009 if ran % 3 else 0.007) if position else 0.0025

    slowdowns, _ = measure(seconds, suspect("a"))
    assert slowdowns["a"].is_inconclusive
    assert "the smallest difference that is reported" in slowdowns["a"].reason
