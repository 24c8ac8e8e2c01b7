"""The whole demo, from the command line: what ``make demo`` runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.timeout(300)
@pytest.mark.parametrize("engine", ["unittest", "pytest"])
def test_whole_demo(tmp_path: Path, engine: str) -> None:
    folder = tmp_path / "here"
    demo = subprocess.run(
        [sys.executable, "-m", "batchhook", "demo", folder, "--engine", engine],
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
    assert lines[-1] == f"The repository is kept: {folder}"

    history = subprocess.run(
        ["git", "log", "--format=%s"], cwd=folder, capture_output=True, encoding="utf-8", check=True
    )
    assert history.stdout.splitlines()[:5] == [
        "Work out shares in whole numbers, and round them",
        "Revert the two changes that broke tests",
        "Show how a token bucket is used",
        "Count attempts from one",
        "Give the invoice's columns one place",
    ]
