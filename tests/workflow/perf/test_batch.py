"""From real commits to the change that made a test slower."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from batchhook import Workflow
from batchhook.workflow.status import wait
from tests.driving import Repository

WORK = """\
import time


def work():
    time.sleep({seconds})
"""
TESTS = """\
import unittest

import work


class WorkTest(unittest.TestCase):
    def test_work(self):
        work.work()

    def test_nothing(self):
        pass
"""
WORKING = "test_work.WorkTest.test_work"
QUICK, SLOW = WORK.format(seconds=0.03), WORK.format(seconds=0.09)


@pytest.fixture
def sleeper(bare_repository: Repository) -> Repository:
    """Return a repository with a test of 30 ms, and a first batch of one commit, whose run shows the usual duration."""
    return begun(bare_repository, QUICK, TESTS)


def begun(repository: Repository, work: str, tests: str) -> Repository:
    repository.write(".git/info/exclude", ".batchhook.toml\n")
    size(repository, 1)
    repository.commit("first", work__py=work, test_work__py=tests)
    repository.batchhook("install")
    fill(repository, work)
    repository.batchhook("wait", "1", "--timeout", "60")
    return repository


def size(repository: Repository, changes: int, *lines: str) -> None:
    """Write the settings. The threshold is high because a machine under load sometimes turns 30 ms into 45."""
    all_ = (f"batch_size = {changes}", *(lines or ["slowdown_threshold = 1.0"]), "")
    repository.write(".batchhook.toml", "\n".join(all_))


def fill(repository: Repository, *texts: str) -> list[str]:
    """Commits, each with another text of work.py; gives their names."""
    oids: list[str] = []
    for number, text in enumerate(texts, start=1):
        repository.commit(f"change {number}", work__py=f"{text}# {repository.head()}\n")
        oids.append(repository.head())
    return oids


def rows(repository: Repository, query: str) -> Any:  # noqa: ANN401
    with closing(sqlite3.connect(repository.top / ".git/batchhook/state.db")) as database:
        return database.execute(query).fetchall()


def count_runs(repository: Repository) -> int:
    """Return how often the counting test ran."""
    counter = repository.top.parent / "counter"
    return len(counter.read_text()) if counter.exists() else 0


def test_a_test_that_became_slower_and_the_change_that_did_it(sleeper: Repository) -> None:
    size(sleeper, 5)
    oids = fill(sleeper, QUICK, QUICK, SLOW, SLOW, SLOW)
    _until(lambda: rows(sleeper, "SELECT status FROM batches WHERE id = 2") == [("finished",)])
    report = sleeper.json("wait", "2", "--timeout", "90", code=2)
    assert (report["verdict"], report["measuring"], report["failures"]) == ("regressed", False, [])
    (slower,) = report["slowdowns"]
    assert (slower["kind"], slower["name"], slower["ruling"]) == ("test", WORKING, "slower")
    assert (slower["change"], slower["suspects"], slower["reason"]) == (oids[2], [oids[2]], "")
    assert 2 < slower["ratio"] < 3.5
    assert slower["p"] < 0.016
    evidence = {each["oid"]: each for each in slower["evidence"]}
    assert {oids[1], oids[2], oids[4]} <= set(evidence), "both sides of the change and the end were measured"
    assert all(len(each["base_ms"]) == len(each["revision_ms"]) for each in slower["evidence"])
    assert min(evidence[oids[2]]["revision_ms"]) > 2 * min(evidence[oids[1]]["revision_ms"])
    assert sleeper.json("status")["latest"][0]["verdict"] == "regressed"

    output = " ".join(sleeper.batchhook("analyze", "2", code=2).split())
    assert f"{oids[2][:8]} change 3 made 1 test slower, " in output
    assert " times Ada <ada@example.org>: work.py" in output
    assert f"{WORKING} 3" in output
    assert "→ batchhook analyze 2 --tracebacks all measurements" in output
    assert "before the batch: 3" in sleeper.batchhook("analyze", "2", "-t", code=2)
    assert f"{oids[2][:8]} made 1 test slower (" in sleeper.batchhook("wait", "2", code=2)

    sleeper.batchhook("test", "--fresh")
    assert rows(sleeper, "SELECT count(*) FROM runs WHERE is_probe") == [(0,)], "what was measured is no run"
    assert rows(sleeper, "SELECT count(*) FROM runs") == [(3,)]
    size(sleeper, 1)
    fill(sleeper, SLOW)
    third = sleeper.json("wait", "3", "--timeout", "60")
    assert (third["verdict"], third["slowdowns"]) == ("passed", []), "that it is slow now is known"
    assert rows(sleeper, "SELECT count(*) FROM slowdowns WHERE batch_id = 3") == [(0,)]


def test_the_next_commit_reports_it(sleeper: Repository) -> None:
    oids = fill(sleeper, SLOW)
    _until(lambda: rows(sleeper, "SELECT status FROM batches WHERE id = 2") == [("finished",)])
    output = sleeper.commit("next")
    assert "batchhook: batch 2 regressed: 2 tests passed" in output
    assert f"some slower than before: {oids[0][:8]} made 1 test slower (" in output
    assert "(batchhook analyze 2)" in output


COUNTED = TESTS.replace("        pass", "        with open({counter!r}, 'a') as file:\n            file.write('x')\n")


def test_without_suspects_nothing_is_run_again(bare_repository: Repository) -> None:
    counted = COUNTED.format(counter=str(bare_repository.top.parent / "counter"))
    begun(bare_repository, QUICK, counted)
    for number in (2, 3):
        fill(bare_repository, QUICK)
        report = bare_repository.json("wait", str(number), "--timeout", "60")
        assert (report["verdict"], report["slowdowns"]) == ("passed", [])
        assert count_runs(bare_repository) == number
    assert rows(bare_repository, "SELECT count(*) FROM slowdowns") == [(0,)]


def test_the_search_can_be_turned_off(sleeper: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BATCHHOOK_SLOWDOWN_THRESHOLD", "BATCHHOOK_SLOWDOWN_BUDGET"):
        monkeypatch.setenv(name, "0")
        fill(sleeper, SLOW)
        number = str(sleeper.json("status")["latest"][0]["batch"]["id"])
        assert sleeper.json("wait", number, "--timeout", "60")["slowdowns"] == []
        monkeypatch.delenv(name)


def test_a_larger_threshold_allows_more(sleeper: Repository) -> None:
    size(sleeper, 1, "slowdown_threshold = 4.0")
    fill(sleeper, SLOW)
    assert sleeper.json("wait", "2", "--timeout", "60")["slowdowns"] == []


def test_tests_that_are_new_or_fail_at_the_base_are_no_slowdown(sleeper: Repository) -> None:
    broken = "def work():\n    raise ValueError\n"
    fill(sleeper, broken)
    sleeper.json("wait", "2", "--timeout", "90", code=1)
    fill(sleeper, SLOW)
    report = sleeper.json("wait", "3", "--timeout", "60")
    assert (report["verdict"], report["slowdowns"]) == ("passed", [])
    assert rows(sleeper, "SELECT name, conclusion FROM slowdowns WHERE batch_id = 3") == [(WORKING, "similar")]


def test_a_failing_batch_reports_slowdowns_too(sleeper: Repository) -> None:
    size(sleeper, 3)
    sleeper.commit("broken", test_work__py=TESTS.replace("pass", "self.fail('no')"))
    oids = fill(sleeper, QUICK, SLOW)
    _until(lambda: rows(sleeper, "SELECT status FROM batches WHERE id = 2") == [("finished",)])
    output = sleeper.commit("next").splitlines()
    assert "broke 1 test" in output[0]
    assert "batch 2: " in output[1]
    assert "made 1 test slower" in output[1]
    report = sleeper.json("analyze", "2", code=1)
    assert report["verdict"] == "critical"
    assert [(each["name"], each["change"]) for each in report["slowdowns"]] == [(WORKING, oids[1])]
    assert report["failures"][0]["attribution"]["kind"] == "culprit"


def test_a_budget_that_is_too_small(sleeper: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHHOOK_SLOWDOWN_BUDGET", "0.5")
    fill(sleeper, SLOW)
    report = sleeper.json("wait", "2", "--timeout", "60")
    assert report["verdict"] == "passed"
    (unclear,) = report["slowdowns"]
    assert (unclear["ruling"], unclear["evidence"]) == ("inconclusive", [])
    assert "slowdown_budget" in unclear["reason"]
    output = " ".join(sleeper.batchhook("analyze", "2").split())
    assert "possibly slower (inconclusive): 1 test" in output


def test_in_place_nothing_is_measured(sleeper: Repository) -> None:
    size(sleeper, 1, 'isolation = "in-place"')
    fill(sleeper, QUICK)
    sleeper.json("wait", "2", "--timeout", "60")
    fill(sleeper, SLOW)
    (unclear,) = sleeper.json("wait", "3", "--timeout", "60")["slowdowns"]
    assert unclear["ruling"] == "inconclusive"
    assert "in place" in unclear["reason"]


def test_waiting_does_not_take_as_long_as_measuring(sleeper: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "MEASURING_PATIENCE", 0.0)
    size(sleeper, 1, "slowdown_threshold = 0.5")
    fill(sleeper, WORK.format(seconds=0.3))
    with Workflow(sleeper.top) as workflow:
        report = workflow.wait(2, timeout=60)
    assert (report.verdict, report.measuring) == ("passed", True)
    _until(lambda: rows(sleeper, "SELECT status FROM batches WHERE id = 2") == [("finished",)])
    assert sleeper.json("analyze", "2", code=2)["verdict"] == "regressed", "it is measured all the same"


def test_the_culprit_of_a_failing_batch_does_not_wait_for_measurements(sleeper: Repository) -> None:
    size(sleeper, 2)
    fill(sleeper, SLOW)
    sleeper.commit("broken", test_work__py=TESTS.replace("pass", "self.fail('no')"))
    broken = sleeper.head()
    report = sleeper.json("wait", "2", "--timeout", "60", code=1)
    assert report["measuring"]
    assert [failure["attribution"]["change"] for failure in report["failures"]] == [broken]
    _until(lambda: rows(sleeper, "SELECT status FROM batches WHERE id = 2") == [("finished",)])
    assert sleeper.json("analyze", "2", code=1)["slowdowns"], "they are measured all the same"


def test_a_change_of_documents_is_not_suspected(sleeper: Repository) -> None:
    slow_once = TESTS.replace("work.work()", "import os; time.sleep(0.2 if os.path.exists('README.md') else 0.01)")
    sleeper.commit("same", test_work__py="import time\n" + slow_once)
    sleeper.batchhook("wait", "2", "--timeout", "60")
    sleeper.commit("documents", README__md="hello\n")
    report = sleeper.json("wait", "3", "--timeout", "60")
    assert (report["verdict"], report["slowdowns"]) == ("passed", [])
    assert rows(sleeper, "SELECT count(*) FROM slowdowns WHERE batch_id = 3") == [(0,)]


def test_a_killed_search_starts_over(sleeper: Repository) -> None:
    size(sleeper, 2)
    oids = fill(sleeper, SLOW, SLOW)
    waiting = sleeper.top / ".git/batchhook/waiting"
    for _ in range(2):
        _until(lambda: rows(sleeper, "SELECT status FROM batches WHERE id = 2") == [("measuring",)])
        time.sleep(0.7)
        runner = waiting.read_text().strip() if waiting.exists() else ""
        assert runner.isdigit()
        with suppress(ProcessLookupError):
            os.kill(int(runner), signal.SIGKILL)
        sleeper.batchhook("status")  # starts another runner
    _until(lambda: rows(sleeper, "SELECT status FROM batches WHERE id = 2") == [("finished",)])
    (slower,) = sleeper.json("wait", "2", "--timeout", "90", code=2)["slowdowns"]
    assert slower["change"] == oids[0]
    assert rows(sleeper, "SELECT count(*) FROM runs") == [(2,)]
    _until(lambda: _nothing_runs_in(sleeper.top))


def _until(happened: Any) -> None:  # noqa: ANN401
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


def _nothing_runs_in(top: Path) -> bool:
    return not subprocess.run(["pgrep", "-f", f"{top}/"], capture_output=True, check=False).stdout
