"""What is worth measuring."""

from __future__ import annotations

from hypothesis import given, strategies as st

from batchhook.core.perf.screening import (
    RunDurations,
    TimingHistory,
    TimingKey,
    is_conspicuous,
    is_machine_slow,
    screen_slowdowns,
)
from batchhook.core.perf.significance import MIN_DIFFERENCE
from batchhook.core.results import IsolationLevel, Outcome, TestResult

seconds = st.floats(0, 100)


def result(name: str, duration: float, outcome: Outcome = Outcome.PASSED, module: str = "m") -> TestResult:
    return TestResult(f"{module}.T.{name}", module, outcome, duration)


def past(
    *runs: dict[str, float], tests: dict[str, int] | None = None, company: IsolationLevel = IsolationLevel.SUITE
) -> TimingHistory:
    """Earlier runs, newest first, the newest one having the highest number."""
    return TimingHistory(
        [
            RunDurations(number, {TimingKey(f"m.T.{name}", "m", company): duration for name, duration in run.items()})
            for number, run in zip(range(len(runs), 0, -1), runs, strict=True)
        ],
        measured_tests=tests or {},
    )


@given(seconds, st.lists(seconds, max_size=20), st.floats(0.01, 3))
def test_conspicuous_is_above_all_limits(now: float, earlier: list[float], threshold: float) -> None:
    if is_conspicuous(now, earlier, threshold):
        usual = sorted(earlier)[len(earlier) // 2 if len(earlier) % 2 else len(earlier) // 2 - 1]
        assert now - usual >= MIN_DIFFERENCE
        assert now > 1.2 * usual
        assert now > (1 + threshold) * usual
    assert not is_conspicuous(now, [], threshold)
    assert not is_conspicuous(now, [now], threshold)


def test_a_noisy_test_needs_more_than_a_steady_one() -> None:
    assert is_conspicuous(0.2, [0.1] * 10, 0.5)
    assert not is_conspicuous(0.2, [0.05, 0.15] * 5, 0.5)


def test_the_worst_comes_first() -> None:
    usual = past(*[{"a": 0.1, "b": 0.1, "c": 0.1}] * 5)
    found = screen_slowdowns([result("a", 0.2), result("b", 0.3), result("c", 0.1)], usual, 0.5)
    assert [(each.name, each.is_module) for each in found] == [("m.T.b", False), ("m.T.a", False)]
    assert found[0].ratio == 0.3 / 0.1


def test_what_fails_is_new_or_stands_twice_is_not_suspected() -> None:
    usual = past(*[{"a": 0.1, "c": 0.1}] * 5)
    these = [result("a", 9, Outcome.FAILED), result("b", 9), result("c", 9), result("c", 9)]
    assert screen_slowdowns(these, usual, 0.5) == ()


def test_a_module_is_suspected_for_what_no_single_test_explains() -> None:
    names = [f"t{number}" for number in range(20)]
    usual = past(*[dict.fromkeys(names, 0.004)] * 5)
    (found,) = screen_slowdowns([result(name, 0.008) for name in names], usual, 0.5)
    assert (found.name, found.is_module, len(found.tests)) == ("m", True, 20)
    assert found.ratio > 1.9
    one = [result(name, 0.9 if name == "t3" else 0.004) for name in names]
    assert [each.name for each in screen_slowdowns(one, usual, 0.5)] == ["m.T.t3"], "the module is explained by it"


def test_a_module_that_got_more_tests_is_not_slower() -> None:
    usual = past(*[{"a": 0.1, "b": 0.1}] * 5)
    more = [result("a", 0.1), result("b", 0.1), *(result(f"new{number}", 0.1) for number in range(9))]
    assert screen_slowdowns(more, usual, 0.5) == ()


def test_history_begins_anew_with_what_was_measured() -> None:
    runs = [{"a": 0.3}, {"a": 0.1}, {"a": 0.1}, {"a": 0.1}]
    assert screen_slowdowns([result("a", 0.3)], past(*runs), 0.5)
    assert not screen_slowdowns([result("a", 0.3)], past(*runs, tests={"m.T.a": 4}), 0.5)
    assert screen_slowdowns([result("a", 0.9)], past(*runs, tests={"m.T.a": 4}), 0.5)


def test_beside_others_everything_takes_longer() -> None:
    alone, beside = past(*[{"a": 0.1}] * 3), past(*[{"a": 0.2}] * 3, company=IsolationLevel.PARALLEL)
    both = TimingHistory(
        [RunDurations(number, each.seconds) for number, each in enumerate((*alone.runs, *beside.runs), start=1)]
    )
    now = TestResult("m.T.a", "m", Outcome.PASSED, 0.25, isolation=IsolationLevel.PARALLEL)
    assert not screen_slowdowns([now], both, 0.5)
    assert screen_slowdowns([now], alone, 0.5), "where it was never seen so, better than nothing"


def test_other_tests_show_that_the_machine_is_slow() -> None:
    names = [f"t{number}" for number in range(20)]
    usual = past(*[dict.fromkeys(names, 0.02)] * 5)
    assert is_machine_slow([result(name, 0.03) for name in names], usual)
    assert not is_machine_slow([result(name, 0.03 if name < "t15" else 0.02) for name in names], usual)
    assert not is_machine_slow([result(name, 0.03) for name in names[:5]], usual), "too few to tell"
    assert not is_machine_slow([result("new", 9)], usual)
