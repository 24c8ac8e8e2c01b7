"""Every command of docs/origin.md, run as printed."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from batchhook.demo.scenario import DemoEngine, Scenario
from tests.driving import Repository

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs/origin.md").read_text("utf-8")
IRRELEVANT = ("cache", "limiter", "quotes")
"""Test modules of the demo that none of its commits breaks: without them each run is shorter."""


def commands() -> list[str]:
    """Return each command of the page once, in order."""
    cells = [line.rstrip(" |").rpartition("| ")[2] for line in PAGE.splitlines() if line.startswith("|")]
    return list(dict.fromkeys(cell.strip("`") for cell in cells if cell.startswith("`")))


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Titles posted to a server that notifications are sent to."""
    posted: list[str] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["title"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("BATCHHOOK_NOTIFY_URLS", f"json://127.0.0.1:{server.server_port}/")
    yield posted
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def critical(bare_repository: Repository) -> Repository:
    """The demo's project, whose first batch is critical."""
    repository = bare_repository
    scenario = Scenario.read(DemoEngine.UNITTEST)
    scenario.copy_project(repository.top)
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "-m", "The project, for the patches")
    for name in IRRELEVANT:
        repository.git("rm", "--quiet", f"tests/test_{name}.py")
    repository.git("commit", "--quiet", "-m", "The project, for the commands")
    repository.batchhook("install")
    for change in scenario.batch:
        repository.git("apply", *map(str, change.patches))
        repository.git("commit", "--quiet", "-am", change.name)
    repository.batchhook("wait", "1", code=1)
    return repository


@pytest.mark.timeout(600)
def test_every_command_works(critical: Repository, mailbox: list[str]) -> None:
    for command in commands():
        if command == "batchhook demo":  # tests/demo plays it
            continue
        name, *arguments = shlex.split(command)
        if name == "batchhook":
            done = critical.run(*arguments)
        else:
            words = [sys.executable if name == "python" else name, *arguments]
            done = subprocess.run(words, cwd=critical.top, capture_output=True, text=True, check=False)
        assert done.returncode in {0, 1, 2}, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback (most recent call last)" not in done.stderr, command
        assert done.stdout or name == "git", f"{command} prints nothing"
    assert any("a test" in title for title in mailbox)


def test_every_row_names_a_replacement() -> None:
    rows = [line for line in PAGE.splitlines() if re.match(r"\| (?!there \|)(?!---)", line)]
    assert len(rows) > 60
    for row in rows:
        _, there, here, tried, _ = re.split(r"(?<!\\)\|", row)
        assert here.strip(), row
        assert there.strip() or "back again" in here, row
        assert re.fullmatch(r" (`[^`]+` )?", tried), row
        assert tried.strip() or "not yet" in here, row
