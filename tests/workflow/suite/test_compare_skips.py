"""``batchhook test --skipped``: what is skipped in the private work tree, run in the user's own."""

from __future__ import annotations

import sqlite3
import sys
from typing import Any

import pytest

from tests.cli.test_schemas import is_valid
from tests.driving import Repository

SUGGESTION = "→ batchhook test --skipped"
DATA_TESTS = """\
import os
import unittest

HAS_DATA = os.path.exists("rates.csv")


class WholeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not HAS_DATA:
            raise unittest.SkipTest("the class needs rates")

    def test_first(self):
        open("ran.log", "a").write("first ")

    def test_second(self):
        self.fail("wrong rate")


class DataTest(unittest.TestCase):
    @unittest.skipUnless(HAS_DATA, "no rates")
    def test_rates(self):
        open("ran.log", "a").write("rates ")

    @unittest.skip("never")
    def test_never(self):
        open("ran.log", "a").write("never ")

    def test_always(self):
        open("ran.log", "a").write("always ")
"""
MODULE_TESTS = """\
import os
import unittest

if not os.path.exists("rates.csv"):
    raise unittest.SkipTest("the module needs rates")


class ModuleTest(unittest.TestCase):
    def test_inside(self):
        pass
"""
PYTEST_TESTS = """\
import os
import pytest

def test_variable():
    if "TOKEN" not in os.environ:
        pytest.skip("no TOKEN")

def test_from_file():
    if "FROM_FILE" not in os.environ:
        pytest.skip("no FROM_FILE")

def test_fixture(request):
    if "accounts" not in request.session._fixturemanager._arg2fixturedefs:
        pytest.skip("no accounts")

@pytest.mark.skip(reason="never")
def test_never(): pass
"""
PYTEST_MODULE = """\
import os
import pytest

if not os.path.exists("tests/rates.csv"):
    pytest.skip("no rates", allow_module_level=True)

@pytest.mark.parametrize("number", [1, 2])
def test_number(number): assert number == 1
"""
CONFTEST = """\
import os
import pytest

os.environ["TOKEN"] = "1"

@pytest.fixture
def accounts(): return []
"""


def compared(repository: Repository, *words: str, code: int = 0) -> Any:  # noqa: ANN401 - as json.loads
    """The comparison, which is what its schema says."""
    document = repository.json("test", "--skipped", *words, code=code)
    is_valid("skips", document)
    return document


def ran(document: Any) -> dict[str, tuple[str, str]]:  # noqa: ANN401 - as json.loads
    """Outcome in the user's work tree and reason of the skip, by test."""
    return {each["test_id"]: (each["outcome"], each["reason"]) for each in document["run_in_work_tree"]}


def stored_runs(repository: Repository) -> int:
    connection = sqlite3.connect(repository.top / ".git/batchhook/state.db")
    (count,) = connection.execute("SELECT count(*) FROM runs").fetchone()
    connection.close()
    return int(count)


def with_data(project: Repository) -> Repository:
    """Tests of unittest that need a file, which is there and ignored."""
    project.write(".gitignore", "*.csv\n*.log\n")
    project.commit("data", test_data__py=DATA_TESTS, test_module__py=MODULE_TESTS)
    project.write("rates.csv", "1\n")
    return project


def test_unittest_with_an_ignored_file(project: Repository) -> None:
    with_data(project)
    document = compared(project, code=1)
    assert ran(document) == {
        "test_data.WholeTest.test_first": ("passed", "the class needs rates"),
        "test_data.WholeTest.test_second": ("failed", "the class needs rates"),
        "test_data.DataTest.test_rates": ("passed", "no rates"),
        "test_module.ModuleTest.test_inside": ("passed", "the module needs rates"),
    }
    assert (document["skipped"], document["skipped_in_both"], document["equal"]) == (4, 1, False)
    assert [document[name] for name in ("only_committed", "only_uncommitted", "unloaded")] == [[], [], []]
    failed = next(each for each in document["run_in_work_tree"] if each["outcome"] == "failed")
    assert (failed["skipped"], failed["message"]) == ("setUpClass (test_data.WholeTest)", "wrong rate")
    assert "`rates.csv` exists in your work tree but is not committed" in failed["note"]
    assert set(project.read("ran.log").split()) == {"first", "rates"}, "the tests that are not skipped did not run"
    assert project.git("status", "--porcelain", "--ignored") == "!! ran.log\n!! rates.csv"
    output = project.batchhook("test", "--skipped", code=1)
    assert "4 skipped: 4 tests ran in your work tree (3 passed, 1 failed), 1 skipped there, too" in output
    assert "  passed  test_data.DataTest.test_rates  no rates\n" in output
    assert output.count("`rates.csv` exists") == 1
    assert not list((project.top / ".git/batchhook/runs").glob("skipped-*"))


def test_only_the_private_run_is_stored(project: Repository) -> None:
    with_data(project)
    compared(project, code=1)
    assert stored_runs(project) == 1
    compared(project, code=1)
    assert stored_runs(project) == 1, "the run of the same files was used again"
    compared(project, "--fresh", code=1)
    assert stored_runs(project) == 2
    assert project.json("test")["totals"]["skipped"] == 4
    assert "no test failed when it last ran" in project.run("test", "--failed").stderr, (
        "the failure in place is not known"
    )


def test_equal_work_trees(project: Repository) -> None:
    document = compared(project)
    assert (document["skipped"], document["equal"]) == (0, True)
    assert "nothing is skipped; your work tree has the same tests" in project.batchhook("test", "--skipped")
    with_data(project)
    (project.top / "rates.csv").unlink()
    document = compared(project)
    assert (document["skipped"], document["skipped_in_both"], document["equal"]) == (4, 4, True)
    assert not (project.top / "ran.log").exists()


def test_tests_of_only_one_work_tree(project: Repository) -> None:
    with_data(project)
    (project.top / "rates.csv").unlink()
    project.write("test_new.py", "import unittest\nclass NewTest(unittest.TestCase):\n    def test_new(self): pass\n")
    project.write("test_data.py", DATA_TESTS.replace("test_always", "test_renamed"))
    project.write("test_calculator.py", "import nothing_of_this_name\n")
    document = compared(project, code=1)
    assert document["only_uncommitted"] == ["test_data.DataTest.test_renamed", "test_new.NewTest.test_new"]
    assert document["only_committed"] == ["test_data.DataTest.test_always"]
    assert document["unloaded"] == ["test_calculator"]
    assert (document["run_in_work_tree"], document["skipped_in_both"]) == ([], 4)
    output = project.batchhook("test", "--skipped", code=1)
    assert "only in your work tree: 2\n  test_data.DataTest.test_renamed\n" in output
    assert "not loaded in your work tree: 1\n  test_calculator\n" in output


def test_pytest_with_an_uncommitted_conftest_and_variables(bare_repository: Repository) -> None:
    project = bare_repository
    project.write(".gitignore", "*.csv\n*.env\nconftest.py\n__pycache__\n")
    project.write("tests/test_values.py", PYTEST_TESTS)
    project.write("tests/test_numbers.py", PYTEST_MODULE)
    project.commit("tests", pytest__ini="[pytest]\n")
    project.batchhook("install")
    document = compared(project)
    assert (document["skipped"], document["skipped_in_both"]) == (5, 5)
    project.write("tests/rates.csv", "1\n")
    project.write("tests/conftest.py", CONFTEST)
    project.write("tests/test_new.py", "def test_new(): pass\n")
    document = compared(project, code=1)
    assert ran(document) == {
        "tests/test_numbers.py::test_number[1]": ("passed", "no rates"),
        "tests/test_numbers.py::test_number[2]": ("failed", "no rates"),
        "tests/test_values.py::test_variable": ("passed", "no TOKEN"),
        "tests/test_values.py::test_fixture": ("passed", "no accounts"),
    }
    assert (document["skipped_in_both"], document["only_uncommitted"]) == (2, ["tests/test_new.py::test_new"])
    assert project.git("status", "--porcelain", "--ignored") == (
        "?? tests/test_new.py\n!! tests/conftest.py\n!! tests/rates.csv"
    )
    project.write("values.env", "FROM_FILE=1\n")  # both work trees get it
    project.write(".batchhook.toml", 'env_file = "values.env"\n')
    document = compared(project, code=1)
    assert (document["skipped"], document["skipped_in_both"]) == (4, 1)


def test_it_is_suggested_until_it_was_done(project: Repository) -> None:
    with_data(project)
    for number in range(5):
        project.commit(f"{number}")
    project.batchhook("wait", "1", "--timeout", "60")
    for words in (("test",), ("analyze", "1")):
        shown = " ".join(project.batchhook(*words).split())
        assert f"{SUGGESTION} compare 4 skipped tests with your work tree" in shown
    assert SUGGESTION not in project.batchhook("test", "--in-place", code=1)
    assert SUGGESTION not in project.batchhook("test", "test_data.DataTest"), "not all tests ran"
    project.batchhook("test", "--skipped", code=1)
    for words in (("test",), ("analyze", "1"), ("test", "--fresh")):
        assert SUGGESTION not in project.batchhook(*words)
    project.write(".batchhook.toml", "test_timeout = 7\n")
    assert SUGGESTION in project.batchhook("test"), "it is another suite"


def test_what_it_cannot_be_combined_with(project: Repository) -> None:
    for words in (["test_calculator"], ["-k", "add"], ["--failed"], ["-f"], ["--in-place"], ["--recorded"]):
        assert "mutually exclusive" in project.batchhook("test", "--skipped", *words, code=64)
    project.write(".batchhook.toml", 'isolation = "in-place"\n')
    assert "tests run in your work tree already" in project.batchhook("test", "--skipped", code=64)


def test_a_work_tree_that_cannot_be_collected(project: Repository) -> None:
    with_data(project)
    project.batchhook("test")
    project.write(".batchhook.toml", 'start_dir = "gone"\n')
    assert "cannot be tested" in project.batchhook("test", "--skipped", code=3)


@pytest.mark.parametrize("has_python", [True, False])
def test_several_suites_and_a_command(bare_repository: Repository, *, has_python: bool) -> None:
    project = bare_repository
    suites = '[[suites]]\nname = "smoke"\nengine = "command"\ncommand = "touch ran.log"\nformat = "exit"\n'
    if has_python:
        suites += '[[suites]]\nname = "api"\nfolder = "api"\nengine = "unittest"\n'
    project.write(".gitignore", "*.csv\n*.log\n")
    project.write("api/test_data.py", DATA_TESTS)
    project.commit("suites", __batchhook__toml=f'python = "{sys.executable}"\n{suites}')
    project.batchhook("install")
    project.write("api/rates.csv", "1\n")
    if has_python:
        document = compared(project, code=1)
        assert {name: outcome for name, (outcome, _) in ran(document).items()} == {
            "api:test_data.WholeTest.test_first": "passed",
            "api:test_data.WholeTest.test_second": "failed",
            "api:test_data.DataTest.test_rates": "passed",
        }
        assert document["uncompared"] == ["smoke"]
        assert (document["only_committed"], document["only_uncommitted"]) == ([], [])
        assert "not compared: smoke" in project.batchhook("test", "--skipped", code=1)
    else:
        assert "cannot run single tests" in project.batchhook("test", "--skipped", code=3)
    assert not (project.top / "ran.log").exists()
