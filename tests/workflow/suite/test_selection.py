"""The tests that ``batchhook test`` runs, named by ids, packages, files and folders."""

from __future__ import annotations

import sys

import pytest

from batchhook.execution.scheduling import TestItem, nearest_ids, select
from tests.driving import CALCULATOR, Repository

ITEMS = [
    TestItem("pkg.tests.test_a.A.test_x", "pkg.tests.test_a", "pkg.tests.test_a.A", ""),
    TestItem("pkg.tests.test_a.B.test_y", "pkg.tests.test_a", "pkg.tests.test_a.B", ""),
    TestItem("pkg.tests.sub.test_b.B.test_y", "pkg.tests.sub.test_b", "pkg.tests.sub.test_b.B", ""),
    TestItem("pkg.testsx.test_c.C.test_z", "pkg.testsx.test_c", "pkg.testsx.test_c.C", ""),
    TestItem("unittest.loader._FailedTest.pkg.tests.test_d", "unittest.loader", "unittest.loader._FailedTest", ""),
]


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ([], [0, 1, 2, 3, 4]),
        (["pkg.tests.test_a.A.test_x"], [0]),
        (["pkg.tests.test_a"], [0, 1]),
        (["pkg.tests"], [0, 1, 2, 4]),
        (["pkg"], [0, 1, 2, 3, 4]),
        (["pkg.tests.sub"], [2]),
        (["pkg/tests/test_a.py"], [0, 1]),
        (["./pkg/tests/test_a.py"], [0, 1]),
        (["src/pkg/tests/test_a.py"], [0, 1]),
        (["/home/me/src/pkg/tests/test_a.py"], [0, 1]),
        (["pkg/tests/"], [0, 1, 2, 4]),
        (["pkg/tests/sub", "pkg/testsx/test_c.py"], [2, 3]),
        (["pkg/tests/test_a.py::B"], [1]),
        (["pkg/tests/test_a.py::B::test_y"], [1]),
        (["pkg/tests/test_d.py"], [4]),
        (["pkg.tests.test_d"], [4]),
        (["setUpClass (pkg.tests.test_a.A)"], [0]),
        (["pkg.test"], []),
        (["test_y"], []),
        (["nowhere/test_a.py"], []),
    ],
)
def test_words(words: list[str], numbers: list[int]) -> None:
    assert select(ITEMS, words) == numbers


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("test_y", ["pkg.tests.test_a.B.test_y", "pkg.tests.sub.test_b.B.test_y"]),
        ("pkg.tests.test_aa", ["pkg.tests.test_a"]),
        ("tests/test_b.py", ["pkg.tests.sub.test_b"]),
        ("A", ["pkg.tests.test_a.A"]),
        ("test_yy", ["pkg.tests.test_a.B.test_y", "pkg.tests.sub.test_b.B.test_y"]),
    ],
)
def test_nearest(word: str, nearest: list[str]) -> None:
    assert nearest_ids(ITEMS, [word])[: len(nearest)] == nearest


def test_a_file_is_named_from_any_folder(project: Repository) -> None:
    project.write("tests/__init__.py", "")
    project.write("tests/test_more.py", project.read("test_calculator.py"))
    project.git("add", "--all")
    project.git("commit", "-qm", "more")
    assert "2 tests" in project.batchhook("test", "tests/test_more.py")
    assert "2 tests" in Repository(project.top / "tests").batchhook("test", "test_more.py", "--fresh")
    assert "1 test in" in project.batchhook("test", "tests/test_more.py::CalculatorTest::test_add")
    printed = project.batchhook("test", "test_subtrac", code=3)
    assert "Did you mean" in printed
    assert "test_subtract" in printed


PYTEST_TESTS = """
import pytest
@pytest.mark.slow
def test_slow(): pass
def test_quick(): pass
"""
CONFIGURATION = """
[tool.pytest.ini_options]
markers = ["slow"]
[tool.batchhook]
python = "{python}"
engine = "pytest"
"""


def test_expressions_select_tests_of_unittest(project: Repository) -> None:
    assert project.json("test", "-k", "add")["totals"]["tests"] == 1
    assert project.json("test", "-k", "test_*t")["totals"]["tests"] == 1
    assert "No test matches -k nosuch." in project.batchhook("test", "-k", "nosuch", code=3)
    assert "unittest's tests have no marks" in project.run("test", "-m", "slow").stderr
    assert project.json("test")["totals"]["tests"] == 2  # nothing that was left out counts as tested


def test_expressions_select_tests_of_pytest(bare_repository: Repository) -> None:
    bare_repository.commit(
        "first", test_it__py=PYTEST_TESTS, pyproject__toml=CONFIGURATION.format(python=sys.executable)
    )
    bare_repository.batchhook("install")
    assert bare_repository.json("test", "-k", "quick or slow")["totals"]["tests"] == 2
    assert bare_repository.json("test", "-m", "not slow")["totals"]["tests"] == 1
    assert bare_repository.json("test", "test_it.py::test_slow", "-m", "slow")["totals"]["tests"] == 1
    assert "No test matches -k nosuch -m slow." in bare_repository.batchhook(
        "test", "-k", "nosuch", "-m", "slow", code=3
    )


def test_failed_tests_of_a_file(project: Repository) -> None:
    project.write("tests/__init__.py", "")
    project.write("tests/test_more.py", project.read("test_calculator.py"))
    project.commit("break", calculator__py=CALCULATOR.replace("a + b", "a * b"))
    project.batchhook("test", code=1)
    assert project.json("test", "--failed", "tests/test_more.py", code=1)["totals"]["tests"] == 1
    assert project.json("test", "--failed", "tests", code=1)["totals"]["tests"] == 1
    assert project.json("test", "--failed", "test_calculator.py", code=1)["totals"]["tests"] == 1
