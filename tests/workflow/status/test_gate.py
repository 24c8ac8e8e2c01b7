"""Commits after a batch that failed critically."""

from __future__ import annotations

import pytest

from tests.driving import CALCULATOR, Repository

BROKEN = CALCULATOR.replace("a + b", "a * b")
WARNING = "batch 1 failed critically and is not resolved yet"


@pytest.fixture
def critical(project: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository whose first batch failed critically; that has been seen."""
    monkeypatch.setenv("BATCHHOOK_CULPRIT_BUDGET", "0")
    for number in range(1, 6):
        project.commit(str(number), calculator__py=f"{BROKEN}# {number}\n")
    project.batchhook("wait", "1", "--timeout", "90", code=1)
    return project


def committed(project: Repository, subject: str, code: int = 0) -> str:
    """Commit a file; return the output of Git and the hooks."""
    project.write(f"{subject}.txt", subject)
    project.git("add", "--all")
    done = project.git_both("commit", "-qm", subject, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_it_warns_and_the_commit_is_made(critical: Repository) -> None:
    assert WARNING in committed(critical, "next")
    assert WARNING in committed(critical, "after"), "until it is resolved"
    assert critical.git("log", "-1", "--format=%s") == "after"


def test_it_blocks_with_gate_block(critical: Repository) -> None:
    critical.write(".batchhook.toml", 'gate = "block"\n')
    critical.batchhook("status")
    assert WARNING in committed(critical, "next", code=1)
    assert critical.git("log", "-1", "--format=%s") == "5"
    critical.git("commit", "-q", "--no-verify", "-m", "all the same")


def test_it_is_silent_with_gate_off(critical: Repository) -> None:
    critical.write(".batchhook.toml", 'gate = "off"\n')
    critical.batchhook("status")
    assert WARNING not in committed(critical, "next")


def test_acknowledged(critical: Repository) -> None:
    assert "Batch 1 is acknowledged." in critical.batchhook("ack", "1")
    assert WARNING not in committed(critical, "next")
    assert "is already resolved" in critical.batchhook("--json", "ack", "1")
    assert "there is no batch 7" in critical.batchhook("ack", "7", code=3)


def test_rolled_back_and_undone(critical: Repository) -> None:
    critical.batchhook("rollback", "1", "-y")
    assert WARNING not in committed(critical, "take-out")
    critical.batchhook("undo", "-y")
    assert WARNING in committed(critical, "again")


def test_fixed_in_place_before_it_is_committed(critical: Repository) -> None:
    critical.write(".batchhook.toml", 'gate = "block"\n')
    critical.batchhook("status")
    critical.write("calculator.py", CALCULATOR)
    critical.batchhook("test", "-p", "nothing*.py", code=3)
    critical.batchhook("test", "test_calculator.CalculatorTest.test_add", "--in-place")
    assert WARNING in committed(critical, "a-part-is-not-enough", code=1)
    critical.batchhook("test", "--in-place")
    assert WARNING not in committed(critical, "fixed")


def test_a_later_batch_replaces_it(critical: Repository) -> None:
    for number in range(6, 11):
        critical.commit(str(number), calculator__py=f"{CALCULATOR}# {number}\n")
    critical.batchhook("wait", "2", "--timeout", "90")
    assert WARNING not in committed(critical, "next")


def test_another_branch_is_not_affected(critical: Repository) -> None:
    critical.git("switch", "-qc", "other")
    assert WARNING not in committed(critical, "next")
    critical.git("worktree", "add", "-q", "../linked", "main")
    linked = Repository(critical.top.parent / "linked")
    assert WARNING in committed(linked, "in-a-linked-work-tree")


def test_only_critical_batches_can_be_acknowledged(project: Repository) -> None:
    for number in range(5):
        project.commit(str(number))
    project.batchhook("wait", "1", "--timeout", "90")
    assert "did not fail critically" in project.batchhook("ack", "1", code=3)
