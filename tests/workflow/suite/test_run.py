"""From the fifth commit to the verdict: the detached runner."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.driving import CALCULATOR, TESTS, Repository

SLOW_TESTS = TESTS.replace("import unittest\n", "import time\nimport unittest\n").replace(
    "    def test_add", "    def test_slow(self):\n        time.sleep(0.5)\n\n    def test_add"
)


def break_in_five(project: Repository) -> None:
    """Make five commits; the third breaks a test."""
    for number in range(1, 6):
        text = CALCULATOR.replace("a - b", "b - a") if number >= 3 else CALCULATOR
        project.commit(f"change {number}", calculator__py=f"{text}# {number}\n")


def test_the_fifth_commit_runs_the_suite_on_what_was_committed(project: Repository) -> None:
    for number in range(1, 5):
        project.commit(f"change {number}", calculator__py=f"{CALCULATOR}# {number}\n")
    project.write("calculator.py", CALCULATOR.replace("a - b", "b - a"))
    project.git("add", "calculator.py")
    project.write("calculator.py", CALCULATOR)  # the commit is broken, the work tree is not
    output = project.git_both("commit", "-qm", "broken").stderr
    assert "batch 1 is full (5/5)" in output
    assert "batchhook wait 1" in output
    report = project.json("wait", "1", "--timeout", "60", code=1)
    assert report["verdict"] == "critical"
    assert [(module["module"], module["totals"]["failed"]) for module in report["critical"]["modules"]] == [
        ("test_calculator", 1)
    ]
    (error,) = report["critical"]["errors"]
    assert (error["error_type"], error["tests"]) == ("AssertionError", [report["failures"][0]["test_id"]])
    assert report["totals"] | {"duration_s": 0} == {
        "tests": 2,
        "passed": 1,
        "failed": 1,
        "errored": 0,
        "skipped": 0,
        "not_run": 0,
        "deselected": 0,
        "duration_s": 0,
        "failure_rate": 0.5,
    }
    (failure,) = report["failures"]
    assert failure["test_id"] == "test_calculator.CalculatorTest.test_subtract"
    assert failure["location"] == "test_calculator.py:11"
    assert failure["error_type"] == "AssertionError"
    assert failure["message"] == "-1 != 1"
    assert "Traceback" in failure["traceback"]
    assert project.read("calculator.py") == CALCULATOR


def test_a_batch_is_compared_with_the_one_before(project: Repository) -> None:
    break_in_five(project)
    project.batchhook("wait", "1", "--timeout", "60", code=1)
    for number in range(6, 11):
        project.commit(f"change {number}", calculator__py=f"{CALCULATOR}# {number}\n")
    report = project.json("wait", "2", "--timeout", "60")
    assert report["compared_with"] == 1
    assert report["fixed"] == ["test_calculator.CalculatorTest.test_subtract"]
    assert report["new_failures"] == []


def test_an_unseen_verdict_is_reported_once_by_the_next_commit(project: Repository) -> None:
    break_in_five(project)
    _until_finished(project, 1)
    first, second = project.commit("next"), project.commit("after")
    broke = project.head("main~4")[:8]
    assert f"batch 1 failed: CRITICAL, 1 of 2 tests (50%): {broke} broke 1 test (batchhook analyze 1)" in first
    assert "nothing was done about it" not in first, "the verdict says it"
    assert "batch 1 failed:" not in second


def test_a_seen_verdict_is_not_reported_again(project: Repository) -> None:
    break_in_five(project)
    project.batchhook("wait", "1", "--timeout", "60", code=1)
    assert "batch 1 failed:" not in project.commit("next")


def test_the_backup_holds_the_files_before_the_batch(project: Repository) -> None:
    project.git("rm", "-q", "--cached", "calculator.py")
    (project.top / "calculator.py").chmod(0o755)
    project.commit("1", calculator__py=CALCULATOR)
    for number in range(2, 6):
        project.commit(str(number), new__txt=f"{number}")
    project.batchhook("wait", "1", "--timeout", "60")
    backups = project.top / ".git/batchhook/backups"
    manifest = json.loads((backups / "batch_1/manifest.json").read_text())
    assert manifest["commit"] == project.head("HEAD~5")
    assert (backups / "batch_1/git_commit.txt").read_text().strip() == manifest["commit"]
    calculator, new = manifest["files"]
    assert (calculator["path"], calculator["mode"], calculator["existed"]) == ("calculator.py", "100644", True)
    assert (new["path"], new["existed"]) == ("new.txt", False)
    content = (backups / "objects" / calculator["sha256"][:2] / calculator["sha256"][2:]).read_bytes()
    assert content == CALCULATOR.encode()
    assert hashlib.sha256(content).hexdigest() == calculator["sha256"]
    assert "✓ backups: 1 read" in project.batchhook("doctor")
    copy = backups / "objects" / calculator["sha256"][:2] / calculator["sha256"][2:]
    copy.chmod(0o600)
    copy.write_bytes(b"damaged")
    assert "✗ backup 1: the backup of calculator.py is damaged" in project.batchhook("doctor", code=3)


def test_a_second_batch_waits_its_turn(bare_repository: Repository) -> None:
    bare_repository.commit("first", calculator__py=CALCULATOR, test_calculator__py=SLOW_TESTS)
    bare_repository.batchhook("install")
    for number in range(10):
        bare_repository.commit(f"change {number}")
    assert bare_repository.json("wait", "2", "--timeout", "60")["verdict"] == "passed"
    assert bare_repository.json("analyze", "1")["verdict"] == "passed"


def test_a_suite_that_calls_git_writes_nothing_into_the_users_repository(bare_repository: Repository) -> None:
    tests = """
import os, subprocess, tempfile, unittest
class GitTest(unittest.TestCase):
    def test_git(self):
        self.assertFalse([name for name in os.environ if name in {"GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"}])
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
            subprocess.run(["git", "commit", "-q", "--allow-empty", "-m", "x"], cwd=folder, check=True)
"""
    bare_repository.commit("first", test_git__py=tests)
    bare_repository.batchhook("install")
    bare_repository.git("worktree", "add", "-q", "-b", "side", "../side")  # where hooks get an absolute GIT_DIR
    side = Repository(bare_repository.top.parent / "side")
    for number in range(5):
        side.commit(f"change {number}")
    assert side.json("wait", "1", "--timeout", "60")["verdict"] == "passed"
    assert bare_repository.git("log", "--all", "--format=%s", "--not", "--glob=refs/batchhook/*") == ""
    assert bare_repository.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("tests", "verdict", "message"),
    [
        ("", "broken", "no tests"),
        ("import nowhere_to_be_found\n", "critical", ""),
    ],
)
def test_suites_that_cannot_run_have_a_verdict(
    bare_repository: Repository, tests: str, verdict: str, message: str
) -> None:
    bare_repository.commit("first", test_it__py=tests)
    bare_repository.batchhook("install")
    for number in range(5):
        bare_repository.commit(f"change {number}")
    report = bare_repository.json("wait", "1", "--timeout", "60", code=3 if verdict == "broken" else 1)
    assert report["verdict"] == verdict
    assert message in report["broken"].lower()


def test_a_project_without_a_python_has_a_verdict(project: Repository) -> None:
    project.commit("1", pyproject__toml='[tool.batchhook]\npython = "no-such-python"\n')
    for number in range(2, 6):
        project.commit(f"change {number}")
    report = project.json("wait", "1", "--timeout", "60", code=3)
    assert "no-such-python" in report["broken"]
    assert report["hint"]


def test_every_batch_gets_its_run_if_the_runner_is_killed(
    bare_repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL at random moments: the next commit resumes, and nothing is stored twice."""
    bare_repository.commit("first", calculator__py=CALCULATOR, test_calculator__py=SLOW_TESTS)
    bare_repository.batchhook("install")
    monkeypatch.setenv("BATCHHOOK_BATCH_SIZE", "1")
    moments = random.Random(4)
    waiting = bare_repository.top / ".git/batchhook/waiting"
    kills = 0
    for number in range(6):
        bare_repository.commit(f"change {number}")
        time.sleep(moments.uniform(0, 0.9))
        runner = waiting.read_text().strip() if waiting.exists() else ""
        if runner.isdigit():
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(int(runner), signal.SIGKILL)
                kills += 1
    assert kills >= 3
    for number in range(1, 7):
        assert bare_repository.json("wait", str(number), "--timeout", "60")["verdict"] == "passed"
    with closing(sqlite3.connect(bare_repository.top / ".git/batchhook/state.db")) as database:
        assert database.execute("SELECT count(*), count(DISTINCT run_id) FROM batches").fetchone() == (6, 6)
        assert database.execute("SELECT count(*) FROM runs").fetchone() == (6,)
        assert database.execute("SELECT count(*) FROM results").fetchone() == (18,)
    assert not waiting.exists()
    _until_no_process_is_in(bare_repository.top)


def test_wait_restarts_a_dead_runner(bare_repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    bare_repository.commit("first", calculator__py=CALCULATOR, test_calculator__py=SLOW_TESTS)
    bare_repository.batchhook("install")
    monkeypatch.setenv("BATCHHOOK_BATCH_SIZE", "1")
    bare_repository.commit("change")
    command = [sys.executable, "-m", "batchhook", "wait", "1"]
    with subprocess.Popen(command, cwd=bare_repository.top, stdout=subprocess.PIPE, text=True) as waits:
        runner = bare_repository.top / ".git/batchhook/waiting"
        while not runner.read_text().strip().isdigit():
            time.sleep(0.02)
        os.kill(int(runner.read_text()), signal.SIGKILL)
        output, _ = waits.communicate(timeout=60)
    assert "batch 1 passed" in output


def test_manual_runs(project: Repository) -> None:
    project.write("calculator.py", "broken, but not committed")
    report = project.json("test")
    assert report["commit"] == project.head()
    assert report["totals"]["passed"] == 2
    assert "not committed" in project.batchhook("test") or "that are not" in project.batchhook("test")
    assert "no tests" in project.batchhook("test", "-p", "nothing*.py", code=3).lower()


def _until_finished(repository: Repository, number: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with closing(sqlite3.connect(repository.top / ".git/batchhook/state.db")) as database:
            if database.execute("SELECT status FROM batches WHERE id = ?", (number,)).fetchone()[0] == "finished":
                break
        time.sleep(0.05)
    while (repository.top / ".git/batchhook/waiting").exists() and time.monotonic() < end:
        time.sleep(0.02)


def _until_no_process_is_in(folder: Path) -> None:
    end = time.monotonic() + 10
    while left := _processes_in(folder):
        assert time.monotonic() < end, left
        time.sleep(0.05)


def _processes_in(folder: Path) -> list[str]:
    report = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            cwd = process.joinpath("cwd").readlink()
        except OSError:
            continue
        if cwd.is_relative_to(folder):
            report.append(f"{process.name}: {cwd}")
    return report
