"""Private worktrees: locked, reused, clean, with submodules and Git LFS objects as the user has them."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from batchhook.errors import GitError
from batchhook.git import private_worktree, submodules
from batchhook.git.command import Git
from tests.driving import Repository

ADD = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
UPDATE = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive")

TESTS = """\
import pathlib
import unittest


class LibraryTest(unittest.TestCase):
    def test_value(self):
        self.assertEqual(pathlib.Path("lib/value.txt").read_text(), "VALUE")
"""


@pytest.fixture
def library(tmp_path: Path) -> Repository:
    """Return the repository that the submodule is cloned from."""
    library = Repository(tmp_path / "library")
    library.top.mkdir()
    library.git("init", "--quiet")
    library.commit("one", value__txt="one")
    return library


@pytest.fixture
def with_library(bare_repository: Repository, library: Repository) -> Repository:
    """A project with a submodule ``lib``; batchhook is not installed."""
    bare_repository.commit("first", test_it__py=TESTS.replace("VALUE", "one"))
    bare_repository.git(*ADD, str(library.top), "lib")
    bare_repository.git("commit", "-qm", "lib")
    return bare_repository


def private(repository: Repository, revision: str = "HEAD", tops: Sequence[Path] = ()) -> Path:
    """Check out a commit as a run does, and return the worktree."""
    folder = repository.worktree()
    private_worktree.checkout(Git(repository.top), folder, repository.head(revision), tops or (repository.top,))
    return folder


def move_library(project: Repository, library: Repository, value: str) -> None:
    """Commit in the library, and record that in the project."""
    library.commit(value, value__txt=value)
    project.git("-C", "lib", "fetch", "--quiet")
    project.git("-C", "lib", "checkout", "--quiet", library.head())
    project.commit(f"lib {value}", test_it__py=TESTS.replace("VALUE", value))


def files(folder: Path) -> set[str]:
    """Return all files, without those of git dirs."""
    report = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or path.is_file()}
    return {path for path in report if ".git" not in path.split("/")}


def contents(folder: Path) -> dict[str, str]:
    """Return a digest of each file, git dirs included."""
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_a_run_leaves_nothing_for_the_next_one(
    bare_repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tests = f"""
import os, pathlib, subprocess, unittest
class TidyTest(unittest.TestCase):
    def test_nothing_is_left(self):
        here = pathlib.Path()
        with open({str(tmp_path / "seen")!r}, "a") as seen:
            print(sorted(str(path) for path in here.rglob("*")), os.stat(here).st_ino, file=seen)
        (here / "left.txt").write_text("left")
        (here / "left.log").write_text("ignored")
        (here / "pkg/__pycache__").mkdir()
        (here / "pkg/__pycache__/x.pyc").write_text("ignored")
        subprocess.run(["git", "init", "-q", "new"], check=True)
        subprocess.run(["git", "init", "-q", "pkg"], check=True)
"""
    bare_repository.write("pkg/__init__.py", "")
    bare_repository.commit("first", test_it__py=tests, **{".gitignore": "*.log\n*.pyc\n"})
    bare_repository.batchhook("install")
    monkeypatch.setenv("BATCHHOOK_BATCH_SIZE", "1")
    for number in (1, 2):
        bare_repository.commit("again", more__txt=f"{number}")
        assert bare_repository.json("wait", str(number), "--timeout", "60")["verdict"] == "passed"
    first, second = (tmp_path / "seen").read_text().splitlines()
    assert first == second  # and in the same folder
    assert "'more.txt', 'pkg', 'pkg/__init__.py', 'test_it.py'" in first
    private_ones = bare_repository.git("worktree", "list", "--porcelain").split("\n\n")[1:]
    assert len(private_ones) == 1
    assert f"worktree {bare_repository.worktree()}\n" in private_ones[0]
    assert "\nlocked batchhook runs tests here" in private_ones[0]
    private(bare_repository)
    assert not (bare_repository.worktree() / "pkg/.git").exists()


@pytest.mark.parametrize("damage", ["rm -r .git", "rm -rf .git *", "mv pkg ../pkg && ln -s ../pkg pkg", ": >.git"])
def test_a_damaged_work_tree_is_recreated(bare_repository: Repository, damage: str) -> None:
    bare_repository.write("pkg/module.py", "")
    bare_repository.commit("first", a__txt="a")
    folder = private(bare_repository)
    subprocess.run(damage, shell=True, cwd=folder, check=True)
    private(bare_repository)
    assert files(folder) == {"a.txt", "pkg/module.py"}
    assert not (folder / "pkg").is_symlink()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("mode", [0o500, 0o000])
def test_unreadable_folders_that_tests_leave_are_removed(with_library: Repository, mode: int) -> None:
    folder = private(with_library)
    for place in ("new", "lib/new"):
        (folder / place / "deep").mkdir(parents=True)
        (folder / place / "deep/left.txt").write_text("left")
        (folder / place / "deep").chmod(mode)
        (folder / place).chmod(mode)
    private(with_library)
    assert files(folder) == {".gitmodules", "test_it.py", "lib/value.txt"}


def test_the_suite_finds_its_submodule_in_each_batch(
    with_library: Repository, library: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hook = tmp_path / "template/hooks/post-checkout"
    hook.parent.mkdir(parents=True)
    hook.write_text(f"#!/bin/sh\necho $0 >>{tmp_path}/ran\n")
    hook.chmod(0o755)
    with_library.batchhook("install")
    with_library.git("config", "--global", "init.templateDir", str(tmp_path / "template"))
    monkeypatch.setenv("BATCHHOOK_BATCH_SIZE", "1")
    for number, value in enumerate(("two", "three"), 1):
        move_library(with_library, library, value)
        if value == "three":
            shutil.rmtree(library.top)
        assert with_library.json("wait", str(number), "--timeout", "60")["verdict"] == "passed"
    assert not (tmp_path / "ran").exists()
    assert not (with_library.worktree() / "lib/.git/hooks").exists()


def test_a_submodule_without_the_recorded_commit_has_a_verdict(with_library: Repository, library: Repository) -> None:
    with_library.batchhook("install")
    library.commit("two", value__txt="two")
    with_library.git("update-index", "--cacheinfo", f"160000,{library.head()},lib")
    with_library.git("commit", "-qm", "elsewhere")
    for number in range(4):
        with_library.write("a.txt", f"{number}")
        with_library.git("add", "a.txt")
        with_library.git("commit", "-qm", "more")
    report = with_library.json("wait", "1", "--timeout", "60", code=3)
    assert report["verdict"] == "broken"
    assert report["broken"] == f"submodule `lib` lacks commit {library.head()[:8]}"
    assert report["hint"] == "git submodule update lib"


def test_the_users_submodule_is_only_read(with_library: Repository, library: Repository) -> None:
    move_library(with_library, library, "two")
    with_library.write("lib/value.txt", "not committed")
    before = contents(with_library.top / ".git/modules"), contents(with_library.top / "lib")
    settings = with_library.read(".git/config")
    for revision in ("HEAD", "HEAD~1", "HEAD"):
        folder = private(with_library, revision)
        assert (folder / "lib/value.txt").read_text() == ("two" if revision == "HEAD" else "one")
    assert (contents(with_library.top / ".git/modules"), contents(with_library.top / "lib")) == before
    assert with_library.read(".git/config") == settings
    assert with_library.git("-C", "lib", "worktree", "list").count("\n") == 0


def test_a_submodule_is_used_again_and_cleaned(with_library: Repository) -> None:
    folder = private(with_library)
    before = (folder / "lib/value.txt").stat().st_ino, (folder / "lib/.git").stat().st_ino
    (folder / "lib/left.pyc").write_text("left")
    (folder / "lib/.git/info").mkdir(exist_ok=True)
    (folder / "lib/.git/info/exclude").write_text("*.pyc\n")
    private(with_library)
    assert files(folder) == {".gitmodules", "test_it.py", "lib/value.txt"}
    assert ((folder / "lib/value.txt").stat().st_ino, (folder / "lib/.git").stat().st_ino) == before
    (folder / "lib/value.txt").write_text("by tests")
    subprocess.run(["git", "config", "core.worktree", str(with_library.top)], cwd=folder / "lib", check=True)
    private(with_library)
    assert (folder / "lib/value.txt").read_text() == "one"
    assert (with_library.top / "test_it.py").exists()


@pytest.mark.parametrize("damage", ["rm -r .git", "rm .git/HEAD", "rm -r .git && echo gitdir: $OLDPWD/.git >.git"])
def test_a_damaged_submodule_is_recreated(with_library: Repository, damage: str) -> None:
    folder = private(with_library)
    before = with_library.head(), with_library.git("status", "--porcelain")
    subprocess.run(f"cd {with_library.top}; cd {folder}/lib; {damage}", shell=True, check=True)
    private(with_library)
    assert files(folder) == {".gitmodules", "test_it.py", "lib/value.txt"}
    assert (folder / "lib/.git").is_dir()
    assert (with_library.head(), with_library.git("status", "--porcelain")) == before


def test_a_submodule_that_was_cloned_again_elsewhere(with_library: Repository, library: Repository) -> None:
    folder = private(with_library)
    shutil.rmtree(with_library.top / ".git/modules")
    shutil.rmtree(with_library.top / "lib")
    with_library.git("clone", "--quiet", str(library.top), "lib")
    library.commit("two", value__txt="two")
    with_library.git("-C", "lib", "pull", "--quiet")
    with_library.commit("lib two")
    private(with_library)
    assert (folder / "lib/value.txt").read_text() == "two"


def test_nested_submodules(bare_repository: Repository, library: Repository, tmp_path: Path) -> None:
    middle = Repository(tmp_path / "middle")
    middle.top.mkdir()
    middle.git("init", "--quiet")
    middle.git(*ADD, str(library.top), "deep/inner")
    middle.commit("inner", a__txt="a")
    bare_repository.git(*ADD, str(middle.top), "sub/lib")
    bare_repository.git(*UPDATE)
    bare_repository.commit("lib")
    for folder in (private(bare_repository), private(bare_repository)):
        assert (folder / "sub/lib/deep/inner/value.txt").read_text() == "one"
        assert (folder / "sub/lib/a.txt").read_text() == "a"
    library.commit("two", value__txt="two")
    middle.git("update-index", "--cacheinfo", f"160000,{library.head()},deep/inner")
    middle.git("commit", "-qm", "inner two")
    bare_repository.git("-C", "sub/lib", "pull", "--quiet", "--no-recurse-submodules")
    bare_repository.git("add", "sub/lib")
    bare_repository.git("commit", "-qm", "lib two")
    with pytest.raises(GitError, match="submodule `sub/lib/deep/inner` lacks commit") as caught:
        private(bare_repository)
    assert caught.value.hint == "git submodule update --recursive sub/lib"
    bare_repository.git(*UPDATE)
    assert (private(bare_repository) / "sub/lib/deep/inner/value.txt").read_text() == "two"


def test_a_submodule_that_the_user_has_not_checked_out_is_empty(with_library: Repository) -> None:
    folder = private(with_library)
    with_library.git("submodule", "--quiet", "deinit", "--force", "lib")
    private(with_library)
    assert list((folder / "lib").iterdir()) == []
    (folder / "lib/left.txt").write_text("left")
    private(with_library)
    assert list((folder / "lib").iterdir()) == []
    with_library.git(*UPDATE)
    private(with_library)
    assert (folder / "lib/value.txt").read_text() == "one"


def test_a_submodule_that_only_the_main_work_tree_has(with_library: Repository) -> None:
    with_library.git("worktree", "add", "-q", "-b", "side", "../side")
    side = Repository(with_library.top.parent / "side")
    side.batchhook("install")
    assert side.json("test")["totals"]["passed"] == 1


def test_what_takes_the_place_of_a_submodule(bare_repository: Repository, library: Repository) -> None:
    """In any order of commits, nothing of one is left in the next; no .gitmodules is needed."""
    bare_repository.commit("first", a__txt="a")
    blob = bare_repository.head("HEAD:a.txt")
    for place in ("lib", "moved", "lib/deep"):
        bare_repository.git("clone", "--quiet", str(library.top), place)
    module, file, link = f"160000,{library.head()}", f"100644,{blob}", f"120000,{blob}"
    trees: list[tuple[list[str], set[str], set[str]]] = [
        ([f"{module},lib"], {"lib/value.txt"}, {"lib"}),
        ([], set(), set()),
        ([f"{file},lib/own.txt"], {"lib/own.txt"}, set()),
        ([f"{file},lib"], {"lib"}, set()),
        ([f"{link},lib"], {"lib"}, set()),
        ([f"{module},moved"], {"moved/value.txt"}, {"moved"}),
        ([f"{module},lib/deep"], {"lib/deep/value.txt"}, {"lib/deep"}),
        ([f"{file},lib/own.txt", f"{module},lib/deep"], {"lib/own.txt", "lib/deep/value.txt"}, {"lib/deep"}),
        ([f"{module},nowhere"], set(), set()),
    ]
    commits = [_commit_of(bare_repository, entries) for entries, _, _ in trees]
    for one in commits:
        for other, (_, expected, repositories) in zip(commits, trees, strict=True):
            _litter(private(bare_repository, one))
            folder = private(bare_repository, other)
            assert files(folder) == expected
            assert {str(path.parent.relative_to(folder)) for path in folder.rglob(".git")} == {"."} | repositories


def _commit_of(repository: Repository, entries: Sequence[str]) -> str:
    index = str(repository.top / ".git/other-index")
    repository.git("read-tree", "--empty", GIT_INDEX_FILE=index)
    for entry in entries:
        repository.git("update-index", "--add", "--cacheinfo", entry, GIT_INDEX_FILE=index)
    return repository.git("commit-tree", repository.git("write-tree", GIT_INDEX_FILE=index), "-m", "tree")


def _litter(folder: Path) -> None:
    for place in [path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink()]:
        if ".git" not in place.parts[len(folder.parts) :]:
            (place / "left.pyc").write_text("left")


@pytest.mark.parametrize("place", ["deps", "deps/lib", "deps/lib/.git"])
def test_links_that_tests_leave_lead_nowhere(
    bare_repository: Repository, library: Repository, tmp_path: Path, place: str
) -> None:
    bare_repository.git(*ADD, str(library.top), "deps/lib")
    bare_repository.git("commit", "-qm", "lib")
    folder = private(bare_repository)
    outside = tmp_path / "outside"
    (outside / "lib/.git").mkdir(parents=True)
    (outside / "lib/mine.txt").write_text("mine")
    (outside / ".git").mkdir()
    (outside / ".git/mine.txt").write_text("mine")
    before = contents(outside)
    shutil.rmtree(folder / place)
    (folder / place).symlink_to(outside / place.removeprefix("deps").removeprefix("/"))
    private(bare_repository)
    assert contents(outside) == before
    assert files(folder) == {".gitmodules", "deps/lib/value.txt"}
    assert not any((folder / path).is_symlink() for path in ("deps", "deps/lib", "deps/lib/.git"))


def test_a_folder_for_a_submodule_is_never_behind_a_link(tmp_path: Path) -> None:
    """Git leaves no such links, but could on file systems that ignore case."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "top").mkdir()
    (tmp_path / "top/a").symlink_to(tmp_path / "outside")
    submodules.prepare_folder(tmp_path / "top", "a/b")
    assert (tmp_path / "top/a/b").is_dir()
    assert not any((tmp_path / "outside").iterdir())


# ── Git LFS ──────────────────────────────────────────────────────────────────────────────────────────────────────────

needs_lfs = pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed")


def with_lfs(repository: Repository) -> Repository:
    """Commit three files in LFS, and change two; the contents of one of these are not stored locally."""
    repository.git("lfs", "install", "--local")
    repository.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    repository.commit("first", here__bin="here", gone__bin="gone", same__bin="same")
    repository.commit("second", here__bin="here, too", gone__bin="gone, too")
    for content in (b"gone", b"gone, too"):
        digest = hashlib.sha256(content).hexdigest()
        (repository.top / f".git/lfs/objects/{digest[:2]}/{digest[2:4]}/{digest}").unlink()
    return repository


def is_pointer(file: Path) -> bool:
    return file.read_text().startswith("version https://git-lfs.github.com/spec/v1\n")


@needs_lfs
def test_stored_contents_are_checked_out_and_nothing_is_fetched(bare_repository: Repository) -> None:
    project = with_lfs(bare_repository)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        project.git("config", "lfs.url", f"http://127.0.0.1:{server.getsockname()[1]}/")
        for revision, text in (("HEAD", "here, too"), ("HEAD~1", "here"), ("HEAD~1", "here"), ("HEAD", "here, too")):
            folder = private(project, revision)
            assert (folder / "here.bin").read_text() == text
            assert (folder / "same.bin").read_text() == "same"
            assert is_pointer(folder / "gone.bin")
            assert Repository(folder).git("status", "--porcelain") == ""
            (folder / "same.bin").write_text("by tests")
        with pytest.raises(BlockingIOError):
            server.accept()
    assert {path.name for path in (project.top / ".git/hooks").iterdir() if path.suffix != ".sample"} <= {
        "post-checkout",
        "post-commit",
        "post-merge",
        "pre-push",
    }


@needs_lfs
def test_a_content_that_comes_later(bare_repository: Repository) -> None:
    project = with_lfs(bare_repository)
    assert is_pointer(private(project) / "gone.bin")
    subprocess.run(["git", "lfs", "clean"], cwd=project.top, input=b"gone, too", stdout=subprocess.DEVNULL, check=True)
    folder = private(project)
    assert (folder / "gone.bin").read_text() == "gone, too"


@needs_lfs
def test_contents_in_a_submodule(with_library: Repository, library: Repository) -> None:
    with_library.git("lfs", "install")
    library.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    library.commit("big", big__bin="big")
    with_library.git("-C", "lib", "pull", "--quiet")
    assert with_library.read("lib/big.bin") == "big"
    with_library.commit("lib")
    before = contents(with_library.top / ".git/modules")
    for _ in range(2):
        assert (private(with_library) / "lib/big.bin").read_text() == "big"
    assert contents(with_library.top / ".git/modules") == before


def test_without_git_lfs_contents_stay_pointers(bare_repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 4\n"
    bare_repository.commit("first", big__bin=pointer)
    bare_repository.commit("second", big__bin=pointer.replace("0", "1"))
    bare_repository.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    bare_repository.git("add", ".gitattributes")
    bare_repository.git("commit", "-qm", "attributes")
    for name in ("process", "smudge", "clean"):
        bare_repository.git("config", f"filter.lfs.{name}", f"no-such-command-{name}")
    bare_repository.git("config", "filter.lfs.required", "true")
    (bare_repository.top.parent / "bin").mkdir()
    (bare_repository.top.parent / "bin/git").symlink_to(str(shutil.which("git")))
    monkeypatch.setenv("PATH", os.fspath(bare_repository.top.parent / "bin"))
    marks = []
    for revision in ("HEAD", "HEAD~2", "HEAD"):
        assert is_pointer(private(bare_repository, revision) / "big.bin")
        marks.append((bare_repository.top / ".git/worktrees/project/mark").exists())
        (bare_repository.top / ".git/worktrees/project/mark").touch()
    assert marks == [False, True, True]  # reused, not recreated
