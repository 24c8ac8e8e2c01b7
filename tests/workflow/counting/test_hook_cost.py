"""Modules and Git processes of a hook: the limits that keep a commit quick."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.driving import Repository

HEAVY = {"pydantic", "pygit2", "rich", "typer"}


def _loaded_by(repository: Repository, stage: str) -> set[str]:
    code = (
        "import sys; from batchhook import hook; hook.main();"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, stage, str(repository.top)],
        cwd=repository.top,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BATCHHOOK_WAIT")  # a setting in the environment is validated, by pydantic
    monkeypatch.setenv("BATCHHOOK_NO_RUNNER", "1")


def test_counting_loads_the_standard_library_only(repository: Repository) -> None:
    repository.commit("a")
    assert not _loaded_by(repository, "post-commit") & HEAVY
    assert not _loaded_by(repository, "post-rewrite") & HEAVY


def test_settings_are_validated_once(repository: Repository) -> None:
    repository.commit("configured", pyproject__toml="[tool.batchhook]\nbatch_size = 3\n")
    assert not _loaded_by(repository, "post-commit") & HEAVY
    assert repository.open()[0] == 1
    repository.write("pyproject.toml", "[tool.batchhook]\nbatch_size = 4\n")
    assert "pydantic" in _loaded_by(repository, "post-commit")
    assert repository.json("status")["open"]["size"] == 4


def test_the_commit_is_read_once(repository: Repository, tmp_path: Path) -> None:
    repository.commit("a")
    repository.git("config", "--global", "trace2.normalTarget", str(tmp_path / "trace"))  # not inherited: GIT_TRACE
    repository.git("commit", "--quiet", "--amend", "-m", "b")
    lines = (tmp_path / "trace").read_text().splitlines()
    commands = [line.partition(" start ")[2] for line in lines if " start " in line]
    assert sum(" rev-parse " in command and " HEAD" in command for command in commands) == 1, commands
    assert sum(" rev-list " in command for command in commands) == 2, "the commits, and those amended"


def test_filling_a_batch_loads_the_standard_library_only(repository: Repository) -> None:
    for name in "abcd":
        repository.commit(name)
    assert repository.git_both("-c", "core.hooksPath=/dev/null", "commit", "--allow-empty", "-qm", "x").returncode == 0
    repository.write("e.txt", "e")
    repository.git("add", "e.txt")
    repository.git("-c", "core.hooksPath=/dev/null", "commit", "-qm", "e")
    assert not _loaded_by(repository, "post-commit") & HEAVY
    assert repository.json("log")["batches"][-1]["batch"]["status"] == "sealed"
