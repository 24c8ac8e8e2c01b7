"""Git without the user's configuration, and copies of the demo's project."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from batchhook.demo.scenario import DemoChange, DemoEngine, Scenario

MakeProject = Callable[..., Path]


@pytest.fixture(autouse=True)
def _pinned_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{who}_NAME", raising=False)
        monkeypatch.delenv(f"GIT_{who}_EMAIL", raising=False)
        monkeypatch.setenv(f"GIT_{who}_DATE", "2024-10-15T12:00:00+00:00")


@pytest.fixture(scope="module", params=DemoEngine, ids=lambda engine: engine.value)
def scenario(request: pytest.FixtureRequest) -> Scenario:
    """Return the scenario for each engine."""
    return Scenario.read(request.param)


@pytest.fixture
def make_project(tmp_path: Path, scenario: Scenario) -> MakeProject:
    """Return a function that copies the project into a repository and applies changes to it."""

    def make(name: str, *changes: DemoChange) -> Path:
        folder = tmp_path / name
        scenario.copy_project(folder)
        subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
        for change in changes:
            subprocess.run(["git", "apply", "--whitespace=error", *change.patches], cwd=folder, check=True)
        return folder

    return make
