"""Two runs beside each other."""

from __future__ import annotations

from hypothesis import given, strategies as st

from batchhook.core.comparison import Comparison, compare
from batchhook.core.results import Outcome, TestResult


def at(**these: Outcome) -> list[TestResult]:
    return [TestResult(f"m.{name}", "m", outcome) for name, outcome in these.items()]


def test_what_is_different() -> None:
    before = at(a=Outcome.PASSED, b=Outcome.FAILED, c=Outcome.ERRORED, d=Outcome.FAILED, e=Outcome.FAILED)
    now = at(a=Outcome.FAILED, b=Outcome.PASSED, c=Outcome.CRASHED, d=Outcome.SKIPPED, new=Outcome.TIMED_OUT)
    assert compare(now, before).whole == Comparison(
        newly_failing=("m.a", "m.new"),
        still_failing=("m.c",),
        fixed=("m.b",),
        newly_skipped=("m.d",),
        new=("m.new",),
        vanished=("m.e",),
    )


def test_by_module_only_what_is_different() -> None:
    before = [TestResult("m.a", "m", Outcome.PASSED), TestResult("n.a", "n", Outcome.PASSED)]
    now = [TestResult("m.a", "m", Outcome.PASSED), TestResult("n.a", "n", Outcome.FAILED)]
    assert compare(now, before).by_module == {"n": Comparison(newly_failing=("n.a",))}


def test_of_several_results_with_one_id_a_failing_one_counts() -> None:
    twice = [TestResult("m.a", "m", Outcome.FAILED), TestResult("m.a", "m", Outcome.PASSED)]
    assert compare(twice, twice[1:]).whole.newly_failing == ("m.a",)


RUNS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(Outcome), max_size=6)


@given(now=RUNS, before=RUNS)
def test_every_failing_test_is_newly_or_still_failing(now: dict[str, Outcome], before: dict[str, Outcome]) -> None:
    found = compare(at(**now), at(**before)).whole
    failing = {f"m.{name}" for name, outcome in now.items() if outcome.is_failure}
    assert failing == {*found.newly_failing, *found.still_failing}
    assert not set(found.newly_failing) & set(found.still_failing)
    assert not set(found.fixed) & failing
    assert compare(at(**before), at(**now)).whole.vanished == found.new
