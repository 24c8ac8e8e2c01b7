"""Comparison of two runs."""

from __future__ import annotations

from hypothesis import given, strategies as st

from batchhook.core.comparison import Comparison, compare
from batchhook.core.results import Outcome, TestResult


def run(**outcomes: Outcome) -> list[TestResult]:
    return [TestResult(f"m.{name}", "m", outcome) for name, outcome in outcomes.items()]


def test_differences() -> None:
    before = run(a=Outcome.PASSED, b=Outcome.FAILED, c=Outcome.ERRORED, d=Outcome.FAILED, e=Outcome.FAILED)
    now = run(a=Outcome.FAILED, b=Outcome.PASSED, c=Outcome.CRASHED, d=Outcome.SKIPPED, new=Outcome.TIMED_OUT)
    assert compare(now, before).overall == Comparison(
        newly_failing=("m.a", "m.new"),
        still_failing=("m.c",),
        fixed=("m.b",),
        newly_skipped=("m.d",),
        added=("m.new",),
        removed=("m.e",),
    )


def test_a_flaky_test_that_passes_is_not_fixed() -> None:
    before = run(a=Outcome.FAILED, b=Outcome.FAILED, c=Outcome.FAILED)
    now = run(a=Outcome.PASSED, b=Outcome.PASSED)
    now.append(TestResult("m.c", "m", Outcome.PASSED, first_outcome=Outcome.FAILED))
    assert compare(now, before, flaky={"m.a"}).overall == Comparison(fixed=("m.b",))


def test_a_flaky_test_that_fails_is_no_regression() -> None:
    compared = compare(run(a=Outcome.FAILED, b=Outcome.FAILED, c=Outcome.FAILED), run(a=Outcome.PASSED))
    excused = compared.excuse({"m.b"}, {"m.a"})
    for each in (excused.overall, excused.by_module["m"]):
        assert (each.newly_failing, each.failing_without_changes, each.flaky) == (("m.c",), ("m.b",), ("m.a",))
    assert compared.overall.excuse((), {"m.a"}).is_regression
    assert not compared.overall.excuse({"m.b", "m.c"}, {"m.a"}).is_regression


def test_modules_without_differences_are_left_out() -> None:
    before = [TestResult("m.a", "m", Outcome.PASSED), TestResult("n.a", "n", Outcome.PASSED)]
    now = [TestResult("m.a", "m", Outcome.PASSED), TestResult("n.a", "n", Outcome.FAILED)]
    assert compare(now, before).by_module == {"n": Comparison(newly_failing=("n.a",))}


def test_duplicate_id_counts_as_failing() -> None:
    twice = [TestResult("m.a", "m", Outcome.FAILED), TestResult("m.a", "m", Outcome.PASSED)]
    assert compare(twice, twice[1:]).overall.newly_failing == ("m.a",)


RUNS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(Outcome), max_size=6)


@given(now=RUNS, before=RUNS)
def test_every_failure_is_newly_or_still_failing(now: dict[str, Outcome], before: dict[str, Outcome]) -> None:
    comparison = compare(run(**now), run(**before)).overall
    failing = {f"m.{name}" for name, outcome in now.items() if outcome.is_failure}
    assert failing == {*comparison.newly_failing, *comparison.still_failing}
    assert not set(comparison.newly_failing) & set(comparison.still_failing)
    assert not set(comparison.fixed) & failing
    assert compare(run(**before), run(**now)).overall.removed == comparison.added
