"""Private work trees outside of the repository: what tests see of the place, and that none is left behind."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from batchhook.git import private_worktree
from batchhook.git.command import Git
from tests.driving import Repository

PLACE_TESTS = """\
import fcntl, os, pathlib, unittest

class PlaceTest(unittest.TestCase):
    def test_no_part_of_the_path_is_hidden(self):
        found = [p for p in pathlib.Path().resolve().rglob("test_*.py")
                 if not any(part.startswith(".") for part in p.parts)]
        self.assertEqual([p.name for p in found], ["test_place.py"])

    def test_name(self):
        with open({seen!r}, "a") as seen:
            print(os.path.basename(os.getcwd()), os.stat(".").st_ino, file=seen)

    def test_cleaners_keep_out(self):
        folder = os.open(os.pardir, os.O_RDONLY)
        self.addCleanup(os.close, folder)
        with self.assertRaises(BlockingIOError):
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
"""


@pytest.fixture
def base(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that the setting names; no part of its path begins with a dot."""
    base = tmp_path_factory.mktemp("trees")
    monkeypatch.setenv("BATCHHOOK_WORKTREES", str(base))
    monkeypatch.setenv("BATCHHOOK_BATCH_SIZE", "1")
    return base


@pytest.fixture
def placed(project: Repository, base: Path) -> Repository:
    """A project with one tested batch, and a private work tree below ``base``."""
    run_batch(project)
    assert worktrees(base) == [project.worktree()]
    return project


def run_batch(repository: Repository) -> None:
    """Make a change that passes its tests."""
    repository.commit(f"more{repository.tick()}")
    assert repository.json("wait", "--timeout", "60")["verdict"] == "passed"


def worktrees(base: Path) -> list[Path]:
    return sorted(base.glob("*/*/*/*"))


def listed(repository: Repository) -> list[str]:
    """Return the work trees that git lists besides the main one."""
    return [line.split()[0] for line in repository.git("worktree", "list").splitlines()[1:]]


def test_tests_see_the_path_and_the_name_of_an_ordinary_checkout(
    bare_repository: Repository, base: Path, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    bare_repository.commit("first", test_place__py=PLACE_TESTS.format(seen=str(seen)))
    bare_repository.batchhook("install")
    bare_repository.git("worktree", "add", "-q", "-b", "feature", str(tmp_path / ".agents/feature"))
    feature = Repository(tmp_path / ".agents/feature")
    for repository in (bare_repository, feature, bare_repository):
        run_batch(repository)
    names, inodes = zip(*(line.split() for line in seen.read_text().splitlines()), strict=True)
    assert names == ("project", "feature", "project")
    assert len(set(inodes)) == 1  # one checkout, renamed
    assert len(worktrees(base)) == 1


@pytest.mark.parametrize(
    "damage",
    [
        "find {tree} -type f -delete",
        "find {tree} -name '*.py' -delete",
        "rm -r {tree}/.git",
        "rm -r {tree}",
        "rm -r {base}/*",
    ],
)
def test_what_a_cleaner_removed_is_there_again(placed: Repository, base: Path, damage: str) -> None:
    subprocess.run(damage.format(tree=placed.worktree(), base=base), shell=True, check=True)
    run_batch(placed)
    assert worktrees(base) == [placed.worktree()]
    assert listed(placed) == [str(placed.worktree())]


def test_a_planted_link_is_not_followed(project: Repository, base: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    planted = base / f"batchhook-{os.geteuid()}"
    planted.symlink_to(tmp_path / "elsewhere")
    run_batch(project)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert listed(project) == [str(project.top / ".git/batchhook/worktrees/1/project")]
    checks = {check["name"]: check for check in project.json("doctor", code=3)["checks"]}
    assert checks["work trees"]["detail"].endswith(f": {planted} is not a folder that is yours alone")
    assert "worktrees" in checks["work trees"]["hint"]
    project.batchhook("uninstall")
    assert listed(project) == []


def test_doctor_names_the_place(placed: Repository) -> None:
    checks = {check["name"]: check for check in placed.json("doctor")["checks"]}
    assert checks["work trees"]["detail"] == f"private ones in {placed.worktree().parent.parent}"


def test_uninstall_leaves_nothing(placed: Repository, base: Path) -> None:
    placed.batchhook("uninstall")
    assert list(base.iterdir()) == []
    assert listed(placed) == []
    assert not (placed.top / ".git/worktrees").exists()


def test_uninstall_forgets_what_a_cleaner_removed(placed: Repository, base: Path) -> None:
    shutil.rmtree(base)
    placed.batchhook("uninstall")
    assert listed(placed) == []


def test_prune_removes_it_and_the_next_run_creates_it(placed: Repository, base: Path) -> None:
    assert {"work trees": 1}.items() <= parts(placed.json("prune")).items()
    assert {"work trees": 1}.items() <= parts(placed.json("prune", "--keep", "9", "-y")).items()
    assert list(base.iterdir()) == []
    run_batch(placed)
    assert worktrees(base) == [placed.worktree()]


def parts(document: dict[str, list[dict[str, object]]]) -> dict[object, object]:
    return {part["kind"]: part["number"] for part in document["parts"]}


def test_a_moved_repository_leaves_nothing_at_its_former_place(placed: Repository, base: Path) -> None:
    moved = Repository(placed.top.rename(placed.top.with_name("moved")))
    moved.batchhook("install")
    run_batch(moved)
    assert worktrees(base) == [moved.worktree()]
    assert listed(moved) == [str(moved.worktree())]


def test_a_copied_repository_leaves_the_original_alone(placed: Repository, base: Path) -> None:
    copy = Repository(placed.top.with_name("copy"))
    shutil.copytree(placed.top, copy.top, symlinks=True)
    copy.batchhook("install")
    run_batch(copy)
    assert worktrees(base) == sorted([placed.worktree(), copy.worktree()])
    copy.batchhook("prune", "--keep", "9", "-y")
    copy.batchhook("uninstall")
    assert worktrees(base) == [placed.worktree()]
    inode = placed.worktree().stat().st_ino
    run_batch(placed)
    assert placed.worktree().stat().st_ino == inode


def test_what_a_deleted_repository_left_is_removed(placed: Repository, base: Path, tmp_path: Path) -> None:
    shutil.copytree(
        placed.top, tmp_path / "other", symlinks=True, ignore=shutil.ignore_patterns("batchhook", "worktrees")
    )
    other = Repository(tmp_path / "other")
    shutil.rmtree(placed.top)
    other.batchhook("install")
    run_batch(other)
    assert worktrees(base) == [other.worktree()]


@pytest.mark.parametrize("way", ["run", "prune", "uninstall"])
def test_one_of_an_earlier_version_is_removed(project: Repository, base: Path, way: str) -> None:
    former = project.top / ".git/batchhook/worktrees/batchhook-1"
    private_worktree.checkout(Git(project.top), former, project.head(), [project.top])
    if way == "run":
        run_batch(project)
    else:
        project.batchhook(*{"prune": ("prune", "--keep", "9", "-y"), "uninstall": ("uninstall",)}[way])
    assert not former.exists()
    assert listed(project) == [str(path) for path in worktrees(base)]


def test_another_setting_moves_it(placed: Repository, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (placed.top / "trees").mkdir()
    monkeypatch.setenv("BATCHHOOK_WORKTREES", str(placed.top / "trees"))
    run_batch(placed)
    assert listed(placed) == [str(placed.worktree())]
    assert list(base.iterdir()) == []


def test_a_work_tree_of_the_user_is_not_taken_for_ours(placed: Repository, base: Path, tmp_path: Path) -> None:
    """A new repository at the path of a deleted one gets a work tree with the name of the private one."""
    tree = placed.worktree()
    shutil.rmtree(placed.top / ".git/worktrees")
    placed.git("worktree", "add", "-q", "-b", "mine", str(tmp_path / "mine/project"), "HEAD~1")
    mine = Repository(tmp_path / "mine/project")
    mine.write("staged.txt", "staged")
    mine.git("add", "staged.txt")
    assert "/.git/worktrees/project\n" in (tree / ".git").read_text()
    before = mine.git("symbolic-ref", "HEAD"), mine.head(), mine.git("status", "--porcelain")
    run_batch(placed)
    assert (mine.git("symbolic-ref", "HEAD"), mine.head(), mine.git("status", "--porcelain")) == before
    assert worktrees(base) == [tree]
    assert listed(placed) == [str(mine.top), str(tree)]


def test_two_repositories_in_one_place_do_not_mix(placed: Repository, base: Path, tmp_path: Path) -> None:
    """As if the digests of their paths were equal."""
    other = tmp_path / "clone/project"
    subprocess.run(["git", "clone", "-q", placed.top, other], check=True)
    git, tree = Git(other), placed.worktree()
    private_worktree.checkout(git, tree, git.text("rev-parse", "HEAD"), [other])
    assert str(other / ".git/worktrees/project") in (tree / ".git").read_text()
    run_batch(placed)
    assert str(placed.top / ".git/worktrees/") in (tree / ".git").read_text()
    assert worktrees(base) == [tree]


def test_a_folder_without_git_has_its_own_too(bare_repository: Repository, base: Path) -> None:
    shutil.rmtree(bare_repository.top / ".git")
    folder = bare_repository
    folder.write("test_it.py", "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n")
    folder.batchhook("record", "--yes")
    folder.write("more.txt", "more")
    folder.batchhook("record")
    assert folder.json("wait", "--timeout", "60")["verdict"] == "passed"
    assert [tree.name for tree in worktrees(base)] == ["project"]
    folder.batchhook("uninstall")
    assert list(base.iterdir()) == []
