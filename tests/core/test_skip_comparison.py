"""Skips of two work trees, compared."""

from __future__ import annotations

import pytest

from batchhook.core.results import Outcome, TestResult
from batchhook.core.skip_comparison import TestSets

PASSED, SKIPPED, FAILED = Outcome.PASSED, Outcome.SKIPPED, Outcome.FAILED


def result(test_id: str, outcome: Outcome = SKIPPED, message: str = "") -> TestResult:
    return TestResult(test_id, test_id.partition(".")[0], outcome, message=message)


def sets(results: list[TestResult], *collected: str) -> TestSets:
    return TestSets(results, frozenset(collected), frozenset(each.test_id for each in results))


@pytest.mark.parametrize(
    ("skipped", "collected", "selected"),
    [
        ("m.T.test_a", {"m.T.test_a", "m.T.test_b"}, {"m.T.test_a"}),
        ("m.T.test_a", {"m.T.test_b"}, set()),
        ("setUpClass (m.T)", {"m.T.test_a", "m.T.test_b", "m.Two.test_c"}, {"m.T.test_a", "m.T.test_b"}),
        ("setUpModule (m)", {"m.T.test_a", "n.T.test_b"}, {"m.T.test_a"}),
        ("unittest.loader.ModuleSkipped.m", {"m.T.test_a", "mm.T.test_b"}, {"m.T.test_a"}),
        ("unittest.loader.ModuleSkipped.m", {"unittest.loader.ModuleSkipped.m"}, {"unittest.loader.ModuleSkipped.m"}),
        ("t/test_m.py", {"t/test_m.py::test_a", "t/test_n.py::test_b"}, {"t/test_m.py::test_a"}),
        ("t/test_m.py", {"t/test_m.py"}, {"t/test_m.py"}),
        ("api:setUpClass (m.T)", {"api:m.T.test_a", "web:m.T.test_a"}, {"api:m.T.test_a"}),
    ],
)
def test_what_runs_for_a_skip(skipped: str, collected: set[str], selected: set[str]) -> None:
    assert set(sets([result(skipped)], *collected).select()) == selected


def test_the_tests_of_a_command_are_run_without_being_listed() -> None:
    tests = TestSets([result("Class::test_a"), result("Class::test_b", PASSED)], frozenset(), frozenset())
    assert tests.select() == ("Class::test_a",)
    assert not tests.compare([result("Class::test_a", PASSED)]).only_committed


def test_a_fixture_that_fails_answers_for_its_tests() -> None:
    tests = sets([result("m.T.test_a"), result("m.T.test_b")], "m.T.test_a", "m.T.test_b")
    compared = tests.compare([result("setUpClass (m.T)", FAILED)])
    assert [each.result.test_id for each in compared.differences] == ["setUpClass (m.T)"] * 2
    again = tests.compare([result("setUpClass (m.T)")])
    assert (again.is_equal, again.skipped_in_both) == (True, 2)


def test_tests_of_a_class_that_failed_as_a_whole_are_not_new() -> None:
    tests = sets([result("setUpClass (m.T)", FAILED)], "m.T.test_a", "m.T.test_b", "n.T.test_c")
    assert tests.compare([]).only_uncommitted == ("n.T.test_c",)


@pytest.mark.parametrize("name", ["unittest.loader._FailedTest.m", "unittest.loader.ModuleSkipped.m"])
def test_a_module_that_the_user_cannot_load(name: str) -> None:
    compared = sets([result("m.T.test_a", PASSED), result("n.T.test_b", PASSED)], name).compare([])
    assert (compared.unloaded, compared.only_committed, compared.only_uncommitted) == (("m",), ("n.T.test_b",), ())
    assert not compared.is_equal


def test_of_several_results_the_failing_one_counts() -> None:
    tests = sets([result("m.T.test_a")], "m.T.test_a")
    for outcomes in ((PASSED, FAILED), (FAILED, PASSED)):
        (difference,) = tests.compare([result("m.T.test_a", outcome) for outcome in outcomes]).differences
        assert difference.result.outcome is FAILED


def test_a_broken_conftest_explains_every_missing_test() -> None:
    compared = sets([result("t/test_m.py::test_a", PASSED)], "t/conftest.py").compare([])
    assert (compared.unloaded, compared.only_committed) == (("t/conftest.py",), ())
