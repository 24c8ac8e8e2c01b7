"""Checkouts as CI services make them: clones in which batchhook was never installed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.driving import CALCULATOR, TESTS, Repository


@pytest.fixture(autouse=True)
def _no_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests may run on a service themselves."""
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "CI_", "GITLAB_"))]:
        monkeypatch.delenv(name)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("RUNNER_TEMP", str(scratch))


@pytest.fixture
def origin(bare_repository: Repository) -> Repository:
    """Where the clone comes from."""
    bare_repository.commit("first", calculator__py=CALCULATOR, test_calculator__py=TESTS)
    return bare_repository


def clone(origin: Repository, *options: str) -> Repository:
    """A fresh clone beside the origin."""
    top = origin.top.with_name("clone")
    origin.git("clone", "--quiet", *options, f"file://{origin.top}", str(top))
    return Repository(top)


def trace(repository: Repository) -> dict[str, bytes]:
    """All that is in the git dir, by path; files with their content."""
    top = repository.top / ".git"
    return {str(path.relative_to(top)): path.read_bytes() if path.is_file() else b"" for path in top.rglob("*")}
