"""A test that breaks its process is blamed; all others keep their outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from batchhook.core.results import Outcome

if TYPE_CHECKING:
    from tests.engines.pytest.conftest import PytestProject

PRELUDE = """
import os, sys, time, signal
def write_to(fd, data):
    try: os.write(fd, data)
    except OSError: pass
"""
CRASHES = {
    "segfault": ("import ctypes; ctypes.string_at(0)", "killed by SIGSEGV"),
    "exit": ("os._exit(3)", "exit code 3"),
    "kill": ("os.kill(os.getpid(), 9)", "killed by SIGKILL"),
    "group": ("os.killpg(0, 9)", "killed by SIGKILL"),
    "everything": ("os.closerange(0, 5000)", "exit code 97"),
    "parent": ("os.kill(os.getppid(), 9); time.sleep(5)", "was killed"),
}
HARMLESS = {
    "standard": "os.close(0); os.close(1); os.close(2)",
    "streams": "sys.stdout = sys.stderr = None",
    "chdir": "import tempfile; d = tempfile.mkdtemp(); os.chdir(d); os.rmdir(d)",
    "clock": "time.time = time.perf_counter = time.monotonic = lambda: 0.0",
    "signals": "[signal.signal(n, signal.SIG_IGN) for n in (2, 10, 12, 14, 15)]",
    "fork": "os.fork()",
    "thread": "import threading; threading.Thread(target=time.sleep, args=(60,)).start()",
    "child": "import subprocess; subprocess.Popen(['sleep', '60'], start_new_session=True)",
    "flood": "print('x' * 200 * 1024 * 1024)",
    "binary": "os.write(1, bytes(range(256)) * 100)",
    "junk": 'print(\'abc {"line":3,"kind":"chunk_finished","origins":[]}\', flush=True)',
    "limit": "sys.setrecursionlimit(10**6)",
}
ERRORS = {
    "system_exit": "sys.exit(0)",
    "recursion": "f = lambda: f(); f()",
    "memory": "bytearray(1 << 60)",
    "surrogate": "raise ValueError('\\ud800')",
    "long": "assert 'x' * 1000000 == 'y' * 1000000",
}
ENDS = {"exit": ("pytest.exit('enough')", "Exit"), "interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt")}


def modules(bodies: dict[str, str]) -> dict[str, str]:
    """A module for each body, between a test that passes and one that fails."""
    return {
        f"test_{name}.py": f"import pytest\n{PRELUDE}\ndef test_a(): pass\ndef test_m():\n    {body}\n"
        "def test_z(): assert 0\n"
        for name, body in bodies.items()
    }


def test_crashes(project: PytestProject) -> None:
    bodies = {name: body for name, (body, _) in CRASHES.items()}
    results = {result.test_id: result for result in project.write(modules(bodies)).run().results}
    assert len(results) == 3 * len(CRASHES)
    for name, (_, message) in CRASHES.items():
        assert results[f"test_{name}.py::test_a"].outcome is Outcome.PASSED, name
        assert results[f"test_{name}.py::test_z"].outcome is Outcome.FAILED, name
        crash = results[f"test_{name}.py::test_m"]
        assert (crash.outcome, crash.module) == (Outcome.CRASHED, f"test_{name}.py"), name
        assert message in crash.message
    assert results["test_segfault.py::test_m"].location.startswith("test_segfault.py:")
    assert "Fatal Python error" in results["test_segfault.py::test_m"].traceback


@pytest.mark.parametrize("jobs", [1, 2])
def test_harmless_tricks(project: PytestProject, jobs: int) -> None:
    project.write({"pytest.ini": "[pytest]\naddopts = -p no:threadexception\n", **modules(HARMLESS)})
    results = {result.test_id: result.outcome for result in project.run(jobs).results}
    assert len(results) == 3 * len(HARMLESS)
    for name in HARMLESS:
        outcomes = [results[f"test_{name}.py::{test}"].value for test in ("test_a", "test_m", "test_z")]
        assert outcomes == ["passed", "passed", "failed"], name


def test_failures_of_unusual_kinds(project: PytestProject) -> None:
    rows = project.write(modules(ERRORS)).compare()
    assert [outcome for test, outcome, _ in rows if test.endswith("test_m")] == ["failed"] * len(ERRORS)


def test_exceptions_that_end_pytest(project: PytestProject) -> None:
    project.write(modules({name: body for name, (body, _) in ENDS.items()}))
    results = {result.test_id: result for result in project.run().results}
    assert len(results) == 3 * len(ENDS)
    for name, (_, error_type) in ENDS.items():
        ended = results[f"test_{name}.py::test_m"]
        assert (ended.outcome, ended.error_type) == (Outcome.ERRORED, error_type)
        assert ended.location.startswith(f"test_{name}.py:")
        assert results[f"test_{name}.py::test_z"].outcome is Outcome.FAILED


def test_hang(project: PytestProject) -> None:
    project.write(modules({"hangs": "time.sleep(60)"}))
    project.write(
        {
            "test_fixture.py": """
                import pytest, time
                @pytest.fixture(scope="module")
                def hangs_after():
                    yield
                    time.sleep(60)
                def test_1(): pass
                def test_2(hangs_after): pass
            """
        }
    )
    results = {result.test_id: result for result in project.run(test_timeout=1.5).results}
    assert results["test_fixture.py::test_1"].outcome is Outcome.PASSED
    assert results["test_fixture.py::test_2"].outcome is Outcome.TIMED_OUT
    assert results["test_hangs.py::test_a"].outcome is Outcome.PASSED
    assert results["test_hangs.py::test_m"].outcome is Outcome.TIMED_OUT
    assert results["test_hangs.py::test_m"].location == "test_hangs.py:10"
    assert results["test_hangs.py::test_z"].outcome is Outcome.FAILED


def test_forged_reports(project: PytestProject) -> None:
    """Whatever a test writes into each file descriptor passes for no report."""
    body = "[write_to(fd, b'0123 {}\\n') for fd in range(3, 4096)]"
    outcome = project.write(modules({"forges": body})).run()
    assert "invalid report" in outcome.broken_reason
    assert not outcome.results


def test_crash_while_a_module_is_imported(project: PytestProject) -> None:
    outcome = project.write({"test_a.py": "import os; os._exit(3)\n"}).run(2)
    assert "test_a.py" in outcome.broken_reason
    assert not outcome.results
