"""The whole story, from the command line: what ``make demo`` does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.timeout(300)
def test_the_story_goes_as_it_should(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    demo = subprocess.run(
        [sys.executable, "-m", "batchhook", "demo", folder],
        env={**os.environ, "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert demo.stderr == ""

    lines = demo.stdout.splitlines()
    typed = [line.split()[1:3] for line in lines if line.startswith("$ ")]
    assert typed == [
        *[["git", "init"], ["git", "add"], ["git", "commit"], ["batchhook", "install"]],
        *[["git", "commit"]] * 5,
        *[["batchhook", "wait"], ["batchhook", "analyze"], ["batchhook", "rollback"]],
        *[["git", "commit"], ["batchhook", "test"], ["git", "commit"], ["batchhook", "test"], ["batchhook", "status"]],
    ]
    told = [line for line in lines if str(tmp_path) not in line]
    assert [line for line in told if len(line) > 80] == []
    assert lines[-1] == f"The repository is kept: {folder}"

    history = subprocess.run(
        ["git", "log", "--format=%s"], cwd=folder, capture_output=True, encoding="utf-8", check=True
    )
    assert history.stdout.splitlines()[:5] == [
        "Work out shares in whole numbers, and round them",
        "Take the two out that broke something",
        "Show how a token bucket is used",
        "Count attempts from one",
        "Give the invoice's columns one place",
    ]
