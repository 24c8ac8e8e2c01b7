"""``batchhook serve``."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

import typer

from batchhook.cli.options import console, options
from batchhook.errors import BatchhookError, UsageError

_LAST_PORT = 65_535
_NEEDED = ("starlette", "uvicorn", "sse_starlette", "multipart")


def serve(
    port: Annotated[int, typer.Option("--port", metavar="N", help="The port; a free one by default.")] = 0,
    is_opened: Annotated[bool, typer.Option("--open", help="Open the pages in the browser.")] = False,
) -> None:
    """Show everything that is known, live, in the browser: on this machine only."""
    if not 0 <= port <= _LAST_PORT:
        raise UsageError(f"there is no port {port}", f"ports are 1 to {_LAST_PORT}; 0 for a free one")
    if any(find_spec(name) is None for name in _NEEDED):
        raise BatchhookError("the server is not installed", 'pip install "batchhook[serve]"')
    from batchhook.serve import server

    def announce(address: str) -> None:
        console().print(f"{address}\nThe address holds a secret; Ctrl-C ends the server.", soft_wrap=True)

    server.serve(options.folder, port, announce, is_opened=is_opened)
