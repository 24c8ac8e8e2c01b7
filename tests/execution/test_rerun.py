"""A failure of tests that ran side by side counts if the test fails in the company that unittest gives it, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from batchhook.core.results import Company, Outcome
from batchhook.core.test_stats import History
from batchhook.execution.rerun import LEADERS

if TYPE_CHECKING:
    from tests.execution.conftest import Project

# Both classes use one folder; they meet, if they run beside each other, and only then.
COLLISION = """
    import os, time, unittest
    class {name}(unittest.TestCase):
        def test_folder(self):
            os.mkdir("shared")
            try: time.sleep(0.6)
            finally: os.rmdir("shared")
        {more}
"""


def test_tests_that_meet_in_one_folder_pass_when_they_run_alone(project: Project) -> None:
    project.write(
        test_a=COLLISION.format(name="A", more="def test_real(self): self.fail('on purpose')"),
        test_b=COLLISION.format(name="B", more="def test_fine(self): pass"),
    )
    outcome = project.run(jobs=2)
    assert [word for _, word, _ in project.told(outcome)] == [word for _, word, _ in project.unittest()]
    (met,) = (result for result in outcome.results if result.first_outcome)
    assert met.test_id.endswith("test_folder")
    assert (met.first_outcome, met.outcome) == (Outcome.ERRORED, Outcome.PASSED)
    assert "passed when nothing else ran" in met.note
    assert [result.test_id for result in project.heard.revisions] == [met.test_id]
    assert outcome.totals.failures == 1
    assert project.heard.doubted == 3, "one of the two that met, and the real one twice"


def test_a_fixture_that_failed_beside_others_is_no_failure_and_its_tests_are_run(project: Project) -> None:
    fixture = """
        import os, time, unittest
        class {name}(unittest.TestCase):
            @classmethod
            def setUpClass(cls): os.mkdir("shared"); time.sleep(0.6)
            @classmethod
            def tearDownClass(cls): os.rmdir("shared")
            def test_1(self): pass
            def test_2(self): pass
    """
    project.write(test_a=fixture.format(name="A"), test_b=fixture.format(name="B"))
    outcome = project.run(jobs=2)
    assert project.told(outcome) == project.unittest()
    assert outcome.totals.passed == 4
    (gone,) = project.heard.revisions
    assert gone.test_id.startswith("setUpClass")


NEEDS_COMPANY = """
    import time, unittest
    class Chain(unittest.TestCase):
        done = []
"""


def test_a_test_that_needs_those_before_it_passes_with_them(project: Project) -> None:
    body = NEEDS_COMPANY + "".join(
        f"        def test_{number:02}(self): time.sleep(0.01); self.assertEqual(len(self.done), {number}); "
        f"self.done.append({number})\n"
        for number in range(40)
    )
    project.write(test_chain=body)
    first = project.run(jobs=2)
    assert project.told(first) == project.unittest()
    parted = frozenset(result.test_id for result in first.results if result.first_outcome)
    assert parted, "the class was cut, and it was noticed"
    second = project.run(jobs=2, history=History(unsteady=parted))
    assert not [result for result in second.results if result.first_outcome]
    assert project.heard.doubted == 0


ORDER = """
    import time, unittest
    state = []
    class A(unittest.TestCase):
        def test_1(self): time.sleep(0.3); state.append("A ran")
        def test_2(self): time.sleep(0.3)
    class B(unittest.TestCase):
        def test_needs_a(self): self.assertEqual(state, ["A ran"])
        def test_other(self): pass
        {more}
"""


def test_a_test_that_needs_another_class_passes_after_it_and_the_suite_keeps_its_order_from_then_on(
    project: Project,
) -> None:
    project.write(test_order=ORDER.format(more="def test_real(self): self.fail()"))
    first = project.run(jobs=2, history=History({"test_order.B.test_needs_a": 9.0}))
    assert project.told(first) == project.unittest()
    (needy,) = (result for result in first.results if result.needs_company)
    assert needy.seen_in is Company.SUITE
    assert "unittest's order" in needy.note
    again = project.run(jobs=2, history=History(ordered=frozenset({"any"})))
    assert project.told(again) == project.unittest()
    assert project.heard.doubted == 0


def test_what_is_known_to_fail_only_for_good_reasons_is_not_run_a_third_time(project: Project) -> None:
    project.write(
        test_a="""
        import unittest
        class T(unittest.TestCase):
            def test_before(self): open("runs", "a").write("before ")
        class U(unittest.TestCase):
            def test(self): open("runs", "a").write("test "); self.fail()
    """
    )
    runs = project.root / "runs"
    project.run(jobs=2)
    assert sorted(runs.read_text().split()) == ["before"] * 2 + ["test"] * 3
    runs.unlink()
    outcome = project.run(jobs=2, history=History(proven=frozenset({"test_a.U.test"})))
    assert sorted(runs.read_text().split()) == ["before"] + ["test"] * 2
    assert outcome.totals.failed == 1


def test_of_failures_that_look_alike_only_a_few_are_seen_again(project: Project) -> None:
    body = "import unittest\ndef broken(): raise OSError('everywhere')\nclass T(unittest.TestCase):\n"
    project.write(test_many=body + "".join(f"  def test_{number:03}(self): broken()\n" for number in range(300)))
    known = History(proven=frozenset(f"test_many.T.test_{number:03}" for number in range(300)))
    outcome = project.run(jobs=2, history=known)
    assert outcome.totals.errored == 300
    assert project.heard.doubted == LEADERS


def test_where_one_of_those_that_look_alike_passes_all_are_seen_again(project: Project) -> None:
    """The first time every test fails, the second time only those with odd numbers do."""
    body = """
import os, unittest
def check(number):
    try: os.mkdir(f"marks-{number}")
    except FileExistsError:
        if number % 2 == 0: return
    raise OSError("first")
class T(unittest.TestCase):
"""
    project.write(
        test_many=body + "".join(f"    def test_{number:02}(self): check({number})\n" for number in range(20))
    )
    outcome = project.run(jobs=2)
    assert {result.test_id[-2:] for result in outcome.results if result.outcome.is_failure} == {
        f"{number:02}" for number in range(1, 20, 2)
    }


@pytest.mark.parametrize("jobs", [1, 2])
def test_nothing_is_run_twice_where_nothing_ran_beside_it(project: Project, jobs: int) -> None:
    body = "open('runs', 'a').write('x'); self.fail()"
    project.write(test_a=f"import unittest\nclass T(unittest.TestCase):\n  def test(self): {body}")
    outcome = project.run(jobs=jobs)
    assert outcome.totals.failed == 1
    assert len((project.root / "runs").read_text()) == (1 if jobs == 1 else 3)


def test_ten_thousand_failures_of_one_class_are_seen_again(project: Project) -> None:
    """What is to be run before them was once worked out anew for each of them."""
    project.write(
        test_many="""
            import unittest
            class ManyTest(unittest.TestCase):
                pass
            for number in range(10_000):
                setattr(ManyTest, f"test_{number}", lambda self: self.fail("all of them"))
        """
    )
    outcome = project.run(jobs=2)
    assert outcome.totals.failures == 10_000
    assert {result.seen_in for result in outcome.results} == {Company.SUITE}
