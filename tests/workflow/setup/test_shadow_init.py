"""In a folder without git everything works that needs no commit."""

from __future__ import annotations

import hashlib
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from batchhook import Workflow
from batchhook.errors import NoRepositoryError, StoreError
from batchhook.git import shadow_repo
from batchhook.git.location import locate
from batchhook.workflow.pipeline.runner import work_off
from batchhook.workflow.setup import shadow_init
from batchhook.workflow.setup.shadow_init import begin_without_git
from tests.driving import CALCULATOR, TESTS, Repository

ENVIRONMENT_TEST = """\
import os
import unittest


class EnvironmentTest(unittest.TestCase):
    def test_nothing_leads_to_the_repository(self):
        self.assertFalse({"GIT_DIR", "GIT_WORK_TREE"} & os.environ.keys())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Repository:
    """A folder with code and tests, and without git."""
    top = tmp_path / "folder"
    top.mkdir()
    folder = Repository(top)
    folder.write("calculator.py", CALCULATOR)
    folder.write("test_calculator.py", TESTS)
    return folder


@pytest.fixture
def begun(folder: Repository) -> Repository:
    """The same, begun."""
    folder.batchhook("record", "--yes")
    return folder


def _answered(folder: Repository, answer: str) -> tuple[int, str]:
    """Run `record` on a terminal at which somebody answers; gives exit code and what was shown."""
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "batchhook", "record"], cwd=folder.top, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(mine, answer.encode())
    said = b""
    try:
        while piece := os.read(mine, 4096):
            said += piece
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(mine)
    return process.wait(), " ".join(said.decode().split())


def _fill(folder: Repository, *names: str, text: str = "") -> None:
    """Record a change of each file; no tests are run."""
    for name in names:
        folder.write(f"{name}.txt", text or f"{name}\n")
        folder.batchhook("record", "-d", name, "--no-wait", BATCHHOOK_NO_RUNNER="1")


def _files(folder: Repository) -> dict[str, str]:
    return {
        str(path.relative_to(folder.top)): path.read_text()
        for path in folder.top.rglob("*")
        if _is_theirs(path, folder)
    }


def _is_theirs(path: Path, folder: Repository) -> bool:
    return path.is_file() and path.relative_to(folder.top).parts[0] != ".batchhook" and "__pycache__" not in path.parts


def test_nobody_can_be_asked(folder: Repository) -> None:
    said = folder.batchhook("record", "-d", "x", code=3)
    assert "is not inside a git repository" in said
    assert "--yes" in said
    assert folder.json("record", code=3)["exit_code"] == 3
    assert not (folder.top / ".batchhook").exists()


def test_asked_once(folder: Repository) -> None:
    code, said = _answered(folder, "n\n")
    assert code == 3
    assert "This folder is no git repository. batchhook can keep a private one in .batchhook/" in said
    assert not (folder.top / ".batchhook").exists()
    code, said = _answered(folder, "y\n")
    assert code == 0
    assert "The files as they are now are where it begins" in said
    folder.write("a.txt", "a\n")
    code, said = _answered(folder, "")
    assert code == 0
    assert "Go on?" not in said
    assert "batch 1, 1/5" in said


def test_what_is_made_is_private_and_holds_no_hooks(begun: Repository) -> None:
    made = begun.top / ".batchhook"
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert sorted(path.name for path in made.iterdir()) == [".gitignore", "lock", "repository"]
    assert not (made / "repository" / "hooks").exists()
    assert locate(begun.top).is_private


def test_environments_and_caches_are_left_out(folder: Repository) -> None:
    for path in (".venv/lib/a.py", "node_modules/b.js", "__pycache__/c.pyc", "pkg/__pycache__/d.pyc"):
        folder.write(path, "x\n")
    folder.batchhook("record", "--yes")
    folder.write(".venv/lib/a.py", "y\n")
    assert "Nothing has changed" in folder.batchhook("record")


def test_what_is_to_blame_is_taken_out_unasked(begun: Repository) -> None:
    begun.write(".batchhook.toml", 'auto_rollback = "apply"\n')
    _fill(begun, *"abcd")
    begun.write("calculator.py", CALCULATOR.replace("a + b", "a - b"))
    begun.batchhook("record", "-d", "break it", code=1)
    assert begun.json("operations")["operations"], begun.batchhook("analyze", "1", code=1)
    assert begun.read("calculator.py") == CALCULATOR


def test_work_that_is_not_recorded_is_in_the_way_of_that(begun: Repository) -> None:
    begun.write(".batchhook.toml", 'auto_rollback = "apply"\n')
    _fill(begun, *"abcd")
    begun.write("calculator.py", CALCULATOR.replace("a + b", "a - b"))
    begun.batchhook("record", "-d", "break it", "--no-wait", BATCHHOOK_NO_RUNNER="1")
    begun.write("more.txt", "mine\n")
    begun.batchhook("wait", code=1)
    said = " ".join(begun.batchhook("analyze", "1", code=1).split())
    assert "the work tree holds changes that are not recorded" in said
    assert begun.json("operations")["operations"] == []


def test_contents_that_pile_up_are_packed(begun: Repository) -> None:
    begun.git("--git-dir=.batchhook/repository", "config", "gc.auto", "1")
    texts = [text for text in map(str, range(2000)) if _name(text).startswith("17")]  # the folder that git looks at
    for text in texts[:3]:
        begun.write("a.txt", text)
        begun.batchhook("record", "--no-wait", BATCHHOOK_NO_RUNNER="1")
    begun.write("b.txt", "b")
    begun.batchhook("--batch-size", "4", "record", "--no-wait", BATCHHOOK_NO_RUNNER="1")
    work_off(begun.top, os.environ)
    assert list((begun.top / ".batchhook/repository/objects/pack").glob("*.pack"))
    assert begun.json("analyze", "1")["verdict"] == "passed"


def _name(text: str) -> str:
    return hashlib.sha1(f"blob {len(text)}\0{text}".encode(), usedforsecurity=False).hexdigest()


def test_what_was_there_before_is_nobodys_change(begun: Repository) -> None:
    before = _files(begun)
    assert begun.open() == (1, [])
    _fill(begun, *"abcde")
    assert begun.json("show", "1")["batch"]["changes"][0]["files"][0]["path"] == "a.txt"
    begun.batchhook("rollback", "1", "-y")
    assert _files(begun) == before


def test_begun_in_an_empty_folder(tmp_path: Path) -> None:
    folder = Repository(tmp_path)
    folder.batchhook("record", "-y")
    _fill(folder, "a")
    assert folder.open() == (1, ["a"])
    assert "nothing is recorded here yet" not in folder.batchhook("status")


def test_the_whole_way(begun: Repository) -> None:
    begun.write("test_environment.py", ENVIRONMENT_TEST)
    begun.batchhook("record", "-d", "one more test")
    _fill(begun, *"abc")
    begun.write("calculator.py", CALCULATOR.replace("a + b", "a - b"))
    said = " ".join(begun.batchhook("record", "calculator.py", "-d", "break it", code=1).split())
    assert "batch 1 is full (5/5)" in said
    found = begun.json("analyze", "1", code=1)
    assert found["totals"]["tests"] == 3
    assert [failure["test_id"] for failure in found["failures"]] == ["test_calculator.CalculatorTest.test_add"]
    blamed = found["failures"][0]["attribution"]["change"]
    assert blamed == found["batch"]["changes"][-1]["oid"]
    broken = _files(begun)
    begun.batchhook("rollback", "1", "--culprit", "-y")
    assert _files(begun) == {**broken, "calculator.py": CALCULATOR}
    begun.batchhook("undo", "-y")
    assert _files(begun) == broken
    said = " ".join(begun.batchhook("rollback", "1", "-y").split())
    assert "To take batch 1 out, in the files:" in said
    assert "git diff" not in said
    assert set(_files(begun)) == {"calculator.py", "test_calculator.py"}
    begun.batchhook("undo", "-y")
    begun.batchhook("redo", "-y")
    assert set(_files(begun)) == {"calculator.py", "test_calculator.py"}
    assert begun.open() == (2, [])
    for command in (("log",), ("show", "1"), ("operations",), ("backup", "1"), ("report", "1"), ("prune", "--dry-run")):
        begun.batchhook(*command)
    begun.batchhook("export", str(begun.top.parent / "exported"))
    begun.batchhook("undo", "-y")
    begun.batchhook("rollback", "1", "--from-backup", "-y")
    assert set(_files(begun)) == {"calculator.py", "test_calculator.py"}
    begun.batchhook("undo", "-y")
    assert _files(begun) == broken


def test_a_later_batch_of_a_file_that_an_earlier_one_added(begun: Repository) -> None:
    _fill(begun, *"abcde")
    for number in range(5):
        _fill(begun, "a", text=f"{number}\n")
    begun.batchhook("rollback", "2", "-y")
    assert begun.read("a.txt") == "a\n"


@pytest.mark.parametrize("option", ["--commit", "--reset", "--stash"])
def test_what_needs_git_is_refused(begun: Repository, option: str) -> None:
    _fill(begun, *"abcde")
    before = _files(begun)
    said = begun.batchhook("rollback", "1", option, "-y", code=64)
    assert f"{option} needs a git repository" in said
    assert f"without {option}" in said
    assert _files(begun) == before


def test_there_is_nothing_to_hook_into(begun: Repository) -> None:
    said = begun.batchhook("install", code=3)
    assert "is no git repository: nobody commits" in said
    assert "git init, then batchhook install" in said
    assert "None of batchhook's hooks is here" in begun.batchhook("uninstall")


def test_hooks_of_other_repositories_are_left_alone(begun: Repository, bare_repository: Repository) -> None:
    hooks = begun.top.parent / "hooks"
    begun.git("config", "--global", "core.hooksPath", str(hooks))
    bare_repository.batchhook("install", "--shared")
    begun.batchhook("uninstall")
    assert (hooks / "post-commit").exists()


def test_doctor_says_what_it_is(begun: Repository) -> None:
    checks = {check["name"]: check for check in begun.json("doctor")["checks"]}
    assert "a private one in .batchhook" in checks["repository"]["detail"]
    assert not [name for name in checks if "hook" in name]


def test_by_hand_what_was_recorded_last_is_tested(begun: Repository) -> None:
    begun.write("calculator.py", CALCULATOR.replace("a + b", "a - b"))
    said = " ".join(begun.batchhook("test").split())
    assert "Tested is what is recorded; the work tree has changes that are not." in said
    assert "Tested is" not in begun.batchhook("test", "--in-place", code=1)
    begun.batchhook("baseline", "set")
    begun.batchhook("record", "-d", "break it")
    assert "Tested is" not in begun.batchhook("test", code=1)
    found = begun.json("baseline", "compare", code=2)
    assert found["compared"]["whole"]["newly_failing"] == ["test_calculator.CalculatorTest.test_add"]


def test_from_a_folder_below(begun: Repository) -> None:
    begun.write("sub/a.txt", "a\n")
    below = Repository(begun.top / "sub")
    assert "batch 1, 1/5" in below.batchhook("record", "a.txt", "-d", "a")
    assert not (begun.top / "sub" / ".batchhook").exists()
    assert below.open() == (1, ["a"])


def test_pruning_leaves_the_latest_batch(begun: Repository) -> None:
    begun.write(".batchhook.toml", "batch_size = 1\n")
    for name in "ab":
        begun.write(f"{name}.txt", name)
        begun.batchhook("record")
    begun.batchhook("prune", "--older-than", "0d", "-y")
    assert [entry["batch"]["id"] for entry in begun.json("log")["batches"]] == [2]


def test_not_in_the_home_folder(folder: Repository) -> None:
    said = folder.batchhook("record", "--yes", code=3, HOME=str(folder.top), GIT_CONFIG_GLOBAL="/dev/null")
    assert "is your home folder" in said
    assert not (folder.top / ".batchhook").exists()


def test_something_else_is_in_its_place(folder: Repository) -> None:
    folder.write(".batchhook", "mine\n")
    folder.batchhook("record", "--yes", code=3)
    assert folder.read(".batchhook") == "mine\n"


def test_all_of_it_is_made_or_nothing(folder: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(shadow_init, "_note_what_is_there", fail)
        with pytest.raises(StoreError):
            begin_without_git(folder.top, os.environ)
    with pytest.raises(NoRepositoryError):
        locate(folder.top)
    assert sorted(path.name for path in (folder.top / ".batchhook").iterdir()) == [".gitignore", "lock"]
    begin_without_git(folder.top, os.environ)
    assert shadow_repo.is_there(folder.top)


def test_two_begin_at_once(folder: Repository) -> None:
    command = [sys.executable, "-m", "batchhook", "record", "--yes"]
    both = [subprocess.Popen(command, cwd=folder.top, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert all("Nothing has changed" in one for one in said)
    _fill(folder, "a")
    assert folder.open() == (1, ["a"])


def test_begun_again_after_a_kill(folder: Repository) -> None:
    folder.write(".batchhook/repository.new/HEAD", "half\n")
    folder.batchhook("record", "--yes")
    assert not (folder.top / ".batchhook/repository.new").exists()


def test_links_in_its_place_are_not_followed(folder: Repository) -> None:
    folder.write("mine.txt", "mine\n")
    (folder.top / ".batchhook").mkdir()
    (folder.top / ".batchhook" / ".gitignore").symlink_to(folder.top / "mine.txt")
    folder.batchhook("record", "--yes")
    assert folder.read("mine.txt") == "mine\n"
    assert not (folder.top / ".batchhook" / ".gitignore").is_symlink()


def test_begun_by_a_program(folder: Repository) -> None:
    Workflow(folder.top).begin_without_git()
    assert folder.open() == (1, [])
    Workflow(folder.top).begin_without_git()
    _fill(folder, "a")
    Workflow(folder.top).begin_without_git()
    assert folder.open() == (1, ["a"])
