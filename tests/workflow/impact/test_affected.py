"""The tests that a change can affect, in real repositories."""

from __future__ import annotations

from typing import Any

import pytest

from tests.driving import CALCULATOR, TESTS, Repository

ADD, SUBTRACT = "test_calculator.CalculatorTest.test_add", "test_calculator.CalculatorTest.test_subtract"
API_TESTS = TESTS.replace("CalculatorTest", "ApiTest").replace("import calculator", "import engine as calculator")
SLOWER_ADD = CALCULATOR.replace("a + b", "b + a")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep runs after commits from changing the records."""
    monkeypatch.setenv("BATCHHOOK_EACH_COMMIT", "off")


def sureness_of(document: Any) -> dict[str, str]:  # noqa: ANN401 - a JSON document
    return {test["test_id"]: test["sureness"] for test in document["tests"]}


def test_only_the_tests_that_run_a_changed_function(project: Repository) -> None:
    project.batchhook("test")
    project.commit("one", calculator__py=SLOWER_ADD)
    document = project.json("affected")
    assert sureness_of(document) == {ADD: "runs"}
    (test,) = document["tests"]
    assert test["changed"] == ["calculator.add"]
    assert document["tests_known"] == 2
    text = project.batchhook("affected")
    assert text.startswith(f"1 of 2 tests can be affected by {project.head()[:8]} one (0.0 of 0.0 s)\n")
    assert f"  {ADD}  runs calculator.add\n" in text


def test_staged_uncommitted_and_ranges(project: Repository) -> None:
    project.batchhook("test")
    project.write("calculator.py", CALCULATOR.replace("a - b", "-b + a"))
    assert sureness_of(project.json("affected", "--worktree")) == {SUBTRACT: "runs"}
    assert sureness_of(project.json("affected", "--staged")) == {}
    project.git("add", "--all")
    assert sureness_of(project.json("affected", "--staged")) == {SUBTRACT: "runs"}
    project.git("commit", "--quiet", "-m", "two")
    project.commit("three", README__md="more\n")
    assert sureness_of(project.json("affected")) == {}
    assert sureness_of(project.json("affected", "HEAD~2..HEAD")) == {SUBTRACT: "runs"}
    assert project.batchhook("affected").startswith("No test can be affected by ")


def test_top_levels_new_tests_and_configuration(project: Repository) -> None:
    project.batchhook("test")
    project.commit("constant", calculator__py=f"{CALCULATOR}\nLIMIT = 3\n")
    assert sureness_of(project.json("affected")) == {ADD: "imports", SUBTRACT: "imports"}
    project.commit("new", test_more__py=TESTS.replace("CalculatorTest", "MoreTest"))
    new = project.json("affected")
    assert sureness_of(new)["test_more.py"] == "runs"
    assert next(test["reason"] for test in new["tests"] if test["test_id"] == "test_more.py") == "is new"
    project.commit("configuration", setup__cfg="[metadata]\n")
    assert sureness_of(project.json("affected"))[ADD] == "possible"


def test_a_new_module_affects_the_tests_that_may_import_it(project: Repository) -> None:
    optional = "try:\n    import extra\nexcept ImportError:\n    extra = None\n"
    alone = "import unittest\n\nclass AloneTest(unittest.TestCase):\n    def test_one(self):\n        pass\n"
    project.commit("optional", calculator__py=optional + CALCULATOR, test_alone__py=alone)
    project.batchhook("test", "--fresh")
    project.commit("extra", extra__py="raise RuntimeError\n")
    assert sureness_of(project.json("affected")) == {ADD: "imports", SUBTRACT: "imports"}


def test_what_changed_before_the_change_counts_as_possible(project: Repository) -> None:
    project.batchhook("test")
    project.commit("one", calculator__py=SLOWER_ADD)
    project.commit("two", calculator__py=SLOWER_ADD.replace("a - b", "-b + a"))
    assert sureness_of(project.json("affected")) == {SUBTRACT: "runs", ADD: "possible"}


def test_without_a_map(project: Repository) -> None:
    project.commit("one", calculator__py=SLOWER_ADD)
    assert "no run has recorded yet which code each test runs" in project.batchhook("affected", code=3)
    assert "mutually exclusive" in project.batchhook("affected", "--staged", "--worktree", code=64)
    assert "mutually exclusive" in project.batchhook("affected", "HEAD~1", "--staged", code=64)


def test_the_map_outlives_branches_and_amends(project: Repository) -> None:
    project.batchhook("test")
    project.git("switch", "--quiet", "-c", "topic")
    project.commit("one", calculator__py=SLOWER_ADD)
    project.git("commit", "--quiet", "--amend", "-m", "other")
    assert sureness_of(project.json("affected")) == {ADD: "runs"}
    project.git("switch", "--quiet", "main")
    project.commit("two", calculator__py=CALCULATOR.replace("a - b", "-b + a"))
    assert sureness_of(project.json("affected")) == {SUBTRACT: "runs"}


def test_several_suites_share_the_map(project: Repository) -> None:
    project.write("api/tests/__init__.py", "")
    project.write("api/tests/test_api.py", API_TESTS)
    project.write("api/engine.py", CALCULATOR)
    suites = '[[suites]]\nname = "{}"\nfolder = "{}"\nengine = "unittest"\npattern = "{}"\n'
    project.write(
        ".batchhook.toml", suites.format("top", "", "test_calc*.py") + suites.format("api", "api", "test*.py")
    )
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", "suites")
    project.batchhook("test")
    project.write("api/engine.py", SLOWER_ADD)
    project.git("commit", "--quiet", "-a", "-m", "one")
    assert sureness_of(project.json("affected")) == {"api:tests.test_api.ApiTest.test_add": "runs"}


def test_only_affected_tests_are_run(project: Repository) -> None:
    project.batchhook("test")
    assert "no test can be affected by " in project.run("test", "--affected", "--in-place").stderr
    project.commit("one", calculator__py=SLOWER_ADD)
    assert project.json("test", "--affected")["totals"]["tests"] == 1
    project.write("calculator.py", SLOWER_ADD.replace("a - b", "b - a"))
    document = project.json("test", "--affected", "--in-place", code=1)
    assert [failure["test_id"] for failure in document["failures"]] == [SUBTRACT]
    assert document["totals"]["tests"] == 1
    assert "--affected and TEST are mutually exclusive" in project.batchhook("test", "--affected", ADD, code=64)
