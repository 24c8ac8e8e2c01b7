"""Several processes that start runners at once: each batch runs exactly once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from batchhook.store import locks
from batchhook.workflow.context.project import open_project
from batchhook.workflow.status.wait import is_runner_at_work
from tests.driving import Repository

SUITE = """\
import os, unittest

class Counted(unittest.TestCase):
    def test_counted(self):
        with open(os.environ["RUNS"], "a") as runs:
            runs.write("run\\n")
"""


def test_runners_that_start_at_once_run_each_batch_once(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = repository.top.parent / "runs"
    monkeypatch.setenv("RUNS", str(runs))
    monkeypatch.setenv("BATCHHOOK_NO_RUNNER", "1")
    repository.commit("suite", test_counted__py=SUITE)
    for index in range(9):
        repository.commit(str(index))
    runner = [sys.executable, "-m", "batchhook.workflow.pipeline.runner", str(repository.top)]
    runners = [subprocess.Popen(runner, env=os.environ) for _ in range(4)]
    monkeypatch.delenv("BATCHHOOK_NO_RUNNER")
    for number in ("1", "2"):
        assert repository.json("wait", number)["verdict"] == "passed"
    assert [each.wait() for each in runners] == [0] * 4
    assert runs.read_text().split() == ["run"] * 2


def test_a_runner_that_has_just_been_started_is_at_work(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes its lock a moment after the commit that fills the batch."""
    monkeypatch.setenv("BATCHHOOK_NO_RUNNER", "1")
    for index in range(5):
        repository.commit(str(index))
    checked = threading.Event()
    with open_project(repository.top) as project:

        def start_late() -> None:
            checked.wait(0.3)
            with locks.try_lock(project.state.runner_lock):
                checked.wait(60)

        runner = threading.Thread(target=start_late)
        runner.start()
        assert is_runner_at_work(project.state, project.database)
        checked.set()
        runner.join()
        assert not is_runner_at_work(project.state, project.database)
    assert "batch 1 waits; no runner is at work" in repository.batchhook("doctor", code=3)
