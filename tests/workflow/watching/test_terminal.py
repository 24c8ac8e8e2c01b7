"""The board and its keys, on a terminal of its own; and all ways of ending it."""

from __future__ import annotations

import fcntl
import json
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.driving import CALCULATOR, Repository
from tests.workflow.watching.conftest import PATIENCE, Start, Watch, children, is_alive, starting

BROKEN = CALCULATOR.replace("a + b", "a * b")

AS_ITS_OWN = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
"""Makes the terminal the controlling one, so that its keys send signals."""


class Terminal:
    """``batchhook watch`` on a terminal of 80 columns."""

    def __init__(self, repository: Repository, *arguments: str) -> None:
        self.ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.theirs = theirs
        self.modes = termios.tcgetattr(theirs)
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                AS_ITS_OWN,
                sys.executable,
                "-m",
                "batchhook",
                "watch",
                "--settle",
                "0.1",
                *arguments,
            ],
            cwd=repository.top,
            env={**os.environ, "TERM": "xterm"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        self.seen = ""

    def press(self, keys: str) -> int:
        """Press keys; return where the output that follows begins."""
        at = len(self.seen)
        os.write(self.ours, keys.encode())
        return at

    def wait(self, text: str, since: int = 0) -> str:
        """Wait for a text; return the output since then, with single blanks."""
        until = time.monotonic() + PATIENCE
        while text not in " ".join(self.seen[since:].split()):
            self._read()
            assert time.monotonic() < until, f"{text!r} was not shown:\n{self.seen[since:]}"
        return " ".join(self.seen[since:].split())

    def _read(self) -> None:
        if select.select([self.ours], [], [], 0.2)[0]:
            text = os.read(self.ours, 65536).decode(errors="replace")
            self.seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)

    def end(self) -> int:
        until = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < until:
            self._read()
        return self.process.wait(1)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.end()
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture
def terminal(project: Repository) -> Iterator[Callable[..., Terminal]]:
    begun: list[Terminal] = []

    def begin(*arguments: str) -> Terminal:
        begun.append(Terminal(project, *arguments))
        begun[-1].wait("q quit")
        return begun[-1]

    yield begin
    for each in begun:
        each.close()


def test_the_board_and_its_keys(project: Repository, terminal: Callable[..., Terminal]) -> None:
    project.write(".batchhook.toml", "batch_size = 2\n")
    project.write(".gitignore", "__pycache__/\n")
    project.commit("settings", d__txt="")
    screen = terminal()
    assert "batch 1 on main ■□ 1/2 watching all files" in screen.wait("watching all files")
    at = screen.press("p")
    screen.wait("paused", at)
    project.write("calculator.py", BROKEN)
    project.write("a.txt", "1\n")
    at = screen.press("p")
    screen.wait("batch 1 failed: CRITICAL, 1 of 2 tests (50%)", at)
    (change,) = (each for each in project.json("show", "1")["batch"]["changes"] if each["kind"] == "record")
    assert change["summary"] == "change a.txt and 1 more"
    screen.wait(f"{change['oid'][:8]} broke 1 test", at)

    at = screen.press("a")
    assert "test_calculator.CalculatorTest.test_add" in screen.wait("report 1 --open", at)

    at = screen.press("b")
    screen.wait("Apply?", at)
    at = screen.press("n\n")
    screen.wait("Or the whole batch 1:", at)
    screen.wait("Apply?", at)
    at = screen.press("n\n")
    screen.wait("q quit", at)
    assert project.read("calculator.py") == BROKEN
    at = screen.press("b")
    assert f"Revert {change['oid'][:8]} in the work tree" in screen.wait("Apply?", at)
    at = screen.press("y\n")
    screen.wait("(operation 1)", at)
    screen.wait("partly rolled back by operation 1", at)
    screen.wait("q quit", at)
    assert project.read("calculator.py") == CALCULATOR
    project.write("mark.txt", "1\n")
    screen.wait("add mark.txt", at)
    assert project.open()[1] == ["add mark.txt"], "what the rollback did is no change"

    at = screen.press("r")
    screen.wait("run now passed: 2 tests", at)
    screen.press("q")
    assert screen.end() == 0
    assert termios.tcgetattr(screen.theirs) == screen.modes


def test_a_key_that_is_not_shown_does_nothing(project: Repository, terminal: Callable[..., Terminal]) -> None:
    project.write(".batchhook.toml", "batch_size = 1\n")
    project.git("rm", "-q", "test_calculator.py")
    project.commit("without tests")
    assert "No tests were found" in project.batchhook("wait", "1", code=3)
    screen = terminal()
    assert "roll back" not in screen.seen
    screen.press("b")
    at = screen.press("a")
    screen.wait("report 1 --open", at)
    screen.press("q")
    assert screen.end() == 0
    assert "Apply?" not in screen.seen


def test_ctrl_c_leaves_everything_intact(project: Repository, terminal: Callable[..., Terminal]) -> None:
    screen = terminal("--settle", "30")
    project.write("a.txt", "1\n")
    at = screen.press("p")
    screen.wait("paused", at)
    screen.press("p")
    screen.wait("watching all files", at)
    screen.press("\x03")
    assert screen.end() == 130
    assert termios.tcgetattr(screen.theirs) == screen.modes
    assert "\x1b[?25h" not in screen.seen
    assert project.open()[1] == ["add a.txt"], "what was saved last is recorded"
    assert project.git("fsck", "--no-dangling") == ""


def test_ctrl_z_gives_the_terminal_back(project: Repository, terminal: Callable[..., Terminal]) -> None:
    screen = terminal()
    screen.press("\x1a")
    status = Path(f"/proc/{screen.process.pid}/stat")
    until = time.monotonic() + PATIENCE
    while status.read_text().rpartition(")")[2].split()[0] != "T":
        assert time.monotonic() < until
        screen._read()  # noqa: SLF001 - so that it does not block on output
    assert termios.tcgetattr(screen.theirs) == screen.modes
    at = len(screen.seen)
    screen.process.send_signal(signal.SIGCONT)
    screen.wait("q quit", at)
    project.write("a.txt", "1\n")
    screen.wait("add a.txt", at)
    screen.press("q")
    assert screen.end() == 0


def test_a_terminal_that_closes_ends_it(project: Repository, terminal: Callable[..., Terminal]) -> None:
    screen = terminal()
    screen.process.send_signal(signal.SIGHUP)
    assert screen.end() == 0
    assert termios.tcgetattr(screen.theirs) == screen.modes
    project.write("a.txt", "1\n")
    assert project.json("record")["change"]["summary"] == "add a.txt", "no lock is held"


@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_signals_end_it_and_all_that_it_has_started(
    repository: Repository, start: Start, how: signal.Signals, code: int
) -> None:
    watch = start()
    watch.mark()
    known = children(watch.process.pid)
    assert watch.end(how) == code
    assert watch.news[-1]["event"] == "ended"
    assert not any(map(is_alive, known))
    repository.batchhook("record", "--no-wait")


def test_a_kill_leaves_everything_intact(repository: Repository, start: Start) -> None:
    watch = start()
    for number in range(20):
        repository.write("a.txt", f"{number}\n")
    watch.recorded("a.txt")
    repository.write("a.txt", "last\n")
    watch.end(signal.SIGKILL)
    again = start()
    again.mark()
    assert repository.git("fsck", "--no-dangling") == ""
    assert repository.git("status", "--porcelain").splitlines() == ["?? a.txt", "?? mark.txt"]
    again.end()


@pytest.fixture
def start_with_tests(project: Repository) -> Iterator[Start]:
    yield from starting(project)


def test_without_a_terminal_it_prints_verdicts(project: Repository, start_with_tests: Start) -> None:
    project.write(".gitignore", "__pycache__/\n")
    watch: Watch = start_with_tests()
    watch.recorded(".gitignore")
    for number in range(4):
        project.write("calculator.py", (BROKEN if number > 1 else CALCULATOR) + f"# {number}\n")
        watch.recorded("calculator.py", len(watch.news))
    line = watch.event("verdict")
    assert (line["verdict_batch"], line["verdict"]) == (1, "critical")
    broke = project.json("show", "1")["batch"]["changes"][3]
    assert line["culprits"] == [broke["oid"]]
    assert watch.changes[3] == broke["summary"]


def test_plain_lines(project: Repository) -> None:
    project.write("a.txt", "1\n")
    with subprocess.Popen(
        [sys.executable, "-m", "batchhook", "watch", "--settle", "0.1"],
        cwd=project.top,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().endswith("watching all files\n")
        assert re.fullmatch(r"[\d:]{8} recorded \w{8} add a.txt \(batch 1, 1/5\)\n", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert "stopped" in process.stdout.readline()
    assert process.returncode == 130


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_it_ends_with_the_reader_of_its_output(repository: Repository, options: tuple[str, ...]) -> None:
    """Although nothing happens, so that it prints nothing: ``batchhook watch | head -1``."""
    with subprocess.Popen(
        [sys.executable, "-m", "batchhook", "watch", *options],
        cwd=repository.top,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "watching all files" in process.stdout.readline()
        process.stdout.close()
        assert process.wait(PATIENCE) == 3
        assert process.stderr.read() == "batchhook: not everything was printed: the output was closed\n"
    assert repository.json("record")["change"] is None, "no lock is held"


def test_every_line_is_what_the_schema_says(repository: Repository, start: Start) -> None:
    import jsonschema  # noqa: PLC0415 - of this test alone

    from batchhook.report import schemas  # noqa: PLC0415 - as above

    watch = start()
    watch.mark()
    repository.commit("new")
    watch.event("committed")
    watch.end()
    for line in watch.news:
        jsonschema.validate(json.loads(json.dumps(line)), schemas.schema("watch"))
