"""Untracked paths that stay out of snapshots: nested repositories, and large files."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from batchhook.git import object_cleanup
from batchhook.git.command import Git
from batchhook.git.untracked import find_omissions, has_uncommitted
from tests.driving import Repository

LARGE = 3_000_000


@pytest.fixture
def small_limit(project: Repository) -> Repository:
    """A project in which snapshots hold untracked files of at most 1 MB."""
    project.commit("settings", _batchhook__toml="")
    project.git("mv", "_batchhook.toml", ".batchhook.toml")
    project.write(".batchhook.toml", "snapshot_limit = 1\n")
    project.git("commit", "-qam", "settings")
    return project


def write_large(repository: Repository, mark: int, size: int = LARGE) -> None:
    """Write a file that cannot be compressed."""
    (repository.top / "big.db").write_bytes(bytes([mark]) + os.urandom(size - 1))


def objects_size(repository: Repository) -> int:
    return sum(path.stat().st_size for path in (repository.top / ".git/objects").rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", ["work tree", "clone", "unborn"])
def test_a_nested_repository_is_no_change_of_the_outer_one(project: Repository, kind: str) -> None:
    nested = project.top / ".claude/work [x]/agent"
    nested.parent.mkdir(parents=True)
    if kind == "work tree":
        project.git("worktree", "add", "-q", "-b", "agent", str(nested))
    elif kind == "clone":
        project.git("clone", "-q", ".", str(nested))
    else:
        project.git("init", "-q", str(nested))
    inner = Repository(nested)
    assert "Nothing has changed" in project.batchhook("record", "-d", "nothing")
    inner.commit("inner")
    inner.write("dirty.txt", "not committed\n")
    assert "Nothing has changed" in project.batchhook("record", "-d", "a commit inside")
    assert not has_uncommitted(Git(project.top))
    project.write("mine.txt", "mine\n")
    assert has_uncommitted(Git(project.top))
    change = project.json("record", "-d", "mine", "--no-wait")["change"]
    assert [edit["path"] for edit in change["files"]] == ["mine.txt"]
    assert "160000" not in project.git("ls-tree", "-r", change["oid"])
    project.batchhook("rollback", "--change", change["oid"], "-y")
    assert not (project.top / "mine.txt").exists()
    assert "160000" not in project.git("ls-tree", "-r", "refs/batchhook/operations/1/before")
    project.batchhook("undo", "-y")
    assert project.read("mine.txt") == "mine\n"
    assert inner.read("dirty.txt") == "not committed\n"
    assert inner.git("log", "-1", "--format=%s") == "inner"


def test_a_submodule_is_tracked_so_its_commits_count(project: Repository, tmp_path: Path) -> None:
    library = Repository(tmp_path / "library")
    library.top.mkdir()
    library.git("init", "-q")
    library.commit("library")
    project.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library.top), "lib")
    project.git("commit", "-qm", "add a submodule")
    Repository(project.top / "lib").commit("newer")
    assert [edit["path"] for edit in project.json("record", "--no-wait")["change"]["files"]] == ["lib"]
    project.git("rm", "-q", "--cached", "lib")
    assert "D lib" in project.batchhook("record", "--no-wait")


def test_exclusions_hold_under_any_setting_of_pathspecs(project: Repository) -> None:
    project.git("init", "-q", "nested")
    Repository(project.top / "nested").commit("inner")
    for name in ("LITERAL", "NOGLOB", "ICASE"):
        project.write("mine.txt", name)
        variables: dict[str, Any] = {f"GIT_{name}_PATHSPECS": "1"}
        printed = project.batchhook("record", "--no-wait", **variables)
        assert "mine.txt" in printed
        assert "nested" not in printed


def test_large_untracked_files_stay_out_of_snapshots_and_are_named(small_limit: Repository) -> None:
    before = objects_size(small_limit)
    for mark in range(3):
        write_large(small_limit, mark)
        small_limit.write("mine.txt", f"{mark}\n")
        printed = small_limit.batchhook("record", "--no-wait")
        assert "too large for a snapshot (snapshot_limit), so left as it is: big.db (3.0 MB)" in printed
        assert "M big.db" not in printed
        assert "A big.db" not in printed
    assert small_limit.json("record", "--no-wait")["omitted"] == {"big.db": LARGE}
    content = (small_limit.top / "big.db").read_bytes()
    change = small_limit.git("rev-parse", "refs/batchhook/records/3")
    assert "big.db (3.0 MB)" in small_limit.batchhook("rollback", "--change", change, "--dry-run")
    small_limit.batchhook("rollback", "--change", change, "-y")
    assert small_limit.read("mine.txt") == "1\n"
    small_limit.batchhook("undo", "-y")
    assert small_limit.read("mine.txt") == "2\n"
    assert (small_limit.top / "big.db").read_bytes() == content
    assert objects_size(small_limit) - before < LARGE


def test_a_file_that_grows_beyond_the_limit_does_not_seem_deleted(small_limit: Repository) -> None:
    write_large(small_limit, 1, 1000)
    assert "A big.db" in small_limit.batchhook("record", "--no-wait")
    write_large(small_limit, 2)
    assert "Nothing has changed" in small_limit.batchhook("record", "--no-wait")
    small_limit.write("mine.txt", "mine\n")
    assert [edit["path"] for edit in small_limit.json("record", "--no-wait")["change"]["files"]] == ["mine.txt"]
    (small_limit.top / "big.db").unlink()
    assert "D big.db" in small_limit.batchhook("record", "--no-wait")


def test_a_large_file_in_the_way_of_a_rollback_is_refused(small_limit: Repository) -> None:
    small_limit.commit("small", big__db="small\n")
    small_limit.git("rm", "-q", "big.db")
    small_limit.git("commit", "-qm", "remove it")
    write_large(small_limit, 1)
    content = (small_limit.top / "big.db").read_bytes()
    printed = small_limit.batchhook("rollback", "--change", small_limit.head(), "-y", code=3)
    assert "big.db" in printed
    assert "nothing was changed" in printed
    assert (small_limit.top / "big.db").read_bytes() == content


def test_tracked_files_are_stored_whatever_their_size(small_limit: Repository) -> None:
    write_large(small_limit, 1)
    small_limit.git("add", "big.db")
    assert "A big.db" in small_limit.batchhook("record", "--no-wait")


def test_prune_and_doctor_count_what_only_pins_keep(project: Repository) -> None:
    write_large(project, 1)
    project.batchhook("record", "--no-wait")
    usage = {part["kind"]: part["size"] for part in project.json("prune")["parts"]}
    assert usage["pins"] > LARGE
    checks = {check["name"]: check["detail"] for check in project.json("doctor")["checks"]}
    assert "3.0 MB of snapshots among git's objects" in checks["disk space"]
    project.git("add", "big.db")
    project.git("commit", "-qm", "now the user's own history keeps it")
    usage = {part["kind"]: part["size"] for part in project.json("prune")["parts"]}
    assert usage["pins"] < LARGE


def test_large_objects_that_nothing_keeps_any_more_are_freed(project: Repository) -> None:
    git = Git(project.top)
    write_large(project, 1)
    stale = project.git("commit-tree", _tree_of_files(project), "-m", "stale")
    write_large(project, 2)
    kept = project.git("commit-tree", _tree_of_files(project), "-m", "kept", "-p", stale)
    pins = {"refs/batchhook/records/1": stale, "refs/batchhook/records/2": kept}
    for name, oid in pins.items():
        project.git("update-ref", name, oid)
    assert not object_cleanup.list_exclusive(git, ["refs/batchhook/records/1"])  # the other pin reaches it
    objects = object_cleanup.list_exclusive(git, pins)
    assert sum(objects.values()) > 2 * LARGE
    assert object_cleanup.prune_large_objects(git, objects) == 0  # still pinned
    for name in pins:
        project.git("update-ref", "-d", name)
    assert object_cleanup.prune_large_objects(git, objects) == 0  # just written: something may be about to use them
    for path in (project.top / ".git/objects").rglob("*"):
        os.utime(path, (time.time() - 7200, time.time() - 7200))
    project.git("branch", "rescued", stale)
    size = object_cleanup.prune_large_objects(git, objects)
    assert LARGE <= size < 2 * LARGE
    assert project.git("cat-file", "-s", f"{stale}:big.db") == str(LARGE)
    project.git("fsck")


def _tree_of_files(repository: Repository) -> str:
    variables: dict[str, Any] = {"GIT_INDEX_FILE": str(repository.top / ".git/other-index")}
    repository.git("add", "--all", **variables)
    return repository.git("write-tree", **variables)


def test_omissions_of_a_folder_with_strange_names(project: Repository) -> None:
    project.write("new\nline/:(top)*.db", "x" * 2000)
    project.write("small", "x")
    omissions = find_omissions(Git(project.top), 1000)
    assert omissions.paths == ("new\nline/:(top)*.db",)
    printed = project.batchhook("record", "--no-wait", BATCHHOOK_SNAPSHOT_LIMIT="0.001")
    assert "A small" in printed
    assert "(0.0 MB)" in printed
    assert "A new" not in printed
