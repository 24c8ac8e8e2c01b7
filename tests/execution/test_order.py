"""Selection of tests, their order, fail-fast and estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from batchhook.core.settings import RunOrder
from batchhook.core.test_stats import TestStats

if TYPE_CHECKING:
    from tests.execution.conftest import Project

SUITE = """
    import time, unittest
    class A(unittest.TestCase):
        def test_1(self): pass
        def test_2(self): {second}
        def test_3(self): pass
    class B(unittest.TestCase):
        @classmethod
        def tearDownClass(cls): open("torn-down", "w").close()
        def test_1(self): pass
"""


def started_tests(project: Project) -> list[str]:
    return [name.partition(".")[2] for name in project.listener.started_ids]


def test_fail_fast_stops_where_unittests_failfast_does(project: Project) -> None:
    project.write(test_x=SUITE.format(second="self.fail()"))
    outcome = project.run(fail_fast=True)
    assert started_tests(project) == ["A.test_1", "A.test_2"]
    assert outcome.totals.failed == 1
    assert not outcome.is_complete


@pytest.mark.parametrize("body", ["{}['missing']", "import os; os._exit(3)", "time.sleep(60)"])
def test_fail_fast_stops_at_any_kind_of_failure(project: Project, body: str) -> None:
    project.write(test_x=SUITE.format(second=body))
    outcome = project.run(fail_fast=True, test_timeout=0.7)
    assert outcome.totals.tests == 2
    assert outcome.totals.errored == 1
    assert not outcome.is_complete


def test_a_run_without_failure_is_complete(project: Project) -> None:
    outcome = project.write(test_x=SUITE.format(second="pass")).run(fail_fast=True, jobs=2)
    assert outcome.is_complete
    assert outcome.totals.passed == 4


def test_in_parallel_only_a_confirmed_failure_ends_the_run(project: Project) -> None:
    """``test_2`` fails in parallel, passes when it runs again, and the remaining tests run."""
    project.write(test_x=SUITE.format(second="self.assertTrue(second_time())"))
    project.write(
        second_time="""
        import os
        def second_time():
            try: os.mkdir("seen")
            except FileExistsError: return True
            return False
    """
    )
    source = project.root / "test_x.py"
    source.write_text("from second_time import second_time\n" + source.read_text())
    outcome = project.run(fail_fast=True, jobs=2)
    assert outcome.totals.failures == 0
    assert outcome.totals.passed == 4
    assert outcome.is_complete


def test_a_fixture_that_fails_only_in_parallel_does_not_end_the_run(project: Project) -> None:
    fixture = """
        import os, time, unittest
        class {name}(unittest.TestCase):
            @classmethod
            def setUpClass(cls): os.mkdir("shared"); time.sleep(0.4)
            @classmethod
            def tearDownClass(cls): os.rmdir("shared")
            def test_1(self): pass
            def test_2(self): pass
    """
    project.write(**{f"test_{name}": fixture.format(name=name) for name in "abcd"})
    outcome = project.run(fail_fast=True, jobs=2)
    assert outcome.is_complete
    assert sorted(result.test_id for result in outcome.results) == sorted(
        f"test_{name}.{name}.test_{number}" for name in "abcd" for number in (1, 2)
    )
    assert outcome.totals.failures == 0


def test_original_order_is_unittests_in_one_process(project: Project) -> None:
    modules = {
        f"test_{name}": """
            import os, unittest
            class T(unittest.TestCase):
                def test_1(self): open("pids", "a").write(f"{os.getpid()}\\n")
                def test_2(self): pass
        """
        for name in "abcd"
    }
    project.write(**modules)
    slow_last = TestStats({"test_d.T.test_1": 9.0}, last_failed=frozenset({"test_c.T.test_2"}))
    project.run(jobs=4, order=RunOrder.ORIGINAL, stats=slow_last)
    assert project.listener.started_ids == [f"test_{name}.T.test_{number}" for name in "abcd" for number in (1, 2)]
    assert len(set((project.root / "pids").read_text().split())) == 1


def test_a_class_and_a_module_by_name(project: Project) -> None:
    project.write(test_x=SUITE.format(second="pass"), test_y=SUITE.format(second="pass"))
    outcome = project.run(only=("test_x.B", "test_y"))
    assert started_tests(project) == ["B.test_1", "A.test_1", "A.test_2", "A.test_3", "B.test_1"]
    assert not outcome.is_complete
    assert "None of the selected tests" in project.run(only=("test_x.Missing",)).broken_reason


def test_estimates_of_the_time_left(project: Project) -> None:
    project.write(
        test_x="import time, unittest\nclass T(unittest.TestCase):\n"
        + "".join(f"  def test_{number}(self): time.sleep(0.3)\n" for number in range(4))
    )
    project.run()
    assert project.listener.estimates == []
    project.run(stats=TestStats({f"test_x.T.test_{number}": 0.3 for number in range(4)}))
    estimates = project.listener.estimates
    assert estimates[0] == pytest.approx(1.2)
    assert estimates == sorted(estimates, reverse=True)
    assert estimates[-1] < 0.7
    assert len(estimates) <= 6
