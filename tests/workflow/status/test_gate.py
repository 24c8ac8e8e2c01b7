"""What a commit meets after a batch that failed critically."""

from __future__ import annotations

import pytest

from tests.driving import CALCULATOR, Repository

BROKEN = CALCULATOR.replace("a + b", "a * b")
SAID = "batch 1 failed critically, and nothing was done about it"


@pytest.fixture
def critical(project: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository whose first batch failed critically; that has been seen."""
    monkeypatch.setenv("BATCHHOOK_CULPRIT_BUDGET", "0")
    for number in range(1, 6):
        project.commit(str(number), calculator__py=f"{BROKEN}# {number}\n")
    project.batchhook("wait", "1", "--timeout", "90", code=1)
    return project


def committed(project: Repository, subject: str, code: int = 0) -> str:
    """Commit something; gives what git and the hooks said."""
    project.write(f"{subject}.txt", subject)
    project.git("add", "--all")
    done = project.git_both("commit", "-qm", subject, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_it_warns_and_the_commit_is_made(critical: Repository) -> None:
    assert SAID in committed(critical, "next")
    assert SAID in committed(critical, "after"), "as long as nothing is done"
    assert critical.git("log", "-1", "--format=%s") == "after"


def test_it_blocks_where_that_is_asked_for(critical: Repository) -> None:
    critical.write(".batchhook.toml", 'gate = "block"\n')
    critical.batchhook("status")
    assert SAID in committed(critical, "next", code=1)
    assert critical.git("log", "-1", "--format=%s") == "5"
    critical.git("commit", "-q", "--no-verify", "-m", "all the same")


def test_it_is_silent_where_that_is_asked_for(critical: Repository) -> None:
    critical.write(".batchhook.toml", 'gate = "off"\n')
    critical.batchhook("status")
    assert SAID not in committed(critical, "next")


def test_acknowledged(critical: Repository) -> None:
    assert "Batch 1 is taken as it is." in critical.batchhook("ack", "1")
    assert SAID not in committed(critical, "next")
    assert "needs no answer any more" in critical.batchhook("--json", "ack", "1")
    assert "there is no batch 7" in critical.batchhook("ack", "7", code=3)


def test_rolled_back_and_undone(critical: Repository) -> None:
    critical.batchhook("rollback", "1", "-y")
    assert SAID not in committed(critical, "take-out")
    critical.batchhook("undo", "-y")
    assert SAID in committed(critical, "again")


def test_mended_in_place_before_it_is_committed(critical: Repository) -> None:
    critical.write(".batchhook.toml", 'gate = "block"\n')
    critical.batchhook("status")
    critical.write("calculator.py", CALCULATOR)
    critical.batchhook("test", "-p", "nothing*.py", code=3)
    critical.batchhook("test", "test_calculator.CalculatorTest.test_add", "--in-place")
    assert SAID in committed(critical, "a-part-proves-nothing", code=1)
    critical.batchhook("test", "--in-place")
    assert SAID not in committed(critical, "mended")


def test_a_later_batch_speaks_for_the_branch(critical: Repository) -> None:
    for number in range(6, 11):
        critical.commit(str(number), calculator__py=f"{CALCULATOR}# {number}\n")
    critical.batchhook("wait", "2", "--timeout", "90")
    assert SAID not in committed(critical, "next")


def test_another_branch_is_not_concerned(critical: Repository) -> None:
    critical.git("switch", "-qc", "other")
    assert SAID not in committed(critical, "next")
    critical.git("worktree", "add", "-q", "../linked", "main")
    linked = Repository(critical.top.parent / "linked")
    assert SAID in committed(linked, "in-a-linked-work-tree")


def test_only_critical_batches_are_to_be_answered(project: Repository) -> None:
    for number in range(5):
        project.commit(str(number))
    project.batchhook("wait", "1", "--timeout", "90")
    assert "did not fail critically" in project.batchhook("ack", "1", code=3)
