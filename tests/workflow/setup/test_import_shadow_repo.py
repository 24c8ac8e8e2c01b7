"""A folder that was counted without git becomes a repository: its history goes along, whenever that is cut off.

``BATCHHOOK_TEST_KILLS`` is the number of kills at random moments; from 20 on, there is one before each step as well,
and not before every third only.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from batchhook import Workflow
from batchhook.git.command import Git
from batchhook.git.location import locate
from batchhook.git.shadow_repo import git_dir_for
from batchhook.store import db_import, locks
from batchhook.store.state_dir import StateDir
from batchhook.workflow.pipeline.runner import process_queue
from batchhook.workflow.setup.import_shadow_repo import import_shadow_repo
from tests.driving import CALCULATOR, TESTS, Repository

KILLS = int(os.environ.get("BATCHHOOK_TEST_KILLS", "2"))


def _record(folder: Repository, name: str, text: str = "") -> None:
    folder.write(f"{name}.txt", text or f"{name}\n")
    folder.batchhook("record", "-d", name, "--no-wait", BATCHHOOK_NO_RUNNER="1")


@pytest.fixture(scope="module")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("template") / "folder"


@pytest.fixture
def folder(_template: Path) -> Repository:
    """A folder without git: a failed batch that was rolled back and undone, and two changes of the next one."""
    folder = Repository(_template.with_name("work"))  # one path for all: operations are of a path
    _clear(folder.top)
    if not _template.exists():
        folder.top.mkdir()
        folder.write("calculator.py", CALCULATOR)
        folder.write("test_calculator.py", TESTS)
        folder.batchhook("record", "--yes")
        for name in "abcd":
            _record(folder, name)
        folder.write("calculator.py", CALCULATOR.replace("a + b", "a - b"))
        folder.batchhook("record", "-d", "break it", "--no-wait", BATCHHOOK_NO_RUNNER="1")
        process_queue(folder.top, os.environ)
        folder.batchhook("rollback", "1", "-y")
        folder.batchhook("undo", "-y")
        _record(folder, "f")
        _record(folder, "g")
        shutil.copytree(folder.top, _template)
        shutil.rmtree(folder.top)
    shutil.copytree(_template, folder.top)
    return folder


def _clear(top: Path) -> None:
    """Remove a folder, in which a git that outlives a killed process may still write."""
    until = time.monotonic() + 30
    while top.exists() and time.monotonic() < until:
        shutil.rmtree(top, ignore_errors=True)
        time.sleep(0.01)


def _history(folder: Repository) -> dict[str, Any]:
    """Return everything known of the history, without the branch's name."""
    workflow = Workflow(folder.top)
    found = {
        "analysis": workflow.analyze(1).model_dump(),  # first: with that the verdict was seen
        "status": workflow.status().model_dump(),
        "log": workflow.log().model_dump(),
        "operations": workflow.operations().model_dump(),
    }
    status, log = found["status"], found["log"]
    for batch in (status["open"], *(entry["batch"] for entry in (*status["latest"], *log["batches"]))):
        batch.pop("branch")
    found["analysis"]["batch"].pop("branch")
    for operation in found["operations"]["operations"]:
        operation.pop("branch")
    return found


def _check_whole(folder: Repository) -> None:
    folder.git("fsck", "--strict")
    state = folder.top / ".git" / "batchhook"
    assert state.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in state.parent.glob("batchhook*")] == ["batchhook"], [*state.parent.rglob("batch*/**")]
    assert [path.name[:11] for path in (folder.top / ".batchhook").glob("imported*")] == ["imported-20"]
    checks = {check.name: check for check in Workflow(folder.top).doctor().checks}
    assert all(check.ok for check in checks.values())
    assert checks["backups"].detail.startswith("1 read and compared")


def test_before_anything_is_committed(folder: Repository) -> None:
    before = _history(folder)
    folder.git("init", "-q")
    assert "batchhook install imports them" in folder.batchhook("status", code=3)
    assert "batchhook install imports them" in folder.batchhook("record", "--yes", code=3)
    assert "batchhook install imports them" in folder.batchhook("doctor", code=3)
    output = folder.batchhook("install")
    assert "1 full batch, 7 recorded changes" in output
    assert "Counting starts" not in output
    assert _history(folder) == before
    _check_whole(folder)
    assert folder.json("status")["open"]["branch"] == "main"
    folder.git("add", "--all")
    assert ".batchhook" not in folder.git("ls-files")
    folder.git("commit", "-qm", "all that was recorded")
    assert folder.open() == (2, ["f", "g"])
    assert "batch 2, 3/5" in folder.commit("next")
    _record(folder, "h")
    assert "batch 2 is full (5/5)" in folder.commit("fills it", BATCHHOOK_NO_RUNNER="1")
    changes = folder.json("show", "2")["batch"]["changes"]
    assert [change["summary"] for change in changes] == ["f", "g", "next", "h", "fills it"]


def test_after_commits(folder: Repository) -> None:
    before = _history(folder)
    folder.git("init", "-q", "-b", "trunk")
    folder.git("add", "calculator.py", "test_calculator.py")
    folder.git("commit", "-qm", "some of it")
    folder.git("add", "--all")
    folder.git("commit", "-qm", "and the rest")
    folder.git("branch", "side", "HEAD~")
    folder.git("switch", "-q", "--force", "side")
    folder.git("commit", "-q", "--allow-empty", "-m", "of another branch")
    folder.write("side.txt", "side\n")
    folder.git("add", "side.txt")
    folder.git("commit", "-qm", "the same")
    folder.git("switch", "-q", "trunk")
    folder.batchhook("install")
    assert _history(folder) == before
    _check_whole(folder)
    assert folder.json("status")["open"]["branch"] == "trunk"
    assert "batch 2, 3/5" in folder.commit("next")
    _record(folder, "h")
    assert folder.open() == (2, ["f", "g", "next", "h"])
    folder.git("add", "--all")
    folder.git("commit", "-qm", "all")
    folder.git("switch", "-q", "side")
    assert folder.open() == (3, []), "what was there before us counts nowhere"


@pytest.mark.parametrize("name", ["runner.lock", "unknown"])
def test_a_state_folder_without_database_is_kept_unless_empty(folder: Repository, name: str) -> None:
    before = _history(folder)
    folder.git("init", "-q")
    state = folder.top / ".git" / "batchhook"
    (state / "runs").mkdir(parents=True)
    (state / name).touch()
    folder.batchhook("install")
    assert _history(folder) == before
    aside = [path.name for path in state.parent.glob("batchhook.aside-*/*")]
    assert sorted(aside) == ([] if name.endswith(".lock") else ["runs", name])


def test_rollbacks_continue(folder: Repository) -> None:
    there = folder.top / "calculator.py"
    folder.git("init", "-q")
    folder.batchhook("install")
    folder.batchhook("redo", "-y")
    assert there.read_text() == CALCULATOR
    assert not (folder.top / "a.txt").exists()
    folder.batchhook("undo", "-y")
    assert there.read_text() == CALCULATOR.replace("a + b", "a - b")
    folder.git("add", "--all")
    folder.git("commit", "-qm", "all", BATCHHOOK_NO_RUNNER="1")
    folder.batchhook("rollback", "1", "-y")
    assert there.read_text() == CALCULATOR
    assert folder.git("diff", "--cached", "--name-only").split() == [
        "a.txt",
        "b.txt",
        "c.txt",
        "calculator.py",
        "d.txt",
    ]
    folder.batchhook("undo", "-y")
    assert folder.git("status", "--porcelain") == ""
    folder.batchhook("rollback", "1", "--from-backup", "-y")
    assert there.read_text() == CALCULATOR


def test_the_next_commits_know_the_critical_batch(folder: Repository) -> None:
    assert folder.json("status")["unseen"] == [1]
    folder.git("init", "-q")
    folder.batchhook("install")
    folder.git("add", "--all")
    output = folder.git_both("commit", "-qm", "all").stderr
    assert "broke 1 test (batchhook analyze 1)" in output, "the notice is still unseen"
    assert "batch 1 failed critically" in folder.commit("next")


def test_a_detached_head(folder: Repository) -> None:
    folder.git("init", "-q")
    folder.git("add", "--all")
    folder.git("commit", "-qm", "all")
    folder.git("switch", "-q", "--detach")
    folder.batchhook("install")
    assert folder.open() == (2, ["f", "g"])


def test_the_first_commit_under_pre_commit_does_not_restart_counting(folder: Repository) -> None:
    folder.git("init", "-q")
    folder.write(".pre-commit-config.yaml", "repos: [{hooks: [{id: batchhook-post-commit}]}]\n")
    folder.write(".git/hooks/post-commit", "#!/bin/sh\n# File generated by pre-commit\n")
    folder.git("add", "--all")
    folder.git("commit", "-qm", "all")
    command = [sys.executable, "-m", "batchhook.hook", "post-commit", str(folder.top)]
    output = subprocess.run(command, cwd=folder.top, capture_output=True, text=True, check=True).stderr
    assert "batchhook install imports them" in output
    assert not (folder.top / ".git" / "batchhook").exists()
    output = folder.batchhook("install")
    assert "7 recorded changes" in output
    assert (folder.top / ".git/hooks/post-commit").read_text().endswith("generated by pre-commit\n")
    assert folder.open() == (2, ["f", "g"])
    assert "Your hook framework runs batchhook" in folder.batchhook("install")


def _check_old_is_whole(folder: Repository) -> None:
    """Check that without git everything is as it was."""
    shutil.rmtree(folder.top / ".git")
    assert folder.open() == (2, ["f", "g"])
    folder.batchhook("redo", "-y")
    assert (folder.top / "calculator.py").read_text() == CALCULATOR


@pytest.mark.parametrize("name", ["batchhook/runner.lock", "batchhook/worktrees/1.lock", "batchhook-watch.lock"])
def test_not_while_batchhook_is_at_work(folder: Repository, name: str) -> None:
    folder.git("init", "-q")
    with locks.try_lock(git_dir_for(folder.top) / name):
        output = folder.batchhook("install", code=3)
    assert f"({Path(name).stem}); nothing was changed" in output
    assert not (folder.top / ".git" / "batchhook").exists()
    folder.batchhook("install")


def test_another_object_format(folder: Repository) -> None:
    folder.git("init", "-q", "--object-format=sha256")
    assert "git init --object-format=sha1" in folder.batchhook("install", code=3)
    _check_old_is_whole(folder)


def test_a_history_of_its_own_is_not_mixed(folder: Repository, tmp_path: Path) -> None:
    (folder.top / ".batchhook").rename(tmp_path / "aside")
    folder.git("init", "-q")
    folder.batchhook("install")
    (tmp_path / "aside").rename(folder.top / ".batchhook")
    assert "has a history of its own" in folder.batchhook("install", code=3)
    folder.batchhook("status")
    _check_old_is_whole(folder)


def test_refs_of_another_batchhook_are_not_overwritten(folder: Repository) -> None:
    folder.git("init", "-q")
    folder.git("commit", "-q", "--allow-empty", "-m", "first")
    folder.git("update-ref", "refs/batchhook/batches/1/base", "HEAD")
    assert "has refs of another batchhook (refs/batchhook/batches/1/base)" in folder.batchhook("install", code=3)
    assert folder.head("refs/batchhook/batches/1/base") == folder.head()
    _check_old_is_whole(folder)


def test_settings_about_fetching_do_not_matter(folder: Repository) -> None:
    folder.git("init", "-q")
    for name, value in (("protocol.allow", "never"), ("fetch.prune", "true"), ("fetch.fsckObjects", "true")):
        folder.git("config", "--global", name, value)
    for section, prefix in (("transfer", "refs/batchhook"), ("uploadpack", "refs/batchhook/operations")):
        folder.git("config", "--global", f"{section}.hideRefs", prefix)
    folder.git("config", "--global", "safe.bareRepository", "explicit")
    folder.batchhook("install", GIT_ALLOW_PROTOCOL="https")
    _check_whole(folder)


def test_another_users_repository_is_not_imported(folder: Repository) -> None:
    folder.git("init", "-q")
    try:
        os.chown(git_dir_for(folder.top), 12345, -1)
    except PermissionError:
        pytest.skip("only root can give a folder to another user")
    assert "belongs to another user" in folder.batchhook("install", code=3)


def _killed_at(top: Path, step: int) -> bool:
    """Import in a process that dies before its n-th step; return whether it got that far."""
    pid = os.fork()
    if pid:
        return os.WIFSIGNALED(os.waitpid(pid, 0)[1])
    code = 1
    try:
        steps = 0

        def watched(function: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as the function's
                nonlocal steps
                steps += 1
                if steps == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                return function(*arguments, **named)

            return call

        places = [
            (Git, "run"),
            (db_import, "copy_database"),
            (db_import, "attach_to_branch"),
            (Path, "rename"),
            (Path, "mkdir"),
        ]
        places += [(shutil, "copytree"), (shutil, "copy2"), (shutil, "rmtree")]
        with ExitStack() as stack:
            for place, name in places:
                stack.enter_context(mock.patch.object(place, name, watched(getattr(place, name))))
            location = locate(top)
            import_shadow_repo(location, location.git(), os.environ)
        code = 0
    finally:
        os._exit(code)


def test_killed_before_each_step(folder: Repository, tmp_path: Path) -> None:
    before = _history(folder)
    folder.git("init", "-q")
    template = tmp_path / "with-git"
    shutil.copytree(folder.top, template)
    step = 0
    for step in itertools.count(1, 1 if KILLS >= 20 else 3):
        _clear(folder.top)
        shutil.copytree(template, folder.top)
        if not _killed_at(folder.top, step):
            break
        old = StateDir.for_repository(git_dir_for(folder.top))
        assert old.is_installed(), "it was renamed in the last step"
        location = locate(folder.top)
        if step % 5 != 1 or _killed_at(folder.top, step // 2):
            done = import_shadow_repo(location, location.git(), os.environ)
            assert (done.batches, done.records) == (1, 7)
        assert not old.is_installed()
        if step % 12 == 1:
            folder.batchhook("install")
            assert _history(folder) == before
            _check_whole(folder)
    assert step > 20


def test_the_command_itself_killed_at_random_moments(folder: Repository, tmp_path: Path) -> None:
    dice = random.Random(20261125)
    before = _history(folder)
    folder.git("init", "-q")
    template = tmp_path / "with-git"
    shutil.copytree(folder.top, template)
    began = time.monotonic()
    folder.batchhook("install")
    took = time.monotonic() - began
    for _ in range(KILLS):
        _clear(folder.top)
        shutil.copytree(template, folder.top)
        process = subprocess.Popen(
            [sys.executable, "-m", "batchhook", "install"], cwd=folder.top, start_new_session=True
        )
        time.sleep(took * dice.uniform(0.4, 1.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        folder.batchhook("install")
        assert _history(folder) == before
        _check_whole(folder)
