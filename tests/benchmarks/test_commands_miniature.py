"""The benchmark of real test tools, with those that a plain machine has."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(300)


def has_perl_tests() -> bool:
    """Return whether prove is here, with the module that most tests use."""
    if shutil.which("prove") is None or shutil.which("perl") is None:
        return False
    return subprocess.run(["perl", "-MTest::More", "-e", "1"], capture_output=True, check=False).returncode == 0


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.commands", *arguments]
    return subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "tool",
    [
        pytest.param("prove", marks=pytest.mark.skipif(not has_perl_tests(), reason="perl has no prove")),
        pytest.param("node", marks=pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")),
    ],
)
def test_a_tool(tool: str, tmp_path: Path) -> None:
    done = run("--tools", tool, "--rounds", "1", "--json", tmp_path / "numbers.json")
    assert done.returncode == 0, done.stdout + done.stderr
    (numbers,) = json.loads((tmp_path / "numbers.json").read_text())
    assert numbers["right"] == numbers["expected"] > 0
    assert numbers["counts"] == numbers["by_hand"]
    assert len(numbers["cost"]["by_hand"]) == len(numbers["cost"]["engine"]) == len(numbers["cost"]["test"]) == 1
    assert "Median of one run" in done.stdout


def test_a_tool_that_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git").symlink_to(shutil.which("git") or "git")
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run("--tools", "bats", "--rounds", "0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not installed" in done.stdout


def test_a_tool_without_a_project_is_refused() -> None:
    done = run("--tools", "jests")
    assert done.returncode == 2
    assert "there is no project for jests" in done.stderr
