"""``wait`` and ``status`` for programs: running, finished or no run at all; and results that were not seen yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_schemas import is_valid
from tests.driving import CALCULATOR, TESTS, Repository

BROKEN = CALCULATOR.replace("a + b", "a * b")


def fill(project: Repository, **files: str) -> None:
    """Fill a batch, whose first change is of these files."""
    project.commit("first of five", **files)
    for number in range(2, 6):
        project.commit(f"change {number}")


def held(gate: Path, condition: str = "True") -> str:
    """Tests of which one runs until a file exists, if a condition holds."""
    waiting = f"while {condition} and not os.path.exists({str(gate)!r}):\n            time.sleep(0.02)"
    return TESTS.replace("import unittest", "import os\nimport time\nimport unittest").replace(
        "def test_add(self):", f"def test_add(self):\n        {waiting}"
    )


def test_running_and_done_are_told_apart(project: Repository, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    fill(project, test_calculator__py=held(gate), calculator__py=BROKEN)
    found = until_testing(project)
    is_valid("waiting", found)
    assert (found["batch"], found["branch"], found["status"], found["verdict"]) == (1, "main", "running", None)
    assert (found["stage"], found["total"]) == ("testing", 2)
    status = project.json("status")
    is_valid("status", status)
    assert [each["batch"] for each in status["under_way"]] == [1]
    assert (status["under_way"][0]["stage"], status["unseen"], status["critical"]) == ("testing", [], None)
    said = " ".join(project.batchhook("wait", "--timeout", "0", code=4).split())
    assert "batch 1 is being tested: testing, " in said
    assert "→ batchhook wait 1 follow it" in said
    gate.touch()
    done = project.json("wait", "1", "--timeout", "90", code=1)
    is_valid("wait", done)
    assert done["batch"]["status"] == "finished"
    assert project.json("status")["under_way"] == []


def until_testing(project: Repository) -> Any:  # noqa: ANN401 - as json.loads
    """What ``wait`` says as soon as the tests run."""
    for _ in range(100):
        found = project.json("wait", "1", "--timeout", "0.2", code=4)
        if found["total"]:
            return found
    pytest.fail("the tests never began")


def test_the_search_is_a_part_of_it(project: Repository, tmp_path: Path) -> None:
    """While culprits are searched, the batch is not finished, but has its verdict."""
    gate = tmp_path / "gate"
    project.commit("before", test_calculator__py=held(gate, "calculator.add(1, 2) == 3"))
    fill(project, calculator__py=BROKEN)
    for _ in range(100):
        found = project.json("wait", "1", "--timeout", "0.2", code=4)
        if found["verdict"]:
            break
    assert (found["verdict"], found["status"]) == ("critical", "searching")
    assert "batch 1 (critical) has failing tests, and their culprits are being searched" in " ".join(
        project.batchhook("wait", "1", "--timeout", "0", code=4).split()
    )
    gate.touch()
    assert project.json("wait", "1", "--timeout", "90", code=1)["culprits"]


def test_nothing_to_wait_for(project: Repository) -> None:
    for words in (["wait"], ["wait", "--timeout", "5"]):
        found = project.json(*words, code=5)
        is_valid("error", found)
        assert (found["error"], found["exit_code"]) == ("no batch is full yet", 5)
    for _ in range(2):
        assert project.json("wait", "1", code=5)["error"] == "batch 1 is still open: it runs when it is full"
        project.commit("one")
    assert project.json("wait", "7", code=3)["error"] == "there is no batch 7"
    assert project.json("analyze", "1", code=3)["exit_code"] == 3


def test_unseen_results(project: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHHOOK_CULPRIT_BUDGET", "0")
    assert (project.batchhook("status", "--unseen"), project.json("status")["unseen"]) == ("", [])
    fill(project)
    passed(project)
    assert project.json("status")["unseen"] == [], "it passed"
    for number in range(5):
        project.commit(f"more {number}", calculator__py=f"{BROKEN}# {number}\n")
    passed(project)
    for _ in range(2):
        found = project.json("status", "--unseen", code=1)
        is_valid("status", found)
        assert (found["unseen"], found["critical"]) == ([2], 2)
        said = project.batchhook("status", "--unseen", code=1)
        assert said.startswith("batchhook: batch 2 failed: CRITICAL, 1 of 2 tests (50%) (batchhook analyze 2)\n")
    project.batchhook("analyze", "2", code=1)
    assert project.batchhook("status", "--unseen") == ""
    assert (project.json("status")["unseen"], project.json("status")["critical"]) == ([], 2)
    assert "Batch 2 failed critically, and nothing was done about it." in project.batchhook("status")
    assert project.json("ack", "2") == {"acknowledged": 2}
    assert project.json("status")["critical"] is None
    assert "nothing was done" not in project.batchhook("status")


def passed(project: Repository) -> None:
    """Wait until all batches are finished, without reading a verdict."""
    for _ in range(600):
        if not project.json("status")["under_way"]:
            return
    pytest.fail("a run does not end")
