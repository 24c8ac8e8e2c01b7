"""``test --recorded``: what is ahead of HEAD, and not committed."""

from __future__ import annotations

import json
from pathlib import Path

from tests.driving import CALCULATOR, Repository

BROKEN = CALCULATOR.replace("a + b", "a * b")


def test_what_was_recorded_is_tested_and_not_head(project: Repository, tmp_path: Path) -> None:
    assert project.json("test", "--recorded")["commit"] == project.head(), "nothing is recorded after it"
    project.write("calculator.py", BROKEN)
    change = project.json("record", "--no-wait")["change"]
    progress = tmp_path / "progress"
    told = project.json("test", "--recorded", "--progress", str(progress), code=1)
    assert (told["commit"], told["totals"]["failed"]) == (change["oid"], 1)
    lines = [json.loads(line) for line in progress.read_text().splitlines()]
    assert {"finished": "test_calculator.CalculatorTest.test_add", "outcome": "failed"} in lines
    assert project.json("test")["totals"]["failed"] == 0, "HEAD is what it was"


def test_what_has_changed_since_is_told(project: Repository) -> None:
    project.write(".gitignore", "__pycache__/\n")
    project.batchhook("record", "--no-wait")
    assert "has changes that are not" not in project.batchhook("test", "--recorded")
    project.write("calculator.py", BROKEN)
    assert "Tested is what is recorded; the work tree has changes" in project.batchhook("test", "--recorded")


def test_two_states_at_once(project: Repository) -> None:
    assert "say one of them" in project.batchhook("test", "--recorded", "--in-place", code=64)
