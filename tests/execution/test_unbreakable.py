"""A test that breaks its process is blamed; all others keep their outcomes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from batchhook.core.results import Outcome
from batchhook.execution import session
from tests.driving import other_python

if TYPE_CHECKING:
    from tests.execution.conftest import Project

NASTY = {
    "segfault": ("import ctypes; ctypes.string_at(0)", "killed by SIGSEGV"),
    "exit": ("os._exit(3)", "exit code 3"),
    "exit_0": ("os._exit(0)", "exit code 0"),
    "killed": ("os.kill(os.getpid(), 9)", "killed by SIGKILL"),
    "abort": ("os.abort()", "killed by SIGABRT"),
    "group": ("os.killpg(0, 9)", "killed by SIGKILL"),
    "cuts_a_report": ("[_write_to(fd, b'0123 {') for fd in range(4080, 4096)]; os._exit(5)", "exit code 5"),
    "closes_everything": ("os.closerange(0, 5000)", "exit code 97"),
    "kills_parent_and_stays": ("os.kill(os.getppid(), 9); time.sleep(5)", "was killed"),
}

HARMLESS = {
    "closes_standard": "os.close(0); os.close(1); os.close(2)",
    "replaces_stdout": "sys.stdout = sys.stderr = None",
    "chdir": "os.chdir('/')",
    "removed_cwd": "import tempfile; d = tempfile.mkdtemp(); os.chdir(d); os.rmdir(d)",
    # Not with None: unittest itself calls perf_counter after a test, from Python 3.12 on.
    "patches_time": "time.time = time.perf_counter = time.monotonic = lambda: 0.0",
    "patches_os": "os.write = os.fstat = os.getpid = os.getppid = os.dup2 = None",
    "signals": "import signal; [signal.signal(n, signal.SIG_IGN) for n in (2, 10, 12, 14, 15)]",
    "modules": "[sys.modules.pop(n) for n in list(sys.modules) if n in ('unittest', 'os', 'json', 'warnings')]",
    "environment": "os.environ.clear()",
    "binary": "os.write(1, bytes(range(256)) * 100); os.write(2, bytes(range(256)))",
    "looks_like_protocol": 'print(\'abc {"line":3,"kind":"chunk_finished","origins":[]}\', flush=True)',
    "forks_and_returns": "os.fork()",
    "polite_signal_to_parent": "os.kill(os.getppid(), 15)",
    "leaves_thread": "import threading; threading.Thread(target=time.sleep, args=(60,)).start()",
    "leaves_children": "import subprocess; subprocess.Popen(['sleep', '60'], start_new_session=True)",
    "daemon": "subprocess_daemon()",
    "recursion_limit": "sys.setrecursionlimit(10**6)",
}


def suite(body: str) -> str:
    return f"""
import os, sys, time, unittest
def _write_to(fd, data):
    try: os.write(fd, data)
    except OSError: pass
def subprocess_daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 100)
            os.execlp("sleep", "sleep", "60")
        os._exit(0)
class T(unittest.TestCase):
    def test_a(self): pass
    def test_m(self):
        {body}
    def test_z(self): self.fail("on purpose")
"""


@pytest.mark.parametrize("name", sorted(NASTY))
def test_crash(project: Project, name: str) -> None:
    body, message = NASTY[name]
    results = project.by_id(project.write(test_n=suite(body)).run())
    assert len(results) == 3
    assert results["test_a"].outcome is Outcome.PASSED
    assert results["test_z"].outcome is Outcome.FAILED
    assert results["test_m"].outcome is Outcome.CRASHED
    assert message in results["test_m"].message
    assert results["test_m"].module == "test_n"
    if name in {"segfault", "abort"}:
        assert "Fatal Python error" in results["test_m"].traceback
        assert results["test_m"].location.startswith("test_n.py:")


@pytest.mark.parametrize("name", sorted(HARMLESS))
def test_harmless_tricks(project: Project, name: str) -> None:
    outcome = project.write(test_n=suite(HARMLESS[name])).run()
    results = project.by_id(outcome)
    assert len(outcome.results) == 3
    assert [results[test].outcome.value for test in ("test_a", "test_m", "test_z")] == ["passed", "passed", "failed"]


def test_keyboard_interrupt_is_the_tests_own_error(project: Project) -> None:
    results = project.by_id(project.write(test_n=suite("raise KeyboardInterrupt")).run())
    assert results["test_m"].outcome is Outcome.ERRORED
    assert results["test_m"].error_type == "KeyboardInterrupt"
    assert "engines" not in results["test_m"].traceback
    assert results["test_z"].outcome is Outcome.FAILED


def test_a_test_that_kills_its_supervisor_and_passes(project: Project) -> None:
    results = project.by_id(project.write(test_n=suite("os.kill(os.getppid(), 9)")).run())
    assert results["test_a"].outcome is Outcome.PASSED
    assert results["test_z"].outcome is Outcome.FAILED
    assert len(results) == 3


@pytest.mark.parametrize("hang", ["time.sleep(60)", "os.kill(os.getpid(), 19)"])
def test_hang(project: Project, hang: str) -> None:
    begin = time.perf_counter()
    results = project.by_id(project.write(test_n=suite(hang)).run(test_timeout=0.5))
    assert time.perf_counter() - begin < 5
    assert results["test_m"].outcome is Outcome.TIMED_OUT
    assert results["test_z"].outcome is Outcome.FAILED
    if "sleep" in hang:
        assert "in test_m" in results["test_m"].traceback
        assert results["test_m"].location == "test_n.py:16"


def test_crash_in_fixtures(project: Project) -> None:
    project.write(
        test_f="""
            import os, unittest
            class A(unittest.TestCase):
                @classmethod
                def setUpClass(cls): os._exit(5)
                def test_1(self): pass
                def test_2(self): pass
            class B(unittest.TestCase):
                @classmethod
                def tearDownClass(cls): os._exit(6)
                def test_1(self): pass
            class C(unittest.TestCase):
                def test_1(self): pass
        """,
        test_g="""
            import os, unittest
            def setUpModule(): os._exit(7)
            class A(unittest.TestCase):
                def test_1(self): pass
        """,
    )
    outcome = project.run()
    assert [(result.test_id, result.outcome.value) for result in outcome.results] == [
        ("setUpClass (test_f.A)", "crashed"),
        ("test_f.B.test_1", "passed"),
        ("tearDownClass (test_f.B)", "crashed"),
        ("test_f.C.test_1", "passed"),
        ("setUpModule (test_g)", "crashed"),
    ]
    assert {result.module for result in outcome.results} == {"test_f", "test_g"}


def test_output_is_bounded(project: Project) -> None:
    """A gigabyte and a half on standard output."""
    body = "[os.write(1, b'x' * 1_000_000) for _ in range(1500)]; os._exit(1)"
    results = project.by_id(project.write(test_n=suite(body)).run())
    assert results["test_m"].outcome is Outcome.CRASHED
    assert len(results["test_m"].traceback) < 20_000
    assert not list(project.scratch.iterdir())


def test_tracebacks_of_many_failures_are_bounded(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "TEXT_BUDGET", 100_000)
    body = "import unittest\nclass T(unittest.TestCase):\n"
    project.write(test_n=body + "".join(f"    def test_{n:03}(self): self.fail('x' * 5000)\n" for n in range(200)))
    outcome = project.run()
    assert outcome.totals.failed == 200
    texts = [len(result.traceback) for result in outcome.results]
    assert max(texts) > 4000
    assert sum(texts) < 100_000 + 200 * 1100
    assert "too many failures" in outcome.results[-1].traceback
    assert outcome.results[-1].location == "test_n.py:202"


FORGE = """
    import os, unittest
    class T(unittest.TestCase):
        def test_forges(self):
            for fd in range(4000, 4096):
                try: os.write(fd, b'0123 {"line":1,"kind":"chunk_finished","origins":[]}\\n')
                except OSError: pass
            os.write(1, b"")
"""


def test_forged_report_breaks_the_run(project: Project) -> None:
    outcome = project.write(test_n=FORGE).run()
    assert "invalid report" in outcome.broken_reason
    assert outcome.results == ()
    assert outcome.hint


BROKEN: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "no tests": ({}, {}, "No tests were found"),
    "start folder": ({"test_a": ""}, {"start_dir": "nowhere"}, "`nowhere` does not exist"),
    "interpreter": ({"test_a": ""}, {"interpreter": Path("/nowhere/python")}, "does not exist"),
    "no python": ({"test_a": ""}, {"interpreter": Path("/bin/true")}, "does not start"),
    "exit at import": ({"test_a": "import os; os._exit(9)"}, {}, "while importing `test_a` (exit 9)"),
    "hang at import": ({"test_a": "import time; time.sleep(60)"}, {"test_timeout": 0.5}, "importing `test_a`"),
    "none selected": ({"test_a": suite("pass")}, {"only": ("x.y",)}, "None of the selected tests"),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_broken(project: Project, name: str) -> None:
    files, options, message = BROKEN[name]
    outcome = project.write(**files).run(**options)
    assert message in outcome.broken_reason
    assert outcome.results == ()
    assert outcome.hint


MEMORY = Path("/sys/fs/cgroup/memory")  # cgroups, version 1


@pytest.fixture
def scarce_memory() -> Iterator[Path]:
    """A control group with memory for a small suite only."""
    group = MEMORY / f"batchhook-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError:
        pytest.skip("control groups of version 1 are not available")
    (group / "memory.limit_in_bytes").write_text(str(200 * 2**20))
    yield group
    (MEMORY / "cgroup.procs").write_text(str(os.getpid()))
    group.rmdir()


@pytest.mark.parametrize("jobs", [1, 2])
def test_out_of_memory(project: Project, scarce_memory: Path, jobs: int) -> None:
    """Linux kills the test that takes too much memory, not batchhook or the supervisor; the others run."""
    project.write(test_n=suite("kept = [b'x' * 2**20 for _ in range(1000)]"))
    program = (
        "import os, sys; from pathlib import Path\n"
        "from batchhook.execution.runner import run_suite\nfrom batchhook.execution.spec import SuiteSpec\n"
        "(Path(sys.argv[3]) / 'cgroup.procs').write_text(str(os.getpid()))\n"
        "root, scratch, jobs = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[4])\n"
        "spec = SuiteSpec(Path(sys.executable), root, os.environ, scratch, jobs=jobs)\n"
        "for r in run_suite(spec).results: print(r.test_id.rpartition('.')[2], r.outcome.value, r.message, sep=': ')"
    )
    process = subprocess.run(
        [sys.executable, "-c", program, project.root, project.scratch, scarce_memory, str(jobs)],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ) | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    lines = sorted(process.stdout.splitlines())
    assert lines[0] == "test_a: passed: "
    assert lines[1].startswith("test_m: crashed: killed by SIGKILL: out of memory")
    assert lines[2].startswith("test_z: failed")
    assert not project.leftovers()


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.7"])
def test_an_interpreter_that_is_too_old(project: Project, version: str) -> None:
    outcome = project.write(test_a=suite("pass")).run(interpreter=other_python(version))
    assert "too old" in outcome.broken_reason or "does not start" in outcome.broken_reason
    assert "3.8" in outcome.hint
    assert outcome.results == ()


def test_the_harness_dies_with_batchhook(project: Project) -> None:
    project.write(test_n=suite("subprocess_daemon(); time.sleep(60)"))
    program = (
        "import os, sys; from pathlib import Path\n"
        "from batchhook.execution.runner import run_suite\nfrom batchhook.execution.spec import SuiteSpec\n"
        "run_suite(SuiteSpec(Path(sys.executable), Path(sys.argv[1]), os.environ, Path(sys.argv[2])),\n"
        "          lambda event: print(event, flush=True))"
    )
    here = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", program, project.root, project.scratch],
        stdout=subprocess.PIPE,
        env=dict(os.environ) | {"PYTHONPATH": str(here)},
    ) as ours:
        assert ours.stdout
        while b"test_m" not in ours.stdout.readline():
            pass
        time.sleep(0.2)
        assert project.leftovers()
        ours.send_signal(signal.SIGKILL)
    limit = time.monotonic() + 5
    while project.leftovers() and time.monotonic() < limit:
        time.sleep(0.05)
    assert not project.leftovers()


def test_an_exception_outside_of_any_test_is_blamed_on_the_next_one(project: Project) -> None:
    """The process ended, another one took its place, and so on without end."""
    outcome = project.write(
        test_wild="""
        import unittest

        def leave(*arguments):
            raise SystemExit(3)

        unittest.TestSuite._handleModuleFixture = leave

        class WildTest(unittest.TestCase):
            def test_a(self):
                pass

            def test_b(self):
                pass
        """
    ).run()
    assert {result.outcome for result in outcome.results} == {Outcome.CRASHED}
    assert len(outcome.results) == 2
