"""Automatic rollback after a critical failure."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

import pytest

from tests.driving import CALCULATOR, Repository

BROKEN = CALCULATOR.replace("a + b", "a * b")


def critical(project: Repository, setting: str) -> Any:  # noqa: ANN401 - a JSON document
    """Fill a batch whose third change breaks one of two tests; return its analysis."""
    project.write(".batchhook.toml", f'auto_rollback = "{setting}"\ngate = "off"\n')
    project.commit("set")
    project.commit("one")
    project.commit("break it", calculator__py=BROKEN)
    project.commit("four")
    project.commit("five")
    project.batchhook("wait", "1", "--timeout", "90", code=1)
    return project.json("analyze", "1", code=1)


def culprit(found: Any) -> str:  # noqa: ANN401 - a JSON document
    (change,) = [change["oid"] for change in found["batch"]["changes"] if change["summary"] == "break it"]
    return str(change)


def test_off(project: Repository) -> None:
    assert critical(project, "off")["auto_rollback"] is None
    assert project.git("status", "--porcelain") == ""


def test_proposed(project: Repository) -> None:
    found = critical(project, "propose")
    change = culprit(found)
    assert found["auto_rollback"] == {"status": "proposed", "changes": [change], "reason": "", "operation": 0}
    assert project.git("status", "--porcelain") == "", "nothing is touched"
    output = " ".join(project.batchhook("analyze", "1", code=1).split())
    oid = change[:8]
    assert f"reverting {oid} fixes the tests {oid} broke; to do so: batchhook rollback 1 --culprit" in output
    project.batchhook("rollback", "1", "--culprit", "-y")
    assert project.read("calculator.py") == CALCULATOR


def test_reported_by_the_next_commit(project: Repository) -> None:
    project.write(".batchhook.toml", 'auto_rollback = "propose"\nbatch_size = 2\n')
    project.commit("set")
    project.commit("break it", calculator__py=BROKEN)
    wait_unseen(project)
    output = project.commit("next")
    assert "batch 1 failed: CRITICAL" in output
    assert f"reverting {project.head('HEAD~')[:8]} fixes the tests" in output


def wait_unseen(project: Repository) -> None:
    """Wait until batch 1 is finished, without looking at its verdict."""
    end = time.monotonic() + 90
    while project.json("show", "1")["batch"]["status"] != "finished":
        assert time.monotonic() < end
        time.sleep(0.1)


def test_applied_and_undone(project: Repository) -> None:
    found = critical(project, "apply")
    result = found["auto_rollback"]
    assert (result["status"], result["changes"], result["reason"]) == ("applied", [culprit(found)], "")
    assert project.read("calculator.py") == CALCULATOR
    assert project.git("status", "--porcelain") == "M  calculator.py", "it is staged, for the user to commit"
    project.batchhook("undo", "-y")
    assert project.read("calculator.py") == BROKEN
    assert project.git("status", "--porcelain") == ""


@pytest.mark.parametrize("path", ["calculator.py", "notes.txt"])
def test_only_proposed_if_the_work_tree_is_not_clean(project: Repository, path: str) -> None:
    project.write(".batchhook.toml", 'auto_rollback = "apply"\nbatch_size = 2\n')
    project.commit("set")
    project.write("calculator.py", BROKEN)
    project.git("add", "calculator.py")
    more = project.read(path) + "# more\n" if (project.top / path).exists() else "mine\n"
    project.write(path, more)
    project.git("commit", "-qm", "break it")
    project.batchhook("wait", "1", "--timeout", "90", code=1)
    result = project.json("analyze", "1", code=1)["auto_rollback"]
    assert (result["status"], result["operation"]) == ("proposed", 0)
    assert "not committed" in result["reason"]
    assert project.read(path) == more


def test_refused_on_conflicts(project: Repository) -> None:
    project.write(".batchhook.toml", 'auto_rollback = "apply"\nbatch_size = 2\n')
    project.commit("break it", calculator__py=BROKEN)
    project.commit("on top", calculator__py=BROKEN.replace("a * b", "a ** b"))
    project.batchhook("wait", "1", "--timeout", "90", code=1)
    result = project.json("analyze", "1", code=1)["auto_rollback"]
    assert result["status"] == "refused"
    assert "later changes conflict with the culprits" in result["reason"]
    assert project.git("status", "--porcelain") == ""


def test_a_runner_killed_after_the_rollback_does_not_repeat_it(project: Repository) -> None:
    before = critical(project, "apply")["auto_rollback"]
    attempt_again(project)
    assert project.json("analyze", "1", code=1)["auto_rollback"] == before
    assert len(project.json("operations")["operations"]) == 1


def attempt_again(project: Repository) -> None:
    """Forget the result of the automatic rollback, as if the runner had been killed before it stored it."""
    with sqlite3.connect(project.top / ".git/batchhook/state.db") as database:
        database.execute("DELETE FROM auto_rollbacks")
        database.execute("UPDATE batches SET status = 'closing', finalized = 0 WHERE id = 1")
    database.close()
    project.batchhook("wait", "1", "--timeout", "90", code=1)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "it is already rolled back by operation 1"),
        (("calculator.py",), "it is already partly rolled back by operation 1"),
    ],
)
def test_refused_if_the_user_has_rolled_it_back(project: Repository, arguments: tuple[str, ...], reason: str) -> None:
    critical(project, "off")
    project.batchhook("rollback", "1", *arguments, "-y")
    project.write(".batchhook.toml", 'auto_rollback = "apply"\ngate = "off"\n')
    attempt_again(project)
    result = project.json("analyze", "1", code=1)["auto_rollback"]
    assert result == {"status": "refused", "changes": [], "reason": reason, "operation": 0}
    assert len(project.json("operations")["operations"]) == 1
