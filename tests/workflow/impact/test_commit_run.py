"""The tests that a commit can affect run after it, by themselves."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from tests.driving import CALCULATOR, Repository

NO_ADD = CALCULATOR.replace("a + b", "a * b")
SLOWER_SUBTRACT = CALCULATOR.replace("a - b", "-b + a")
SLOW_TESTS = """\
import time
import unittest

import calculator


class SlowTest(unittest.TestCase):
    def test_slow(self):
        time.sleep(calculator.add(1, 1))
"""


def await_note(project: Repository, *expected: str) -> str:
    """Wait until the run after the last commit has ended, and return what it wrote down."""
    path = project.top / ".git/batchhook/affected/refs/heads/main"
    end = time.monotonic() + 60
    while time.monotonic() < end:
        name, _, text = path.read_text().partition("\n")[0].partition(" ") if path.exists() else ("", "", "")
        if name in {project.head(), "failing"} and (not expected or text in expected):
            return text
        time.sleep(0.05)
    log = (project.top / ".git/batchhook/batchhook.log").read_text()
    raise AssertionError(f"no note: {path.read_text() if path.exists() else 'none'}\n{log}")


def partial_runs(project: Repository) -> list[int]:
    """Return the number of tests of each run of a part of the suite."""
    with closing(sqlite3.connect(project.top / ".git/batchhook/state.db")) as database:
        return [row[0] for row in database.execute("SELECT tests FROM runs WHERE NOT is_complete ORDER BY id")]


def test_the_next_line_says_how_they_ended(project: Repository) -> None:
    project.batchhook("test")
    assert project.commit("one", calculator__py=SLOWER_SUBTRACT) == "batchhook: batch 1, 1/5"
    assert await_note(project) == "1 affected: ok"
    assert "tests of the latest commit: 1 affected: ok\n" in project.batchhook("status")
    assert project.json("status")["affected"] == "1 affected: ok"
    assert project.commit("two", README__md="text\n") == "batchhook: batch 1, 2/5 · 1 affected: ok"
    assert await_note(project) == "no test affected"
    assert project.commit("three", calculator__py=NO_ADD) == "batchhook: batch 1, 3/5 · no test affected"
    broke = project.head()[:8]
    assert await_note(project) == f"test_add fails since {broke}"
    line = f"batchhook: batch 1, 4/5 · test_add fails since {broke}"
    assert project.commit("four", README__md="more\n") == line
    assert partial_runs(project)[:2] == [1, 2]


def test_a_failure_is_told_until_it_is_mended(project: Repository) -> None:
    project.batchhook("test")
    project.commit("one", calculator__py=NO_ADD)
    broke = project.head()[:8]
    await_note(project, f"test_add fails since {broke}")
    project.commit("two", calculator__py=NO_ADD.replace("a - b", "-b + a"))
    time.sleep(0.1)
    assert await_note(project, f"test_add fails since {broke}")
    project.commit("three", calculator__py=SLOWER_SUBTRACT)
    assert await_note(project, "1 affected: ok", "2 affected: ok")


def test_the_search_at_the_fifth_uses_what_was_observed(project: Repository) -> None:
    project.batchhook("test")
    texts = [CALCULATOR.replace("a + b", "b + a"), NO_ADD, f"{NO_ADD}# 1\n", f"{NO_ADD}# 2\n"]
    for number, text in enumerate(texts):
        project.commit(f"change {number}", calculator__py=text)
        await_note(project)
    culprit = project.head("HEAD~2")
    project.commit("fifth", README__md="text\n")
    report = project.json("wait", "1", "--timeout", "90", code=1)
    assert [failure["attribution"]["change"] for failure in report["failures"]] == [culprit]
    with closing(sqlite3.connect(project.top / ".git/batchhook/state.db")) as database:
        probes = [tree for (tree,) in database.execute("SELECT tree FROM runs WHERE is_probe")]
    assert project.head(f"{culprit}^{{tree}}") not in probes, "it was observed right after the commit"
    assert len(probes) <= 2, "just confirmations"
    assert not (project.top / ".git/batchhook/affected/refs/heads/main").exists(), "the batch tells more"


def test_a_newer_commit_takes_over(project: Repository) -> None:
    project.commit("slow", test_slow__py=SLOW_TESTS)
    project.batchhook("test")
    project.commit("one", calculator__py=CALCULATOR.replace("a + b", "b + a"))
    project.commit("two", README__md="text\n")
    assert await_note(project) == "2 affected: ok", "those of the first commit were given up, and are still open"


def test_they_do_not_run_if_they_would_take_too_long(project: Repository) -> None:
    project.commit("slow", test_slow__py=SLOW_TESTS, **{".batchhook__toml": "each_commit_budget = 0.5\n"})
    project.batchhook("test")
    project.commit("one", calculator__py=CALCULATOR.replace("a + b", "b + a"))
    assert await_note(project) == "2 affected: not run (2 s)"
    assert not partial_runs(project)


def test_each_commit_can_be_turned_off(project: Repository) -> None:
    project.batchhook("test")
    marker = project.top / ".git/batchhook/each-commit"
    assert marker.exists()
    project.commit("off", **{".batchhook__toml": 'each_commit = "off"\n'})
    end = time.monotonic() + 30
    while marker.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not marker.exists(), "commits start no process any more"
    project.batchhook("test", "--fresh")
    assert not marker.exists()


def test_a_failure_of_before_is_no_news(project: Repository) -> None:
    project.commit("broken", calculator__py=NO_ADD)
    project.batchhook("test", code=1)
    project.commit("one", calculator__py=NO_ADD.replace("a * b", "b * a"))
    assert await_note(project) == "1 affected: 1 failing as before"


def test_a_commit_that_cannot_be_loaded(project: Repository) -> None:
    project.batchhook("test")
    project.commit("one", calculator__py="def add(:\n")
    text = await_note(project)
    assert text.endswith(f" since {project.head()[:8]}"), text


def test_killed_runs_leave_nothing_behind(project: Repository) -> None:
    project.commit("slow", test_slow__py=SLOW_TESTS)
    project.batchhook("test")
    for number in range(2):
        project.commit(f"change {number}", calculator__py=f"{CALCULATOR.replace('a + b', 'b + a')}# {number}\n")
        time.sleep(0.5 * number)
        kill_commit_runs(project)
    project.commit("last", README__md="text\n")
    assert await_note(project) == "2 affected: ok"


def kill_commit_runs(project: Repository) -> None:
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = entry.read_bytes().split(b"\0")
            if b"batchhook.workflow.impact.commit_run" in words and str(project.top).encode() in words:
                os.kill(int(entry.parent.name), signal.SIGKILL)
