"""The process of the server: one port of this machine, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType

import uvicorn

from batchhook.errors import BatchhookError
from batchhook.git.location import locate
from batchhook.serve.app import Site
from batchhook.serve.security import Secrets
from batchhook.store.state_dir import StateDir
from batchhook.workflow.context.project import open_project

HOST = "127.0.0.1"
_PATIENCE = 1
"""Seconds that open requests get at the end; a stream of changes never ends by itself."""


_LEAD = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url={address}">
<title>batchhook</title>
<p><a href="{address}">batchhook</a></p>
"""


def serve(folder: Path, port: int, announce: Callable[[str], None], *, is_opened: bool) -> None:
    """Serve the pages of a repository until a signal ends it.

    Args:
        folder: any folder of the repository.
        port: to listen on; 0 for a free one.
        announce: is told the address, with its token.
        is_opened: whether to open the address in the browser.

    Raises:
        BatchhookError: there is no repository with batchhook, or the port is taken.
    """
    location = locate(folder)
    can_write = os.access(StateDir.for_repository(location.common_dir).root, os.W_OK)
    with open_project(location, is_read_only=not can_write):  # says what is wrong; brings the database up to date
        pass
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen()  # who is told the address may come before the server is up
        except OSError as error:
            raise BatchhookError(f"port {port} cannot be used: {error.strerror}", "choose another --port") from error
        chosen = listener.getsockname()[1]
        known = Secrets(chosen)
        address = f"http://{HOST}:{chosen}/?token={known.token}"
        config = uvicorn.Config(
            Site(location, known).create_app(),
            log_level="error",
            access_log=False,
            lifespan="on",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=_PATIENCE,
        )
        server = uvicorn.Server(config)
        signal.signal(signal.SIGTERM, _end)  # uvicorn raises it again, when it has ended
        announce(address)
        with _open_in_browser(server, address) if is_opened else nullcontext():
            server.run(sockets=[listener])


@contextmanager
def _open_in_browser(server: uvicorn.Server, address: str) -> Iterator[None]:
    """Open an address in the browser, once the server answers.

    A browser is given what it opens as an argument, and all users of the machine see arguments (ps). So it opens a file
    that only this user can read, which leads to the address, and which is there until the end of the block.
    """
    with tempfile.NamedTemporaryFile("w", prefix="batchhook-", suffix=".html") as file:
        file.write(_LEAD.format(address=address))
        file.flush()

        def open_file() -> None:
            while not server.started:
                time.sleep(0.01)
            webbrowser.open(Path(file.name).as_uri())

        threading.Thread(target=open_file, daemon=True).start()
        yield


def _end(_number: int, _frame: FrameType | None) -> None:
    """End the process with success: this is how a server is told to stop."""
    raise SystemExit(0)
