"""A failure in parallel counts only if the test also fails as unittest runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from batchhook.core.results import IsolationLevel, Outcome
from batchhook.core.test_stats import TestStats
from batchhook.execution.rerun import LEADERS

if TYPE_CHECKING:
    from tests.execution.conftest import Project

# Both classes use one folder; they collide only if they run at the same time.
COLLISION = """
    import os, time, unittest
    class {name}(unittest.TestCase):
        def test_folder(self):
            os.mkdir("shared")
            try: time.sleep(0.6)
            finally: os.rmdir("shared")
        {more}
"""


def test_tests_that_collide_in_parallel_pass_when_run_alone(project: Project) -> None:
    project.write(
        test_a=COLLISION.format(name="A", more="def test_real(self): self.fail('on purpose')"),
        test_b=COLLISION.format(name="B", more="def test_fine(self): pass"),
    )
    outcome = project.run(jobs=2)
    assert [word for _, word, _ in project.rows(outcome)] == [word for _, word, _ in project.unittest()]
    (collided,) = (result for result in outcome.results if result.first_outcome)
    assert collided.test_id.endswith("test_folder")
    assert (collided.first_outcome, collided.outcome) == (Outcome.ERRORED, Outcome.PASSED)
    assert "passed when run alone" in collided.note
    assert [result.test_id for result in project.listener.revisions] == [collided.test_id]
    assert outcome.totals.failures == 1
    assert project.listener.rerun_tests == 3, "one of the two that collided, and the real failure twice"


def test_a_fixture_that_failed_only_in_parallel_is_withdrawn_and_its_tests_run(project: Project) -> None:
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
    assert project.rows(outcome) == project.unittest()
    assert outcome.totals.passed == 4
    (withdrawn,) = project.listener.revisions
    assert withdrawn.test_id.startswith("setUpClass")


CHAIN = """
    import time, unittest
    class Chain(unittest.TestCase):
        done = []
"""


def test_a_test_that_needs_earlier_tests_of_its_class_passes_after_them(project: Project) -> None:
    body = CHAIN + "".join(
        f"        def test_{number:02}(self): time.sleep(0.01); self.assertEqual(len(self.done), {number}); "
        f"self.done.append({number})\n"
        for number in range(40)
    )
    project.write(test_chain=body)
    first = project.run(jobs=2)
    assert project.rows(first) == project.unittest()
    separated = frozenset(result.test_id for result in first.results if result.first_outcome)
    assert separated, "the class was split, and its tests failed"
    second = project.run(jobs=2, stats=TestStats(parallel_only=separated))
    assert not [result for result in second.results if result.first_outcome]
    assert project.listener.rerun_tests == 0


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


def test_a_test_that_needs_another_class_passes_after_it_and_fixes_the_order_of_the_suite(
    project: Project,
) -> None:
    project.write(test_order=ORDER.format(more="def test_real(self): self.fail()"))
    first = project.run(jobs=2, stats=TestStats({"test_order.B.test_needs_a": 9.0}))
    assert project.rows(first) == project.unittest()
    (dependent,) = (result for result in first.results if result.is_parallel_only)
    assert dependent.isolation is IsolationLevel.SUITE
    assert "depends on the order" in dependent.note
    again = project.run(jobs=2, stats=TestStats(order_dependent=frozenset({"any"})))
    assert project.rows(again) == project.unittest()
    assert project.listener.rerun_tests == 0


TOSSED = """
    import os, time, unittest
    class A(unittest.TestCase):
        def test_1(self): time.sleep(0.3)
        def test_2(self): time.sleep(0.3)
    class B(unittest.TestCase):
        def test_coin(self):
            with open("tosses", "a") as file: file.write("x")
            self.assertEqual("{tosses}"[os.path.getsize("tosses") - 1], "P")
        def test_other(self): pass
"""


@pytest.mark.parametrize(
    ("tosses", "outcome", "note"),
    [
        ("FFPP", Outcome.PASSED, "flaky: failed and passed in the same order"),
        ("FFPFFFP", Outcome.PASSED, "flaky: failed and passed in the same order"),
        ("FFPFFFFF", Outcome.FAILED, "flaky: failed and passed in the same order"),
        ("FFF", Outcome.FAILED, ""),
        (
            "FFPFFFFP",
            Outcome.PASSED,
            "depends on the order: fails alone, and passes after the tests before it, each time",
        ),
    ],
)
def test_a_coin_does_not_depend_on_the_order(project: Project, tosses: str, outcome: Outcome, note: str) -> None:
    """Dependence is reported only after it was seen twice, both ways: 3 of 14 runs of a coin were called dependent."""
    project.write(test_toss=TOSSED.format(tosses=tosses))
    run = project.run(jobs=2)
    (coin,) = (result for result in run.results if result.test_id.endswith("test_coin"))
    assert (coin.outcome, coin.note) == (outcome, note)
    assert (project.root / "tosses").stat().st_size == len(tosses)
    expected = {coin.test_id} if outcome is Outcome.PASSED else set()
    assert {result.test_id for result in project.listener.revisions} == expected
    assert (coin.isolation is IsolationLevel.SUITE) is ("flaky" not in note or outcome is Outcome.FAILED)


def test_a_test_with_verified_isolation_is_not_run_a_third_time(project: Project) -> None:
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
    outcome = project.run(jobs=2, stats=TestStats(isolation_verified=frozenset({"test_a.U.test"})))
    assert sorted(runs.read_text().split()) == ["before"] + ["test"] * 2
    assert outcome.totals.failed == 1


def test_of_failures_with_one_signature_only_the_leaders_run_again(project: Project) -> None:
    body = "import unittest\ndef broken(): raise OSError('everywhere')\nclass T(unittest.TestCase):\n"
    project.write(test_many=body + "".join(f"  def test_{number:03}(self): broken()\n" for number in range(300)))
    known = TestStats(isolation_verified=frozenset(f"test_many.T.test_{number:03}" for number in range(300)))
    outcome = project.run(jobs=2, stats=known)
    assert outcome.totals.errored == 300
    assert project.listener.rerun_tests == LEADERS


def test_if_a_leader_passes_all_failures_with_its_signature_run_again(project: Project) -> None:
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
def test_reruns_only_after_a_parallel_run(project: Project, jobs: int) -> None:
    body = "open('runs', 'a').write('x'); self.fail()"
    project.write(test_a=f"import unittest\nclass T(unittest.TestCase):\n  def test(self): {body}")
    outcome = project.run(jobs=jobs)
    assert outcome.totals.failed == 1
    assert len((project.root / "runs").read_text()) == (1 if jobs == 1 else 3)


def test_ten_thousand_failures_of_one_class_run_again(project: Project) -> None:
    """The items to run before them were once computed for each failure: quadratic time."""
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
    assert {result.isolation for result in outcome.results} == {IsolationLevel.SUITE}
