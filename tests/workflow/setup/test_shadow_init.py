"""In a folder without git, everything works that needs no commit."""

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
from batchhook.workflow.pipeline.runner import process_queue
from batchhook.workflow.setup import shadow_init
from batchhook.workflow.setup.shadow_init import init_shadow_repo
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
def shadowed(folder: Repository) -> Repository:
    """The same, with a shadow repository."""
    folder.batchhook("record", "--yes")
    return folder


def _answer_prompt(folder: Repository, answer: str) -> tuple[int, str]:
    """Run `record` on a terminal, answer, and return the exit code and the output."""
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "batchhook", "record"], cwd=folder.top, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(mine, answer.encode())
    output = b""
    try:
        while piece := os.read(mine, 4096):
            output += piece
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(mine)
    return process.wait(), " ".join(output.decode().split())


def _fill(folder: Repository, *names: str, text: str = "") -> None:
    """Record a change of each file; no tests are run."""
    for name in names:
        folder.write(f"{name}.txt", text or f"{name}\n")
        folder.batchhook("record", "-d", name, "--no-wait", BATCHHOOK_NO_RUNNER="1")


def _files(folder: Repository) -> dict[str, str]:
    return {
        str(path.relative_to(folder.top)): path.read_text()
        for path in folder.top.rglob("*")
        if _is_users_file(path, folder)
    }


def _is_users_file(path: Path, folder: Repository) -> bool:
    return path.is_file() and path.relative_to(folder.top).parts[0] != ".batchhook" and "__pycache__" not in path.parts


def test_without_a_terminal(folder: Repository) -> None:
    output = folder.batchhook("record", "-d", "x", code=3)
    assert "is not inside a git repository" in output
    assert "--yes" in output
    assert folder.json("record", code=3)["exit_code"] == 3
    assert not (folder.top / ".batchhook").exists()


def test_asked_once(folder: Repository) -> None:
    code, output = _answer_prompt(folder, "n\n")
    assert code == 3
    assert "Not a git repository. Keep a private one in .batchhook/?" in output
    assert not (folder.top / ".batchhook").exists()
    code, output = _answer_prompt(folder, "y\n")
    assert code == 0
    assert "The files as they are now are the starting point" in output
    folder.write("a.txt", "a\n")
    code, output = _answer_prompt(folder, "")
    assert code == 0
    assert "Keep a private one" not in output
    assert "batch 1, 1/5" in output


def test_the_shadow_repository_is_private_and_has_no_hooks(shadowed: Repository) -> None:
    made = shadowed.top / ".batchhook"
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert sorted(path.name for path in made.iterdir()) == [".gitignore", "lock", "repository"]
    assert not (made / "repository" / "hooks").exists()
    assert locate(shadowed.top).is_shadow


def test_environments_and_caches_are_left_out(folder: Repository) -> None:
    for path in (".venv/lib/a.py", "node_modules/b.js", "__pycache__/c.pyc", "pkg/__pycache__/d.pyc"):
        folder.write(path, "x\n")
    folder.batchhook("record", "--yes")
    folder.write(".venv/lib/a.py", "y\n")
    assert "Nothing has changed since the last step" in folder.batchhook("record")


def test_auto_rollback(shadowed: Repository) -> None:
    shadowed.write(".batchhook.toml", 'auto_rollback = "apply"\n')
    _fill(shadowed, *"abcd")
    shadowed.write("calculator.py", CALCULATOR.replace("a + b", "a - b"))
    shadowed.batchhook("record", "-d", "break it", code=1)
    assert shadowed.json("operations")["operations"], shadowed.batchhook("analyze", "1", code=1)
    assert shadowed.read("calculator.py") == CALCULATOR


def test_unrecorded_work_prevents_auto_rollback(shadowed: Repository) -> None:
    shadowed.write(".batchhook.toml", 'auto_rollback = "apply"\n')
    _fill(shadowed, *"abcd")
    shadowed.write("calculator.py", CALCULATOR.replace("a + b", "a - b"))
    shadowed.batchhook("record", "-d", "break it", "--no-wait", BATCHHOOK_NO_RUNNER="1")
    shadowed.write("more.txt", "mine\n")
    shadowed.batchhook("wait", code=1)
    output = " ".join(shadowed.batchhook("analyze", "1", code=1).split())
    assert "the work tree holds changes that are not recorded" in output
    assert shadowed.json("operations")["operations"] == []


def test_objects_are_packed(shadowed: Repository) -> None:
    shadowed.git("--git-dir=.batchhook/repository", "config", "gc.auto", "1")
    texts = [text for text in map(str, range(2000)) if _name(text).startswith("17")]  # the folder that git looks at
    for text in texts[:3]:
        shadowed.write("a.txt", text)
        shadowed.batchhook("record", "--no-wait", BATCHHOOK_NO_RUNNER="1")
    shadowed.write("b.txt", "b")
    shadowed.batchhook("--batch-size", "4", "record", "--no-wait", BATCHHOOK_NO_RUNNER="1")
    process_queue(shadowed.top, os.environ)
    assert list((shadowed.top / ".batchhook/repository/objects/pack").glob("*.pack"))
    assert shadowed.json("analyze", "1")["verdict"] == "passed"


def _name(text: str) -> str:
    return hashlib.sha1(f"blob {len(text)}\0{text}".encode(), usedforsecurity=False).hexdigest()


def test_existing_files_belong_to_no_change(shadowed: Repository) -> None:
    before = _files(shadowed)
    assert shadowed.open() == (1, [])
    _fill(shadowed, *"abcde")
    assert shadowed.json("show", "1")["batch"]["changes"][0]["files"][0]["path"] == "a.txt"
    shadowed.batchhook("rollback", "1", "-y")
    assert _files(shadowed) == before


def test_an_empty_folder(tmp_path: Path) -> None:
    folder = Repository(tmp_path)
    folder.batchhook("record", "-y")
    _fill(folder, "a")
    assert folder.open() == (1, ["a"])
    assert "nothing is recorded here yet" not in folder.batchhook("status")


def test_all_commands(shadowed: Repository) -> None:
    shadowed.write("test_environment.py", ENVIRONMENT_TEST)
    shadowed.batchhook("record", "-d", "one more test")
    _fill(shadowed, *"abc")
    shadowed.write("calculator.py", CALCULATOR.replace("a + b", "a - b"))
    output = " ".join(shadowed.batchhook("record", "calculator.py", "-d", "break it", code=1).split())
    assert "batch 1 is full (5/5)" in output
    found = shadowed.json("analyze", "1", code=1)
    assert found["totals"]["tests"] == 3
    assert [failure["test_id"] for failure in found["failures"]] == ["test_calculator.CalculatorTest.test_add"]
    blamed = found["failures"][0]["attribution"]["change"]
    assert blamed == found["batch"]["changes"][-1]["oid"]
    broken = _files(shadowed)
    shadowed.batchhook("rollback", "1", "--culprit", "-y")
    assert _files(shadowed) == {**broken, "calculator.py": CALCULATOR}
    shadowed.batchhook("undo", "-y")
    assert _files(shadowed) == broken
    output = " ".join(shadowed.batchhook("rollback", "1", "-y").split())
    assert "Revert batch 1 in the files:" in output
    assert "git diff" not in output
    assert set(_files(shadowed)) == {"calculator.py", "test_calculator.py"}
    shadowed.batchhook("undo", "-y")
    shadowed.batchhook("redo", "-y")
    assert set(_files(shadowed)) == {"calculator.py", "test_calculator.py"}
    assert shadowed.open() == (2, [])
    for command in (("log",), ("show", "1"), ("operations",), ("backup", "1"), ("report", "1"), ("prune", "--dry-run")):
        shadowed.batchhook(*command)
    shadowed.batchhook("export", str(shadowed.top.parent / "exported"))
    shadowed.batchhook("undo", "-y")
    shadowed.batchhook("rollback", "1", "--from-backup", "-y")
    assert set(_files(shadowed)) == {"calculator.py", "test_calculator.py"}
    shadowed.batchhook("undo", "-y")
    assert _files(shadowed) == broken


def test_a_later_batch_of_a_file_that_an_earlier_one_added(shadowed: Repository) -> None:
    _fill(shadowed, *"abcde")
    for number in range(5):
        _fill(shadowed, "a", text=f"{number}\n")
    shadowed.batchhook("rollback", "2", "-y")
    assert shadowed.read("a.txt") == "a\n"


@pytest.mark.parametrize("option", ["--commit", "--reset", "--stash"])
def test_options_that_need_git_are_refused(shadowed: Repository, option: str) -> None:
    _fill(shadowed, *"abcde")
    before = _files(shadowed)
    output = shadowed.batchhook("rollback", "1", option, "-y", code=64)
    assert f"{option} needs a git repository" in output
    assert f"without {option}" in output
    assert _files(shadowed) == before


def test_install_needs_git(shadowed: Repository) -> None:
    output = shadowed.batchhook("install", code=3)
    assert "is not a git repository, so there are no commits" in output
    assert "git init, then batchhook install" in output
    assert "batchhook has no hooks installed here" in shadowed.batchhook("uninstall")


def test_hooks_of_other_repositories_are_left_alone(shadowed: Repository, bare_repository: Repository) -> None:
    hooks = shadowed.top.parent / "hooks"
    shadowed.git("config", "--global", "core.hooksPath", str(hooks))
    bare_repository.batchhook("install", "--shared")
    shadowed.batchhook("uninstall")
    assert (hooks / "post-commit").exists()


def test_doctor(shadowed: Repository) -> None:
    checks = {check["name"]: check for check in shadowed.json("doctor")["checks"]}
    assert "the history is kept in .batchhook" in checks["repository"]["detail"]
    assert not [name for name in checks if "hook" in name]


def test_a_manual_run_tests_the_last_record(shadowed: Repository) -> None:
    shadowed.write("calculator.py", CALCULATOR.replace("a + b", "a - b"))
    output = " ".join(shadowed.batchhook("test").split())
    assert "The work tree has changes that are not recorded; they were not tested." in output
    assert "Tested is" not in shadowed.batchhook("test", "--in-place", code=1)
    shadowed.batchhook("baseline", "set")
    shadowed.batchhook("record", "-d", "break it")
    assert "Tested is" not in shadowed.batchhook("test", code=1)
    found = shadowed.json("baseline", "compare", code=2)
    assert found["compared"]["whole"]["newly_failing"] == ["test_calculator.CalculatorTest.test_add"]


def test_from_a_folder_below(shadowed: Repository) -> None:
    shadowed.write("sub/a.txt", "a\n")
    below = Repository(shadowed.top / "sub")
    assert "batch 1, 1/5" in below.batchhook("record", "a.txt", "-d", "a")
    assert not (shadowed.top / "sub" / ".batchhook").exists()
    assert below.open() == (1, ["a"])


def test_pruning_leaves_the_latest_batch(shadowed: Repository) -> None:
    shadowed.write(".batchhook.toml", "batch_size = 1\n")
    for name in "ab":
        shadowed.write(f"{name}.txt", name)
        shadowed.batchhook("record")
    shadowed.batchhook("prune", "--older-than", "0d", "-y")
    assert [entry["batch"]["id"] for entry in shadowed.json("log")["batches"]] == [2]


def test_not_in_the_home_folder(folder: Repository) -> None:
    output = folder.batchhook("record", "--yes", code=3, HOME=str(folder.top), GIT_CONFIG_GLOBAL="/dev/null")
    assert "is your home folder" in output
    assert not (folder.top / ".batchhook").exists()


def test_a_file_in_its_place(folder: Repository) -> None:
    folder.write(".batchhook", "mine\n")
    folder.batchhook("record", "--yes", code=3)
    assert folder.read(".batchhook") == "mine\n"


def test_init_is_all_or_nothing(folder: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(shadow_init, "_record_starting_point", fail)
        with pytest.raises(StoreError):
            init_shadow_repo(folder.top, os.environ)
    with pytest.raises(NoRepositoryError):
        locate(folder.top)
    assert sorted(path.name for path in (folder.top / ".batchhook").iterdir()) == [".gitignore", "lock"]
    init_shadow_repo(folder.top, os.environ)
    assert shadow_repo.exists(folder.top)


def test_two_inits_at_once(folder: Repository) -> None:
    command = [sys.executable, "-m", "batchhook", "record", "--yes"]
    both = [subprocess.Popen(command, cwd=folder.top, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    output = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert all("Nothing has changed since the last step" in one for one in output)
    _fill(folder, "a")
    assert folder.open() == (1, ["a"])


def test_init_after_a_kill(folder: Repository) -> None:
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


def test_init_from_python(folder: Repository) -> None:
    Workflow(folder.top).begin_without_git()
    assert folder.open() == (1, [])
    Workflow(folder.top).begin_without_git()
    _fill(folder, "a")
    Workflow(folder.top).begin_without_git()
    assert folder.open() == (1, ["a"])
