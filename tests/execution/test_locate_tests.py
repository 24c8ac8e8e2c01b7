"""Tests of one tree are found, or reported as absent, in another."""

from __future__ import annotations

from batchhook.core.results import IsolationLevel, Outcome, SuiteResult
from batchhook.core.test_stats import TestStats
from batchhook.execution.locate_tests import with_prerequisites
from batchhook.execution.scheduling import TestItem
from tests.execution.conftest import Project

TESTS = """
    import unittest
    class ATest(unittest.TestCase):
        def test_good(self): pass
        def test_bad(self): self.fail("bad")
"""


def run_in_other_tree(project: Project, *tests: str, **options: object) -> SuiteResult:
    return project.run(only=tests, from_other_tree=True, **options)


def outcomes(outcome: SuiteResult) -> dict[str, Outcome]:
    assert not outcome.broken_reason
    return {result.test_id: result.outcome for result in outcome.results}


def test_existing_tests_run_and_missing_ones_are_reported_absent(project: Project) -> None:
    project.write(test_a=TESTS)
    outcome = run_in_other_tree(project, "test_a.ATest.test_bad", "test_a.ATest.test_new", "test_b.BTest.test_it")
    assert outcomes(outcome) == {"test_a.ATest.test_bad": Outcome.FAILED}
    assert tuple(outcome.absent) == ("test_a.ATest.test_new", "test_b.BTest.test_it")
    assert not outcome.is_complete


def test_no_requested_test_exists(project: Project) -> None:
    project.write(test_a=TESTS)
    outcome = run_in_other_tree(project, "test_b.BTest.test_it")
    assert outcomes(outcome) == {}
    assert tuple(outcome.absent) == ("test_b.BTest.test_it",)


def test_a_tree_without_tests_or_without_their_folder(project: Project) -> None:
    project.write(code="x = 1")
    assert tuple(run_in_other_tree(project, "test_b.BTest.test_it").absent) == ("test_b.BTest.test_it",)
    outcome = run_in_other_tree(project, "test_b.BTest.test_it", start_dir="tests")
    assert not outcome.broken_reason
    assert tuple(outcome.absent) == ("test_b.BTest.test_it",)


def test_tests_of_a_module_that_cannot_be_imported_are_neither_absent_nor_failing(project: Project) -> None:
    project.write(test_a=TESTS, test_b="syntax error here", pkg____init__="", pkg__test_c="import nowhere_at_all")
    names = ("test_b.BTest.test_it", "setUpClass (test_b.BTest)", "pkg.test_c.CTest.test_it", "test_bc.X.test_it")
    outcome = run_in_other_tree(project, *names)
    assert outcomes(outcome) == {}
    assert outcome.untestable == names[:3]
    assert tuple(outcome.absent) == names[3:]


def test_a_failed_import_passes_once_its_module_can_be_imported(project: Project) -> None:
    broken = "unittest.loader._FailedTest.test_a"
    assert tuple(run_in_other_tree(project, broken).absent) == (broken,), "the file is not there"
    project.write(test_a="import nowhere_at_all", test_b=TESTS)
    assert outcomes(run_in_other_tree(project, broken)) == {broken: Outcome.ERRORED}
    project.write(test_a=TESTS)
    assert outcomes(run_in_other_tree(project, broken)) == {broken: Outcome.PASSED}
    project.write(test_a="# no tests any more")
    assert outcomes(run_in_other_tree(project, broken)) == {broken: Outcome.PASSED}


def test_a_fixture_that_succeeds_is_a_pass(project: Project) -> None:
    text = """
        import unittest
        class ATest(unittest.TestCase):
            @classmethod
            def setUpClass(cls): {up}
            @classmethod
            def tearDownClass(cls): {down}
            def test_1(self): pass
            def test_2(self): pass
    """
    up, down = "setUpClass (test_a.ATest)", "tearDownClass (test_a.ATest)"
    project.write(test_a=text.format(up="1 / 0", down="pass"))
    assert outcomes(run_in_other_tree(project, up)) == {up: Outcome.ERRORED}
    project.write(test_a=text.format(up="pass", down="pass"))
    assert outcomes(run_in_other_tree(project, up)) == {up: Outcome.PASSED, "test_a.ATest.test_1": Outcome.PASSED}
    project.write(test_a=text.format(up="pass", down="1 / 0"))
    assert outcomes(run_in_other_tree(project, down, jobs=2))[down] is Outcome.ERRORED
    assert outcomes(run_in_other_tree(project, up))[up] is Outcome.PASSED


def test_prerequisites_of_a_test_run_with_it(project: Project) -> None:
    project.write(
        test_a="""
            import unittest
            seen = []
            class ATest(unittest.TestCase):
                def test_1(self): seen.append(1)
                def test_2(self): self.assertEqual(seen, [1])
                def test_3(self): self.fail("not asked for")
        """
    )
    name = "test_a.ATest.test_2"
    assert outcomes(run_in_other_tree(project, name))[name] is Outcome.FAILED
    dependent = TestStats(parallel_only=frozenset({name}))
    assert outcomes(run_in_other_tree(project, name, stats=dependent)) == {
        "test_a.ATest.test_1": Outcome.PASSED,
        name: Outcome.PASSED,
    }
    assert project.by_id(run_in_other_tree(project, name, stats=dependent))["test_2"].isolation is IsolationLevel.SUITE


def test_only_some_modules_are_imported(project: Project) -> None:
    project.write(test_a=TESTS, test_b="import os; os._exit(3)", pkg____init__="", pkg__test_c=TESTS)
    name = "pkg.test_c.ATest.test_good"
    assert run_in_other_tree(project, name).broken_reason
    assert outcomes(run_in_other_tree(project, name, modules=frozenset({"pkg.test_c"}))) == {name: Outcome.PASSED}
    assert tuple(run_in_other_tree(project, "test_b.X.test", modules=frozenset({"test_a"})).absent) == (
        "test_b.X.test",
    )


def test_prerequisites_are_earlier_tests() -> None:
    units = [TestItem(f"m.{name}.test_{number}", "m", f"m.{name}", "") for name in "AB" for number in range(3)]
    assert with_prerequisites([4], units, TestStats()) == [4]
    assert with_prerequisites([4], units, TestStats(parallel_only=frozenset({"m.B.test_1"}))) == [3, 4]
    assert with_prerequisites([4], units, TestStats(parallel_only=frozenset({"m.B.test_2"}))) == [4]
    assert with_prerequisites([2, 4], units, TestStats(order_dependent=frozenset({"m.B.test_1"}))) == [0, 1, 2, 3, 4]
    assert with_prerequisites([2, 4], units, TestStats(order_dependent=frozenset({"m.A.test_2"}))) == [0, 1, 2, 4]
    assert with_prerequisites([], units, TestStats(order_dependent=frozenset({"m.B.test_1"}))) == []
