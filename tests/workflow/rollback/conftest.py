"""A repository with a full batch."""

from __future__ import annotations

import pytest

from tests.driving import Repository
from tests.workflow.rollback.world import ten


@pytest.fixture(autouse=True)
def _no_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHHOOK_NO_RUNNER", "1")


@pytest.fixture
def batch(bare_repository: Repository) -> Repository:
    """A repository whose batch 1 changed, deleted and added a file."""
    bare_repository.commit("first", ten__txt=ten({}), gone__txt="gone\n", other__txt="other\n")
    bare_repository.batchhook("install")
    bare_repository.commit("1", ten__txt=ten({1: "one"}))
    bare_repository.git("rm", "-q", "gone.txt")
    bare_repository.commit("2", ten__txt=ten({1: "one", 2: "two"}))
    bare_repository.commit("3", added__txt="added\n")
    bare_repository.commit("4", added__txt="added more\n")
    bare_repository.commit("5", ten__txt=ten({1: "one", 2: "deux"}))
    return bare_repository
