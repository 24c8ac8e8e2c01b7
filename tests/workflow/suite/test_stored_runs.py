"""Runs belong to a tree and a suite: the same suite is not run twice on one tree unless requested."""

from __future__ import annotations

import time

from tests.driving import CALCULATOR, Repository

BROKEN = CALCULATOR.replace("a + b", "a - b")


def test_a_batch_whose_files_were_tested_before_reuses_the_run(project: Repository) -> None:
    for number in range(4):
        project.commit(f"{number}", calculator__py=BROKEN + f"# {number}\n")
    project.commit("back", calculator__py=CALCULATOR)
    assert project.json("wait", "1", "--timeout", "60")["verdict"] == "passed"
    manual = project.json("test")
    assert manual["remembered"]
    for number in range(4):
        project.commit(f"{number} again", calculator__py=BROKEN + f"# {number} again\n")
    project.commit("back again", calculator__py=CALCULATOR)
    again = project.json("wait", "2", "--timeout", "60")
    assert again["verdict"] == "passed"
    assert again["remembered"]
    assert again["tree"] == project.git("rev-parse", "HEAD^{tree}")
    assert again["tested_at"] == project.json("analyze", "1")["tested_at"]
    assert not project.json("analyze", "1")["remembered"]
    output = project.batchhook("analyze", "2")
    assert "not rerun" in output
    assert "batchhook test --fresh" in output


def test_failures_are_not_answered_from_the_store(project: Repository) -> None:
    """The environment may have been put right since: the same files are run again, and the batch's verdict stays."""
    source = "import os\nassert os.environ.get('APP_SETTINGS') == 'test', 'APP_SETTINGS is missing'\n" + CALCULATOR
    for number in range(5):
        project.commit(f"{number}", calculator__py=f"{source}# {number}\n")
    assert project.json("wait", "1", "--timeout", "60", code=1)["verdict"] == "critical"
    assert "APP_SETTINGS is missing" in project.batchhook("test", code=1)
    assert "passed" in project.batchhook("test", APP_SETTINGS="test")
    assert project.json("test")["remembered"], "a run in which nothing failed is reused"
    assert project.json("analyze", "1", code=1)["verdict"] == "critical"


def test_fresh_runs_anyway_and_only_the_same_suite_is_reused(project: Repository) -> None:
    first = project.json("test")
    assert not first["remembered"]
    assert project.json("test")["tested_at"] == first["tested_at"]
    fresh = project.json("test", "--fresh")
    assert not fresh["remembered"]
    assert fresh["tested_at"] > first["tested_at"]
    assert project.json("test", "-j", "2")["remembered"], "the number of processes is not part of the fingerprint"
    assert not project.json("test", "-p", "test_calc*.py")["remembered"]
    assert not project.json("test", "--order", "original")["remembered"]
    assert project.json("test", "-p", "test_calc*.py")["remembered"]


def test_another_tree_is_another_run(project: Repository) -> None:
    project.json("test")
    project.commit("more", calculator__py=CALCULATOR + "# more\n")
    assert not project.json("test")["remembered"]


def test_a_part_of_a_suite_is_not_reused_for_the_whole(project: Repository) -> None:
    one = project.json("test", "test_calculator.CalculatorTest.test_add")
    assert one["totals"]["tests"] == 1
    assert not one["complete"]
    whole = project.json("test")
    assert not whole["remembered"]
    assert whole["totals"]["tests"] == 2
    assert not project.json("test", "test_calculator.CalculatorTest.test_add")["remembered"]


def test_a_linked_file_is_part_of_the_suite(project: Repository) -> None:
    project.write(".batchhook.toml", 'link = ["secret"]\n')
    project.write("secret", "1")
    project.write(".gitignore", "secret\n")
    project.json("test")
    assert project.json("test")["remembered"]
    time.sleep(0.01)
    project.write("secret", "22")
    assert not project.json("test")["remembered"]


def test_failed_tests_again(project: Repository) -> None:
    assert project.json("test", "--failed")["error"] == "no test has run here yet"
    project.commit("broken", calculator__py=BROKEN)
    project.json("test", code=1)
    again = project.json("test", "--failed", code=1)
    assert [failure["test_id"] for failure in again["failures"]] == ["test_calculator.CalculatorTest.test_add"]
    assert again["totals"]["tests"] == 1
    assert project.json("test", "--failed", "test_calculator.CalculatorTest", code=1)["totals"]["tests"] == 1
    assert "error" in project.json("test", "--failed", "test_calculator.CalculatorTest.test_subtract")
    project.commit("fixed", calculator__py=CALCULATOR)
    project.json("test", "--failed")
    assert "error" in project.json("test", "--failed")


FLAKY = """\
import os
import unittest


class FlakyTest(unittest.TestCase):
    def test_now_and_then(self):
        self.assertNotIn("FAIL", os.environ)
"""


def test_a_test_that_fails_and_passes_on_one_tree_is_flaky(project: Repository) -> None:
    project.commit("flaky", test_flaky__py=FLAKY)
    project.json("test")
    project.batchhook("test", "--fresh", code=1, FAIL="yes")
    for number in range(4):
        project.commit(f"change {number}")
    report = project.json("wait", "1", "--timeout", "60")
    assert report["verdict"] == "passed"
    while (project.top / ".git/batchhook/waiting").exists():  # the first batch's runner, which knows no FAIL
        time.sleep(0.02)
    for number in range(5):
        project.write("file.txt", f"{number}")
        project.git("add", "file.txt")
        project.git("commit", "--quiet", "-m", f"more {number}", FAIL="yes")
    report = project.json("wait", "2", "--timeout", "60", code=1)
    assert report["failures"][0]["flips"] >= 1  # the culprit search may have seen another one
    assert "flaky" in project.batchhook("analyze", "2", code=1)


def test_first_failure_ends_the_run(project: Repository) -> None:
    project.commit("broken", calculator__py=CALCULATOR.replace("a + b", "0").replace("a - b", "0"))
    report = project.json("test", "--failfast", "--jobs", "1", code=1)
    assert len(report["failures"]) == 1
    assert not report["complete"]
    assert len(project.json("test", code=1)["failures"]) == 2
