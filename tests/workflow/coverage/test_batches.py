"""Coverage of a batch, of several suites, and of what each change touched."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.driving import CALCULATOR, TESTS, Repository

CONFIGURATION = """\
[tool.batchhook]
batch_size = 2
coverage = true
python = "{python}"
"""
MULTIPLY = "\n\ndef multiply(a, b):\n    # by hand\n    result = a * b\n    return result\n"
DIVIDE = "\n\ndef divide(a, b):\n    return a / b\n"


@pytest.fixture
def covered(bare_repository: Repository, prepare: Callable[..., Repository]) -> Repository:
    """A repository whose runs are measured, with batchhook installed."""
    return prepare(
        bare_repository,
        calculator__py=CALCULATOR,
        test_calculator__py=TESTS,
        pyproject__toml=CONFIGURATION.format(python=sys.executable),
    )


def fill_batch(repository: Repository) -> dict[str, Any]:
    repository.commit("Multiply", calculator__py=CALCULATOR + MULTIPLY)
    tests = TESTS + "\n    def test_divide(self):\n        self.assertEqual(calculator.divide(6, 2), 3)\n"
    repository.commit(
        "Divide", calculator__py=CALCULATOR.replace("a - b", "-b + a") + MULTIPLY + DIVIDE, test_calculator__py=tests
    )
    repository.batchhook("wait", "1")
    document: dict[str, Any] = repository.json("analyze", "1")
    return document


def test_a_batch_names_the_changed_lines_that_no_test_runs(covered: Repository) -> None:
    coverage = fill_batch(covered)["coverage"]
    assert (coverage["problem"], coverage["previous"]) == ("", None)
    assert coverage["totals"]["lines"] - coverage["totals"]["covered_lines"] == 2
    assert (coverage["diff"]["lines"], coverage["diff"]["uncovered_lines"]) == (8, 2)
    multiply, divide = coverage["diff"]["changes"]
    assert (multiply["change"], divide["change"]) == (covered.head("HEAD~1"), covered.head())
    assert multiply["files"] == [
        {"path": "calculator.py", "lines": 3, "uncovered_lines": 2, "uncovered": [{"first": 11, "last": 12}]}
    ]
    assert divide["uncovered_lines"] == 0
    shown = covered.batchhook("analyze", "1")
    assert "· 2 of 8 changed lines are run by no test:" in shown
    assert f"{covered.head('HEAD~1')[:8]} Multiply\n    calculator.py:11-12\n" in shown
    reports = covered.top / ".git" / "batchhook" / "reports"
    assert "`calculator.py:11-12`" in (reports / "batch_1.md").read_text()
    assert '<li class="mono">calculator.py:11-12</li>' in (reports / "batch_1.html").read_text()


def test_a_batch_is_compared_with_the_one_before(covered: Repository) -> None:
    first = fill_batch(covered)["coverage"]["totals"]
    covered.commit("three", notes__txt="1")
    covered.commit("four", calculator__py=CALCULATOR + DIVIDE)
    covered.batchhook("wait", "2")
    coverage = covered.json("analyze", "2")["coverage"]
    assert (coverage["previous"], coverage["compared_with"]) == (first, 1)
    assert coverage["diff"]["lines"] == 1  # the subtraction; the rest was only moved
    assert "since batch 1)" in covered.batchhook("analyze", "2")


def test_figures_are_those_of_coverage_on_the_same_tree(covered: Repository) -> None:
    totals = fill_batch(covered)["coverage"]["totals"]
    options = [sys.executable, "-B", "-m", "coverage"]
    subprocess.run([*options, "run", "--branch", "-m", "unittest"], cwd=covered.top, capture_output=True, check=True)
    done = subprocess.run([*options, "report"], cwd=covered.top, capture_output=True, text=True, check=True)
    _, statements, missing, branches, partial, _ = done.stdout.splitlines()[-1].split()
    assert (totals["lines"], totals["lines"] - totals["covered_lines"]) == (int(statements), int(missing))
    assert (totals["branches"], totals["branches"] - totals["covered_branches"]) == (int(branches), int(partial))


def test_a_stored_run_without_coverage_is_not_reused_and_one_with_it_is(covered: Repository) -> None:
    assert covered.json("test", "--no-coverage")["coverage"] is None
    measured = covered.json("test")
    assert (measured["remembered"], measured["coverage"]["totals"]["lines"] > 0) == (False, True)
    again = covered.json("test")
    assert (again["remembered"], again["coverage"]) == (True, measured["coverage"])


def test_only_runs_of_all_tests_are_measured(covered: Repository) -> None:
    assert covered.json("test", "-k", "add")["coverage"] is None
    assert covered.json("test", "--failfast", "--fresh")["coverage"] is None


def test_suites_in_folders_add_up_and_paths_start_at_the_top(bare_repository: Repository) -> None:
    suites = "".join(
        f'[[tool.batchhook.suites]]\nname = "{name}"\nfolder = "{name}"\nengine = "{engine}"\n'
        for name, engine in (("api", "pytest"), ("web", "unittest"))
    )
    lone = 'batch_size = 1\n[[tool.batchhook.suites]]\nname = "sh"\ncommand = "true"\n'
    configuration = CONFIGURATION.format(python=sys.executable).replace("batch_size = 2\n", "")
    bare_repository.write("api/calc.py", "def add(a, b):\n    return a + b\n\n\ndef unused():\n    return 1\n")
    bare_repository.write("api/test_calc.py", "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n")
    bare_repository.write("api/.coveragerc", "[run]\nomit = test_*\n")
    bare_repository.write("web/page.py", "TEXT = 'page'\n")
    page_tests = (
        "import unittest\nimport page\nclass PageTest(unittest.TestCase):\n    def test_page(self): page.TEXT\n"
    )
    bare_repository.write("web/test_page.py", page_tests)
    bare_repository.commit("suites", pyproject__toml=configuration + lone + suites)
    bare_repository.batchhook("install")
    run = bare_repository.json("test")
    assert run["coverage"]["totals"]["lines"] == 4 + 1 + 4
    assert run["coverage"]["problem"] == ""
    bare_repository.commit(
        "change", **{"api/calc.py": "def add(a, b):\n    return b + a\n\n\ndef unused():\n    return 2\n"}
    )
    bare_repository.batchhook("wait", "1")
    (change,) = bare_repository.json("analyze", "1")["coverage"]["diff"]["changes"]
    assert [(file["path"], file["uncovered"]) for file in change["files"]] == [
        ("api/calc.py", [{"first": 6, "last": 6}])
    ]
