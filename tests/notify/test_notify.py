"""Notifications: sent by real hooks to a real server, with addresses that are kept secret."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from batchhook import Workflow
from tests.driving import CALCULATOR, Repository

SECRET = "s3cr3t-t0ken"
BROKEN = CALCULATOR.replace("a + b", "a * b")


class Server(ThreadingHTTPServer):
    """Collects what is posted to it."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.posted: list[tuple[str, dict[str, Any]]] = []

    @property
    def address(self) -> str:
        return f"json://127.0.0.1:{self.server_address[1]}/{SECRET}"

    def wait_for(self, number: int) -> list[dict[str, Any]]:
        end = time.monotonic() + 30
        while len(self.posted) < number:
            assert time.monotonic() < end, self.posted
            time.sleep(0.05)
        return [what for _, what in self.posted]


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append((self.path, json.loads(body)))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def notifying(project: Repository, server: Server, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository that sends all notifications."""
    monkeypatch.setenv("BATCHHOOK_NOTIFY_URL", server.address)
    project.write(".git/info/exclude", ".batchhook.toml\n")
    project.write(".batchhook.toml", 'batch_size = 2\n[notify]\nurls = ["${BATCHHOOK_NOTIFY_URL}"]\n')
    return project


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_a_critical_batch_its_rollback_and_its_fix(notifying: Repository, server: Server) -> None:
    notifying.commit("Add\x1b[31m faster", calculator__py=BROKEN)
    oid = notifying.head()[:8]
    notifying.commit("Note", notes__txt="1\n")
    (critical,) = server.wait_for(1)
    assert server.posted[0][0] == f"/{SECRET}"
    assert critical["title"] == "project: batch 1 failed: CRITICAL, 1 of 2 tests (50%)"
    assert critical["message"].splitlines() == [
        f"{oid} Add [31m faster (Ada): broke 1 test",
        "- test_calculator.CalculatorTest.test_add",
        "batchhook analyze 1",
        "batchhook rollback 1 --culprit",
    ]
    assert critical["type"] == "failure"
    assert "2 != 3" not in json.dumps(critical), "messages of tests are sent only if enabled"
    notifying.batchhook("rollback", "1", "--culprit", "-y")
    rolled_back = server.wait_for(2)[1]
    assert rolled_back["title"] == f"project: {oid} (of batch 1) was rolled back"
    assert "batchhook undo" in rolled_back["message"]
    notifying.git("commit", "-qam", "Take it out")  # fills no batch
    notifying.commit("Note", notes__txt="2\n")
    notifying.commit("Note", notes__txt="3\n")
    fixed = server.wait_for(3)[2]
    assert (fixed["title"].startswith("project: batch 2 passed: 2 tests"), fixed["type"]) == (True, "success")
    assert SECRET.encode() not in everything_in(notifying.top / ".git/batchhook")


def test_only_chosen_events_and_messages_if_enabled(notifying: Repository, server: Server) -> None:
    events = 'events = ["failed", "passed"]\nmessages = true\nurls = ["${BATCHHOOK_NOTIFY_URL}"]\n'
    notifying.write(".batchhook.toml", f"batch_size = 1\ncritical_failure_threshold = 0.9\n[notify]\n{events}")
    notifying.commit("sound", notes__txt="1\n")
    notifying.commit("broken", calculator__py=BROKEN)
    notifying.commit("fixed", calculator__py=CALCULATOR)
    notifying.batchhook("wait", "3", "--timeout", "60")
    output = server.wait_for(2)
    assert [each["title"].split(":")[1] for each in output] == [" batch 1 passed", " batch 2 failed"]
    assert "- test_calculator.CalculatorTest.test_add: AssertionError: 2 != 3" in output[1]["message"]


def test_trying_it(project: Repository, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no notification address is configured" in project.batchhook("notify", "--test", code=3)
    assert "notify --test" in project.batchhook("notify", code=64)
    with serving() as second:
        monkeypatch.setenv("BATCHHOOK_NOTIFY_URLS", f"{server.address} {second.address}\n")
        output = project.batchhook("notify", "--test")
        assert "✓ notification to BATCHHOOK_NOTIFY_URLS: sent" in output
        assert "✓ notification to BATCHHOOK_NOTIFY_URLS, address 2: sent" in output
        assert [each.problem for each in Workflow(project.top).send_test().sent] == ["", ""]
        assert server.wait_for(1)[0]["title"] == second.wait_for(1)[0]["title"] == "project: a test"
        second.status = 500
        failed = project.json("notify", "--test", code=3)["sent"]
    assert failed[0]["problem"] == ""
    assert failed[1]["problem"]
    assert SECRET not in json.dumps(failed)
    assert failed[1]["problem"] in " ".join(project.batchhook("doctor", code=3).split())


def test_problems_are_reported_without_the_address(project: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(".batchhook.toml", '[notify]\nurls = ["${NOWHERE}", "${ODD}", "${GONE}"]\n')
    monkeypatch.setenv("ODD", f"nonsense://{SECRET}")
    monkeypatch.setenv("GONE", f"json://user:{SECRET}@127.0.0.1:1/{SECRET}")
    output = " ".join(project.batchhook("notify", "--test", code=3).split())
    assert "✗ notification to NOWHERE: the environment variable NOWHERE is not set" in output
    assert "✗ notification to ODD: apprise does not support this address" in output
    assert "✗ notification to GONE: " in output
    assert SECRET not in output
    assert "the environment variable NOWHERE is not set" in project.batchhook("doctor", code=3)
    assert SECRET.encode() not in everything_in(project.top / ".git/batchhook")


def test_an_address_in_the_settings_is_refused_and_not_shown(project: Repository) -> None:
    for address in (f"slack://{SECRET}", f"json://host/${{{SECRET}}}", "${A}${B}", "", "${A}\\n"):
        project.write(".batchhook.toml", f'[notify]\nurls = ["{address}"]\n')
        output = " ".join(project.batchhook("status", code=3).split())
        assert "an address is a secret: put it into an environment variable, and write ${NAME} here" in output
        assert SECRET not in output


def test_wrong_settings(project: Repository) -> None:
    project.write(".batchhook.toml", '[notify]\nevent = ["critical"]\n')
    assert "did you mean 'events'?" in project.batchhook("status", code=3)
    project.write(".batchhook.toml", '[notify]\nevents = ["critcal"]\n')
    assert "notify.events.0 = 'critcal'" in project.batchhook("status", code=3)


def test_a_server_that_does_not_answer_holds_up_nothing(project: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(_Handler):
        def do_POST(self) -> None:
            time.sleep(2.5)

    with serving() as server:
        server.RequestHandlerClass = Silent
        monkeypatch.setenv("BATCHHOOK_NOTIFY_URLS", server.address)
        project.write(".batchhook.toml", 'batch_size = 1\nplugin_timeout = 1.5\n[notify]\nevents = ["passed"]\n')
        project.commit("one", notes__txt="1\n")
        project.batchhook("wait", "1", "--timeout", "60")
        end = time.monotonic() + 30
        while "timed out after 1.5 s" not in project.batchhook("analyze", "1"):
            assert time.monotonic() < end
            time.sleep(0.1)
    assert "timed out after 1.5 s" in project.batchhook("doctor", code=3)
