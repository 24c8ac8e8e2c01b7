"""The harness's messages are untrusted: a line is a message to the letter, or it is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from batchhook.core.results import IsolationLevel, Outcome, TestResult
from batchhook.execution import protocol, protocol_reader
from batchhook.execution.protocol_reader import ForgedError, ProtocolReader

RESULT: dict[str, Any] = {
    "test_id": "m.T.test",
    "module": "m",
    "outcome": "failed",
    "duration": 0.5,
    "error_type": "AssertionError",
    "message": "1 != 2",
    "location": "m.py:3",
    "traceback": "Traceback ...",
    "subtests_failed": 0,
}


def line(number: int = 0, token: str = "token", **fields: object) -> bytes:
    return f"{token} {json.dumps({'line': number, **fields})}\n".encode()


def finished(**changes: object) -> bytes:
    return line(kind="finished", item=0, result=RESULT | changes)


def test_a_result_arrives_as_the_cores_own() -> None:
    (message,) = ProtocolReader("token").feed(finished())
    assert isinstance(message, protocol.TestFinished)
    assert message.result == TestResult(**RESULT | {"outcome": Outcome.FAILED})


def test_lines_may_come_in_any_pieces() -> None:
    reader = ProtocolReader("token")
    data = line(kind="passed", item=0, duration=0.1) + line(1, kind="passed", item=1, duration=0.2)
    messages = [message for byte in data for message in reader.feed(bytes([byte]))]
    assert [message.line for message in messages] == [0, 1]


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "crashed"},
        {"outcome": "timed out"},
        {"outcome": "FAILED"},
        {"outcome": None},
        {"duration": -1.0},
        {"duration": float("nan")},
        {"duration": float("inf")},
        {"duration": "0.5"},
        {"subtests_failed": -1},
        {"subtests_failed": True},
        {"test_id": 5},
        {"test_id": "x" * 1201},
        {"message": "x" * 4097},
        {"traceback": "x" * 20_001},
        {"isolation": IsolationLevel.PARALLEL.value},
        {"first_outcome": "failed"},
        {"note": "flaky"},
        {"unknown": 1},
    ],
    ids=lambda changes: "-".join(f"{name}={str(value)[:9]}" for name, value in changes.items()),
)
def test_a_result_that_no_harness_reports(changes: dict[str, object]) -> None:
    with pytest.raises(ForgedError, match="malformed line"):
        ProtocolReader("token").feed(finished(**changes))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (line(token="other", kind="aborted"), "without the run's token"),
        (line(1, kind="aborted"), "line 1 instead of 0"),
        (line(kind="nothing"), "malformed line"),
        (line(kind="aborted", more=1), "malformed line"),
        (line(kind="passed", item=-1, duration=0.1), "malformed line"),
        (line(kind="started", item=-2, id=""), "malformed line"),
        (line(kind="hello", pid=1, python="three"), "malformed line"),
        (line(kind="items", items=[["a", "b", "c"]]), "malformed line"),
        (b"token \xff\n", "malformed line"),
        (b"\n", "without the run's token"),
    ],
)
def test_a_line_that_no_harness_writes(data: bytes, reason: str) -> None:
    with pytest.raises(ForgedError, match=reason):
        ProtocolReader("token").feed(data)


def test_a_line_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol_reader, "LINE_LIMIT", 100)
    with pytest.raises(ForgedError, match="without end"):
        ProtocolReader("token").feed(b"token " + b"x" * 100)
