"""Batches in which only tests fail that failed before, too."""

from __future__ import annotations

import pytest

from tests.driving import CALCULATOR, Repository

ADD = "test_calculator.CalculatorTest.test_add"
BROKEN = CALCULATOR.replace("a + b", "a * b")
LINE = "known failures only: 1 of 2 tests failed before, too"


def fill(project: Repository, number: int, *, code: int, source: str = BROKEN) -> str:
    """Fill a batch with edits of that file, follow its run, and return what ``wait`` printed."""
    for change in range(1, 6):
        project.commit(f"{number}.{change}", calculator__py=f"{source}# {number}.{change}\n")
    return project.batchhook("wait", str(number), "--timeout", "90", code=code)


@pytest.fixture
def failed(project: Repository) -> Repository:
    """A repository whose first batch broke a test; that has been seen."""
    fill(project, 1, code=1)
    return project


def test_an_old_failure_fails_one_batch_and_no_other(failed: Repository) -> None:
    assert LINE in fill(failed, 2, code=0)
    assert LINE in failed.batchhook("analyze", "2")
    assert failed.json("status")["latest"][0]["verdict"] == "known-failures"
    fill(failed, 3, code=0)
    other = CALCULATOR.replace("a - b", "a + b").replace("return a + b", "return a * b", 1)
    assert "failed: CRITICAL, 2 of 2 tests" in fill(failed, 4, code=1, source=other)
    assert "passed: 2 tests" in fill(failed, 5, code=0, source=CALCULATOR)
    assert "failed: CRITICAL, 1 of 2 tests" in fill(failed, 6, code=1)


def test_it_leaves_nothing_unseen_and_needs_no_second_acknowledgement(failed: Repository) -> None:
    failed.batchhook("ack", "1")
    for change in range(1, 6):
        failed.commit(f"2.{change}", calculator__py=f"{BROKEN}# 2.{change}\n")
    failed.await_runs()
    failed.batchhook("status", "--unseen")
    assert f"batch 2 {LINE}" in failed.commit("next"), "a line, once"
    assert "not resolved" not in failed.commit("after")


def test_the_gate_stays_closed_until_the_critical_batch_is_resolved(failed: Repository) -> None:
    fill(failed, 2, code=0)
    assert "batch 1 failed critically and is not resolved yet" in failed.commit("next")


def test_a_batch_that_was_rolled_back_does_not_excuse_the_same_failure(failed: Repository) -> None:
    failed.batchhook("rollback", "1", "--commit", "-y")
    assert "failed: CRITICAL" in fill(failed, 2, code=1)


def test_it_may_be_turned_off(failed: Repository) -> None:
    failed.write(".batchhook.toml", 'known_failures = "none"\n')
    assert "failed: CRITICAL" in fill(failed, 2, code=1)


def test_a_forced_baseline_accepts_failures(failed: Repository) -> None:
    failed.write(".batchhook.toml", 'known_failures = "baseline"\n')
    assert "failed: CRITICAL" in fill(failed, 2, code=1)
    failed.batchhook("baseline", "set", "--force")
    assert "not resolved" not in failed.commit("accepted")
    assert LINE in fill(failed, 3, code=0)


def test_the_first_batch_is_compared_with_the_baseline(project: Repository) -> None:
    project.commit("old", "--no-verify", calculator__py=BROKEN)
    project.batchhook("baseline", "set", "--force")
    for change in range(2, 6):
        project.commit(f"1.{change}")
    assert LINE in project.batchhook("wait", "1", "--timeout", "90")


def test_what_a_change_of_the_batch_broke_again_is_not_known(project: Repository) -> None:
    project.commit("old", "--no-verify", calculator__py=BROKEN)
    project.batchhook("baseline", "set", "--force")
    for change in range(2, 5):
        project.commit(f"1.{change}", calculator__py=f"{CALCULATOR}# {change}\n")
    project.commit("again", calculator__py=f"{BROKEN}# again\n")
    assert "failed: CRITICAL" in project.batchhook("wait", "1", "--timeout", "90", code=1)
    assert "again" in project.batchhook("analyze", "1", code=1)
    assert "batch 1 failed critically" in project.commit("next")
