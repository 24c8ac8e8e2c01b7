"""Several suites in one repository: one batch, one verdict, each told apart."""

from __future__ import annotations

import pytest

from tests.driving import Repository

CONFIGURATION = """
[tool.batchhook]
batch_size = 2
python = "{python}"

[[tool.batchhook.suites]]
name = "api"
folder = "api"
engine = "pytest"
env = {{ MODE = "fast" }}
env_file = "secrets.env"

[[tool.batchhook.suites]]
name = "web"
folder = "web"
engine = "unittest"
setup = "cp page.in page.txt"
paths = ["shared"]
"""
API_TESTS = """
import os
from calc import add
def test_add(): assert add(1, 2) == 3
def test_variables(): assert (os.environ["MODE"], os.environ["TOKEN"]) == ("fast", "a b")
"""
WEB_TESTS = """
import pathlib
import unittest
class PageTest(unittest.TestCase):
    def test_page(self): self.assertEqual(pathlib.Path("page.txt").read_text(), "page")
"""


@pytest.fixture
def monorepo(bare_repository: Repository) -> Repository:
    """Return a repository with a pytest suite and a unittest suite, with batchhook installed."""
    import sys  # noqa: PLC0415 - the tests' own

    bare_repository.write("secrets.env", "# not committed\nexport TOKEN='a b'\n")
    bare_repository.write("web/page.in", "page")
    bare_repository.write("api/calc.py", "def add(a, b): return a + b\n")
    bare_repository.write("api/tests/test_calc.py", API_TESTS)
    bare_repository.write("api/pytest.ini", "[pytest]\npythonpath = .\n")
    bare_repository.write("web/test_page.py", WEB_TESTS)
    bare_repository.write(".gitignore", "secrets.env\n")
    bare_repository.commit("suites", pyproject__toml=CONFIGURATION.format(python=sys.executable))
    bare_repository.batchhook("install")
    return bare_repository


def test_one_batch_runs_all_suites_and_names_culprits_in_each(monorepo: Repository) -> None:
    monorepo.commit("break add", **{"api/calc.py": "def add(a, b): return a - b\n"})
    broken = monorepo.head()
    monorepo.commit("break page", **{"web/page.in": "pages"})
    report = monorepo.json("wait", "1", "--timeout", "60", code=1)
    failures = {failure["test_id"]: failure for failure in report["failures"]}
    assert failures.keys() == {"api:tests/test_calc.py::test_add", "web:test_page.PageTest.test_page"}
    assert report["totals"]["tests"] == 3
    assert failures["api:tests/test_calc.py::test_add"]["location"] == "api/tests/test_calc.py:4"
    assert failures["api:tests/test_calc.py::test_add"]["attribution"]["change"] == broken
    assert failures["web:test_page.PageTest.test_page"]["attribution"]["change"] == monorepo.head()


def test_a_suite_that_a_batch_cannot_touch_is_not_run_and_that_is_said(monorepo: Repository) -> None:
    for number in range(2):
        monorepo.commit(f"change {number}", **{"web/notes.txt": str(number)})
    assert monorepo.json("wait", "1", "--timeout", "60")["totals"]["tests"] == 3
    for number in range(2):
        monorepo.commit(f"change {number}", **{"api/notes.txt": str(number)})
    report = monorepo.json("wait", "2", "--timeout", "60")
    assert report["totals"]["tests"] == 2
    assert "Not run: web" in report["hint"]
    assert "Not run: web" in monorepo.batchhook("analyze", "2")
    assert "vanished" not in monorepo.batchhook("analyze", "2")


def test_a_suite_that_cannot_run_is_a_finding_of_the_change_that_broke_it(monorepo: Repository) -> None:
    monorepo.commit("harmless", **{"api/notes.txt": "x"})
    monorepo.commit("an option that pytest does not know", **{"api/pytest.ini": "[pytest]\naddopts = --nosuch\n"})
    broken = monorepo.head()
    report = monorepo.json("wait", "1", "--timeout", "60", code=1)
    (failure,) = report["failures"]
    assert failure["test_id"] == "api:."
    assert "--nosuch" in failure["message"]
    assert failure["attribution"]["change"] == broken
    assert "the suite api cannot run" in monorepo.batchhook("analyze", "1", code=1)


def test_tests_of_one_suite_run_by_hand(monorepo: Repository) -> None:
    assert monorepo.json("test", "api/tests/test_calc.py")["totals"]["tests"] == 2
    assert monorepo.json("test", "web:test_page")["totals"]["tests"] == 1


def test_paths_name_tests_in_several_suites(monorepo: Repository) -> None:
    monorepo.write("api/calc.py", "def add(a, b): return 0\n")
    monorepo.write("web/page.in", "pages")
    monorepo.git("commit", "-qam", "break both")
    names = {"api": ["api:tests/test_calc.py::test_add"], "web": ["web:test_page.PageTest.test_page"]}
    both = sorted(names["api"] + names["web"])
    for words, expected in (
        ((), both),
        (("api/tests/test_calc.py",), names["api"]),
        (("./api/tests/test_calc.py::test_add",), names["api"]),
        (("api/",), names["api"]),
        (("web/test_page.py",), names["web"]),
        (("web/test_page.py", "api"), both),
        (("test_page",), names["web"]),
        (("web:test_page",), names["web"]),
        (("./",), both),
    ):
        for options in ((), ("--failed",)):
            failures = monorepo.json("test", *options, *words, code=1)["failures"]
            assert sorted(failure["test_id"] for failure in failures) == expected, (options, words)
    assert "no test failed" in monorepo.run("test", "--failed", "api/tests/test_other.py").stderr
    inside = Repository(monorepo.top / "api" / "tests")
    assert inside.json("test", "--failed", "test_calc.py", code=1)["totals"]["tests"] == 1


def test_tests_that_one_suite_does_not_run_are_counted(monorepo: Repository) -> None:
    for number in range(2):
        monorepo.commit(f"change {number}", **{"web/test_more.py": f"def test_function(): assert {number}\n"})
    report = monorepo.json("wait", "1", "--timeout", "60")
    assert report["unrun"]["tests"] == 1
    assert report["unrun"]["examples"] == ["web/test_more.py"]
    assert "1 pytest-style test in 1 file was not run" in monorepo.batchhook("analyze", "1")
