"""Every command as a program uses it: no terminal, one JSON document, and an end within the time limit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import typer

from batchhook.cli.app import application
from tests.cli.test_schemas import BROKEN, TEST, is_valid
from tests.driving import Repository

LIMIT = 90
"""Seconds that any of these commands may take on a busy machine; most take half a second."""

COMMANDS: tuple[tuple[str, int, str], ...] = (
    ("doctor", 0, "doctor"),
    ("engines", 0, "engines"),
    ("status", 0, "status"),
    ("status --unseen", 0, "status"),
    ("record -d nothing", 0, "record"),
    ("watch --for 0.5", 0, "watch"),
    ("log", 0, "log"),
    ("show 1", 0, "show"),
    ("wait", 1, "wait"),
    ("wait 1 --timeout 0", 1, "wait"),
    ("wait 2", 5, "error"),
    ("analyze 1", 1, "analyze"),
    ("analyze 2", 3, "error"),
    ("baseline show", 3, "error"),
    ("baseline set HEAD~6", 0, "baseline set"),
    ("baseline show", 0, "baseline show"),
    ("baseline compare", 2, "baseline compare"),
    ("report 1", 0, "report"),
    ("export out", 0, "export"),
    ("schema", 0, "schema"),
    ("test", 1, "test"),
    ("test --skipped", 0, "skips"),
    ("affected", 3, "error"),
    ("risk", 0, "risk"),
    (f"bisect {TEST} HEAD~6 HEAD", 0, "bisect"),
    ("ci", 1, "ci"),
    ("backup 1", 0, "backup"),
    ("prune", 0, "prune"),
    ("prune --keep 1", 64, "error"),
    ("prune --keep 1 -y", 0, "prune"),
    ("rollback 1", 64, "error"),
    ("rollback 1 --dry-run", 0, "rollback"),
    ("rollback 1 --from-backup", 64, "error"),
    ("rollback 1 --from-backup -y", 0, "restoration"),
    ("undo --from-backup -y", 0, "restoration"),
    ("rollback 1 --culprit -y", 0, "rollback"),
    ("undo", 64, "error"),
    ("undo -y", 0, "undo"),
    ("redo", 64, "error"),
    ("redo -y", 0, "redo"),
    ("undo -y", 0, "undo"),
    ("operations", 0, "operations"),
    ("operations finish", 3, "error"),
    ("ack 1", 0, "ack"),
    ("notify --test", 3, "error"),
    ("uninstall", 0, "uninstall"),
    ("install", 0, "install"),
    ("demo", 64, "error"),
    ("analyze x", 64, "error"),
    ("log --nonsense", 64, "error"),
)
"""Arguments, exit code, and schema of the output, in an order in which each has something to do."""
WITHOUT_JSON = {"demo"}
"""Commands without ``--json``."""
PROTOCOLS = {"mcp"}
"""Commands that talk to a program, and are tested with one."""


@pytest.fixture
def failed(project: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository whose first batch failed critically, with one change since."""
    monkeypatch.setenv("CI", "true")
    project.commit("break", calculator__py=BROKEN)
    for number in range(2, 6):
        project.commit(f"change-{number}")
    project.await_runs()
    project.commit("next")
    return project


def run(project: Repository, words: str, how: Mapping[str, Any], code: int) -> tuple[str, str]:
    """Run a command; returns its output and its errors."""
    command = [sys.executable, "-m", "batchhook", *words.split()]
    done = subprocess.run(
        command, cwd=project.top, capture_output=True, text=True, timeout=LIMIT, check=False, **{"env": None, **how}
    )
    assert done.returncode == code, f"{words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout, done.stderr


def test_every_command_is_covered() -> None:
    named = {" ".join(words.split()[:2]) for words, _, _ in COMMANDS} | {words.split()[0] for words, _, _ in COMMANDS}
    assert set(names(application(()))) <= named | PROTOCOLS


def names(group: typer.Typer, before: str = "") -> Iterator[str]:
    """The words of every command."""
    for command in group.registered_commands:
        assert command.callback
        yield before + (command.name or command.callback.__name__).rstrip("_")
    for inner in group.registered_groups:
        assert inner.typer_instance
        yield from names(inner.typer_instance, f"{before}{inner.name} ")


@pytest.mark.timeout(300)  # there are many commands
def test_with_standard_input_closed(failed: Repository) -> None:
    for words, code, what in COMMANDS:
        has_no_json = words in WITHOUT_JSON
        asked = f"--json {words}" if has_no_json else f"{words} --json"
        done = failed.run(*asked.split(), stdin=None)
        assert done.returncode == code, f"{words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        for document in done.stdout.splitlines() if what == "watch" else [done.stdout]:  # one per line
            is_valid(what, json.loads(document))
        assert done.stderr == "", words


@contextmanager
def silent_pipe() -> Iterator[int]:
    """A pipe that stays open and empty."""
    read, write = os.pipe()
    try:
        yield read
    finally:
        os.close(read)
        os.close(write)


def test_no_answer(failed: Repository) -> None:
    """A command that needs confirmation shows its plan, and fails without waiting for an answer."""
    for number in range(5):
        failed.commit(f"more-{number}")
    failed.batchhook("wait", "2", "--timeout", "90")
    before = failed.git("status", "--porcelain")
    for words in ("rollback 1", "rollback 1 --from-backup", "prune --keep 1"):
        with silent_pipe() as pipe:
            shown, said = run(failed, words, {"stdin": pipe}, 64)
        assert shown
        for stdin in (subprocess.DEVNULL, None):
            how = {"preexec_fn": lambda: os.close(0)} if stdin is None else {"stdin": stdin}
            assert run(failed, words, how, 64) == (shown, said)
        assert "confirmation is needed, and there is no terminal to ask on" in said
        assert "hint: -y confirms, --dry-run shows what would change" in said
        assert failed.git("status", "--porcelain") == before
        assert failed.json("show", "1")["batch"]["id"] == 1


def test_an_answer_through_a_pipe(failed: Repository) -> None:
    assert "Nothing was changed." in failed.batchhook("rollback", "1", stdin="perhaps\n")
    assert "Done: " in failed.batchhook("rollback", "1", stdin="YES")


def test_with_everything_closed(failed: Repository) -> None:
    def close() -> None:
        os.closerange(0, 3)

    for words in ("status", "rollback 1 -y", "rollback 9"):
        done = subprocess.run(
            [sys.executable, "-m", "batchhook", *words.split()],
            cwd=failed.top,
            preexec_fn=close,
            timeout=LIMIT,
            check=False,
        )
        assert done.returncode == (3 if "9" in words else 0)
    assert failed.read("calculator.py") != BROKEN
