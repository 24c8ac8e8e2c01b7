"""Workers that are copies of the process that has collected the suite."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from batchhook.core.results import Outcome, SuiteResult
from batchhook.engines.pytest.engine import PytestEngine
from batchhook.execution.runner import run_suite
from batchhook.execution.spec import SuiteSpec

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="copies are made on Linux only")

IMPORTED = """
import os
with open(os.environ["IMPORTS"], "a") as file:
    file.write(f"{os.getpid()}\\n")
"""
IN_COLLECTOR = """
COLLECTOR = os.getpid()
def test_a(): assert os.getpid() == COLLECTOR
"""


class Suite:
    """A suite of pytest's whose modules note each import."""

    def __init__(self, folder: Path) -> None:
        self.root, self.scratch, self.imports = folder / "root", folder / "scratch", folder / "imports"
        self.root.mkdir()
        self.scratch.mkdir()

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(IMPORTED + text)

    def run(self, timeout: float = 20.0) -> SuiteResult:
        self.imports.write_text("")
        environment = {**os.environ, "IMPORTS": str(self.imports)}
        spec = SuiteSpec(
            Path(sys.executable), self.root, environment, self.scratch, PytestEngine(), test_timeout=timeout, jobs=2
        )
        result = run_suite(spec)
        assert not list(self.scratch.iterdir())
        return result

    @property
    def collections(self) -> int:
        """Number of processes that have imported the test modules."""
        return len(set(self.imports.read_text().split()))


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return Suite(tmp_path)


def outcomes(result: SuiteResult) -> Mapping[str, Outcome]:
    assert not result.broken_reason, result.broken_reason
    return {each.test_id.partition("::")[2]: each.outcome for each in result.results}


def test_a_suite_is_collected_once(suite: Suite) -> None:
    suite.write("test_a.py", "def test_a(): pass\ndef test_b(): pass\n")
    suite.write("test_b.py", "def test_c(tmp_path): (tmp_path / 'x').mkdir()\n")
    assert set(outcomes(suite.run()).values()) == {Outcome.PASSED}
    assert suite.collections == 1


def test_a_test_that_minds_running_in_a_copy_passes_in_the_end(suite: Suite) -> None:
    suite.write("test_a.py", IN_COLLECTOR)
    (result,) = suite.run().results
    assert (result.outcome, result.first_outcome) == (Outcome.PASSED, Outcome.FAILED)


def test_only_the_last_look_at_a_failure_collects_again(suite: Suite) -> None:
    suite.write("test_a.py", "def test_a(): print('heard'); assert 0\n")
    suite.write("test_b.py", "def test_b(): pass\n")
    result = suite.run()
    assert outcomes(result) == {"test_a": Outcome.FAILED, "test_b": Outcome.PASSED}
    assert suite.collections == 2
    assert "heard" in next(each.traceback for each in result.results if each.outcome is Outcome.FAILED)


@pytest.mark.parametrize(
    "shared",
    [
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n",
        "import subprocess\nchild = subprocess.Popen(['sleep', '60'])\n",
        "import socket\nserver = socket.socket()\n",
        "import select\npoll = select.epoll()\n",
        "import sqlite3\ndatabase = sqlite3.connect('shared.db')\n",
    ],
    ids=["thread", "child", "socket", "epoll", "database"],
)
def test_what_cannot_be_shared_is_not_copied(suite: Suite, shared: str) -> None:
    suite.write("test_a.py", f"{shared}{IN_COLLECTOR}")
    assert outcomes(suite.run()) == {"test_a": Outcome.PASSED}


def test_what_a_project_starts_with_a_session_is_not_shared(suite: Suite) -> None:
    (suite.root / "conftest.py").write_text("def pytest_sessionfinish(): pass\n")
    suite.write("test_a.py", IN_COLLECTOR)
    assert outcomes(suite.run()) == {"test_a": Outcome.PASSED}


CRASHES = """
import os, signal, time, pytest
def test_before(): pass
def test_exits(): os._exit(3)
def test_segfaults(): os.kill(os.getpid(), signal.SIGSEGV)
def test_hangs(): time.sleep(60)
def test_kills_its_parent(): os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)
def test_leaves_a_child(): os.fork() or time.sleep(60)
def test_closes_everything(): os.closerange(3, 5000)
def test_after(): print("still here")
@pytest.mark.parametrize("number", range(20))
def test_many(number, tmp_path): assert not list(tmp_path.iterdir()); (tmp_path / "x").mkdir()
"""


def test_a_crash_of_a_copy_is_blamed_on_its_test(suite: Suite) -> None:
    suite.write("test_a.py", CRASHES)
    result = outcomes(suite.run(timeout=2.0))
    assert {name: outcome for name, outcome in result.items() if outcome is not Outcome.PASSED} == {
        "test_exits": Outcome.CRASHED,
        "test_segfaults": Outcome.CRASHED,
        "test_hangs": Outcome.TIMED_OUT,
        "test_kills_its_parent": Outcome.CRASHED,
        "test_closes_everything": Outcome.CRASHED,
    }
    assert len(result) == 28


def test_copies_do_not_share_what_they_capture(suite: Suite) -> None:
    suite.write(
        "test_a.py",
        """
import pytest, time
@pytest.mark.parametrize("name", "abcdefghij")
def test_output(name, capfd):
    for _ in range(20):
        print(name, flush=True)
        time.sleep(0.002)
    assert capfd.readouterr().out == f"{name}\\n" * 20
""",
    )
    assert set(outcomes(suite.run()).values()) == {Outcome.PASSED}
    assert suite.collections == 1


def test_the_end_of_the_template_is_survived(suite: Suite) -> None:
    suite.write(
        "test_a.py",
        """
import os, signal, time, pytest
COLLECTOR = os.getpid()
def test_kills_the_collector():
    if os.getpid() != COLLECTOR:
        os.kill(COLLECTOR, signal.SIGKILL)
        time.sleep(0.5)
@pytest.mark.parametrize("number", range(10))
def test_many(number): time.sleep(0.05)
""",
    )
    result = outcomes(suite.run())
    assert len(result) == 11
    assert {name for name, outcome in result.items() if outcome is not Outcome.PASSED} <= {"test_kills_the_collector"}
