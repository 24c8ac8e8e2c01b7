"""``isolation = "in-place"``: the work tree is tested as it is, and its tree is stored."""

from __future__ import annotations

from tests.driving import CALCULATOR, Repository

BROKEN = CALCULATOR.replace("a + b", "a - b")
IN_PLACE = 'isolation = "in-place"\n'


def test_a_batch_is_tested_in_the_work_tree_and_nothing_is_left_there(project: Repository) -> None:
    project.write(".batchhook.toml", IN_PLACE)
    for number in range(5):
        project.commit(f"change {number}")
    report = project.json("wait", "1", "--timeout", "60")
    assert report["verdict"] == "passed"
    assert report["tree"] == project.git("rev-parse", "HEAD^{tree}")
    assert project.git("status", "--porcelain", "--ignored") == ""
    assert not project.worktree().exists()
    assert not list((project.top / ".git").glob("batchhook-index*"))


def test_uncommitted_changes_are_tested_and_reported(project: Repository) -> None:
    project.write(".batchhook.toml", IN_PLACE)
    for number in range(4):
        project.commit(f"change {number}")
    project.write("calculator.py", BROKEN)
    project.write("last.txt", "")
    project.git("add", "last.txt")
    project.git("commit", "--quiet", "-m", "last")
    report = project.json("wait", "1", "--timeout", "60", code=1)
    assert report["verdict"] == "critical"
    assert report["tree"] != project.git("rev-parse", "HEAD^{tree}")
    assert "together with uncommitted changes" in project.batchhook("analyze", "1", code=1)
    assert project.read("calculator.py") == BROKEN
    assert project.git("status", "--porcelain") == "M calculator.py"


def test_manual_runs(project: Repository) -> None:
    project.write("calculator.py", BROKEN)
    assert project.json("test")["verdict"] == "passed", "what is committed"
    report = project.json("test", "--in-place", code=1)
    assert [failure["test_id"] for failure in report["failures"]] == ["test_calculator.CalculatorTest.test_add"]
    project.write("calculator.py", CALCULATOR)
    report = project.json("test", "--in-place")
    assert report["verdict"] == "passed"
    assert not project.json("test", "--in-place")["remembered"], "ignored files may differ, so it always runs"
