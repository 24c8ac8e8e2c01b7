"""What all tests share: real repositories with a pinned identity, a pinned clock and a home of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batchhook.git.environment import scrub_environment
from tests.driving import CALCULATOR, TESTS, Repository

_GITCONFIG = """\
[user]
    name = Ada
    email = ada@example.org
[init]
    defaultBranch = main
[commit]
    gpgSign = false
[advice]
    detachedHead = false
"""


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the developer's home, and none inherits the repository that a hook runs for."""
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text(_GITCONFIG)
    inherited = scrub_environment(os.environ)
    for name in set(os.environ) - set(inherited):
        monkeypatch.delenv(name)
    for name in [name for name in os.environ if name.startswith(("BATCHHOOK", "PRE_COMMIT"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
    monkeypatch.setenv("BATCHHOOK_WAIT", "0")
    monkeypatch.setenv("BATCHHOOK_SLOWDOWN_THRESHOLD", "0")  # on a busy machine anything seems slower, and is run again


@pytest.fixture
def bare_repository(tmp_path: Path) -> Repository:
    """A repository without a commit and without hooks."""
    top = tmp_path / "project"
    top.mkdir()
    repository = Repository(top)
    repository.git("init", "--quiet")
    return repository


@pytest.fixture
def repository(bare_repository: Repository) -> Repository:
    """A repository with a first commit, in which batchhook is installed."""
    bare_repository.commit("first", README__md="hello\n")
    bare_repository.batchhook("install")
    return bare_repository


@pytest.fixture
def project(bare_repository: Repository) -> Repository:
    """A repository with code and tests, in which batchhook is installed."""
    bare_repository.commit("first", calculator__py=CALCULATOR, test_calculator__py=TESTS)
    bare_repository.batchhook("install")
    return bare_repository
