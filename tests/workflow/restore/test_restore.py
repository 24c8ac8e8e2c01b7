"""Restoring from backups: without git's objects, and never outside the work tree."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from batchhook.errors import ConflictError
from batchhook.store.backups import BackedUpFile, BackupManifest, BackupStore
from batchhook.workflow.restore.safe_files import SafeFiles
from tests.driving import Repository

BEFORE = {"changed.txt": b"before\n", "gone.txt": b"gone\n", "run.sh": b"#!/bin/sh\n", "latin\udcff\n": b"\xff\0"}


@pytest.fixture(autouse=True)
def _no_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHHOOK_NO_RUNNER", "1")


def write(repository: Repository, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        place = repository.top / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


@pytest.fixture
def full(bare_repository: Repository) -> Repository:
    """A repository whose batch 1 changed, deleted and added files, replaced a folder by a link, and was backed up."""
    repository = bare_repository
    write(repository, {**BEFORE, "folder/inner": b"inner\n", "place": b"a file\n", "other.txt": b"other\n"})
    (repository.top / "link").symlink_to("changed.txt")
    repository.write(".batchhook.toml", "batch_size = 1\n")
    repository.commit("first", f__txt="f\n")
    repository.batchhook("install")
    write(repository, {"changed.txt": b"after\n", "added/new.txt": b"new\n", "latin\udcff\n": b"after"})
    (repository.top / "gone.txt").unlink()
    (repository.top / "run.sh").chmod(0o755)
    (repository.top / "link").unlink()
    (repository.top / "link").symlink_to("elsewhere")
    shutil.rmtree(repository.top / "folder")
    (repository.top / "folder").symlink_to("added")
    (repository.top / "place").unlink()
    write(repository, {"place/deep/inner": b"now a folder\n"})
    repository.commit("the batch", f__txt="f\n")
    repository.batchhook("backup", "1")
    return repository


def files(repository: Repository) -> dict[str, tuple[int, bytes]]:
    found = {}
    for folder, _, names in os.walk(repository.top):
        for name in names:
            path = Path(folder) / name
            content = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
            if ".git" not in path.parts:
                found[str(path.relative_to(repository.top))] = (path.lstat().st_mode, content)
        for name in names + _:
            path = Path(folder) / name
            if path.is_symlink():
                found[str(path.relative_to(repository.top))] = (path.lstat().st_mode, os.fsencode(path.readlink()))
    return found


def lose_objects(repository: Repository) -> None:
    objects = repository.top / ".git/objects"
    shutil.rmtree(objects)
    objects.mkdir()


def test_without_any_of_gits_objects(full: Repository) -> None:
    lose_objects(full)
    write(full, {"untracked.txt": b"mine\n", "other.txt": b"mine, too\n"})
    before = files(full)
    index = (full.top / ".git/index").read_bytes()
    refused = full.batchhook("rollback", "1", "-y", code=3)
    assert "batchhook rollback 1 --from-backup" in refused
    shown = full.json("rollback", "1", "--from-backup", "--dry-run")
    assert "-after" in shown["diff"]
    assert "+before" in shown["diff"]
    assert files(full) == before
    done = full.json("rollback", "1", "--from-backup", "-y")
    assert {file["path"]: file["action"] for file in done["files"]} == {
        "added/new.txt": "deleted",
        "changed.txt": "restored",
        "folder": "deleted",
        "folder/inner": "recreated",
        "gone.txt": "recreated",
        "latin\\xff\n": "restored",
        "link": "restored",
        "place": "recreated",
        "place/deep/inner": "deleted",
        "run.sh": "restored",
    }
    after = files(full)
    assert {path: after[path][1] for path in BEFORE} == BEFORE
    assert after["folder/inner"][1] == b"inner\n"
    assert after["place"][1] == b"a file\n"
    assert after["link"][1] == b"changed.txt"
    assert after["untracked.txt"] == before["untracked.txt"]
    assert after["other.txt"] == before["other.txt"]
    assert not after["run.sh"][0] & 0o111
    assert not (full.top / "added").exists()
    assert (full.top / ".git/index").read_bytes() == index
    output = full.batchhook("undo", "-y")
    assert "added by the batch" not in output, "the rollback had"
    assert files(full) == before
    assert "no files were restored from a backup" in full.batchhook("undo", "--from-backup", "-y", code=3)


def test_it_asks_and_says_how_to_undo(full: Repository) -> None:
    before = files(full)
    output = " ".join(full.batchhook("rollback", "1", "--from-backup", stdin="n\n").split())
    assert "changed.txt restored" in output
    assert "Nothing was changed." in output
    assert files(full) == before
    output = " ".join(full.batchhook("rollback", "1", "--from-backup", stdin="y\n").split())
    assert "batchhook undo --from-backup" in output
    assert "Nothing to do" in full.batchhook("rollback", "1", "--from-backup", "-y")


def test_files_changed_since_are_refused(full: Repository) -> None:
    write(full, {"changed.txt": b"since\n"})
    before = files(full)
    output = full.batchhook("rollback", "1", "--from-backup", "-y", code=3)
    assert "modified since batch 1: changed.txt; nothing was changed" in output
    assert files(full) == before
    done = full.json("rollback", "1", "--from-backup", "--force", "-y")
    assert done["changed_since"] == ["changed.txt"]
    assert full.read("changed.txt") == "before\n"
    write(full, {"gone.txt": b"since the rollback\n"})
    assert "modified since the rollback: gone.txt" in full.batchhook("undo", "-y", code=3)
    full.batchhook("undo", "-y", "--force")
    assert files(full) == before


def test_a_damaged_copy_is_refused_by_name(full: Repository) -> None:
    digest = hashlib.sha256(b"before\n").hexdigest()
    copy = full.top / ".git/batchhook/backups/objects" / digest[:2] / digest[2:]
    copy.chmod(0o600)
    copy.write_bytes(b"rotten\n")
    before = files(full)
    output = full.batchhook("rollback", "1", "--from-backup", "-y", code=3)
    assert "the backup of changed.txt is damaged" in output
    assert files(full) == before
    assert "changed.txt is damaged" in " ".join(full.batchhook("doctor", code=3).split())
    assert "changed.txt is damaged" in full.batchhook("backup", "--verify", code=3)
    full.batchhook("backup", "1")
    full.batchhook("rollback", "1", "--from-backup", "-y")


def test_undo_after_a_kill_in_the_middle(full: Repository) -> None:
    before = files(full)
    full.batchhook("rollback", "1", "--from-backup", "-y")
    manifest = full.top / ".git/batchhook/restorations/1/manifest.json"
    manifest.write_text(manifest.read_text().replace('"done"', '"intent"'))
    write(full, {"changed.txt": b"after\n", ".batchhook-1-1": b"half a fi"})  # one not yet written, one partly
    full.batchhook("undo", "-y")
    assert files(full) == before


def test_a_damaged_copy_of_a_replaced_file(full: Repository) -> None:
    full.batchhook("rollback", "1", "--from-backup", "-y")
    digest = hashlib.sha256(b"after\n").hexdigest()
    copy = full.top / ".git/batchhook/restorations/1/objects" / digest[:2] / digest[2:]
    copy.chmod(0o600)
    copy.write_bytes(b"rotten")
    after = files(full)
    assert "changed.txt is damaged" in full.batchhook("undo", "-y", code=3)
    assert files(full) == after


def test_something_in_the_way(full: Repository) -> None:
    write(full, {"place/deep/mine": b"precious\n"})
    before = files(full)
    output = full.batchhook("rollback", "1", "--from-backup", "-y", "--force", code=3)
    assert "the folder place is in the way, with place/deep/mine in it" in output
    assert files(full) == before


OUTSIDE = [
    "../escaped",
    "/tmp/escaped",
    ".git/hooks/post-commit",
    ".GIT/config",
    "sub/../../escaped",
    "a//b",
    "git~1/x",
]


def forge(repository: Repository, **file: Any) -> None:  # noqa: ANN401 - whatever a manifest may hold
    """Write a malicious manifest, with the content that it names."""
    backups = BackupStore(repository.top / ".git/batchhook/backups")
    sha256, size = backups.store([b"evil\n"])
    rest = {"existed": True, "mode": "100755", "sha256": sha256, "size": size, "after_mode": ""} | file
    entry = BackedUpFile.model_construct(None, **{"path_hex": "", "submodule": "", "after_sha256": "", **rest})
    backups.write_manifest(BackupManifest.model_construct(version=1, batch=1, commit="", head="", files=(entry,)))


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_manifest_cannot_leave_the_work_tree(full: Repository, path: str) -> None:
    forge(full, path=path)
    before = (files(full), sorted(full.top.parent.iterdir()))
    output = full.batchhook("rollback", "1", "--from-backup", "--force", "-y", code=3)
    assert "leads out of the work tree" in output
    assert (files(full), sorted(full.top.parent.iterdir())) == before


def test_a_manifest_cannot_pass_links_or_enter_repositories(full: Repository, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (full.top / "way").symlink_to(outside)
    forge(full, path="way/evil")
    output = full.batchhook("rollback", "1", "--from-backup", "--force", "-y", code=3)
    assert "leads through the link way" in output
    inner = Repository(full.top / "inner")
    inner.top.mkdir()
    inner.git("init", "-q")
    forge(full, path="inner/evil")
    output = full.batchhook("rollback", "1", "--from-backup", "--force", "-y", code=3)
    assert "is in another repository" in output
    assert list(outside.iterdir()) == []


def test_a_folder_with_only_a_link_to_a_folder_is_in_the_way(full: Repository, tmp_path: Path) -> None:
    (full.top / "place/deep/inner").unlink()
    (full.top / "place/deep/link").symlink_to(tmp_path)
    before = files(full)
    output = full.batchhook("rollback", "1", "--from-backup", "--force", "-y", code=3)
    assert "the folder place is in the way, with place/deep/link in it; nothing was changed" in " ".join(output.split())
    assert files(full) == before


def test_files_are_never_listed_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "outside/folder").mkdir(parents=True)
    (tmp_path / "outside/folder/file").touch()
    top = tmp_path / "top"
    top.mkdir()
    (top / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(ConflictError, match="leads through the link link"):
        SafeFiles(top).list_files("link/folder")
    assert SafeFiles(top).list_files("link") == []


@pytest.mark.parametrize(
    "file",
    [{"sha256": "../../../../../etc/passwd"}, {"path_hex": "zz"}, {"mode": "100755; rm"}, {"size": -1}, {"extra": 1}],
)
def test_a_manifest_of_the_wrong_form(full: Repository, file: dict[str, Any]) -> None:
    forge(full, path="f.txt")
    manifest = full.top / ".git/batchhook/backups/batch_1/manifest.json"
    table = json.loads(manifest.read_text())
    table["files"][0] |= file
    manifest.write_text(json.dumps(table))
    before = files(full)
    assert "manifest of batch 1's backup is damaged" in full.batchhook("rollback", "1", "--from-backup", "-y", code=3)
    assert files(full) == before


def test_undo_reaches_it_after_later_operations(full: Repository) -> None:
    before = files(full)
    full.batchhook("rollback", "1", "--from-backup", "-y")
    taken = files(full)
    full.commit("2", unlike__txt="2\n")
    full.batchhook("rollback", "2", "-y")
    full.batchhook("undo", "-y")
    full.git("reset", "--quiet", "--soft", "HEAD~")
    full.git("rm", "--quiet", "--force", "unlike.txt")
    assert files(full) == taken
    full.batchhook("undo", "-y")
    assert files(full) == before


def test_it_is_listed_and_pruned_after_its_undo(full: Repository) -> None:
    full.batchhook("rollback", "1", "--from-backup", "-y")
    output = " ".join(full.batchhook("operations").split())
    assert "1 rollback of batch 1 from its backup done" in output
    kept = full.top / ".git/batchhook/restorations"
    full.batchhook("prune", "--keep", "5", "-y")
    assert (kept / "1").is_dir(), "undo needs it"
    assert "not the latest one in effect" in full.batchhook("undo", "7", "--from-backup", "-y", code=3)
    full.batchhook("undo", "1", "--from-backup", "-y")
    assert [one["undoes"] for one in full.json("operations")["from_backups"]] == [1, None]
    assert "taken back by 2" in full.batchhook("operations")
    assert "replaced files" in full.batchhook("prune", "--keep", "5", "--dry-run")
    full.batchhook("prune", "--keep", "5", "-y")
    assert list(kept.iterdir()) == []
    full.batchhook("rollback", "1", "--from-backup", "-y")
    assert full.read("changed.txt") == "before\n"
