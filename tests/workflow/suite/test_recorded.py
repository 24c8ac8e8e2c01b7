"""``test --recorded``: recorded changes, ahead of HEAD and not committed."""

from __future__ import annotations

import json
from pathlib import Path

from tests.driving import CALCULATOR, Repository

BROKEN = CALCULATOR.replace("a + b", "a * b")


def test_the_recorded_change_is_tested_not_head(project: Repository, tmp_path: Path) -> None:
    assert project.json("test", "--recorded")["commit"] == project.head(), "nothing is recorded after it"
    project.write("calculator.py", BROKEN)
    change = project.json("record", "--no-wait")["change"]
    progress = tmp_path / "progress"
    report = project.json("test", "--recorded", "--progress", str(progress), code=1)
    assert (report["commit"], report["totals"]["failed"]) == (change["oid"], 1)
    lines = [json.loads(line) for line in progress.read_text().splitlines()]
    assert {"finished": "test_calculator.CalculatorTest.test_add", "outcome": "failed"} in lines
    assert project.json("test")["totals"]["failed"] == 0, "HEAD is unchanged"


def test_changes_since_are_reported(project: Repository) -> None:
    project.write(".gitignore", "__pycache__/\n")
    project.batchhook("record", "--no-wait")
    assert "has changes that are not" not in project.batchhook("test", "--recorded")
    project.write("calculator.py", BROKEN)
    assert "The work tree has changes that are not recorded; they were not tested" in project.batchhook(
        "test", "--recorded"
    )


def test_recorded_and_in_place_are_mutually_exclusive(project: Repository) -> None:
    assert "mutually exclusive" in project.batchhook("test", "--recorded", "--in-place", code=64)
