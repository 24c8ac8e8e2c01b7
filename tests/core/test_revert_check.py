"""Check of a revert."""

from __future__ import annotations

from hypothesis import given, strategies as st

from batchhook.core.results import Outcome, TestResult
from batchhook.core.revert_check import RevertCheck, check_revert


def run(failing: str, passing: str = "") -> list[TestResult]:
    return [
        *(TestResult(name, "m", Outcome.FAILED) for name in failing),
        *(TestResult(name, "m", Outcome.PASSED) for name in passing),
    ]


def test_all_tests_fixed() -> None:
    check = check_revert("ab", run("abz"), run("z", "ab"))
    assert check == RevertCheck(fixed=("a", "b"))
    assert check.passes


def test_test_that_does_not_exist_without_the_changes_is_fixed() -> None:
    assert check_revert("a", run("a"), run("", "b")).fixed == ("a",)


def test_test_that_fails_all_the_same() -> None:
    check = check_revert("ab", run("ab"), run("b", "a"))
    assert (check.fixed, check.still_failing, check.passes) == (("a",), ("b",), False)


def test_test_that_the_revert_breaks() -> None:
    check = check_revert("a", run("a", "c"), run("c", "a"))
    assert (check.newly_failing, check.passes) == (("c",), False)


def test_new_failure_of_a_flaky_test_proves_nothing() -> None:
    check = check_revert("a", run("a", "c"), run("c", "a"), flaky={"c"})
    assert (check.newly_failing, check.flaky, check.passes) == ((), ("c",), True)


LETTERS = st.sets(st.sampled_from("abcdef")).map(lambda letters: "".join(sorted(letters)))


@given(LETTERS, LETTERS, LETTERS, LETTERS)
def test_every_failure_is_accounted_for(broken: str, before: str, after: str, flaky: str) -> None:
    check = check_revert(broken, run(before), run(after), set(flaky))
    assert {*check.fixed, *check.still_failing} == set(broken)
    assert {*check.newly_failing, *check.flaky} == set(after) - set(before) - set(broken)
