"""Looking at tests of one tree in another one."""

from __future__ import annotations

from batchhook.core.results import Company, Outcome, SuiteOutcome
from batchhook.core.test_stats import History
from batchhook.execution.locate_tests import with_company
from batchhook.execution.scheduling import Unit
from tests.execution.conftest import Project

TESTS = """
    import unittest
    class ATest(unittest.TestCase):
        def test_good(self): pass
        def test_bad(self): self.fail("bad")
"""


def visited(project: Project, *tests: str, **options: object) -> SuiteOutcome:
    return project.run(only=tests, elsewhere=True, **options)


def outcomes(outcome: SuiteOutcome) -> dict[str, Outcome]:
    assert not outcome.broken
    return {result.test_id: result.outcome for result in outcome.results}


def test_what_is_there_is_run_and_what_is_not_is_said_to_be_absent(project: Project) -> None:
    project.write(test_a=TESTS)
    outcome = visited(project, "test_a.ATest.test_bad", "test_a.ATest.test_new", "test_b.BTest.test_it")
    assert outcomes(outcome) == {"test_a.ATest.test_bad": Outcome.FAILED}
    assert tuple(outcome.absent) == ("test_a.ATest.test_new", "test_b.BTest.test_it")
    assert not outcome.complete


def test_nothing_that_was_asked_for_is_there(project: Project) -> None:
    project.write(test_a=TESTS)
    outcome = visited(project, "test_b.BTest.test_it")
    assert outcomes(outcome) == {}
    assert tuple(outcome.absent) == ("test_b.BTest.test_it",)


def test_a_tree_without_tests_or_without_their_folder(project: Project) -> None:
    project.write(code="x = 1")
    assert tuple(visited(project, "test_b.BTest.test_it").absent) == ("test_b.BTest.test_it",)
    outcome = visited(project, "test_b.BTest.test_it", start_dir="tests")
    assert not outcome.broken
    assert tuple(outcome.absent) == ("test_b.BTest.test_it",)


def test_tests_of_a_module_that_cannot_be_imported_are_neither_absent_nor_failing(project: Project) -> None:
    project.write(test_a=TESTS, test_b="syntax error here", pkg____init__="", pkg__test_c="import nowhere_at_all")
    names = ("test_b.BTest.test_it", "setUpClass (test_b.BTest)", "pkg.test_c.CTest.test_it", "test_bc.X.test_it")
    outcome = visited(project, *names)
    assert outcomes(outcome) == {}
    assert outcome.untestable == names[:3]
    assert tuple(outcome.absent) == names[3:]


def test_a_module_that_can_be_imported_here_is_a_pass_of_its_failed_import(project: Project) -> None:
    broken = "unittest.loader._FailedTest.test_a"
    assert tuple(visited(project, broken).absent) == (broken,), "the file is not there"
    project.write(test_a="import nowhere_at_all", test_b=TESTS)
    assert outcomes(visited(project, broken)) == {broken: Outcome.ERRORED}
    project.write(test_a=TESTS)
    assert outcomes(visited(project, broken)) == {broken: Outcome.PASSED}
    project.write(test_a="# no tests any more")
    assert outcomes(visited(project, broken)) == {broken: Outcome.PASSED}


def test_a_fixture_that_does_its_work_is_a_pass(project: Project) -> None:
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
    assert outcomes(visited(project, up)) == {up: Outcome.ERRORED}
    project.write(test_a=text.format(up="pass", down="pass"))
    assert outcomes(visited(project, up)) == {up: Outcome.PASSED, "test_a.ATest.test_1": Outcome.PASSED}
    project.write(test_a=text.format(up="pass", down="1 / 0"))
    assert outcomes(visited(project, down, jobs=2))[down] is Outcome.ERRORED
    assert outcomes(visited(project, up))[up] is Outcome.PASSED


def test_the_company_that_a_test_needs_comes_along(project: Project) -> None:
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
    assert outcomes(visited(project, name))[name] is Outcome.FAILED
    needy = History(unsteady=frozenset({name}))
    assert outcomes(visited(project, name, history=needy)) == {
        "test_a.ATest.test_1": Outcome.PASSED,
        name: Outcome.PASSED,
    }
    assert project.by_id(visited(project, name, history=needy))["test_2"].seen_in is Company.SUITE


def test_only_some_modules_are_imported(project: Project) -> None:
    project.write(test_a=TESTS, test_b="import os; os._exit(3)", pkg____init__="", pkg__test_c=TESTS)
    name = "pkg.test_c.ATest.test_good"
    assert visited(project, name).broken
    assert outcomes(visited(project, name, modules=frozenset({"pkg.test_c"}))) == {name: Outcome.PASSED}
    assert tuple(visited(project, "test_b.X.test", modules=frozenset({"test_a"})).absent) == ("test_b.X.test",)


def test_company_is_what_stands_before() -> None:
    units = [Unit(f"m.{name}.test_{number}", "m", f"m.{name}", "") for name in "AB" for number in range(3)]
    assert with_company([4], units, History()) == [4]
    assert with_company([4], units, History(unsteady=frozenset({"m.B.test_1"}))) == [3, 4]
    assert with_company([4], units, History(unsteady=frozenset({"m.B.test_2"}))) == [4]
    assert with_company([2, 4], units, History(ordered=frozenset({"m.B.test_1"}))) == [0, 1, 2, 3, 4]
    assert with_company([2, 4], units, History(ordered=frozenset({"m.A.test_2"}))) == [0, 1, 2, 4]
    assert with_company([], units, History(ordered=frozenset({"m.B.test_1"}))) == []
