"""The folder that the caller's shell is in stays, as git keeps it: from a removed one, no command works."""

from __future__ import annotations

import pytest

from tests.driving import Repository


@pytest.fixture(autouse=True)
def _no_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHHOOK_NO_RUNNER", "1")


@pytest.mark.parametrize("options", [(), ("--reset",), ("--from-backup",)])
def test_a_rollback_keeps_the_folder_that_it_was_called_in(repository: Repository, options: tuple[str, ...]) -> None:
    repository.write(".git/info/exclude", ".batchhook.toml\n")
    repository.write(".batchhook.toml", "batch_size = 1\n")
    repository.write("package/deep/a.txt", "a\n")
    repository.git("add", "--all")
    repository.git("commit", "-qm", "add a package")
    repository.batchhook("backup", "1")
    folder = repository.top / "package/deep"
    inside, inode = Repository(folder), folder.stat().st_ino
    inside.batchhook("rollback", "1", *options, "-y")
    assert folder.stat().st_ino == inode
    assert not (folder / "a.txt").exists()
    inside.batchhook("undo", "-y", *(option for option in options if option == "--from-backup"))
    assert inside.read("a.txt") == "a\n"


def test_a_current_folder_in_a_nested_repository_does_not_mislead(repository: Repository) -> None:
    repository.commit("added")
    nested = repository.top / "nested"
    repository.git("init", "-q", str(nested))
    inner = Repository(nested)
    inner.commit("inner")
    inner.batchhook("-C", "..", "rollback", "--change", repository.head(), "-y")
    assert not (repository.top / "added.txt").exists()
    assert inner.read("inner.txt")
