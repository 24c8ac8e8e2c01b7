"""A private repository is found where git finds none, and nowhere else."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from batchhook.errors import GitError, NoRepositoryError, NotARepositoryError
from batchhook.git import shadow_repo
from batchhook.git.cli_backend import CliBackend
from batchhook.git.location import locate
from tests.driving import Repository


def _made(top: Path) -> Path:
    """A private repository, as `record --yes` begins it."""
    top.mkdir(parents=True, exist_ok=True)
    shadow_repo.prepare(top)
    shadow_repo.publish(shadow_repo.init(top, os.environ))
    return top


def _hostile(top: Path, proof: Path) -> None:
    """A whole one, whose configuration has git run a program."""
    top.mkdir()
    (top / "a.txt").write_text("a\n")
    Repository(top).batchhook("record", "--yes")
    program = top.parent / "program"
    program.write_text(f"#!/bin/sh\ntouch {proof}\n")
    program.chmod(0o755)
    with (shadow_repo.git_dir_for(top) / "config").open("a") as config:
        config.write(f'[filter "x"]\n\tclean = {program} && cat\n')
    (git_dir := shadow_repo.git_dir_for(top) / "info").mkdir(exist_ok=True)
    (git_dir / "attributes").write_text("*.txt filter=x\n")


def test_nothing_is_there(tmp_path: Path) -> None:
    with pytest.raises(NoRepositoryError) as told:
        locate(tmp_path)
    assert "record --yes" in told.value.hint


def test_found_from_below_and_git_is_told(tmp_path: Path) -> None:
    top = _made(tmp_path / "folder")
    (top / "a" / "b").mkdir(parents=True)
    found = locate(top / "a" / "b")
    assert (found.top, found.git_dir, found.is_shadow) == (top, top / ".batchhook" / "repository", True)
    assert found.git_dir == found.common_dir
    assert found.project_roots == (top,)
    (top / "a" / "b" / "c.txt").write_text("c\n")
    git = found.git(os.environ)
    assert git.text("status", "--porcelain", "--untracked-files=all") == "?? a/b/c.txt"
    assert git.at(top / "a").text("ls-files", "--others", "--exclude-standard") == "b/c.txt"


def test_a_relative_folder_and_a_link_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = _made(tmp_path / "folder")
    monkeypatch.chdir(top)
    assert locate(Path()).top == top
    (tmp_path / "link").symlink_to(top)
    assert locate(tmp_path / "link").top == top


def test_a_moved_folder_is_whole(tmp_path: Path) -> None:
    top = _made(tmp_path / "folder")
    (top / "a.txt").write_text("a\n")
    top.rename(tmp_path / "elsewhere")
    found = locate(tmp_path / "elsewhere")
    assert found.git().text("status", "--porcelain") == "?? a.txt"


def test_git_comes_first(bare_repository: Repository) -> None:
    _made(bare_repository.top)
    found = locate(_made(bare_repository.top / "sub"))
    assert not found.is_shadow
    assert found.top == bare_repository.top
    assert bare_repository.git("status", "--porcelain", "--untracked-files=all") == "", "it ignores itself"


def test_what_a_clone_holds_is_never_opened(bare_repository: Repository, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    _hostile(tmp_path / "sub", proof)
    shutil.move(tmp_path / "sub", bare_repository.top / "sub")
    (bare_repository.top / "sub" / ".batchhook" / ".gitignore").unlink()
    bare_repository.git("add", "--all", "--force")
    bare_repository.git("commit", "-qm", "hostile")
    clone = tmp_path / "clone"
    bare_repository.git("clone", "-q", ".", str(clone))
    (clone / "sub" / ".batchhook" / "repository" / "refs").mkdir(exist_ok=True)  # as if there had been a file in it
    assert shadow_repo.exists(clone / "sub"), "else this test tests nothing"
    inside = Repository(clone / "sub")
    commands = (("status",), ("record", "--yes", "-d", "x"), ("doctor",))
    for command in commands:
        assert "recorded before" not in inside.batchhook(*command, code=3)
    head = (clone / ".git" / "HEAD").read_text()
    (clone / ".git" / "HEAD").unlink()  # git goes by a damaged repository, to whatever is above it
    for command in commands:
        assert "git cannot open" in inside.batchhook(*command, code=3)
    (clone / ".git" / "HEAD").write_text(head)
    for path in (clone / "sub").iterdir():
        path.rename(clone / path.name)
    inside = Repository(clone)
    inside.git("add", "--all", "--force")
    assert ".batchhook is tracked in this repository" in inside.batchhook("install", code=3)
    assert not proof.exists()
    shutil.rmtree(clone / ".git")
    inside.write("b.txt", "b\n")
    inside.batchhook("record", "-d", "who unpacks it and goes there has said so")
    assert proof.exists(), "else this test tests nothing"


def test_no_further_up_than_git_looks(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(repository.top))
    top = _made(repository.top / "folder")
    (top / "below").mkdir()
    assert locate(top / "below").top == top
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", f"/nowhere:{top}")
    with pytest.raises(NoRepositoryError):
        locate(top / "below")


def test_links_lead_to_none(tmp_path: Path) -> None:
    top = _made(tmp_path / "folder")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / ".batchhook").symlink_to(top / ".batchhook")
    (tmp_path / "third" / ".batchhook").mkdir(parents=True)
    (tmp_path / "third" / ".batchhook" / "repository").symlink_to(shadow_repo.git_dir_for(top))
    for name in ("other", "third"):
        with pytest.raises(NotARepositoryError):
            locate(tmp_path / name)


@pytest.mark.parametrize("part", [".", ".batchhook", ".batchhook/repository"])
def test_another_users_is_refused(tmp_path: Path, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    top = _made(tmp_path / "folder")
    try:
        os.chown(top / part, 12345, -1)
    except PermissionError:
        pytest.skip("only root can give a folder to somebody else")
    with pytest.raises(GitError, match="another user") as told:
        locate(top)
    assert "safe.directory" in told.value.hint
    monkeypatch.setenv("SUDO_UID", "12345")
    assert locate(top).is_shadow, "who has become root by sudo is still the same"
    monkeypatch.delenv("SUDO_UID")
    Repository(tmp_path).git("config", "--global", "--add", "safe.directory", str(top))
    assert locate(top).is_shadow
    Repository(tmp_path).git("config", "--global", "--add", "safe.directory", "")
    with pytest.raises(GitError, match="another user"):
        locate(top)


def test_its_own_configuration_does_not_speak_for_it(tmp_path: Path) -> None:
    top = _made(tmp_path / "folder")
    with (shadow_repo.git_dir_for(top) / "config").open("a") as config:
        config.write("[safe]\n\tdirectory = *\n")
    try:
        os.chown(top, 12345, -1)
    except PermissionError:
        pytest.skip("only root can give a folder to somebody else")
    with pytest.raises(GitError, match="another user"):
        locate(top)


def test_variables_that_name_a_repository_hold(tmp_path: Path) -> None:
    top = _made(tmp_path / "folder")
    with pytest.raises(NotARepositoryError, match="GIT_DIR=/nowhere"):
        locate(top, {**os.environ, "GIT_DIR": "/nowhere"})


def test_where_git_may_find_no_bare_repositories(tmp_path: Path) -> None:
    top = _made(tmp_path / "folder")
    Repository(top).git("config", "--global", "safe.bareRepository", "explicit")
    found = locate(top)
    (top / "a.txt").write_text("a\n")
    oid = found.git().text("hash-object", "-w", "a.txt")
    assert b"".join(CliBackend(found.common_dir).read_blob(oid)) == b"a\n"
