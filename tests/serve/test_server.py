"""The server over real sockets: who gets in, what the pages are, and what their forms do."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from batchhook.cli.serve import serve as command
from batchhook.errors import BatchhookError
from tests.driving import CALCULATOR, Repository
from tests.serve.conftest import BROKEN, Server, serving

TEST = "test_calculator.CalculatorTest.test_add"
PAGES = (
    "/",
    "/live",
    "/batches",
    "/batches/1",
    "/tests",
    f"/tests/one?id={TEST}",
    "/changes",
    "/operations",
    "/compare",
)


def test_only_the_user_who_was_given_the_address_gets_in(server: Server) -> None:
    assert server.address.startswith("http://127.0.0.1:")
    for path in (*PAGES, "/events", "/static/style.css", "/?token=wrong"):
        status, body = server.get(path)
        assert (status, "batch" in body.replace("batchhook", "")) == (403, False), path
    server.enter()
    for path in PAGES:
        assert server.get(path)[0] == 200, path
    rebound = {"Host": "evil.example:80"}
    assert server.get("/", **rebound)[0] == server.get(f"/?token={server.token}", **rebound)[0] == 421
    assert server.get("/", Host=f"localhost:{server.origin.rpartition(':')[2]}")[0] == 200
    assert server.get("/", Cookie="batchhook=x")[0] == 403
    assert server.get(f"/?x={'y' * 5000}")[0] == 414


def test_another_page_in_the_same_browser_gets_nothing(server: Server) -> None:
    server.enter()
    form = {"token": server.form_token(), "batch": "1"}
    assert len(form["token"]) > 30
    for origin in ("http://evil.example", "null", "", f"http://localhost:{server.origin.rpartition(':')[2]}"):
        assert server.post("/actions/acknowledge", form, Origin=origin)[0] == 403, origin
    assert server.post("/actions/acknowledge", {"batch": "1"})[0] == 403
    assert server.post("/actions/acknowledge", {**form, "token": "wrong"})[0] == 403
    assert server.post("/actions/acknowledge", {**form, "x": "y" * 20_000})[0] == 413
    assert server.get("/actions/acknowledge")[0] == 405
    assert "failed critically" in server.get("/")[1], "nothing was done"


def test_every_answer_has_the_headers_and_no_text_becomes_markup(server: Server) -> None:
    server.enter()
    for path in (*PAGES, "/nowhere", "/batches/99", "/batches?page=x", "/static/../server.py", "/static/live.js"):
        status, headers, body = server.request("GET", path)
        assert status in {200, 400, 404}, path
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'"), path
        assert (headers["referrer-policy"], headers["cache-control"]) == ("same-origin", "no-store")
        assert "alert(1)</script>" not in body
        assert not re.search(r"<[a-z][^>]*\s(?:on\w+|style)=|<script>|<style>", body), path
    assert "&lt;script&gt;alert(1)" in server.get("/batches/1")[1]
    assert server.get("/batches/99")[0] == 404


def test_a_rollback_is_shown_typed_done_and_undone(server: Server, failed: Repository) -> None:
    server.enter()
    plan = server.get("/batches/1/rollback")[1]
    assert "+    return a + b" in re.sub(r"<[^>]+>", "", plan)
    (digest,) = re.findall(r'name="digest" value="(\w+)"', plan)
    form = {"token": server.form_token(), "batch": "1", "digest": digest, "confirmation": "rollback 1"}
    assert server.post("/actions/rollback", {**form, "confirmation": "yes"})[0] == 400
    failed.write("calculator.py", f"{BROKEN}\n# mine\n")
    status, _, body = server.post("/actions/rollback", form)
    assert (status, "has changed since the plan was shown" in body) == (409, True)
    failed.write("calculator.py", BROKEN)
    assert server.post("/actions/rollback", form)[:2][0] == 303
    assert failed.read("calculator.py") == CALCULATOR
    assert server.post("/actions/undo", {"token": form["token"], "operation": "1"})[0] == 303
    assert failed.read("calculator.py") == BROKEN


def test_runs_acknowledging_and_the_baseline(server: Server, failed: Repository) -> None:
    server.enter()
    token = {"token": server.form_token()}
    assert server.post("/actions/run-failed", token)[1]["location"] == "/"
    end = time.monotonic() + 60
    while "1 tests, 1 failed" not in (page := server.get("/live")[1]):
        assert time.monotonic() < end, page
        time.sleep(0.1)
    assert server.post("/actions/acknowledge", {**token, "batch": "1"})[0] == 303
    assert failed.json("status")["critical"] is None
    assert server.post("/actions/acknowledge", {**token, "batch": "1"})[0] == 422
    status, _, body = server.post("/actions/baseline", {**token, "commit": "HEAD"})
    assert (status, "--force" in body) == (422, True), "tests fail"
    assert server.post("/actions/baseline", {**token, "commit": "--output=x"})[0] == 400
    assert server.post("/actions/acknowledge", {**token, "batch": "-1"})[0] == 400
    assert server.post("/actions/nothing", token)[0] == 400


def test_it_ends_at_once_with_open_streams(server: Server) -> None:
    import http.client  # noqa: PLC0415 - only here

    server.enter()
    port = int(server.origin.rpartition(":")[2])
    streams = [http.client.HTTPConnection("127.0.0.1", port, timeout=10) for _ in range(3)]
    for stream in streams:
        stream.request("GET", "/events", headers=server.headers)
        assert stream.getresponse().status == 200
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(8) in {0, 130, -2}
    for stream in streams:
        stream.close()


def test_the_browser_is_opened_without_the_token_in_its_arguments(failed: Repository, tmp_path: Path) -> None:
    browser, arguments = tmp_path / "browser", tmp_path / "arguments"
    browser.write_text(f'#!/bin/sh\necho "$*" > {arguments}.new\nmv {arguments}.new {arguments}\n')
    browser.chmod(0o755)
    with serving(failed.top, tmp_path / "printed", "--open", BROWSER=f"{browser} %s") as server:
        end = time.monotonic() + 20
        while not arguments.exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        opened = Path(urlsplit(arguments.read_text().strip()).path)
        assert server.token not in arguments.read_text(), "all users of the machine see it"
        assert opened.stat().st_mode & 0o777 == 0o600
        assert f'content="0;url={server.address}"' in opened.read_text()
        status, headers, body = server.request("GET", f"/?token={server.token}", Sec_Fetch_Site="cross-site")
        assert (status, 'content="0;url=/"' in body, server.token in body) == (200, True, False)
        assert "SameSite=strict" in headers["set-cookie"]
    assert not opened.exists()


def test_where_there_is_nothing_to_serve(tmp_path: Path, project: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    assert "batchhook" in project.run("-C", str(tmp_path / "empty"), "serve").stderr
    monkeypatch.setattr("batchhook.cli.serve.find_spec", lambda _: None)
    with pytest.raises(BatchhookError) as error:
        command()
    assert error.value.hint == 'pip install "batchhook[serve]"'
