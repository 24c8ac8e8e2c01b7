"""Plug-ins through real hooks: what they are told, what they add, and that none of them harms the rest."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.driving import Repository
from tests.plugins.conftest import Environment, fill

CHANGES = ["change_recorded"] * 5


def until(what: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for what a process of its own does; fails where it does not."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def finish(repository: Repository, number: int = 1, code: int = 0) -> str:
    return repository.batchhook("wait", str(number), "--timeout", "60", code=code)


def test_everything_is_told_once_in_order(plugged: Repository, environment: Environment) -> None:
    environment.add_recorder()
    fill(plugged, broken=2)
    finish(plugged, code=1)
    until(lambda: "critical_failure" in environment.hooks())
    hooks = environment.hooks()
    assert [hook for hook in hooks if hook != "analysis_made"] == [
        *CHANGES,
        "batch_sealed",
        "run_finished",
        "critical_failure",
    ]
    assert hooks.count("analysis_made") == 1
    told = dict(environment.told())
    subjects = [documents["change"]["summary"] for hook, documents in environment.told() if hook == CHANGES[0]]
    assert subjects == [f"change 0.{position}" for position in range(5)]
    assert told["change_recorded"]["repository"] == str(plugged.top)
    assert told["change_recorded"]["change"]["files"][0]["path"] == "notes.txt"
    assert told["batch_sealed"]["batch"]["id"] == 1
    assert (told["run_finished"]["run"]["verdict"], told["run_finished"]["run"]["totals"]["failed"]) == ("critical", 1)
    assert told["critical_failure"]["analysis"]["culprits"][0]["summary"] == "change 0.2"
    plugged.batchhook("rollback", "1", "-y")
    until(lambda: "rolled_back" in environment.hooks())
    operation = environment.told()[-1][1]["operation"]
    assert (operation["id"], operation["kind"], operation["batch"]) == (1, "rollback", 1)
    plugged.batchhook("status")
    assert environment.hooks().count("change_recorded") == 5


def test_metrics_are_stored_and_shown(plugged: Repository, environment: Environment) -> None:
    environment.add_recorder()
    fill(plugged)
    finish(plugged)
    assert plugged.json("analyze", "1")["metrics"] == {
        "recorder": {"tests per second": 4.0, "slow": False, "owner": "Ada"}
    }
    said = " ".join(plugged.batchhook("analyze", "1").split())
    assert "added by recorder owner Ada slow false tests per second 4" in said
    assert "doctor" not in said


HARMFUL = {
    "raises": "raise ValueError('no\\x1b[31m such thing')",
    "exits": "import sys; sys.exit(7)",
    "dies": "import os; os.kill(os.getpid(), 9)",
    "prints": "print('much ' * 1_000_000, flush=True)",
    "hangs": (
        "import subprocess, time\n"
        "    child = subprocess.Popen(['sleep', '3000'], start_new_session=True)\n"
        "    open('child', 'w').write(str(child.pid))\n"
        "    print('waiting')\n"
        "    time.sleep(3000)"
    ),
    "gives": "return {'list': [1]}",
}


def test_none_of_them_harms_the_rest(plugged: Repository, environment: Environment) -> None:
    plugged.write(".batchhook.toml", "plugin_timeout = 3\nbatch_size = 1\n")
    environment.add_recorder()
    environment.add("missing", "import nothing_of_this_name\n")
    for name, code in HARMFUL.items():
        head = "from batchhook import hookimpl\n\n\n@hookimpl\ndef batchhook_analysis_made():\n    "
        environment.add(name, f"{head}{code}\n")
    environment.add("typo", "from batchhook import hookimpl\n\n\n@hookimpl\ndef batchhook_run_finnished():\n    pass\n")
    plugged.commit("one", notes__txt="1\n")
    assert "passed: 2 tests" in finish(plugged)
    assert list(plugged.json("analyze", "1")["metrics"]) == ["recorder"]
    until(lambda: "run_finished" in environment.hooks())
    state = plugged.top / ".git/batchhook"
    child = int((state / "plugins/plug-in_hangs/child").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    log = (state / "plugins.log").read_text()
    assert len(log) < 100_000, "of what is printed the first is kept"
    assert "much much" in log
    assert "waiting" in log
    assert "\x1b" not in log
    said = " ".join(plugged.batchhook("doctor", code=3).split())
    for problem in (
        "plug-in raises (plugin-raises 1.0): batchhook_analysis_made: ValueError: no [31m such thing",
        "plug-in exits (plugin-exits 1.0): batchhook_analysis_made: SystemExit: 7",
        "plug-in dies (plugin-dies 1.0): batchhook_analysis_made: process ended without a result (signal 9)",
        "plug-in hangs (plugin-hangs 1.0): batchhook_analysis_made: timed out after 3 s",
        "plug-in gives (plugin-gives 1.0): batchhook_analysis_made: ValueError: the metric 'list' is list",
        "plug-in missing (plugin-missing 1.0): ModuleNotFoundError: No module named 'nothing_of_this_name'",
        "plug-in typo (plugin-typo 1.0): PluginValidationError: unknown hook 'batchhook_run_finnished'",
        "✓ plug-in prints (plugin-prints 1.0): batchhook_analysis_made",
        "✓ plug-in recorder (plugin-recorder 1.0)",
    ):
        assert problem in said
    assert "plug-in raises: ValueError" in " ".join(plugged.batchhook("analyze", "1").split())


def test_another_message_or_base_is_no_news(plugged: Repository, environment: Environment) -> None:
    environment.add_recorder()
    plugged.batchhook("doctor")
    plugged.commit("one", notes__txt="1\n")
    until(lambda: environment.hooks() == ["change_recorded"])
    plugged.git("commit", "--amend", "-qm", "one, in other words")
    plugged.git("commit", "--amend", "-q", "--reset-author", "--no-edit")
    plugged.commit("two", more__txt="2\n")
    plugged.batchhook("status")
    until(lambda: len(environment.hooks()) == 2)
    told = environment.told()[-1][1]
    assert told["change"]["summary"] == "two"
    assert [change["summary"] for change in told["batch"]["changes"]] == ["one, in other words", "two"]
    plugged.write("more.txt", "3\n")
    plugged.git("commit", "--amend", "-qa", "-m", "two, and three")
    until(lambda: len(environment.hooks()) == 3)
    assert environment.told()[-1][1]["change"]["summary"] == "two, and three"


SLOW = """\
import time

from batchhook import hookimpl


@hookimpl
def batchhook_batch_sealed():
    with open("here", "a") as here:
        print("told", file=here)
    time.sleep(3)
"""


def test_what_was_not_told_when_it_was_killed_is_told_later(plugged: Repository, environment: Environment) -> None:
    environment.add_recorder()
    environment.add("slow", SLOW)
    plugged.batchhook("doctor")
    fill(plugged)
    finish(plugged)
    state = plugged.top / ".git/batchhook"
    here = state / "plugins/plug-in_slow/here"
    until(lambda: here.exists() and here.read_text())
    tellers = [
        pid
        for pid, words in processes()
        if "batchhook.workflow.pipeline.dispatcher" in words and str(plugged.top) in words
    ]
    for pid in tellers:
        os.kill(pid, signal.SIGKILL)
    assert tellers
    plugged.batchhook("status")
    until(lambda: "run_finished" in environment.hooks())
    assert here.read_text().splitlines() == ["told", "told"], "at least once"
    assert environment.hooks()[-1] == "run_finished"


def processes() -> list[tuple[int, str]]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append((int(path.parent.name), path.read_text().replace("\0", " ")))
    return found


def test_without_plugins_nothing_is_started(project: Repository) -> None:
    fill(project)
    finish(project)
    state = project.top / ".git/batchhook"
    assert not (state / "plugins").exists()
    assert not (state / "dispatcher.lock").exists()
    assert project.json("analyze", "1")["metrics"] == {}


def test_gone_plugins_are_forgotten(plugged: Repository, environment: Environment) -> None:
    environment.add("missing", "import nothing_of_this_name\n")
    fill(plugged)
    finish(plugged)
    assert "missing" in plugged.batchhook("analyze", "1")
    environment.remove("missing")
    plugged.batchhook("doctor")
    assert "missing" not in plugged.batchhook("analyze", "1")
