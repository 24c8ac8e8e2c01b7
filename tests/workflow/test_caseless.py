"""File systems that do not tell ``a`` from ``A``: names that differ in their letters' case alone, there and back."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.driving import Repository
from tests.workflow.rollback.world import world

pytestmark = pytest.mark.timeout(120)
WAYS = {"by git": ((), ()), "by copies": (("--from-backup",), ("--from-backup",))}


@pytest.fixture
def caseless(tmp_path: Path) -> Iterator[Path]:
    """A folder of such a file system; skips the test where none can be had."""
    behind, mounted = tmp_path / "behind", tmp_path / "mounted"
    behind.mkdir()
    mounted.mkdir()
    serving = subprocess.Popen(
        [sys.executable, "-m", "tests.caseless", behind, mounted], stderr=subprocess.PIPE, text=True
    )
    try:
        while not mounted.is_mount():
            if serving.poll() is not None:
                assert serving.stderr
                pytest.skip(f"no FUSE here: {serving.stderr.read().strip().splitlines()[-1:]}")
            time.sleep(0.02)
        yield mounted
    finally:
        subprocess.run(["umount", mounted], stderr=subprocess.DEVNULL, check=False)
        serving.terminate()
        serving.communicate()


@pytest.fixture
def renamed(caseless: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A batch that renamed a file and a folder in their letters' case alone."""
    monkeypatch.setenv("BATCHHOOK_NO_RUNNER", "1")
    top = caseless / "project"
    top.mkdir()
    repository = Repository(top)
    repository.git("init", "--quiet")
    assert repository.git("config", "core.ignorecase") == "true", "git sees it, too"
    repository.write(".batchhook.toml", "batch_size = 2\n")
    repository.write("Folder/file", "in a folder\n")
    repository.commit("first", name__txt="1\n")
    repository.batchhook("install")
    repository.git("mv", "name.txt", "NAME.txt")
    repository.commit("1", NAME__txt="1\n2\n")
    repository.git("mv", "Folder", "elsewhere")
    repository.git("mv", "elsewhere", "folder")
    repository.git("commit", "-qm", "2")
    repository.batchhook("backup", "1")
    assert set(names(repository)) == {".batchhook.toml", "NAME.txt", "folder/file"}
    return repository


def names(repository: Repository) -> list[str]:
    """The files' names, as they are listed."""
    return [name for name in world(repository).files if not name.startswith(".git/")]


@pytest.mark.parametrize("way", WAYS)
def test_names_that_differ_in_case_alone(renamed: Repository, way: str) -> None:
    back, again = WAYS[way]
    renamed.write("notes.txt", "mine\n")
    before = world(renamed)
    renamed.batchhook("rollback", "1", *back, "-y")
    assert set(names(renamed)) == {".batchhook.toml", "name.txt", "Folder/file", "notes.txt"}
    assert renamed.read("name.txt") == "1\n"
    if way == "by git":
        assert renamed.git("ls-files").split() == [".batchhook.toml", "Folder/file", "name.txt"]
        assert renamed.git("status", "--porcelain", "--untracked-files=no").count("R") == 2
    renamed.batchhook("undo", *again, "-y")
    assert world(renamed) == before


@pytest.mark.parametrize("way", WAYS)
def test_a_file_of_a_like_name_that_stays_is_in_the_way(renamed: Repository, way: str) -> None:
    renamed.git("mv", "NAME.txt", "other.txt")
    renamed.git("commit", "-qm", "3")
    renamed.commit("4", Name__txt="another file\n")
    before = world(renamed)
    said = renamed.batchhook("rollback", "1", *WAYS[way][0], "-y", code=3)
    assert "nothing was changed" in said
    assert world(renamed) == before


@pytest.mark.parametrize("finish", [True, False])
def test_interrupted_once_the_files_were_written(renamed: Repository, finish: bool) -> None:  # noqa: FBT001 - both ways
    before = world(renamed)
    renamed.batchhook("rollback", "1", "-y")
    after = world(renamed)
    renamed.git("read-tree", "HEAD")
    with sqlite3.connect(renamed.top / ".git/batchhook/state.db") as connection:
        connection.execute("UPDATE operations SET status = 'intent'")
    renamed.batchhook(*(("operations", "finish", "1") if finish else ("undo", "1")), "-y")
    assert world(renamed) == (after if finish else before)
