"""A test that was skipped for lack of a file that only the user's work tree has says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchhook.core.results import Outcome, SuiteResult, TestResult
from batchhook.git.command import Git
from batchhook.workflow.suite.skips import add_skip_notes
from tests.driving import CALCULATOR, Repository

LINK = "(it is ignored: `link` in [tool.batchhook] brings it into the tested checkout)"
TESTS = """\
import pathlib
import unittest

HERE = pathlib.Path(__file__).parent


class DataTest(unittest.TestCase):
    @unittest.skipUnless((HERE / "rates.csv").exists(), "no rates")
    def test_rates(self):
        self.assertTrue((HERE / "rates.csv").read_text())

"""


@pytest.fixture
def checkout(bare_repository: Repository, tmp_path: Path) -> Path:
    bare_repository.write(".gitignore", "*.csv\n/data/\n")
    bare_repository.write("pkg/test_x.py", "PATH = 'local.csv'\n")
    bare_repository.commit("first", calculator__py=CALCULATOR)
    bare_repository.write("data/in/rates.bin", "1")
    bare_repository.write("pkg/local.csv", "1")
    bare_repository.write("notes.txt", "1")
    path = tmp_path / "checkout"
    bare_repository.git("worktree", "add", "--quiet", "--detach", str(path))
    return path


@pytest.mark.parametrize(
    ("reason", "module", "named"),
    [
        ("needs data/in/rates.bin", "t", f"`data/in/rates.bin` exists in your work tree but is not committed {LINK}"),
        ("notes.txt not found.", "t", "`notes.txt` exists in your work tree but is not committed"),
        ("not on this machine", "pkg.test_x", f"`pkg/local.csv` exists in your work tree but is not committed {LINK}"),
        ("local.csv", "t", f"`pkg/local.csv` exists in your work tree but is not committed {LINK}"),
        ("needs calculator.py", "t", ""),
        ("needs a network", "t", ""),
        ("data", "t", ""),
    ],
)
def test_what_a_reason_or_a_module_names(
    bare_repository: Repository, checkout: Path, reason: str, module: str, named: str
) -> None:
    test = TestResult(f"{module}.T.test", module, Outcome.SKIPPED, message=reason)
    top = bare_repository.top
    result = add_skip_notes(SuiteResult((test,)), checkout, top, ("src", "", "."), Git(top))
    assert result.results[0].note == named


def test_passed_tests_get_no_note(bare_repository: Repository, checkout: Path) -> None:
    result = SuiteResult((TestResult("pkg.test_x.T.test", "pkg.test_x", Outcome.PASSED),))
    assert add_skip_notes(result, checkout, bare_repository.top, ("",), Git(bare_repository.top)) == result


def test_analyze_and_test_show_which_and_why(project: Repository) -> None:
    project.write("rates.csv", "1\n")
    project.write(".gitignore", "*.csv\n")
    for number in range(5):
        project.commit(f"{number}", test_data__py=f"{TESTS}# {number}\n")
    report = project.json("wait", "1", "--timeout", "60")
    assert report["totals"]["skipped"] == 1
    (noted,) = report["skipped"]
    assert noted["test_id"] == "test_data.DataTest.test_rates"
    assert noted["reason"] == "no rates"
    assert "`rates.csv` exists in your work tree but is not committed" in noted["note"]
    for command in (("analyze", "1"), ("test", "--fresh")):
        output = project.batchhook(*command)
        assert "test_data.DataTest.test_rates  no rates" in output
        assert f"`rates.csv` exists in your work tree but is not committed {LINK}" in output
