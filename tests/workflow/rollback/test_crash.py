"""An operation that is killed anywhere is reported, loses nothing, and ends in one of the two right states.

``BATCHHOOK_TEST_KILLS`` is the number of kills; a nightly run takes 1,000 or more.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from batchhook import ConflictError, Workflow
from batchhook.store import locks
from tests.driving import Repository
from tests.workflow.rollback import crashes
from tests.workflow.rollback.world import World, ten, world

KILLS = int(os.environ.get("BATCHHOOK_TEST_KILLS", "12"))

Act = Callable[[Workflow], object]
ROLLBACKS: dict[str, Act] = {
    "files": lambda workflow: workflow.rollback(1),
    "commit": lambda workflow: workflow.rollback(1, mode="commit"),
    "reset": lambda workflow: workflow.rollback(1, mode="reset"),
    "stash": lambda workflow: workflow.rollback(1, stash=True),
    "stash and commit": lambda workflow: workflow.rollback(1, mode="commit", stash=True),
}
EARLIER: dict[str, tuple[str, ...]] = {
    "rollback": (),
    "undo": ("rollback",),
    "redo": ("rollback", "undo"),
    "undo --stash": ("rollback", "edit"),
    "redo --stash": ("rollback", "undo", "edit"),
}
"""The steps before each step that is killed."""


@pytest.fixture
def work(batch: Repository) -> Repository:
    """Work that is not in the way: staged, unstaged, untracked, ignored; and empty folders that are filled."""
    (batch.top / ".git/info/exclude").write_text("ignored.txt\n")
    batch.write("ignored.txt", "mine\n")
    batch.write("untracked.txt", "mine\n")
    (batch.top / "gone.txt/inside").mkdir(parents=True)
    batch.write("other.txt", "staged\n")
    batch.git("add", "other.txt")
    batch.write("other.txt", "mine\n")
    return batch


def _act(name: str, step: str) -> Act:
    return {
        "rollback": ROLLBACKS[name],
        "undo": lambda workflow: workflow.undo(),
        "redo": lambda workflow: workflow.redo(),
        "undo --stash": lambda workflow: workflow.undo(stash=True),
        "redo --stash": lambda workflow: workflow.redo(stash=True),
    }[step]


def _prepare(work: Repository, name: str, step: str) -> None:
    if "stash" in name:
        work.write("ten.txt", ten({1: "mine", 2: "deux"}))
    for earlier in EARLIER[step]:
        if earlier == "edit":
            work.write("ten.txt", "in the way\n" + work.read("ten.txt").partition("\n")[2])
        else:
            _act(name, earlier)(Workflow(work.top))


@pytest.mark.timeout(0 if KILLS > 100 else 300)
def test_killed_anywhere(work: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dice = random.Random(20261125)
    clean = tmp_path / "clean"
    shutil.copytree(work.top, clean, symlinks=True)
    cases = [(name, step) for name in ROLLBACKS for step in EARLIER]
    dice.shuffle(cases)
    ended: Counter[str] = Counter()
    share, more = divmod(KILLS, len(cases))
    for place, (name, step) in enumerate(cases):
        kills = share + (place < more)
        if not kills:
            continue
        crashes.restore_template(clean, work.top)
        _prepare(work, name, step)
        template = tmp_path / "template"
        crashes.restore_template(work.top, template)
        before, act = world(work), _act(name, step)
        most = crashes.count_steps(work.top, act)
        after = world(work)
        assert after != before
        for _ in range(kills):
            crashes.restore_template(template, work.top)
            kill = crashes.random_kill(dice, most)
            if not crashes.run_killed(work.top, act, kill):
                assert world(work) == after
                ended["not killed: it had ended"] += 1
                continue
            ended[_finish_and_check(work, before, after, finish=dice.random() < 0.5)] += 1
    with capsys.disabled():
        print(f"\n{sum(ended.values())} operations killed: {dict(ended)}")  # noqa: T201 - the count is what a nightly run is for
    assert sum(ended.values()) == KILLS


def _finish_and_check(work: Repository, before: World, after: World, *, finish: bool) -> str:
    """Finish or take back what was killed, and check that the result is one of the two right states."""
    now = world(work)
    for name in ("ignored.txt", "untracked.txt"):
        assert now.files[name] == before.files[name]
    crashes.remove_locks(work.top)
    workflow = Workflow(work.top)
    pending = workflow.status().interrupted
    if pending is None:
        assert world(work) in {_hashable(before): before, _hashable(after): after}.values()
        return "before it began" if world(work) == before else "after its end"
    with pytest.raises(ConflictError, match=f"operation {pending} .* was interrupted"):
        workflow.rollback(1, dry_run=True)
    assert pending == (workflow.finish(pending) if finish else workflow.undo(pending)).id
    assert world(work) == (after if finish else before)
    assert workflow.status().interrupted is None
    return "finished" if finish else "reverted"


def _hashable(state: World) -> str:
    return repr(state)


def test_the_command_itself_killed_at_random_times(work: Repository, tmp_path: Path) -> None:
    """Kill it with every process it started, as a closed terminal or a power cut does."""
    dice = random.Random(7)
    template = tmp_path / "template"
    crashes.restore_template(work.top, template)
    before = world(work)
    began = time.monotonic()
    work.batchhook("rollback", "1", "-y")
    took, after = time.monotonic() - began, world(work)
    for _ in range(max(3, KILLS // 20)):
        crashes.restore_template(template, work.top)
        command = [sys.executable, "-m", "batchhook", "rollback", "1", "-y"]
        process = subprocess.Popen(command, cwd=work.top, stdout=subprocess.DEVNULL, start_new_session=True)
        time.sleep(took * dice.uniform(0.4, 1.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        _finish_and_check(work, before, after, finish=dice.random() < 0.5)


def _interrupted(work: Repository) -> None:
    """Leave an interrupted rollback: the intent is recorded, one file is written, one only partly."""
    top = work.top
    Workflow(top).rollback(1)
    work.git("read-tree", "HEAD")
    for name, text in (("added.txt", "added more\n"), ("ten.txt", "line 1\nli")):
        work.write(name, text)
    code = (
        "import sqlite3, sys; connection = sqlite3.connect(sys.argv[1]);"
        "connection.execute(\"UPDATE operations SET status = 'intent'\"); connection.commit()"
    )
    subprocess.run([sys.executable, "-c", code, str(top / ".git/batchhook/state.db")], check=True)


def test_an_interruption_is_reported_by_every_command_and_partial_files_are_fixed(batch: Repository) -> None:
    _interrupted(batch)
    output = "operation 1 (rollback of batch 1) was interrupted"
    for command, code in (("status", 0), ("operations", 0), ("rollback 1 -y", 3), ("redo -y", 3), ("doctor", 3)):
        shown = " ".join(batch.batchhook(*command.split(), code=code).split())
        assert output in shown, command
        assert "operations finish 1" in shown, command
    assert batch.json("status")["interrupted"] == 1
    assert batch.json("operations")["operations"][0]["status"] == "interrupted"
    assert batch.json("operations", "finish", "--dry-run")["status"] == "planned"
    assert "Finish operation 1:" in batch.batchhook("operations", "finish", "1", "-y")
    assert batch.read("ten.txt") == ten({})
    assert not (batch.top / "added.txt").exists()
    assert batch.git("show", "refs/batchhook/operations/1/interrupted:ten.txt") == "line 1\nli"
    assert "was not interrupted" in batch.batchhook("operations", "finish", "1", "-y", code=3)
    batch.batchhook("undo", "-y")
    assert batch.git("status", "--porcelain") == ""


def test_no_restoration_while_an_operation_is_interrupted(batch: Repository) -> None:
    batch.batchhook("backup", "1")
    _interrupted(batch)
    before = world(batch)
    assert "was interrupted" in batch.batchhook("rollback", "1", "--from-backup", "--force", "-y", code=3)
    assert world(batch) == before


def test_taking_it_back_leaves_no_trace(batch: Repository) -> None:
    _interrupted(batch)
    assert "Undone: " in batch.batchhook("undo", "-y")
    assert batch.git("status", "--porcelain") == ""
    assert not (batch.top / ".git/MERGE_MSG").exists()
    assert "nothing to undo" in batch.batchhook("undo", "-y", code=3)
    assert batch.json("operations")["operations"][0]["status"] == "reverted"


@pytest.mark.parametrize("finish", [True, False])
def test_work_since_the_interruption_is_kept(batch: Repository, finish: bool) -> None:  # noqa: FBT001 - both ways
    _interrupted(batch)
    batch.write("ten.txt", ten({1: "one", 2: "deux", 10: "since"}))
    batch.write("other.txt", "since\n")
    workflow = Workflow(batch.top)
    _ = workflow.finish() if finish else workflow.undo()
    assert batch.read("ten.txt") == ten({10: "since"} if finish else {1: "one", 2: "deux", 10: "since"})
    assert batch.read("other.txt") == "since\n"


def test_work_since_on_the_same_lines_is_refused(batch: Repository) -> None:
    _interrupted(batch)
    batch.write("ten.txt", ten({1: "since"}))
    before = world(batch)
    with pytest.raises(ConflictError, match=r"edited since operation 1 was interrupted: ten\.txt"):
        Workflow(batch.top).finish()
    assert world(batch) == before


def test_a_second_operation_waits_for_the_git_of_a_killed_one(batch: Repository) -> None:
    """A process that a killed operation had started holds the lock until it ends."""
    lock = batch.top / ".git/batchhook/operation.lock"
    code = (
        "import sys; from pathlib import Path; from batchhook.workflow.context.project import open_project;"
        "from batchhook.workflow.rollback.worktree_session import open_session\n"
        "with open_project(Path(sys.argv[1])) as project, open_session(project):\n"
        "    project.git.run('-c', 'alias.wait=!sleep 4', 'wait')\n"
    )
    first = subprocess.Popen([sys.executable, "-c", code, str(batch.top)], start_new_session=True)
    try:
        while not locks.is_locked(lock):
            time.sleep(0.02)
        time.sleep(1.5)
        first.kill()
        first.wait()
        with pytest.raises(ConflictError, match="another batchhook is at work"):
            Workflow(batch.top).rollback(1)
    finally:
        os.killpg(first.pid, signal.SIGKILL)
    while locks.is_locked(lock):
        time.sleep(0.02)
    assert Workflow(batch.top).rollback(1).status == "done"
