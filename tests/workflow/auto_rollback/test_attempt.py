"""What is done by itself about a critical failure."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

import pytest

from tests.driving import CALCULATOR, Repository

BROKEN = CALCULATOR.replace("a + b", "a * b")


def critical(project: Repository, setting: str) -> Any:  # noqa: ANN401 - a JSON document
    """Fill a batch whose third change breaks a test of two; gives its analysis."""
    project.write(".batchhook.toml", f'auto_rollback = "{setting}"\ngate = "off"\n')
    project.commit("set")
    project.commit("one")
    project.commit("break it", calculator__py=BROKEN)
    project.commit("four")
    project.commit("five")
    project.batchhook("wait", "1", "--timeout", "90", code=1)
    return project.json("analyze", "1", code=1)


def guilty(found: Any) -> str:  # noqa: ANN401 - a JSON document
    (change,) = [change["oid"] for change in found["batch"]["changes"] if change["summary"] == "break it"]
    return str(change)


def test_nothing_is_done_without_being_asked(project: Repository) -> None:
    assert critical(project, "off")["way_back"] is None
    assert project.git("status", "--porcelain") == ""


def test_proposed(project: Repository) -> None:
    found = critical(project, "propose")
    change = guilty(found)
    assert found["way_back"] == {"status": "proposed", "changes": [change], "reason": "", "operation": 0}
    assert project.git("status", "--porcelain") == "", "nothing is touched"
    said = " ".join(project.batchhook("analyze", "1", code=1).split())
    assert f"it is proven that taking {change[:8]} out mends it: batchhook rollback 1 --culprit" in said
    project.batchhook("rollback", "1", "--culprit", "-y")
    assert project.read("calculator.py") == CALCULATOR


def test_told_by_the_next_commit(project: Repository) -> None:
    project.write(".batchhook.toml", 'auto_rollback = "propose"\nbatch_size = 2\n')
    project.commit("set")
    project.commit("break it", calculator__py=BROKEN)
    wait_unseen(project)
    said = project.commit("next")
    assert "batch 1 failed: CRITICAL" in said
    assert f"taking {project.head('HEAD~')[:8]} out mends it" in said


def wait_unseen(project: Repository) -> None:
    """Wait until batch 1 is finished, without looking at its verdict."""
    end = time.monotonic() + 90
    while project.json("show", "1")["batch"]["status"] != "finished":
        assert time.monotonic() < end


def test_applied_and_undone(project: Repository) -> None:
    found = critical(project, "apply")
    way = found["way_back"]
    assert (way["status"], way["changes"], way["reason"]) == ("applied", [guilty(found)], "")
    assert project.read("calculator.py") == CALCULATOR
    assert project.git("status", "--porcelain") == "M  calculator.py", "it is staged, for the user to commit"
    project.batchhook("undo", "-y")
    assert project.read("calculator.py") == BROKEN
    assert project.git("status", "--porcelain") == ""


@pytest.mark.parametrize("path", ["calculator.py", "notes.txt"])
def test_only_proposed_where_the_work_tree_holds_more(project: Repository, path: str) -> None:
    project.write(".batchhook.toml", 'auto_rollback = "apply"\nbatch_size = 2\n')
    project.commit("set")
    project.write("calculator.py", BROKEN)
    project.git("add", "calculator.py")
    more = project.read(path) + "# more\n" if (project.top / path).exists() else "mine\n"
    project.write(path, more)
    project.git("commit", "-qm", "break it")
    project.batchhook("wait", "1", "--timeout", "90", code=1)
    way = project.json("analyze", "1", code=1)["way_back"]
    assert (way["status"], way["operation"]) == ("proposed", 0)
    assert "not committed" in way["reason"]
    assert project.read(path) == more


def test_refused_where_it_would_not_help(project: Repository) -> None:
    project.write(".batchhook.toml", 'auto_rollback = "apply"\nbatch_size = 2\n')
    project.commit("break it", calculator__py=BROKEN)
    project.commit("on top", calculator__py=BROKEN.replace("a * b", "a ** b"))
    project.batchhook("wait", "1", "--timeout", "90", code=1)
    way = project.json("analyze", "1", code=1)["way_back"]
    assert way["status"] == "refused"
    assert "what they did was changed since" in way["reason"]
    assert project.git("status", "--porcelain") == ""


def test_a_runner_that_is_killed_after_it_went_back_does_not_go_twice(project: Repository) -> None:
    before = critical(project, "apply")["way_back"]
    with sqlite3.connect(project.top / ".git/batchhook/state.db") as database:
        database.execute("DELETE FROM ways_back")
        database.execute("UPDATE batches SET status = 'closing', announced = 0 WHERE id = 1")
    database.close()
    project.batchhook("wait", "1", "--timeout", "90", code=1)
    assert project.json("analyze", "1", code=1)["way_back"] == before
    assert len(project.json("operations")["operations"]) == 1
