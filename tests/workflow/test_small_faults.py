"""Small things that users met, each once."""

from __future__ import annotations

from batchhook.core.comparison import Comparison
from batchhook.core.culprits.attribution import Attribution, AttributionKind, complete
from batchhook.report import phrases
from tests.driving import TESTS, Repository


def test_baseline_alone_shows_it_and_a_later_one_is_not_vanished(project: Repository) -> None:
    assert "there is no baseline yet" in project.batchhook("baseline", code=3)
    project.commit("more", test_more__py=TESTS)
    project.batchhook("baseline", "set")
    assert project.batchhook("baseline") == project.batchhook("baseline", "show")
    assert project.json("baseline") == project.json("baseline", "show")
    printed = project.batchhook("baseline", "compare", "HEAD~1")
    assert "vanished" not in printed
    assert "before the baseline" in printed
    assert "added later: test_more.CalculatorTest.test_add" in printed


def test_words_for_tests_that_only_one_run_has() -> None:
    comparison = Comparison(added=("a",), removed=("b",))
    assert phrases.differences(comparison) == (("new", ("a",)), ("vanished", ("b",)))
    later = phrases.differences(comparison, is_later=True)
    assert later == (("removed later", ("a",)), ("added later", ("b",)))


def test_the_folder_that_ci_creates_is_ignored(project: Repository) -> None:
    project.batchhook("ci")
    assert project.git("status", "--porcelain", "--untracked-files=all") == ""
    project.write("mine/notes.txt", "mine\n")
    project.batchhook("ci", "--output", "mine")
    assert "mine/junit.xml" in project.git("status", "--porcelain", "--untracked-files=all")


def test_record_refuses_a_name_that_does_not_exist(project: Repository) -> None:
    project.write("new.py", "x = 1\n")
    assert "nosuch.py does not exist; nothing was recorded" in project.batchhook("record", "nosuch.py", code=64)
    (project.top / "test_calculator.py").unlink()
    assert "D test_calculator.py" in project.batchhook("record", "test_calculator.py", "--no-wait")


def test_every_failing_test_has_an_attribution_after_a_search() -> None:
    flaky = Attribution(AttributionKind.FLAKY, 0.9)
    completed = complete({"a": flaky}, ["a", "b"])
    assert completed["a"] is flaky
    assert (completed["b"].kind, completed["b"].reason) == (AttributionKind.AMBIGUOUS, "it was not searched for")
    assert complete({}, ["a"]) == {}


def test_a_linked_folder_is_ignored_as_it_is_in_the_work_tree(project: Repository) -> None:
    test = (
        "import subprocess, unittest\n\n\nclass LinkTest(unittest.TestCase):\n    def test_status(self):\n"
        "        self.assertEqual(open('data/x.txt').read(), 'x')\n"
        "        command = ['git', 'status', '--porcelain', '--untracked-files=all']\n"
        "        self.assertEqual(subprocess.check_output(command), b'')\n"
    )
    project.write(".gitignore", "/data/\n__pycache__/\n")
    project.write(".batchhook.toml", 'link = ["data"]\n')
    project.write("data/x.txt", "x")
    project.commit("link", test_link__py=test)
    assert "3 tests" in project.batchhook("test")
    assert project.read("data/x.txt") == "x"
