"""The terminal that fills a batch shows its run, and Ctrl-C stops only that."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time

import pytest

from tests.driving import CALCULATOR, TESTS, Repository

SPAWN = "import pty, sys, os; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"


def _on_a_terminal(repository: Repository, *command: str, keys: bytes = b"", after: float = 0.0) -> tuple[int, str]:
    """Run a command on a terminal of its own, press keys after a while; return its exit code and output."""
    with subprocess.Popen(
        [sys.executable, "-c", SPAWN, *command],
        cwd=repository.top,
        env={**os.environ, "BATCHHOOK_WAIT": "20", "TERM": "xterm"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if keys:
            time.sleep(after)
            process.stdin.write(keys)
            process.stdin.flush()
        seen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", process.stdout.read().decode())
    return process.returncode, seen


@pytest.fixture
def slow(bare_repository: Repository) -> Repository:
    """A project whose fifth change is staged, and whose suite takes four seconds."""
    tests = TESTS.replace(
        "    def test_add", "    def test_slow(self):\n        import time; time.sleep(4)\n\n    def test_add"
    )
    bare_repository.commit("first", calculator__py=CALCULATOR, test_calculator__py=tests)
    bare_repository.batchhook("install")
    for number in range(1, 5):
        bare_repository.commit(f"change {number}")
    bare_repository.write("five.txt", "5")
    bare_repository.git("add", "--all")
    return bare_repository


def test_the_run_and_its_verdict_are_shown(slow: Repository) -> None:
    code, seen = _on_a_terminal(slow, "git", "commit", "-m", "five")
    assert code == 0
    assert "/3" in seen
    assert "batch 1 passed: 3 tests" in seen
    assert "1 file changed" in seen


def test_ctrl_c_only_stops_the_watching(slow: Repository) -> None:
    begin = time.monotonic()
    code, seen = _on_a_terminal(slow, "git", "commit", "-m", "five", keys=b"\x03", after=2.0)
    assert code == 0, "git was not killed"
    assert time.monotonic() - begin < 4
    assert "batchhook wait 1" in seen
    assert "1 file changed" in seen, "git printed what was committed"
    assert slow.json("wait", "1", "--timeout", "60")["verdict"] == "passed"
