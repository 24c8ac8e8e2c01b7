"""Saves as editors make them: each is one change, none is missed, none is invented."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.driving import Repository
from tests.workflow.watching.conftest import Start


def test_each_save_is_a_change_and_says_what_it_was(repository: Repository, start: Start) -> None:
    watch = start()
    repository.write("parcel/money.py", "1\n")
    first = watch.recorded("parcel/money.py")
    assert first["kind"] == "record"
    repository.write("parcel/money.py", "2\n")
    watch.wait(lambda one: one["event"] == "recorded" and one["filled"] == 2)
    (repository.top / "parcel/money.py").unlink()
    watch.wait(lambda one: one["event"] == "recorded" and one["filled"] == 3)
    assert watch.changes == ["add parcel/money.py", "edit parcel/money.py", "delete parcel/money.py"]
    assert repository.open() == (1, watch.changes)


def test_a_save_that_changes_nothing_is_none(repository: Repository, start: Start) -> None:
    watch = start()
    repository.write("README.md", repository.read("README.md"))
    os.utime(repository.top / "README.md")
    watch.mark()
    assert watch.changes == ["add mark.txt"]


def test_editors_that_save_by_rename(repository: Repository, start: Start) -> None:
    watch = start()
    readme = repository.top / "README.md"
    for text in ("one\n", "two\n"):
        (repository.top / "README.md.tmp").write_text(text)
        (repository.top / "README.md.tmp").replace(readme)
        watch.recorded("README.md", len(watch.news))
    # As vim does it: a probe file, the old one moved aside, the new one written, the old one removed.
    (repository.top / "4913").touch()
    (repository.top / "4913").unlink()
    readme.rename(f"{readme}~")
    readme.write_text("three\n")
    Path(f"{readme}~").unlink()
    watch.recorded("README.md", len(watch.news))
    assert watch.changes == ["edit README.md"] * 3


def test_several_files_at_once_are_one_change(repository: Repository, start: Start) -> None:
    watch = start()
    for name in ("a.txt", "b.txt", "deep/er/c.txt"):
        repository.write(name, "new\n")
    watch.recorded("deep/er/c.txt")
    assert watch.changes == ["add a.txt and 2 more"]
    (repository.top / "a.txt").rename(repository.top / "moved.txt")
    watch.recorded("moved.txt")
    assert watch.changes[1:] == ["move a.txt to moved.txt"]


def test_what_was_changed_before_is_a_change_of_its_own(repository: Repository, start: Start) -> None:
    repository.write("before.txt", "1\n")
    watch = start()
    watch.recorded("before.txt")
    watch.mark()
    assert watch.changes == ["add before.txt", "add mark.txt"]


def test_ignored_files_are_no_change(repository: Repository, start: Start) -> None:
    repository.commit("ignore", __gitignore="*.log\nbuild/\n!/build/keep.txt\n")
    repository.write("build/known.txt", "1\n")
    repository.git("add", "--force", "build/known.txt")
    repository.commit("force")
    watch = start()
    repository.write("noise.log", "1\n")
    repository.write("build/out.txt", "1\n")
    repository.write("deep/er/noise.log", "1\n")
    watch.mark()
    assert watch.changes == ["add mark.txt"]
    repository.write("build/known.txt", "2\n")  # ignored, and known to git all the same
    watch.recorded("build/known.txt")
    repository.write(".gitignore", "build/\n")
    watch.recorded("noise.log")
    repository.write("noise.log", "2\n")
    watch.recorded("noise.log", len(watch.news))


def test_folders_that_go_and_come_back(repository: Repository, start: Start) -> None:
    repository.commit("files", a__py="1\n")
    repository.write("pkg/inner/a.py", "1\n")
    repository.write("pkg/b.py", "1\n")
    repository.commit("folder")
    watch = start("pkg")
    shutil.rmtree(repository.top / "pkg")
    watch.recorded("pkg/b.py")
    repository.write("pkg/inner/a.py", "2\n")
    watch.recorded("pkg/inner/a.py", len(watch.news))
    repository.write("pkg/inner/a.py", "3\n")
    watch.recorded("pkg/inner/a.py", len(watch.news))
    (repository.top / "pkg/inner").rename(repository.top / "pkg/other")
    watch.recorded("pkg/other/a.py")
    repository.write("pkg/other/a.py", "4\n")
    watch.recorded("pkg/other/a.py", len(watch.news))
    assert len(watch.changes) == 5


def test_only_what_is_below_the_paths_begins_a_change(repository: Repository, start: Start) -> None:
    repository.write("src/a.py", "1\n")
    repository.write("one.txt", "1\n")
    repository.commit("files")
    watch = start("src", str(repository.top / "one.txt"))
    repository.write("other.txt", "2\n")
    repository.write("src/a.py", "2\n")
    watch.recorded("src/a.py")
    repository.write("one.txt", "2\n")
    watch.recorded("one.txt")
    assert len(watch.changes) == 2
    assert "other.txt" in [file["path"] for file in watch.news[-2]["change"]["files"]], "a snapshot is of all files"


def test_names_that_are_not_utf8(repository: Repository, start: Start) -> None:
    watch = start()
    for content in ("1", "2"):
        (repository.top / os.fsdecode(b"caf\xe9.txt")).write_text(content)
        watch.recorded("caf\\xe9.txt", len(watch.news))
    watch.mark()
    assert len(watch.changes) == 3
    folder = repository.top / os.fsdecode(b"\xff")
    folder.mkdir()
    assert "not UTF-8" in watch.event("polling")["message"]
    (folder / "a.txt").write_text("1")
    watch.recorded("\\xff/a.txt")
    (folder / "a.txt").write_text("2")
    watch.recorded("\\xff/a.txt", len(watch.news))


def test_two_thousand_files_at_once_are_one_change(repository: Repository, start: Start) -> None:
    watch = start("--settle", "0.3")
    for number in range(2000):
        repository.write(f"many/{number % 40}/{number}.txt", f"{number}\n")
    watch.mark()
    assert sum(len(one["change"]["files"]) for one in watch.news if one["event"] == "recorded") == 2001
    assert len(watch.changes) <= 3, "a busy machine may pause in the middle"
    assert repository.git("status", "--porcelain", "--untracked-files=no") == ""


@pytest.mark.parametrize("wrong", ["nothing-there", "../outside"])
def test_paths_that_cannot_be_watched(repository: Repository, wrong: str) -> None:
    assert wrong in repository.batchhook("watch", wrong, code=64)


def test_one_watch_for_a_work_tree(repository: Repository, start: Start) -> None:
    start()
    assert "is watched already" in repository.batchhook("watch", code=3)


def test_in_a_folder_without_git(tmp_path: Path, start: Start) -> None:
    folder = Repository(tmp_path / "plain")
    folder.write("a.txt", "1\n")
    watch = start("--yes", at=folder)
    folder.write("a.txt", "2\n")
    watch.recorded("a.txt")
    folder.write(".batchhook/noise.txt", "ours\n")
    folder.write("pkg/inner/b.txt", "1\n")
    watch.recorded("pkg/inner/b.txt")
    watch.mark()
    assert watch.changes == ["edit a.txt", "add pkg/inner/b.txt", "add mark.txt"]
    assert not (folder.top / ".git").exists()
