"""``batchhook ci`` in a fresh clone: it tests what is there, says so in files and exit code, and leaves no trace."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from batchhook.errors import BatchhookError, UsageError
from batchhook.workflow.ci import baselines
from batchhook.workflow.ci.baselines import BaselineLocation, BaselineSource
from batchhook.workflow.ci.checkout import open_checkout
from tests.driving import CALCULATOR, TESTS, Repository
from tests.workflow.ci.conftest import clone, trace

ADD = "test_calculator.CalculatorTest.test_add"
BROKEN = CALCULATOR.replace("a + b", "a * b")


@pytest.fixture
def fresh(origin: Repository) -> Repository:
    return clone(origin)


def report(repository: Repository, name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(repository.read(f"test_batch_logs/{name}"))
    return found


def test_a_fresh_clone_is_tested_and_keeps_no_trace(fresh: Repository, tmp_path: Path) -> None:
    before = trace(fresh)
    said = fresh.batchhook("ci", "-v")
    assert "test_add (test_calculator.CalculatorTest.test_add) ... ok\n" in said
    assert f"{fresh.head()[:8]} passed: 2 tests" in said
    assert trace(fresh) == before
    assert not list((tmp_path / "scratch").iterdir())
    assert fresh.git("status", "--porcelain") == "", "the reports hide themselves from git"
    assert sorted(path.name for path in (fresh.top / "test_batch_logs").iterdir()) == [
        ".gitignore",
        "ci_test_results.json",
        "gl-code-quality-report.json",
        "junit.xml",
        "summary.md",
    ]
    assert report(fresh, "ci_test_results.json")["overall_success"] is True


def test_what_is_tested_is_the_checkout_as_it_is(fresh: Repository) -> None:
    fresh.write("calculator.py", "from built import add, subtract\n")
    fresh.write("built.py", CALCULATOR)  # like a compiled extension, which is not committed
    found = fresh.json("ci")
    assert (found["verdict"], found["modified"], found["commit"]) == ("passed", True, fresh.head())
    fresh.write("built.py", BROKEN)
    assert "The checkout was tested as it is" in fresh.batchhook("ci", code=1)


def test_a_failure_is_in_every_report(fresh: Repository) -> None:
    fresh.write("calculator.py", BROKEN)
    said = fresh.batchhook("ci", "--verbose", code=1)
    assert "test_add (test_calculator.CalculatorTest.test_add) ... FAIL" in said
    assert "AssertionError: 2 != 3" in said
    results = report(fresh, "ci_test_results.json")
    assert isinstance(results["modules"], dict)
    (failure,) = results["modules"]["test_calculator"]["failures"]
    assert (failure["test_name"], failure["file_location"]) == ("test_add", "test_calculator.py:8")
    (issue,) = json.loads(fresh.read("test_batch_logs/gl-code-quality-report.json"))
    assert issue["location"] == {"path": "test_calculator.py", "lines": {"begin": 8}}
    assert 'name="test_add"' in fresh.read("test_batch_logs/junit.xml")
    assert f"`{ADD}`" in fresh.read("test_batch_logs/summary.md")


def test_a_baseline_in_a_file(fresh: Repository) -> None:
    assert "there is no baseline test_batch_logs/baseline_results.json yet" in fresh.batchhook(
        "ci", "--compare", code=3
    )
    assert "baseline: test_batch_logs/baseline_results.json" in fresh.batchhook("ci", "--set-baseline", "-v")
    found = fresh.json("ci", "--compare")
    assert (found["exit_code"], found["regressions"]["compared"]["by_module"]) == (0, {})
    fresh.write("calculator.py", BROKEN)
    said = fresh.batchhook("ci", "--compare", "--set-baseline", code=2)
    assert f"newly failing: {ADD}" in said
    assert "1 of 2 tests fail: the baseline is unchanged" in said
    assert report(fresh, "regressions.json")["has_regressions"] is True
    fresh.batchhook("ci", "--set-baseline", "elsewhere/base.json", "--force", code=1)
    assert f"still failing: {ADD}" in fresh.batchhook("ci", "--compare", "elsewhere/base.json", code=1)
    fresh.batchhook("ci", code=1)
    assert not (fresh.top / "test_batch_logs/regressions.json").exists(), "it would be taken for this run's"


def test_a_baseline_in_a_note_of_the_nearest_commit(fresh: Repository) -> None:
    assert "has a note with a baseline" in fresh.batchhook("ci", "--compare", "note", code=3)
    before = trace(fresh)
    assert "refs/notes/batchhook" in fresh.batchhook("ci", "--set-baseline", "note", GIT_CONFIG_GLOBAL="/dev/null")
    first = fresh.head()
    new = trace(fresh).keys() - before.keys()
    assert all(path.startswith(("objects/", "refs/notes", "logs/refs/notes")) for path in new)
    fresh.commit("break", calculator__py=BROKEN)
    fresh.commit("more")
    said = fresh.batchhook("ci", "--compare", "note", code=2)
    assert f"since the baseline, the note at {first[:8]}:" in said
    fresh.write("calculator.py", CALCULATOR)
    assert "files differ from" in run_both(fresh, "ci", "--set-baseline", "note").stderr


def test_a_baseline_at_a_commit_is_run_now(fresh: Repository) -> None:
    fresh.commit("break", calculator__py=BROKEN)
    fresh.commit("add", calculator__py=BROKEN, test_more__py=TESTS.replace("test_add", "test_other"))
    before = trace(fresh)
    said = fresh.batchhook("ci", "--compare", "HEAD~2", "-v", code=2)
    assert f"since the baseline, HEAD~2 ({fresh.head('HEAD~2')[:8]}):" in said
    assert "newly failing: test_more.CalculatorTest.test_other" in said
    assert trace(fresh) == before
    assert fresh.git("worktree", "list").count("\n") == 0
    assert "unknown revision: nowhere" in fresh.batchhook("ci", "--compare", "nowhere", code=3)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"timestamp": 3}', b"\0", b"\xff\xfe"])
def test_a_damaged_baseline_is_refused(fresh: Repository, content: bytes) -> None:
    path = fresh.top / "bad.json"
    path.write_bytes(content)
    with open_checkout(fresh.top, os.environ, {}) as project, pytest.raises(BatchhookError, match="is not a baseline"):
        baselines.read(project, BaselineLocation(BaselineSource.FILE, str(path)), "HEAD")


def test_what_a_baseline_is_called(tmp_path: Path) -> None:
    default = tmp_path / "default.json"
    (tmp_path / "kept").touch()
    to_compare = {
        "": BaselineLocation(BaselineSource.FILE, str(default)),
        "note": BaselineLocation(BaselineSource.NOTE),
        "kept": BaselineLocation(BaselineSource.FILE, str(tmp_path / "kept")),
        "gone.json": BaselineLocation(BaselineSource.FILE, str(tmp_path / "gone.json")),
        "file:note": BaselineLocation(BaselineSource.FILE, str(tmp_path / "note")),
        "ref:kept": BaselineLocation(BaselineSource.COMMIT, "kept"),
        "origin/main": BaselineLocation(BaselineSource.COMMIT, "origin/main"),
        "HEAD:x": BaselineLocation(BaselineSource.COMMIT, "HEAD:x"),
    }
    assert {word: baselines.parse_location(word, default, tmp_path) for word in to_compare} == to_compare
    assert baselines.parse_target("some/where", default, tmp_path) == BaselineLocation(
        BaselineSource.FILE, str(tmp_path / "some/where")
    )
    assert baselines.parse_target("note", default, tmp_path) == BaselineLocation(BaselineSource.NOTE)
    with pytest.raises(UsageError, match="is written to a file"):
        baselines.parse_target("ref:HEAD", default, tmp_path)


def test_wrong_words(fresh: Repository) -> None:
    assert "--force needs --set-baseline" in fresh.batchhook("ci", "--force", code=64)
    assert "not a commit range: main" in fresh.batchhook("ci", "--range", "main", code=64)


def test_a_suite_that_cannot_run_is_not_taken_for_success(fresh: Repository) -> None:
    assert "the baseline is unchanged" in fresh.batchhook("ci", "-p", "nothing*.py", "--set-baseline", code=3)
    found = fresh.json("ci", "-p", "nothing*.py", code=3)
    assert (found["verdict"], found["baseline_set"]) == ("broken", "")
    assert found["broken"]
    assert report(fresh, "ci_test_results.json")["overall_success"] is False
    assert 'errors="1"' in fresh.read("test_batch_logs/junit.xml")
    assert not (fresh.top / "test_batch_logs/baseline_results.json").exists()


def test_discovery_options_and_folders(fresh: Repository) -> None:
    fresh.write("code/calculator.py", CALCULATOR)
    fresh.write("code/checks/__init__.py", "")
    fresh.write("code/checks/check_it.py", TESTS)
    options = ("-s", "code/checks", "-t", "code", "-p", "check*.py", "--jobs", "1", "--output", "out")
    assert fresh.json("ci", *options)["totals"]["tests"] == 2
    outside = Repository(fresh.top.parent)
    found = outside.json("-C", "clone/code", "ci", "--output", "reports")
    assert found["totals"]["tests"] == 2
    assert (fresh.top / "code/reports/junit.xml").exists()


def test_settings_of_the_branch_that_the_service_names(fresh: Repository) -> None:
    fresh.write(".batchhook.toml", '[branches."work/*"]\npattern = "check*.py"\n')
    fresh.write("check_more.py", TESTS.replace("test_add", "test_more"))
    fresh.git("checkout", "--quiet", "--detach")
    assert "test_more" in fresh.batchhook("ci", "-v", GITLAB_CI="true", CI_COMMIT_BRANCH="work/it")
    assert "test_more" not in fresh.batchhook("ci", "-v")


def test_where_batchhook_is_installed_its_state_stays_as_it_is(project: Repository) -> None:
    project.commit("a")
    before = trace(project)
    project.batchhook("ci", "--compare", "HEAD~1")
    after = trace(project)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert changed <= {"batchhook/in-place.lock"}
    assert project.open() == (1, ["a"])


def test_a_cancelled_job_leaves_nothing_behind(fresh: Repository, tmp_path: Path) -> None:
    sleeping = TESTS.replace(
        "        self.assertEqual", "        import time; time.sleep(60)\n        self.assertEqual"
    )
    fresh.commit("sleep", test_calculator__py=sleeping)
    before = trace(fresh)
    command = [sys.executable, "-m", "batchhook", "ci", "--compare", "HEAD", "-v"]
    with subprocess.Popen(command, cwd=fresh.top, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert any("2 tests" in line for line in running.stdout)
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 130
    assert not list((tmp_path / "scratch").iterdir())
    assert trace(fresh) == before


def run_both(repository: Repository, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "batchhook", *arguments],
        cwd=repository.top,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
