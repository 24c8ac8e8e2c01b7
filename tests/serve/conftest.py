"""A server of the pages, as a process, on a repository with a critical batch."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.driving import CALCULATOR, Repository

BROKEN = CALCULATOR.replace("a + b", "a * b")


@dataclass
class Server:
    """A server, and what a browser knows of it."""

    process: subprocess.Popen[str]
    address: str
    printed: Path
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return self.address.partition("/?")[0]

    @property
    def token(self) -> str:
        return parse_qs(urlsplit(self.address).query)["token"][0]

    def request(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
        """Send a request over a real socket; return the status, the headers and the body."""
        split = urlsplit(self.origin)
        connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=30)
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection.request(method, path, body.encode() or None, sent)
        response = connection.getresponse()
        answer = response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        connection.close()
        return answer[0], answer[1], answer[2].decode("utf-8", "replace")

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        status, _, body = self.request("GET", path, **headers)
        return status, body

    def post(self, path: str, form: dict[str, str], **headers: str) -> tuple[int, dict[str, str], str]:
        """Post a form as a browser does."""
        sent = {"Content_Type": "application/x-www-form-urlencoded", "Origin": self.origin} | headers
        return self.request("POST", path, urlencode(form), **sent)

    def enter(self) -> None:
        """Exchange the token for the cookie."""
        status, headers, _ = self.request("GET", f"/?token={self.token}")
        assert (status, headers["location"]) == (303, "/")
        self.headers["Cookie"] = headers["set-cookie"].partition(";")[0]

    def errors(self) -> str:
        """Return what it has printed to its standard error."""
        return self.printed.read_text()

    def form_token(self) -> str:
        return self.get("/")[1].partition('name="token" value="')[2].partition('"')[0]


@pytest.fixture
def failed(project: Repository) -> Repository:
    """A repository whose first batch is critical, with one change since."""
    project.commit("break it <script>alert(1)</script>", calculator__py=BROKEN)
    for number in range(2, 6):
        project.commit(f"change-{number}")
    project.batchhook("wait", "1", "--timeout", "90", code=1)
    project.commit("next")
    return project


@contextmanager
def serving(top: Path, printed: Path, *options: str, prefix: Sequence[str] = (), **variables: str) -> Iterator[Server]:
    """Serve a repository until the end of the block.

    Args:
        top: of the repository.
        printed: the file that gets the standard error.
        options: of the command.
        prefix: what the command is started by.
        variables: of its environment.
    """
    command = [*prefix, sys.executable, "-m", "batchhook", "-C", str(top), "serve", *options]
    with printed.open("w") as errors:
        process = subprocess.Popen(
            command, env={**os.environ, **variables}, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    assert process.stdout
    try:
        yield Server(process, process.stdout.readline().strip(), printed)
        process.terminate()
        process.wait(10)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def server(failed: Repository, tmp_path: Path) -> Iterator[Server]:
    with serving(failed.top, tmp_path / "printed") as server:
        yield server
