"""``isolation = "in-place"``: what is tested is what the work tree holds, and what that was is written down."""

from __future__ import annotations

from tests.driving import CALCULATOR, Repository

BROKEN = CALCULATOR.replace("a + b", "a - b")
IN_PLACE = 'isolation = "in-place"\n'


def test_a_batch_is_tested_in_the_work_tree_and_nothing_is_left_there(project: Repository) -> None:
    project.write(".batchhook.toml", IN_PLACE)
    for number in range(5):
        project.commit(f"change {number}")
    found = project.json("wait", "1", "--timeout", "60")
    assert found["verdict"] == "passed"
    assert found["tree"] == project.git("rev-parse", "HEAD^{tree}")
    assert project.git("status", "--porcelain", "--ignored") == ""
    assert not (project.top / ".git/batchhook/worktrees/batchhook-1").exists()
    assert not list((project.top / ".git").glob("batchhook-index*"))


def test_uncommitted_changes_are_tested_too_and_that_is_said(project: Repository) -> None:
    project.write(".batchhook.toml", IN_PLACE)
    for number in range(4):
        project.commit(f"change {number}")
    project.write("calculator.py", BROKEN)
    project.write("last.txt", "")
    project.git("add", "last.txt")
    project.git("commit", "--quiet", "-m", "last")
    found = project.json("wait", "1", "--timeout", "60", code=1)
    assert found["verdict"] == "critical"
    assert found["tree"] != project.git("rev-parse", "HEAD^{tree}")
    assert "were not committed" in project.batchhook("analyze", "1", code=1)
    assert project.read("calculator.py") == BROKEN
    assert project.git("status", "--porcelain") == "M calculator.py"


def test_by_hand(project: Repository) -> None:
    project.write("calculator.py", BROKEN)
    assert project.json("test")["verdict"] == "passed", "what is committed"
    found = project.json("test", "--in-place", code=1)
    assert [failure["test_id"] for failure in found["failures"]] == ["test_calculator.CalculatorTest.test_add"]
    project.write("calculator.py", CALCULATOR)
    found = project.json("test", "--in-place")
    assert found["verdict"] == "passed"
    assert not project.json("test", "--in-place")["remembered"], "ignored files may differ: it is always run"
