"""What no page of ours sends: numbers and characters that cannot be, other methods, many streams."""

from __future__ import annotations

import asyncio
import http.client
import signal
import time

import pytest
from starlette.types import Message

from batchhook.git.location import locate
from batchhook.serve.app import Site
from batchhook.serve.security import Secrets
from tests.driving import Repository
from tests.serve.conftest import Server

HUGE = "9" * 30
"""A number that SQLite cannot hold."""


def test_what_cannot_be_is_refused_with_a_sentence(server: Server) -> None:
    server.enter()
    for path, expected in (
        (f"/batches/{HUGE}", (400, "number is too large")),
        (f"/batches/{HUGE}/rollback", (400, "number is too large")),
        (f"/batches/{'9' * 5000}", (414, "too long")),
        (f"/tests?page={HUGE}", (400, "no such page")),
        ("/operations?page=0", (400, "no page 0")),
        ("/tests?sort=zzz", (400, "no order zzz")),
        ("/compare?before=HEAD%00&after=HEAD", (422, "NUL")),
        ("/compare?before=--output%3Dx&after=HEAD", (422, "Unknown revision")),
        ("/tests/one?id=%00%ff", (422, "No run had a test")),
        ("/static/..%2fpages.py", (404, "Not Found")),
        ("/static/%2e%2e/pages.py", (404, "Not Found")),
        ("//evil.example/", (404, "Not Found")),
    ):
        status, headers, body = server.request("GET", path)
        assert (status, expected[1] in body) == (expected[0], True), (path, status, body)
        assert "content-security-policy" in headers, path
    token = {"token": server.form_token()}
    for name, form in (
        ("acknowledge", {"batch": HUGE}),
        ("acknowledge", {"batch": "9" * 6000}),
        ("undo", {"operation": "1\0"}),
        ("baseline", {"commit": "HEAD\0"}),
    ):
        status, headers, body = server.post(f"/actions/{name}", {**token, **form})
        assert status in {400, 422}, (form, body)
        assert "content-security-policy" in headers, form


def test_other_methods_change_nothing(server: Server) -> None:
    server.enter()
    for path in ("/", "/batches/1", "/static/style.css", "/events"):
        status, headers, body = server.request("HEAD", path)
        assert (status, body) == (200, ""), path
        assert "content-security-policy" in headers, path
    own = {"Origin": server.origin}
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"):
        assert server.request(method, "/")[0] == 403, "without an Origin"
        assert server.request(method, "/", **own)[0] == 405
    chunked = {**own, "Transfer_Encoding": "chunked"}
    assert server.request("POST", "/actions/run", "0\r\n\r\n", **chunked)[0] == 413, "its length is not known"
    broken = {**own, "Content_Type": "multipart/form-data"}
    assert server.request("POST", "/actions/run", "{", **broken)[0] == 400


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_streams_are_bounded_and_end_with_their_pages_or_the_server(server: Server, number: signal.Signals) -> None:
    server.enter()
    streams = [open_stream(server) for _ in range(22)]
    assert [stream.status for _, stream in streams] == [200] * 20 + [503] * 2
    for connection, stream in streams:
        stream.close()
        connection.close()
    end = time.monotonic() + 10
    while (last := open_stream(server))[1].status != 200:
        assert time.monotonic() < end, "pages that were closed still count"
        last[0].close()
        time.sleep(0.1)
    begin = time.monotonic()
    server.process.send_signal(number)
    assert server.process.wait(8) == (0 if number is signal.SIGTERM else 130)
    assert time.monotonic() - begin < 4
    assert server.errors() == ""
    last[1].close()
    last[0].close()


def test_a_defect_is_shown_without_its_details(project: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a detail of the machine")

    monkeypatch.setattr("batchhook.workflow.views.batches.load_batches", fail)
    known = Secrets(80)
    cookie = known.admit({"query_string": f"token={known.token}".encode(), "headers": []})
    assert cookie is not None
    headers = [(b"host", b"localhost:80"), (b"cookie", cookie.headers["set-cookie"].partition(";")[0].encode())]
    scope = {"type": "http", "method": "GET", "path": "/batches", "query_string": b"", "headers": headers}
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(RuntimeError, match="a detail"):  # for the server's own output
        asyncio.run(Site(locate(project.top), known).create_app()(scope, receive, send))
    assert sent[0]["status"] == 500
    assert b"content-security-policy" in dict(sent[0]["headers"])
    assert b"This is a bug in batchhook" in sent[1]["body"]
    assert b"a detail" not in sent[1]["body"]


def open_stream(server: Server) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    """Open the stream of changes, as a page does."""
    connection = http.client.HTTPConnection(server.origin.removeprefix("http://"), timeout=10)
    connection.request("GET", "/events", headers=server.headers)
    return connection, connection.getresponse()
